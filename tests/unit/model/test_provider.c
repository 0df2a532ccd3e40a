/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/base/err.h"
#include "collector/model/budget.h"
#include "collector/model/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_login(void **state)
{
	static const char *const known[][2] = {
		{"imap.gmail.com", "app password"},
		{"outlook.office365.com", "OAuth only"},
		{"IMAP.MAIL.YAHOO.COM", "app password"},
		{"imap.mail.me.com", "before the @"},
		{"imap.yandex.ru", "switched on"},
		{"imap.mail.ru", "external applications"},
		{"imap.gmx.net", "switch POP3 and IMAP on"},
		{"imap.web.de", "before the @"},
		{"imap.zoho.eu", "imappro.zoho.eu"},
		{"imap.exmail.qq.com", "authorisation code"},
		{"imap.163.com", "authorisation code"},
		{"secureimap.t-online.de", "e-mail password"},
		{"imap.naver.com", "switched on"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const char *hint = provider_login_hint(known[i][0]);
		assert_non_null(hint);
		assert_non_null(strstr(hint, known[i][1]));
		/* no links: they go stale, and people follow them */
		assert_null(strstr(hint, "://"));
		assert_true(
			strlen(hint) < sizeof(((struct err *)NULL)->hint) - 60);
	}
	assert_null(provider_login_hint("imap.example.org"));
	assert_null(provider_login_hint("notgmail.com"));
	assert_null(provider_login_hint("hotmail.ru"));
	assert_null(provider_login_hint(""));
}

/* ---- the table, row by row */

static void check_name(const char *row, const char *name, size_t n)
{
	static const char ldh[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";

	if (n < 4 || n > 253 || strspn(name, ldh) < n ||
		memchr(name, '.', n) == NULL || name[0] == '.' ||
		name[n - 1] == '.')
		fail_msg("%s: %.*s", row, (int)n, name);
}

/* Each name of a list; those of one list differ over the whole table. */
static size_t check_names(const struct provider *p, const char *list,
	const struct provider *(*owner)(const char *name))
{
	size_t count = 0;
	char name[256];

	for (const char *s = list; s != NULL && *s != '\0'; count++) {
		size_t n = strcspn(s, " ");
		check_name(p->name, s, n);
		memcpy(name, s, n);
		name[n] = '\0';
		if (owner(name) != p)
			fail_msg("%s: %s is %s's", p->name, name,
				owner(name)->name);
		s += n + (s[n] == ' ');
	}
	return count;
}

/* What url.h takes too, on the ports that a server of the kind has. */
static void check_server(const struct provider *p,
	const struct provider_server *s, enum protocol protocol)
{
	char text[URL_TEXT_MAX];
	struct url url = {.protocol = protocol}, same;

	if (s->host == NULL)
		return;
	check_name(p->name, s->host, strlen(s->host));
	assert_true(s->tls == TLS_IMPLICIT || s->tls == TLS_STARTTLS);
	assert_int_equal(s->port, url_default_port(protocol, s->tls));
	assert_ptr_equal(
		provider_of_host(s->host)->hint == NULL, p->hint == NULL);
	url.tls = s->tls;
	url.port = s->port;
	(void)strcpy(url.user, "anna@example.org");
	(void)strcpy(url.host, s->host);
	url_format(&url, text);
	assert_int_equal(url_parse(text, &same, NULL), 0);
	assert_string_equal(same.host, s->host);
}

static void check_hint(const struct provider *p)
{
	if (p->hint == NULL) {
		/* whoever takes no plain password has to be told so */
		assert_true(
			p->login == 0 || (p->login & PROVIDER_PASSWORD) != 0);
		return;
	}
	assert_null(strstr(p->hint, "://"));
	assert_true(strlen(p->hint) < sizeof(((struct err *)NULL)->hint) - 60);
	assert_true(p->hint[strlen(p->hint) - 1] != '.');
}

static void test_rows(void **state)
{
	size_t rows = 0, domains = 0;

	(void)state;
	for (const struct provider *p = providers; p->name != NULL; p++) {
		rows++;
		assert_true(p->domains != NULL || p->mxs != NULL);
		domains += check_names(p, p->domains, provider_of_domain);
		(void)check_names(p, p->mxs, provider_of_mx);
		check_server(p, &p->imap, PROTOCOL_IMAP);
		check_server(p, &p->pop3, PROTOCOL_POP3);
		check_hint(p);
		if (p->imap.host == NULL && p->pop3.host == NULL)
			assert_non_null(p->hint);
		assert_int_equal(p->login & ~7u, 0);
		for (const struct provider *q = providers; q < p; q++)
			assert_string_not_equal(p->name, q->name);
	}
	assert_true(rows >= 60);
	assert_true(domains >= 300);
}

static void test_whose(void **state)
{
	static const struct {
		const struct provider *(*of)(const char *name);
		const char *name, *provider;
	} cases[] = {
		{provider_of_domain, "gmail.com", "Gmail"},
		{provider_of_domain, "GoogleMail.com", "Gmail"},
		{provider_of_domain, "hotmail.co.uk", "Microsoft"},
		{provider_of_domain, "web.de", "WEB.DE"},
		/* an address of a domain below is somebody else's */
		{provider_of_domain, "mail.web.de", NULL},
		{provider_of_domain, "notgmail.com", NULL},
		{provider_of_domain, "gmail.com.example.org", NULL},
		{provider_of_domain, "com", NULL},
		{provider_of_domain, "", NULL},
		{provider_of_mx, "aspmx.l.google.com", "Gmail"},
		{provider_of_mx, "smtp.google.com", "Gmail"},
		{provider_of_mx, "example-org.mail.protection.outlook.com",
			"Microsoft"},
		{provider_of_mx, "in1-smtp.messagingengine.com", "Fastmail"},
		{provider_of_mx, "mx1.mail.ovh.net", "OVH"},
		/* Exchange there is another service */
		{provider_of_mx, "ex5.mail.ovh.net", NULL},
		{provider_of_mx, "mxbiz1.qq.com", "Tencent Exmail"},
		{provider_of_mx, "mx.evilgoogle.com", NULL},
		{provider_of_host, "imap.exmail.qq.com", "Tencent Exmail"},
		{provider_of_host, "imap.qq.com", "QQ"},
		{provider_of_host, "imap.example.org", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct provider *p = cases[i].of(cases[i].name);
		if (cases[i].provider == NULL)
			assert_null(p);
		else
			assert_string_equal(p->name, cases[i].provider);
	}
}

static void test_limits(void **state)
{
	struct budget_limits limits = {.account_sessions = 3};

	(void)state;
	provider_limits("imap.gmail.com", PROTOCOL_IMAP, &limits);
	assert_int_equal(limits.account_bytes, 2500000000);
	assert_int_equal(limits.account_sessions, 10);
	provider_limits("pop.gmail.com", PROTOCOL_POP3, &limits);
	assert_int_equal(limits.account_bytes, 1250000000);
	memset(&limits, 0, sizeof limits);
	provider_limits("imap.web.de", PROTOCOL_IMAP, &limits);
	assert_int_equal(limits.account_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
