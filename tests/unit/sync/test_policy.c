/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/sync/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1000000
#define DICE_MIN 0u
#define DICE_MID 0x80000000u
#define DICE_MAX 0xffffffffu

static struct job_result failed(enum err_class class, enum err_retry retry)
{
	struct job_result r = {0};

	(void)err_set(&r.err, class, ERR_SCOPE_SESSION, retry, "text");
	return r;
}

static void done_is_due_after_the_interval_with_jitter(void **state)
{
	struct policy_facts f = {.now_s = NOW, .every_s = 900};
	struct job_result r = {.ok = true};

	(void)state;
	f.dice = DICE_MIN;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 810);
	f.dice = DICE_MID;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 900);
	f.dice = DICE_MAX;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 990);
	assert_false(r.needs_person);
	assert_string_equal(r.err.hint, "");
}

static void ten_years_do_not_overflow(void **state)
{
	struct policy_facts f = {.now_s = NOW,
		.every_s = (int64_t)3650 * 86400,
		.dice = DICE_MAX};
	struct job_result r = {.ok = true};

	(void)state;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s - NOW, f.every_s + f.every_s / 10);
}

static void once_and_done_is_never_due(void **state)
{
	struct policy_facts f = {.now_s = NOW, .every_s = -1};
	struct job_result r = {.ok = true};

	(void)state;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, 0);
	f.again_at_s = NOW + 3600;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 3600);
	f.again_at_s = NOW + 1;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + POLICY_BACKOFF_FIRST_S);
}

/* Nobody knows whether it was the password: three more tries, hours apart. */
static void a_refusal_without_a_reason_is_tried_thrice_more(void **state)
{
	static const int64_t waits_s[] = {3600, 6 * 3600, 86400};
	struct policy_facts f = {.now_s = NOW, .every_s = 900, .attempts = 7};

	(void)state;
	for (f.refusals = 0; f.refusals < 3; f.refusals++) {
		struct job_result r = failed(ERR_AUTH, ERR_RETRY_LATER);
		policy_decide(&f, "a", &r);
		assert_false(r.needs_person);
		assert_int_equal(r.next_due_s - NOW, waits_s[f.refusals]);
	}
	for (; f.refusals < 5; f.refusals++) {
		struct job_result r = failed(ERR_AUTH, ERR_RETRY_LATER);
		policy_decide(&f, "a", &r);
		assert_true(r.needs_person);
		assert_int_equal(r.next_due_s, 0);
	}
	/* with a reason: never by itself */
	f.refusals = 0;
	{
		struct job_result r = failed(ERR_AUTH, ERR_RETRY_CHANGE);
		policy_decide(&f, "a", &r);
		assert_true(r.needs_person);
		assert_int_equal(r.next_due_s, 0);
	}
	/* what a token's file says counts */
	{
		struct job_result r = failed(ERR_AUTH, ERR_RETRY_LATER);
		r.err.retry_after_s = 60;
		policy_decide(&f, "a", &r);
		assert_false(r.needs_person);
		assert_int_equal(r.next_due_s - NOW, 60);
	}
}

static void once_and_failed_comes_back(void **state)
{
	struct policy_facts f = {.now_s = NOW, .every_s = -1, .dice = DICE_MID};
	struct job_result r = failed(ERR_NETWORK, ERR_RETRY_LATER);

	(void)state;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 60);
	r.err.scope = ERR_SCOPE_MAILBOX;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 60);
}

static void backoff_doubles_up_to_its_cap(void **state)
{
	static const int64_t expected_s[] = {
		60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600};
	struct policy_facts f = {
		.now_s = NOW, .every_s = 900, .dice = DICE_MID};

	(void)state;
	for (size_t n = 0; n < sizeof expected_s / sizeof *expected_s; n++) {
		struct job_result r = failed(ERR_NETWORK, ERR_RETRY_LATER);
		f.attempts = (int64_t)n;
		policy_decide(&f, "a", &r);
		assert_int_equal(r.next_due_s - NOW, expected_s[n]);
		assert_false(r.needs_person);
	}
	f.attempts = INT64_MAX;
	f.dice = DICE_MAX;
	for (int i = 0; i < 2; i++) {
		struct job_result r = failed(ERR_NETWORK, ERR_RETRY_LATER);
		policy_decide(&f, "a", &r);
		assert_int_equal(
			r.next_due_s - NOW, i == 0 ? 21600 : 21600 * 3 / 4);
		f.dice = DICE_MIN;
	}
}

static void progress_resets_the_backoff(void **state)
{
	struct policy_facts f = {.now_s = NOW,
		.every_s = 900,
		.attempts = 9,
		.progress = true,
		.dice = DICE_MIN};
	struct job_result r = failed(ERR_NETWORK, ERR_RETRY_LATER);

	(void)state;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 45);
}

static void what_the_server_asks_is_honoured_exactly(void **state)
{
	struct policy_facts f = {
		.now_s = NOW, .every_s = 900, .attempts = 5, .dice = 12345};
	struct job_result r = failed(ERR_THROTTLED, ERR_RETRY_LATER);

	(void)state;
	r.err.retry_after_s = 86400;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 86400);
}

static void a_person_is_needed_where_only_a_change_helps(void **state)
{
	static const enum err_class classes[] = {
		ERR_AUTH, ERR_TLS, ERR_CONFIG, ERR_POLICY, ERR_STORE};
	struct policy_facts f = {.now_s = NOW, .every_s = 900};

	(void)state;
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		struct job_result r = failed(classes[i], ERR_RETRY_CHANGE);
		policy_decide(&f, "a", &r);
		assert_true(r.needs_person);
		assert_int_equal(r.next_due_s, 0);
		r = failed(classes[i], ERR_RETRY_LATER);
		policy_decide(&f, "a", &r);
		assert_false(r.needs_person);
		assert_true(r.next_due_s > NOW);
	}
}

