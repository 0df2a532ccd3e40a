/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void addresses(void **state)
{
	static const struct {
		const char *text, *local, *domain;
	} good[] = {
		{"anna@example.org", "anna", "example.org"},
		{"Anna.Muster+x@Mail.Example.ORG", "Anna.Muster+x",
			"mail.example.org"},
		{"anna@example.org.", "anna", "example.org"},
		{"j\xc3\xbcrgen@xn--bcher-kva.example", "j\xc3\xbcrgen",
			"xn--bcher-kva.example"},
	};
	static const char *const bad[] = {"", "@", "anna", "anna@",
		"@example.org", "anna@org", "a b@example.org",
		"a@b@example.org", "\"a\"@example.org", "a@example..org",
		"a@.example.org", "a@example.org..", "a@-example.org",
		"a@example-.org", "a@exa_mple.org", "a@127.0.0.1",
		"a@example.0x7f", "a@\xc3\xbc.example", "a\n@example.org",
		"a@example.org\n", "<a@example.org>", "a@[127.0.0.1]"};
	struct mail_address a;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(mail_address_parse(good[i].text, &a, &err), 0);
		assert_string_equal(a.local, good[i].local);
		assert_string_equal(a.domain, good[i].domain);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		memset(&err, 0, sizeof err);
		if (mail_address_parse(bad[i], &a, &err) != -1 ||
			err.class != ERR_CONFIG)
			fail_msg("\"%s\"", bad[i]);
	}
}

static void lengths(void **state)
{
	char host[URL_HOST_MAX], text[400];
	struct mail_address a;

	(void)state;
	memset(text, 'a', sizeof text);
	text[63] = '.';
	(void)strcpy(text + 64, "org");
	assert_true(offer_host(text, host));
	text[63] = 'a';
	(void)strcpy(text + 64, ".org");
	assert_false(offer_host(text, host));
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 == 0 ? 'a' : '.';
	text[253] = '\0';
	assert_true(offer_host(text, host));
	text[253] = '.';
	text[254] = 'a';
	text[255] = '\0';
	assert_false(offer_host(text, host));
	memset(text, 'a', 128);
	(void)strcpy(text + 128, "@example.org");
	assert_int_equal(mail_address_parse(text, &a, NULL), -1);
	assert_int_equal(mail_address_parse(text + 1, &a, NULL), 0);
}

static void within(void **state)
{
	(void)state;
	assert_true(offer_is_within("example.org", "example.org"));
	assert_true(offer_is_within("imap.Example.org", "example.org"));
	assert_false(offer_is_within("imapexample.org", "example.org"));
	assert_false(offer_is_within("example.org.evil.test", "example.org"));
	assert_false(offer_is_within("org", "example.org"));
	assert_false(offer_is_within("example.org", ""));
}

static void preference(void **state)
{
	static const struct {
		enum protocol protocol;
		enum tls_mode tls;
	} order[] = {
		{PROTOCOL_IMAP, TLS_IMPLICIT},
		{PROTOCOL_IMAP, TLS_IMPLICIT},
		{PROTOCOL_IMAP, TLS_STARTTLS},
		{PROTOCOL_POP3, TLS_IMPLICIT},
		{PROTOCOL_POP3, TLS_STARTTLS},
		{PROTOCOL_IMAP, TLS_NONE},
		{PROTOCOL_POP3, TLS_NONE},
	};
	static const size_t mixed[] = {6, 3, 0, 5, 2, 1, 4};
	struct offer offers[COUNT(order)];

	(void)state;
	memset(offers, 0, sizeof offers);
	for (size_t i = 0; i < COUNT(order); i++) {
		offers[i].url.protocol = order[mixed[i]].protocol;
		offers[i].url.tls = order[mixed[i]].tls;
		offers[i].url.port = (uint16_t)(1 + mixed[i]);
	}
	offer_sort(offers, COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++)
		assert_int_equal(offers[i].url.port, 1 + i);
}

/* ---- SRV */

static uint32_t seed;

static uint32_t draw(void *arg, uint32_t max)
{
	(void)arg;
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * ((uint64_t)max + 1) >> 32);
}

static uint32_t draw_most(void *arg, uint32_t max)
{
	(void)arg;
	return max;
}

static void by_priority_and_weight(void **state)
{
	int first[4] = {0};

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct srv_record r[] = {
			{20, 65535, 5, "e.test"},
			{10, 60, 1, "a.test"},
			{10, 0, 2, "b.test"},
			{10, 30, 3, "c.test"},
			{10, 10, 4, "d.test"},
			{0, 0, 6, "f.test"},
		};
		unsigned seen = 0;
		srv_order(r, COUNT(r), draw, NULL);
		assert_int_equal(r[0].port, 6);
		assert_int_equal(r[5].port, 5);
		for (size_t i = 0; i < COUNT(r); i++)
			seen |= 1u << r[i].port;
		assert_int_equal(seen, 0x7e); /* each once */
		first[r[1].port - 1]++;
	}
	/* 60 : 0 : 30 : 10 of 20,000; weight 0 is not never (RFC 2782) */
	assert_in_range(first[0], 11000, 13000);
	assert_in_range(first[1], 20, 1000);
	assert_in_range(first[2], 5000, 7000);
	assert_in_range(first[3], 1500, 2500);
}

static void at_the_bounds(void **state)
{
	struct srv_record r[16];

	(void)state;
	srv_order(r, 0, draw, NULL);
	for (size_t i = 0; i < COUNT(r); i++)
		r[i] = (struct srv_record){
			65535, 65535, (uint16_t)(i + 1), "a.test"};
	srv_order(r, COUNT(r), draw_most, NULL);
	srv_order(r, COUNT(r), draw, NULL);
	for (size_t i = 0; i < COUNT(r); i++)
		r[i].weight = 0;
	srv_order(r, COUNT(r), draw_most, NULL);
	for (size_t i = 0, sum = 0; i < COUNT(r); i++) {
		sum += r[i].port;
		assert_true(i + 1 < COUNT(r) || sum == 136);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(lengths),
		cmocka_unit_test(within),
		cmocka_unit_test(preference),
		cmocka_unit_test(by_priority_and_weight),
		cmocka_unit_test(at_the_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
