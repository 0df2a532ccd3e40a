/* SPDX-License-Identifier: BSD-2-Clause */
#include "pin.h"

#include "text.h"

#include <stdint.h>
#include <string.h>

#define CERTIFICATE_PREFIX "SHA256:"
#define KEY_PREFIX "spki:sha256:"
#define BASE64_CHARS 44 /* of 32 bytes: one "=" at the end */

static const char digits16[] = "0123456789abcdef";
/* RFC 4648 4 */
static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of a digit of the alphabet, or -1. */
static int value_of(const char *alphabet, char c)
{
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

	return at != NULL ? (int)(at - alphabet) : -1;
}

static int hex_value(char c)
{
	return value_of(
		digits16, c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c);
}

static bool read_hex(const char *p, unsigned char *hash)
{
	for (size_t i = 0; i < PIN_HASH_BYTES; i++) {
		int high, low;
		if (i > 0 && *p == ':')
			p++;
		high = hex_value(p[0]);
		low = high >= 0 ? hex_value(p[1]) : -1;
		if (low < 0)
			return false;
		hash[i] = (unsigned char)(high << 4 | low);
		p += 2;
	}
	return *p == '\0';
}

/* Strictly: one text only for each value. */
static bool read_base64(const char *p, unsigned char *hash)
{
	uint32_t bits = 0;
	size_t n = 0;

	if (strlen(p) != BASE64_CHARS || p[BASE64_CHARS - 1] != '=')
		return false;
	for (size_t i = 0; i < BASE64_CHARS - 1; i++) {
		int value = value_of(digits64, p[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		/* 2, 4, 6 bits are left over of the last three digits */
		if (i % 4 != 0)
			hash[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	return (bits & 3) == 0;
}

static void write_base64(const unsigned char *hash, char *out)
{
	for (size_t i = 0; i < PIN_HASH_BYTES; i += 3) {
		uint32_t bits = (uint32_t)hash[i] << 16;
		if (i + 1 < PIN_HASH_BYTES)
			bits |= (uint32_t)hash[i + 1] << 8;
		if (i + 2 < PIN_HASH_BYTES)
			bits |= hash[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			*out++ = digits64[bits >> shift & 63];
	}
	out[-1] = '=';
	*out = '\0';
}

int pin_parse(const char *text, struct pin *ret_pin, struct err *err)
{
	struct pin pin = {.of = PIN_OF_NOTHING};
	size_t key = strlen(KEY_PREFIX), certificate = 7;
	bool ok = *text == '\0';

	if (text_equal_n(text, KEY_PREFIX, key)) {
		pin.of = PIN_OF_KEY;
		ok = read_base64(text + key, pin.hash) ||
		     read_hex(text + key, pin.hash);
	} else if (text_equal_n(text, CERTIFICATE_PREFIX, certificate)) {
		pin.of = PIN_OF_CERTIFICATE;
		ok = read_hex(text + certificate, pin.hash);
	}
	if (ok) {
		*ret_pin = pin;
		return 0;
	}
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the fingerprint is neither SHA256: and 64 hex digits nor "
		"spki:sha256: and 44 characters of base64");
	return err_hint(err, "mailhaul check prints both; so does `openssl "
			     "x509 -fingerprint -sha256 -noout` the first");
}

void pin_format(const struct pin *pin, char out[PIN_TEXT_BYTES])
{
	char *p = out;

	out[0] = '\0';
	if (pin->of == PIN_OF_KEY) {
		memcpy(out, KEY_PREFIX, sizeof KEY_PREFIX);
		write_base64(pin->hash, out + strlen(KEY_PREFIX));
	} else if (pin->of == PIN_OF_CERTIFICATE) {
		memcpy(out, CERTIFICATE_PREFIX, sizeof CERTIFICATE_PREFIX);
		p += strlen(CERTIFICATE_PREFIX);
		for (size_t i = 0; i < PIN_HASH_BYTES; i++) {
			*p++ = digits16[pin->hash[i] >> 4];
			*p++ = digits16[pin->hash[i] & 15];
		}
		*p = '\0';
	}
}

bool pin_equal(const struct pin *a, const struct pin *b)
{
	return a->of == b->of && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}
