/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text;
	enum protocol protocol;
	enum tls_mode tls;
	const char *user, *host;
	uint16_t port;
	const char *canonical; /* NULL: the text */
} good[] = {
	{"imaps://joe@mail.example.com", PROTOCOL_IMAP, TLS_IMPLICIT, "joe",
		"mail.example.com", 993, NULL},
	{"pop3s://joe@h", PROTOCOL_POP3, TLS_IMPLICIT, "joe", "h", 995, NULL},
	{"imap://joe@h", PROTOCOL_IMAP, TLS_STARTTLS, "joe", "h", 143, NULL},
	{"pop3://joe@h", PROTOCOL_POP3, TLS_STARTTLS, "joe", "h", 110, NULL},
	{"imap://joe@h?security=none", PROTOCOL_IMAP, TLS_NONE, "joe", "h", 143,
		NULL},
	{"pop3://joe@h:1110?security=none", PROTOCOL_POP3, TLS_NONE, "joe", "h",
		1110, NULL},
	{"pop3://joe@h:110?security=none", PROTOCOL_POP3, TLS_NONE, "joe", "h",
		110, "pop3://joe@h?security=none"},
	{"IMAPS://joe@MAIL.Example.COM", PROTOCOL_IMAP, TLS_IMPLICIT, "joe",
		"mail.example.com", 993, "imaps://joe@mail.example.com"},
	{"imaps://joe@h:993", PROTOCOL_IMAP, TLS_IMPLICIT, "joe", "h", 993,
		"imaps://joe@h"},
	{"imaps://joe@h:143", PROTOCOL_IMAP, TLS_IMPLICIT, "joe", "h", 143,
		NULL},
	{"imaps://joe@h:65535", PROTOCOL_IMAP, TLS_IMPLICIT, "joe", "h", 65535,
		NULL},
	{"imaps://joe%40example.com@h", PROTOCOL_IMAP, TLS_IMPLICIT,
		"joe@example.com", "h", 993, NULL},
	{"imaps://joe@example.com@h", PROTOCOL_IMAP, TLS_IMPLICIT,
		"joe@example.com", "h", 993, "imaps://joe%40example.com@h"},
	{"imaps://a%3Ab%2F%25%20c%3f%23@h", PROTOCOL_IMAP, TLS_IMPLICIT,
		"a:b/% c?#", "h", 993, "imaps://a%3Ab%2F%25%20c%3F%23@h"},
	{"imaps://dom%5Cjoe+tag~x-y_z.@h", PROTOCOL_IMAP, TLS_IMPLICIT,
		"dom\\joe+tag~x-y_z.", "h", 993, NULL},
	{"imaps://j%C3%B6@h", PROTOCOL_IMAP, TLS_IMPLICIT, "j\xc3\xb6", "h",
		993, NULL},
	{"imaps://j\xc3\xb6@h", PROTOCOL_IMAP, TLS_IMPLICIT, "j\xc3\xb6", "h",
		993, "imaps://j%C3%B6@h"},
	{"imaps://%01%10%19%7F%FF@h", PROTOCOL_IMAP, TLS_IMPLICIT,
		"\x01\x10\x19\x7f\xff", "h", 993, NULL},
	{"imaps://joe@192.0.2.7:1993", PROTOCOL_IMAP, TLS_IMPLICIT, "joe",
		"192.0.2.7", 1993, NULL},
	{"imaps://joe@[::1]", PROTOCOL_IMAP, TLS_IMPLICIT, "joe", "::1", 993,
		NULL},
	{"imaps://joe@[2001:DB8:0:0::7]:1993", PROTOCOL_IMAP, TLS_IMPLICIT,
		"joe", "2001:db8::7", 1993, "imaps://joe@[2001:db8::7]:1993"},
	{"imaps://joe@[::ffff:192.0.2.7]", PROTOCOL_IMAP, TLS_IMPLICIT, "joe",
		"::ffff:192.0.2.7", 993, NULL},
	{"imaps://joe@xn--bcher-kva.example", PROTOCOL_IMAP, TLS_IMPLICIT,
		"joe", "xn--bcher-kva.example", 993, NULL},
	{"imaps://joe@1and1.example", PROTOCOL_IMAP, TLS_IMPLICIT, "joe",
		"1and1.example", 993, NULL},
	{"imaps://joe@163.com", PROTOCOL_IMAP, TLS_IMPLICIT, "joe", "163.com",
		993, NULL},
	{"imaps://joe@0xcafe.example", PROTOCOL_IMAP, TLS_IMPLICIT, "joe",
		"0xcafe.example", 993, NULL},
	{"imaps://joe@a0x7.0xg", PROTOCOL_IMAP, TLS_IMPLICIT, "joe", "a0x7.0xg",
		993, NULL},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *want = good[i].canonical != NULL ? good[i].canonical
							     : good[i].text;
		char text[URL_TEXT_MAX];
		struct url url, again;
		struct err err = {0};

		if (url_parse(good[i].text, &url, &err) < 0)
			fail_msg("%s: %s", good[i].text, err.text);
		assert_int_equal(url.protocol, good[i].protocol);
		assert_int_equal(url.tls, good[i].tls);
		assert_string_equal(url.user, good[i].user);
		assert_string_equal(url.host, good[i].host);
		assert_int_equal(url.port, good[i].port);
		url_format(&url, text);
		assert_string_equal(text, want);
		assert_int_equal(url_parse(text, &again, &err), 0);
		assert_memory_equal(&url, &again, sizeof url);
	}
}