static void one_bad_mailbox_does_not_slow_the_account_down(void **state)
{
	struct policy_facts f = {
		.now_s = NOW, .every_s = 900, .attempts = 50, .dice = DICE_MID};
	struct job_result r = failed(ERR_REFUSED, ERR_RETRY_CHANGE);

	(void)state;
	r.err.scope = ERR_SCOPE_MAILBOX;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 900);
	assert_false(r.needs_person);
	r.err.retry = ERR_RETRY_LATER;
	f.attempts = 0;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW + 60);
}

static void cancelled_is_due_at_once(void **state)
{
	struct policy_facts f = {.now_s = NOW, .every_s = 900};
	struct job_result r = failed(ERR_CANCELLED, ERR_RETRY_NOW);

	(void)state;
	r.cancelled = true;
	policy_decide(&f, "a", &r);
	assert_int_equal(r.next_due_s, NOW);
	assert_false(r.needs_person);
}

static void every_class_has_a_hint_and_a_given_one_stays(void **state)
{
	struct policy_facts f = {.now_s = NOW, .every_s = 900};

	(void)state;
	for (int c = ERR_AUTH; c < ERR_CANCELLED; c++) {
		struct job_result r =
			failed((enum err_class)c, ERR_RETRY_LATER);
		policy_decide(&f, "anna", &r);
		assert_true(r.err.hint[0] != '\0');
		(void)err_hint(&r.err, "mine");
		policy_decide(&f, "anna", &r);
		assert_string_equal(r.err.hint, "mine");
	}
	struct job_result r = failed(ERR_AUTH, ERR_RETRY_CHANGE);
	policy_decide(&f, "anna", &r);
	assert_non_null(strstr(r.err.hint, "`mailhaul set anna --password"));
}

static void quarantine_waits_longer_each_time(void **state)
{
	(void)state;
	assert_int_equal(policy_quarantine_s(ERR_PROTOCOL, 0), 3600);
	assert_int_equal(policy_quarantine_s(ERR_PROTOCOL, 1), 6 * 3600);
	assert_int_equal(policy_quarantine_s(ERR_PROTOCOL, 2), 86400);
	assert_int_equal(policy_quarantine_s(ERR_PROTOCOL, 3), 7 * 86400);
	assert_int_equal(policy_quarantine_s(ERR_PROTOCOL, 99), 7 * 86400);
	assert_int_equal(policy_quarantine_s(ERR_LIMIT, 0), 7 * 86400);
	assert_int_equal(policy_quarantine_s(ERR_NETWORK, 0), 60);
	assert_int_equal(policy_quarantine_s(ERR_NETWORK, 1), 6 * 3600);
}

/* What is known of the provider comes before what is true of any. */
static void the_provider_is_named(void **state)
{
	struct policy_facts f = {
		.now_s = NOW, .every_s = 900, .host = "imap.gmail.com"};
	struct job_result r = {.ok = false};

	(void)state;
	(void)err_set(&r.err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"refused");
	policy_decide(&f, "anna", &r);
	assert_non_null(strstr(r.err.hint, "app password"));
	assert_non_null(strstr(r.err.hint, "mailhaul set anna --password"));
	f.host = "imap.example.org";
	r.err.hint[0] = '\0';
	policy_decide(&f, "anna", &r);
	assert_null(strstr(r.err.hint, "Gmail"));
	assert_non_null(strstr(r.err.hint, "mailhaul set anna --password"));
}

/* A quota is its owner's; a disk that is full is everybody's. */
static void a_quota_is_told_as_one(void **state)
{
	struct policy_facts f = {.now_s = NOW, .every_s = 900};
	struct job_result r = {.ok = false};

	(void)state;
	(void)err_set_file(&r.err, EDQUOT, "store x");
	policy_decide(&f, "anna", &r);
	assert_non_null(strstr(r.err.hint, "quota"));
	assert_false(r.needs_person);
	assert_true(r.next_due_s > NOW);
	(void)err_set_file(&r.err, ENOSPC, "store x");
	policy_decide(&f, "anna", &r);
	assert_null(strstr(r.err.hint, "quota"));
	assert_false(r.needs_person);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_refusal_without_a_reason_is_tried_thrice_more),
		cmocka_unit_test(the_provider_is_named),
		cmocka_unit_test(done_is_due_after_the_interval_with_jitter),
		cmocka_unit_test(a_quota_is_told_as_one),
		cmocka_unit_test(ten_years_do_not_overflow),
		cmocka_unit_test(once_and_done_is_never_due),
		cmocka_unit_test(once_and_failed_comes_back),
		cmocka_unit_test(backoff_doubles_up_to_its_cap),
		cmocka_unit_test(progress_resets_the_backoff),
		cmocka_unit_test(what_the_server_asks_is_honoured_exactly),
		cmocka_unit_test(a_person_is_needed_where_only_a_change_helps),
		cmocka_unit_test(
			one_bad_mailbox_does_not_slow_the_account_down),
		cmocka_unit_test(cancelled_is_due_at_once),
		cmocka_unit_test(every_class_has_a_hint_and_a_given_one_stays),
		cmocka_unit_test(quarantine_waits_longer_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
