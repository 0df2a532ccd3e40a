/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of a stranger's XML. */
#include "collector/base/buf.h"
#include "collector/remote/autoconfig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define HEAD "<clientConfig version=\"1.1\"><emailProvider id=\"example.org\">"
#define TAIL "</emailProvider></clientConfig>"
#define SERVER(type, host, port, tls, more)                 \
	"<incomingServer type=\"" type "\"><hostname>" host \
	"</hostname><port>" port "</port><socketType>" tls  \
	"</socketType>" more "</incomingServer>"

static const struct mail_address anna = {"anna", "example.org"};
static struct offer offers[AUTOCONFIG_SERVERS_MAX];
static size_t count;

static int read_bytes(const char *xml, size_t n, struct err *err)
{
	char *copy = malloc(n + 1); /* so that ASan sees overruns */
	int r;

	assert_non_null(copy);
	memcpy(copy, xml, n);
	memset(offers, 0xee, sizeof offers);
	count = 99;
	r = autoconfig_read(copy, n, &anna, offers, &count, err);
	free(copy);
	return r;
}

static int read_text(const char *xml, struct err *err)
{
	return read_bytes(xml, strlen(xml), err);
}

static void a_good_document(void **state)
{
	static const char xml[] =
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->" HEAD
		"<domain>example.org</domain><displayName>X</displayName>"
		"<outgoingServer type=\"smtp\"><hostname>smtp.example.org"
		"</hostname><port>465</port><socketType>SSL</socketType>"
		"</outgoingServer>" SERVER("imap", " IMAP.%EMAILDOMAIN% ",
			"993", "SSL",
			"<username>%EMAILLOCALPART%</username>"
			"<authentication>OAuth2</authentication>"
			"<authentication>password-cleartext</authentication>"
			"<x><port>1</port></x>") SERVER("imap",
			"imap.example.org", "143", "STARTTLS",
			"<username>%EMAILADDRESS%</username>") SERVER("pop3",
			"pop.example.org", "110", "plain",
			"<username>x-%EMAILLOCALPART%-%EMAILDOMAIN%</username>")
			TAIL "\n";
	struct err err = {0};

	(void)state;
	assert_int_equal(read_text(xml, &err), 0);
	assert_int_equal(count, 3);
	assert_string_equal(offers[0].url.host, "imap.example.org");
	assert_string_equal(offers[0].url.user, "anna");
	assert_int_equal(offers[0].url.port, 993);
	assert_int_equal(offers[0].url.tls, TLS_IMPLICIT);
	assert_true(offers[0].oauth && offers[0].password);
	assert_int_equal(offers[1].url.tls, TLS_STARTTLS);
	assert_string_equal(offers[1].url.user, "anna@example.org");
	assert_false(offers[1].oauth || offers[1].password);
	assert_int_equal(offers[2].url.protocol, PROTOCOL_POP3);
	assert_int_equal(offers[2].url.tls, TLS_NONE);
	assert_string_equal(offers[2].url.user, "x-anna-example.org");
}

/* Servers that make no sense are left out; the others count. */
static void servers_left_out(void **state)
{
	static const char *const servers[] = {
		SERVER("exchange", "a.test", "993", "SSL", ""),
		SERVER("smtp", "a.test", "993", "SSL", ""),
		SERVER("imap", "", "993", "SSL", ""),
		SERVER("imap", "127.0.0.1", "993", "SSL", ""),
		SERVER("imap", "[::1]", "993", "SSL", ""),
		SERVER("imap", "localhost", "993", "SSL", ""),
		SERVER("imap", "a b.test", "993", "SSL", ""),
		SERVER("imap", "a.test/x", "993", "SSL", ""),
		SERVER("imap", "a.test", "0", "SSL", ""),
		SERVER("imap", "a.test", "65536", "SSL", ""),
		SERVER("imap", "a.test", "-1", "SSL", ""),
		SERVER("imap", "a.test", "0993", "", ""),
		SERVER("imap", "a.test", "993x", "SSL", ""),
		SERVER("imap", "a.test", "99999999999999999999", "SSL", ""),
		SERVER("imap", "a.test", "993", "TLS", ""),
		SERVER("imap", "a.test", "993", "SSL",
			"<username>a&#10;b</username>"),
		"<incomingServer><hostname>a.test</hostname></incomingServer>",
		"<incomingServer type=\"imap\"/>",
	};
	struct err err = {0};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(servers); i++) {
		buf_init(&b, 65536);
		assert_int_equal(
			buf_printf(&b, HEAD "%s%s" TAIL, servers[i],
				SERVER("imap", "good.test", "993", "SSL", "")),
			0);
		if (read_text(buf_str(&b), &err) != 0 || count != 1 ||
			strcmp(offers[0].url.host, "good.test") != 0)
			fail_msg("%s: %zu %s", servers[i], count, err.text);
		buf_free(&b);
	}
}