/* A word of the sentence that says what is wrong. */
static const struct {
	const char *text, *word;
} bad[] = {
	{"", "begin"},
	{"joe@h", "begin"},
	{"http://joe@h", "begin"},
	{"imapss://joe@h", "begin"},
	{"ima://joe@h", "begin"},
	{"://joe@h", "begin"},
	{"imaps:/joe@h", "begin"},
	{"imaps:joe@h", "begin"},
	{"x imaps://joe@h", "blank"},
	{" imaps://joe@h", "blank"},
	{"imaps://joe@h\n", "blank"},
	{"imaps://joe smith@h", "blank"},
	{"imaps://joe@h\x7f", "blank"},
	{"imaps://", "user"},
	{"imaps://h", "user"},
	{"imaps://@h", "user"},
	{"imaps://joe/x@h", "user"},
	{"imaps://joe?x@h", "user"},
	{"imaps://joe#x@h", "user"},
	{"imaps://joe:hunter2@h", "password"},
	{"imaps://joe:@h", "password"},
	{"imaps://:hunter2@h", "password"},
	{"imaps://joe:p@ss@h", "password"},
	{"imaps://joe%@h", "%25"},
	{"imaps://joe%4@h", "%25"},
	{"imaps://joe%4g@h", "%25"},
	{"imaps://joe%%40@h", "%25"},
	{"imaps://joe%00@h", "NUL"},
	{"imaps://joe%0d%0aA1 LOGOUT@h", "blank"},
	{"imaps://joe%0d%0aA1@h", "CR"},
	{"imaps://joe%0A@h", "LF"},
	{"imaps://joe@", "host"},
	{"imaps://joe@:993", "host"},
	{"imaps://joe@h:", "port"},
	{"imaps://joe@h:0", "port"},
	{"imaps://joe@h:00", "port"},
	{"imaps://joe@h:65536", "port"},
	{"imaps://joe@h:4294967297", "port"},
	{"imaps://joe@h:18446744073709552609", "port"},
	{"imaps://joe@h:-1", "port"},
	{"imaps://joe@h:+993", "port"},
	{"imaps://joe@h:0x3e1", "port"},
	{"imaps://joe@h:993x", "port"},
	{"imaps://joe@h:993:994", "brackets"},
	{"imaps://joe@h_x", "letters"},
	{"imaps://joe@-h", "letters"},
	{"imaps://joe@h-", "letters"},
	{"imaps://joe@h-.example", "letters"},
	{"imaps://joe@.h", "letters"},
	{"imaps://joe@h.", "letters"},
	{"imaps://joe@h..x", "letters"},
	{"imaps://joe@.", "letters"},
	{"imaps://joe@h%41", "letters"},
	{"imaps://joe@h\\x", "letters"},
	{"imaps://joe@h;x", "letters"},
	{"imaps://joe@::1", "brackets"},
	{"imaps://joe@2001:db8::7", "brackets"},
	{"imaps://joe@b\xc3\xbc"
	 "cher.example",
		"xn--"},
	{"imaps://joe@\xef\xbd\x81.example", "xn--"},
	{"imaps://joe@127.1", "IPv4"},
	{"imaps://joe@127.0.1", "IPv4"},
	{"imaps://joe@2130706433", "IPv4"},
	{"imaps://joe@0x7f000001", "IPv4"},
	{"imaps://joe@0x7f.1", "IPv4"},
	{"imaps://joe@127.0.0.0x1", "IPv4"},
	{"imaps://joe@0x", "IPv4"},
	{"imaps://joe@017700000001", "IPv4"},
	{"imaps://joe@0177.0.0.1", "IPv4"},
	{"imaps://joe@127.0.0.01", "IPv4"},
	{"imaps://joe@256.0.0.1", "IPv4"},
	{"imaps://joe@1.2.3.4.5", "IPv4"},
	{"imaps://joe@1.2.3.4.", "letters"},
	{"imaps://joe@example.com.127.1", "IPv4"},
	{"imaps://joe@[::1", "']'"},
	{"imaps://joe@[]", "IPv6"},
	{"imaps://joe@[::g]", "IPv6"},
	{"imaps://joe@[127.0.0.1]", "IPv6"},
	{"imaps://joe@[fe80::1%eth0]", "zone"},
	{"imaps://joe@[fe80::1%25eth0]", "zone"},
	{"imaps://joe@[::1]x", "follow"},
	{"imaps://joe@[::1]:", "port"},
	{"imaps://joe@[1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:1:2:3:4:5:6:7]", "IPv6"},
	{"imaps://joe@h/", "follow"},
	{"imaps://joe@h/INBOX", "follow"},
	{"imaps://joe@h#x", "follow"},
	{"imap://joe@h?", "security=none"},
	{"imap://joe@h?security", "security=none"},
	{"imap://joe@h?security=None", "security=none"},
	{"imap://joe@h?security=starttls", "security=none"},
	{"imap://joe@h?security=none&x=1", "security=none"},
	{"imap://joe@h?x=1", "security=none"},
	{"imap://joe@h?security=none#x", "security=none"},
	{"imap://joe@h/?security=none", "follow"},
	{"imaps://joe@h?security=none", "contradicts"},
	{"pop3s://joe@h?security=none", "contradicts"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct err err = {0};
		struct url url, before;

		memset(&url, 0x5a, sizeof url);
		before = url;
		if (url_parse(bad[i].text, &url, &err) == 0)
			fail_msg("accepted: %s", bad[i].text);
		assert_int_equal(err.class, ERR_CONFIG);
		assert_int_equal(err.retry, ERR_RETRY_CHANGE);
		assert_memory_equal(&url, &before, sizeof url);
		if (strstr(err.text, bad[i].word) == NULL)
			fail_msg("%s: \"%s\" without \"%s\"", bad[i].text,
				err.text, bad[i].word);
		/* Nothing that could be a password is repeated. */
		assert_null(strstr(err.text, "hunter2"));
		assert_null(strstr(err.text, "joe"));
		assert_int_equal(url_parse(bad[i].text, &url, NULL), -1);
	}
}

