/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/base/err.h"
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
		{"imap.zoho.eu", "imappro.zoho.com"},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
