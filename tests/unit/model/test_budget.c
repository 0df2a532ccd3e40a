/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000)
#define MB UINT64_C(1000000)

static struct budget_limits of(
	const char *rules, bool known, const char *host, enum protocol p)
{
	struct budget_limits l;

	budget_limits_of(rules, known, host, p, &l);
	return l;
}

static void test_rules(void **state)
{
	static const char *const good[] = {"", "  ", "*:sessions=1",
		"gmail.com:account_day=none",
		"a.b:sessions=4,logins=30,day=50G,account_day=2G *:logins=9",
		"::1:day=1", "a:sessions=10000"};
	static const char *const bad[] = {"gmail.com", ":day=1", "a:", "a:day",
		"a:day=", "a:day=x", "a:day=0", "a:days=1", "a:sessions=1K",
		"a:sessions=10001", "a:logins=-1", "a:day=1,", "a:,day=1",
		"a/b:day=1", "*.a:day=1", "a:day=1 b"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!budget_rules_are_good(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (budget_rules_are_good(bad[i]))
			fail_msg("%s", bad[i]);
}

static void test_known(void **state)
{
	struct budget_limits l;

	(void)state;
	l = of("", true, "imap.gmail.com", PROTOCOL_IMAP);
	assert_int_equal(l.account_bytes, 2500 * MB);
	assert_int_equal(l.account_sessions, 10);
	assert_int_equal(l.day_bytes, 0);
	assert_int_equal(l.sessions, 0);
	l = of("", true, "POP.GoogleMail.com", PROTOCOL_POP3);
	assert_int_equal(l.account_bytes, 1250 * MB);
	l = of("", true, "notgmail.com", PROTOCOL_IMAP);
	assert_int_equal(l.account_bytes, 0);
	l = of("", false, "imap.gmail.com", PROTOCOL_IMAP);
	assert_int_equal(l.account_bytes, 0);
}

static void test_the_longest_domain_decides(void **state)
{
	const char *rules = "imap.x.org:sessions=1 *:sessions=9,logins=5,day=1M"
			    " x.org:sessions=2,day=none";
	struct budget_limits l;

	(void)state;
	l = of(rules, true, "imap.x.org", PROTOCOL_IMAP);
	assert_int_equal(l.sessions, 1);
	assert_int_equal(l.logins, 5);
	assert_int_equal(l.day_bytes, 0);
	assert_int_equal(of(rules, true, "x.org", PROTOCOL_IMAP).sessions, 2);
	l = of(rules, true, "fax.org", PROTOCOL_IMAP);
	assert_int_equal(l.sessions, 9);
	assert_int_equal(l.day_bytes, 1 << 20);
	/* what is known of a provider is more than what holds for all */
	l = of("*:account_day=1M", true, "imap.gmail.com", PROTOCOL_IMAP);
	assert_int_equal(l.account_bytes, 2500 * MB);
	l = of("gmail.com:account_day=none", true, "imap.gmail.com",
		PROTOCOL_IMAP);
	assert_int_equal(l.account_bytes, 0);
}

static void test_days(void **state)
{
	struct budget_day d = {.from_s = NOW, .used = 7};

	(void)state;
	assert_int_equal(budget_used(&d, NOW), 7);
	assert_int_equal(budget_used(&d, NOW + 86399), 7);
	assert_int_equal(budget_used(&d, NOW + 86400), 0);
	assert_int_equal(budget_used(&d, NOW - 1), 0); /* set back */
	assert_int_equal(budget_ends_s(&d, NOW + 5), NOW + 86400);
	assert_int_equal(budget_ends_s(&d, NOW + 86400), NOW + 86400);
}

static void judge(const struct budget *b, uint64_t more,
	enum budget_verdict verdict, int64_t until_s)
{
	int64_t until = -1;
	struct err err;

	assert_int_equal(budget_judge(b, more, NOW, &until), verdict);
	assert_int_equal(until, until_s);
	if (verdict == BUDGET_GOES_ON)
		return;
	assert_int_equal(budget_err(verdict, b, "h", until - NOW, &err), -1);
	assert_int_equal(err.class, ERR_QUOTA);
	assert_int_equal(err.scope, ERR_SCOPE_ACCOUNT);
	assert_int_equal(err.retry, ERR_RETRY_LATER);
	assert_int_equal(err.retry_after_s, until - NOW);
	assert_non_null(strstr(err.text, " that "));
	assert_non_null(strstr(err.hint, "limits.hosts"));
}

static void test_the_accounts_day(void **state)
{
	struct budget b = {.account_bytes = 100 * MB,
		.account = {.from_s = NOW - 3600, .used = 90 * MB}};

	(void)state;
	judge(&b, 0, BUDGET_GOES_ON, -1);
	judge(&b, 10 * MB - 1, BUDGET_GOES_ON, -1);
	judge(&b, 10 * MB, BUDGET_ACCOUNT_DAY, NOW - 3600 + 86400);
	b.account.from_s = NOW - 86400;
	judge(&b, 99 * MB, BUDGET_GOES_ON, -1);
	judge(&b, 100 * MB, BUDGET_ACCOUNT_DAY, NOW + 86400);
	b.account_bytes = 0;
	judge(&b, UINT64_MAX / 4, BUDGET_GOES_ON, -1);
}

static void test_the_hosts_day(void **state)
{
	struct budget b = {.day_bytes = 1000 * MB,
		.host = {.from_s = NOW - 10, .used = 740 * MB},
		.account = {.from_s = NOW - 10, .used = 740 * MB},
		.accounts = 1};

	(void)state;
	/* alone: all of it */
	judge(&b, 259 * MB, BUDGET_GOES_ON, -1);
	judge(&b, 260 * MB, BUDGET_HOST_DAY, NOW - 10 + 86400);
	/* among ten: the last quarter is for the others */
	b.accounts = 10;
	judge(&b, 9 * MB, BUDGET_GOES_ON, -1);
	judge(&b, 10 * MB, BUDGET_HOST_SHARE, NOW - 10 + 86400);
	b.account.used = 0;
	judge(&b, 99 * MB, BUDGET_GOES_ON, -1);
	judge(&b, 100 * MB, BUDGET_HOST_SHARE, NOW - 10 + 86400);
}

static void test_lower(void **state)
{
	(void)state;
	assert_int_equal(budget_lower(0, 0), 0);
	assert_int_equal(budget_lower(0, 5), 5);
	assert_int_equal(budget_lower(5, 0), 5);
	assert_int_equal(budget_lower(7, 5), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_the_longest_domain_decides),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_the_accounts_day),
		cmocka_unit_test(test_the_hosts_day),
		cmocka_unit_test(test_lower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