static void test_lengths(void **state)
{
	char text[URL_TEXT_MAX + 600], out[URL_TEXT_MAX], label[64];
	struct url url;
	struct err err;

	(void)state;
	memset(label, 'a', 63);
	label[63] = '\0';
	(void)snprintf(text, sizeof text, "imaps://joe@%s.%s.%s.%.61s", label,
		label, label, label);
	assert_int_equal(url_parse(text, &url, &err), 0);
	(void)snprintf(text, sizeof text, "imaps://joe@%s.%s.%s.%.62s", label,
		label, label, label);
	assert_int_equal(url_parse(text, &url, &err), -1);
	(void)snprintf(text, sizeof text, "imaps://joe@a%s", label);
	assert_int_equal(url_parse(text, &url, &err), -1);

	/* The longest user, all of it escaped, at the longest host. */
	(void)snprintf(text, sizeof text, "imap://");
	for (int i = 0; i < URL_USER_MAX - 1; i++)
		(void)strncat(text, "%FF", sizeof text - strlen(text) - 1);
	(void)snprintf(text + strlen(text), sizeof text - strlen(text),
		"@%s.%s.%s.%.61s:65535?security=none", label, label, label,
		label);
	assert_true(strlen(text) < URL_TEXT_MAX);
	assert_int_equal(url_parse(text, &url, &err), 0);
	url_format(&url, out);
	assert_string_equal(out, text);
	(void)snprintf(text, sizeof text, "imap://%0*d@h", URL_USER_MAX, 1);
	assert_int_equal(url_parse(text, &url, &err), -1);
	(void)snprintf(text, sizeof text, "imap://j@%0*d", URL_HOST_MAX, 1);
	assert_int_equal(url_parse(text, &url, &err), -1);
	(void)snprintf(text, sizeof text, "imap://%0*d@h", URL_TEXT_MAX, 1);
	assert_int_equal(url_parse(text, &url, &err), -1);
}

static void test_names_and_ports(void **state)
{
	(void)state;
	assert_string_equal(protocol_name(PROTOCOL_IMAP), "imap");
	assert_string_equal(protocol_name(PROTOCOL_POP3), "pop3");
	assert_int_equal(url_default_port(PROTOCOL_IMAP, TLS_IMPLICIT), 993);
	assert_int_equal(url_default_port(PROTOCOL_IMAP, TLS_STARTTLS), 143);
	assert_int_equal(url_default_port(PROTOCOL_IMAP, TLS_NONE), 143);
	assert_int_equal(url_default_port(PROTOCOL_POP3, TLS_IMPLICIT), 995);
	assert_int_equal(url_default_port(PROTOCOL_POP3, TLS_STARTTLS), 110);
	assert_int_equal(url_default_port(PROTOCOL_POP3, TLS_NONE), 110);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_names_and_ports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
