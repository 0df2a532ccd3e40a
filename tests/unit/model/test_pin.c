/* SPDX-License-Identifier: BSD-2-Clause */
/* The texts of a certificate's and a key's hash. */
#include "collector/model/pin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

/* RFC 7469 2.1.5's first example, and its bytes. */
#define BASE64 "d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM="
#define HEX "77aab346ef7338409bf7451ecf6ef15a5b4db23d1ed4c77b1a4618915a195a63"

static void assert_reads(const char *text, enum pin_of of, const char *same)
{
	struct pin pin, again;
	char out[PIN_TEXT_BYTES];
	struct err err = {0};

	if (pin_parse(text, &pin, &err) != 0)
		fail_msg("%s: %s", text, err.text);
	assert_int_equal(pin.of, of);
	pin_format(&pin, out);
	assert_string_equal(out, same);
	assert_int_equal(pin_parse(out, &again, &err), 0);
	assert_true(pin_equal(&pin, &again));
}

static void reads_what_people_have(void **state)
{
	char upper[200] = "sha256:";

	(void)state;
	assert_reads("", PIN_OF_NOTHING, "");
	assert_reads("SHA256:" HEX, PIN_OF_CERTIFICATE, "SHA256:" HEX);
	assert_reads("spki:sha256:" HEX, PIN_OF_KEY, "spki:sha256:" BASE64);
	assert_reads("SPKI:SHA256:" BASE64, PIN_OF_KEY, "spki:sha256:" BASE64);
	for (size_t i = 0, n = 7; HEX[i] != '\0'; i++) {
		if (i > 0 && i % 2 == 0)
			upper[n++] = ':';
		upper[n++] = HEX[i] >= 'a' ? (char)(HEX[i] - 32) : HEX[i];
		upper[n] = '\0';
	}
	assert_reads(upper, PIN_OF_CERTIFICATE, "SHA256:" HEX);
}

static void refuses_the_rest(void **state)
{
	static const char *const bad[] = {"SHA256:", "SHA256:12", HEX,
		"SHA256:" HEX "00", "SHA256:" HEX ":", "SHA256::" HEX,
		"SHA256:" BASE64, /* of which? */
		"MD5:00112233445566778899aabbccddeeff", "spki:" HEX,
		"spki:sha256:", "spki:sha1:" BASE64, "pin-sha256:" BASE64,
		"spki:sha256:" BASE64 "=",
		"spki:sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM",
		/* two bits that mean nothing: another text of the same hash */
		"spki:sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmN=",
		"spki:sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWm-=",
		"spki:sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZW\nM=",
		" ", "x"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct pin pin = {.of = PIN_OF_KEY, .hash = "untouched"};
		struct err err = {0};
		if (pin_parse(bad[i], &pin, &err) != -1)
			fail_msg("took %s", bad[i]);
		assert_int_equal(err.class, ERR_CONFIG);
		assert_string_equal((char *)pin.hash, "untouched");
	}
}

static void every_byte_counts(void **state)
{
	struct pin a, b;
	char text[PIN_TEXT_BYTES];

	(void)state;
	assert_int_equal(pin_parse("spki:sha256:" HEX, &a, NULL), 0);
	for (int bit = 0; bit < PIN_HASH_BYTES * 8; bit++) {
		struct pin c = a;
		c.hash[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(pin_equal(&a, &c));
		pin_format(&c, text);
		assert_int_equal(pin_parse(text, &b, NULL), 0);
		assert_true(pin_equal(&b, &c));
	}
	b = a;
	b.of = PIN_OF_CERTIFICATE;
	assert_false(pin_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_people_have),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(every_byte_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