static void elsewhere_is_nothing(void **state)
{
	static const char *const documents[] = {
		HEAD TAIL,
		"<clientConfig/>",
		"<clientConfig>" SERVER(
			"imap", "a.test", "993", "SSL", "") "</clientConfig>",
		"<clientConfig><x>" SERVER("imap", "a.test", "993", "SSL",
			"") "</x></clientConfig>",
		HEAD
		"<x>" SERVER("imap", "a.test", "993", "SSL", "") "</x>" TAIL,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(documents); i++) {
		assert_int_equal(read_text(documents[i], NULL), 0);
		assert_int_equal(count, 0);
	}
}

static void no_more_than_eight(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	(void)buf_add_str(&b, HEAD);
	for (int i = 0; i < 100; i++)
		(void)buf_add_str(
			&b, SERVER("imap", "a.test", "993", "SSL", ""));
	(void)buf_add_str(&b, TAIL);
	assert_int_equal(read_text(buf_str(&b), NULL), 0);
	assert_int_equal(count, AUTOCONFIG_SERVERS_MAX);
	buf_free(&b);
}

static void refused(void **state)
{
	static const struct {
		const char *xml, *why;
	} cases[] = {
		{"", "no element"},
		{"x", "syntax"},
		{"<clientConfig>", "no element"},
		{"<a></b>", "mismatched"},
		{"<html/>", "no clientConfig"},
		{"<!DOCTYPE x><clientConfig/>", "document type"},
		{"<!DOCTYPE x SYSTEM \"http://a.test/x.dtd\"><clientConfig/>",
			"document type"},
		{"<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>"
		 "<clientConfig>&e;</clientConfig>",
			"document type"},
		{"<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]>"
		 "<clientConfig>&b;</clientConfig>",
			"document type"},
		{"<clientConfig>&undefined;</clientConfig>", "undefined"},
		{"<?xml version=\"1.0\" encoding=\"EBCDIC\"?><clientConfig/>",
			"unknown encoding"},
		{"<?xml version=\"1.0\" encoding=\"UTF-16\"?><clientConfig/>",
			"encoding"},
		{"<clientConfig>\xff\xfe</clientConfig>", "invalid token"},
		{"<clientConfig>\xc0\x80</clientConfig>", "invalid token"},
		{"<clientConfig a=\"1\" a=\"2\"/>", "duplicate"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = {0};
		if (read_text(cases[i].xml, &err) != -1 ||
			err.class != ERR_PROTOCOL ||
			strstr(err.text, cases[i].why) == NULL || count != 99)
			fail_msg("%s: %s", cases[i].xml, err.text);
	}
}

static void utf16_is_read(void **state)
{
	static const char ascii[] = "<?xml version='1.0'?>" HEAD SERVER(
		"imap", "a.test", "993", "SSL", "") TAIL;
	char wide[2 * sizeof ascii] = {'\xff', '\xfe'};

	(void)state;
	for (size_t i = 0; i + 1 < sizeof ascii; i++)
		wide[2 + 2 * i] = ascii[i];
	assert_int_equal(read_bytes(wide, 2 * sizeof ascii, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(offers[0].url.host, "a.test");
}

static void bounds(void **state)
{
	size_t n = AUTOCONFIG_BYTES_MAX + 1;
	char *big = malloc(n);
	struct err err = {0};

	(void)state;
	assert_non_null(big);
	memset(big, ' ', n);
	memcpy(big, "<clientConfig/>", 15);
	assert_int_equal(read_bytes(big, n - 1, &err), 0);
	assert_int_equal(read_bytes(big, n, &err), -1);
	assert_int_equal(err.class, ERR_LIMIT);
	/* nesting */
	for (size_t i = 0; i + 3 <= n; i += 3)
		memcpy(big + i, "<a>", 3);
	assert_int_equal(read_bytes(big, n - 1, &err), -1);
	assert_non_null(strstr(err.text, "nested"));
	/* one text */
	memset(big, 'x', n);
	memcpy(big, HEAD "<incomingServer type='imap'><hostname>",
		sizeof(HEAD "<incomingServer type='imap'><hostname>") - 1);
	assert_int_equal(read_bytes(big, n - 1, &err), -1);
	assert_non_null(strstr(err.text, "too long"));
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_document),
		cmocka_unit_test(servers_left_out),
		cmocka_unit_test(elsewhere_is_nothing),
		cmocka_unit_test(no_more_than_eight),
		cmocka_unit_test(refused),
		cmocka_unit_test(utf16_is_read),
		cmocka_unit_test(bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
