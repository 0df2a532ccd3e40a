/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs_rig.h"

/* ---- results */

static void test_attempts(void **unused)
{
	int64_t id = add("a", "h");
	struct job_result cancelled = {.cancelled = true};
	struct job_status *s;
	struct job job;
	int64_t t = now - 2;

	(void)unused;
	for (int64_t i = 0; i < 3; i++) {
		job = claim(now);
		assert_int_equal(job.attempts, i);
		assert_true(finish_failed(&job, t, t + 2));
	}
	s = status_of(id);
	assert_int_equal(s->runs, 3);
	jobs_status_free(&s, 1);
	job = claim(now);
	assert_int_equal(job.attempts, 3);
	assert_true(finish(&job, now, &cancelled));
	assert_next_due(now, 0);
	/* Cancelled: due at once, and no attempt. */
	job = claim(now);
	assert_int_equal(job.attempts, 3);
	assert_true(finish_ok(&job, now, now));
	job = claim(now);
	assert_int_equal(job.attempts, 0);
}

static void test_states(void **unused)
{
	int64_t id = add("a", "h");
	struct job_result r = {.needs_person = true};
	struct job_status *s;
	struct job job;
	int64_t t = clock_wall_s();

	(void)unused;
	assert_state(id, "queued");
	job = claim(t);
	assert_state(id, "running");
	assert_true(finish_failed(&job, t, t + 600));
	s = status_of(id);
	assert_string_equal(s->state, "waiting");
	assert_true(s->has_error);
	assert_int_equal(s->err.class, ERR_NETWORK);
	assert_int_equal(s->err.scope, ERR_SCOPE_SESSION);
	assert_int_equal(s->err.retry, ERR_RETRY_LATER);
	assert_int_equal(s->err.retry_after_s, 17);
	assert_string_equal(s->err.text, "no route");
	assert_string_equal(s->err.hint, "wait");
	assert_int_equal(s->retry_at, t + 600);
	assert_int_equal(s->last_success_at, 0);
	jobs_status_free(&s, 1);
	assert_int_equal(jobs_due_now(state, id, NULL), 0);
	assert_state(id, "queued");
	job = claim(now);
	(void)err_set(&r.err, ERR_CRASH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the envoy died");
	r.next_due_s = t + 5;
	assert_true(finish(&job, t, &r));
	s = status_of(id);
	assert_string_equal(s->state, "failed");
	assert_int_equal(s->crashes, 1);
	assert_int_equal(s->next_due_at, 0);
	assert_int_equal(s->retry_at, 0);
	jobs_status_free(&s, 1);
	assert_none(t + YEAR);
	assert_int_equal(jobs_due_now(state, 0, NULL), 0);
	job = claim(now);
	assert_int_equal(job.attempts, 0);
	assert_true(finish_ok(&job, t, t + 900));
	s = status_of(id);
	assert_string_equal(s->state, "idle");
	assert_false(s->has_error);
	assert_int_equal(s->last_success_at, t);
	assert_int_equal(s->next_due_at, t + 900);
	jobs_status_free(&s, 1);
	assert_int_equal(accounts_set_paused(state, id, true, NULL), 0);
	assert_state(id, "paused");
	assert_int_equal(jobs_due_now(state, 0, NULL), 0);
	assert_next_due(t, -1);
}

/* What somebody wants during a run is not lost with its end. */
static void test_due_now_while_running(void **unused)
{
	int64_t id = add("a", "h");
	struct job_result r = {.needs_person = true};
	struct job job = claim(now);

	(void)unused;
	assert_int_equal(jobs_due_now(state, id, NULL), 0);
	assert_state(id, "running");
	assert_none(now);
	(void)err_set(&r.err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"refused");
	assert_true(finish(&job, now, &r));
	job = claim(now);
	assert_true(finish_ok(&job, now, now + 900));
	assert_none(now);
}

static void test_cancel(void **unused)
{
	int64_t a = add("a", "h"), b = add("b", "h"), c = add("c", "h");
	int64_t *accounts = NULL;
	struct job job;
	size_t n = 0;

	(void)unused;
	assert_int_equal(jobs_cancel(state, a, NULL), 0);
	job = claim(now);
	(void)claim(now);
	assert_int_equal(jobs_cancelled(state, "1:1", &accounts, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(accounts);
	assert_int_equal(jobs_cancel(state, a, NULL), 0);
	assert_int_equal(accounts_set_paused(state, b, true, NULL), 0);
	assert_int_equal(accounts_set_paused(state, c, true, NULL), 0);
	assert_int_equal(jobs_cancelled(state, "1:1", &accounts, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(accounts[0] + accounts[1], a + b);
	free(accounts);
	assert_int_equal(jobs_cancelled(state, "2:2", &accounts, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(accounts);
	assert_true(finish_ok(&job, now, now));
	/* A new run starts uncancelled; so does one by hand on a paused
	 * account. */
	assert_int_equal(claim(now).account_id, a);
	assert_int_equal(try_claim(now, 8, c, NULL, 0, &job), 1);
	assert_int_equal(jobs_cancelled(state, "1:1", &accounts, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(accounts[0], b);
	free(accounts);
}

static void test_progress(void **unused)
{
	int64_t id = add("a", "h");
	struct job job = claim(now);
	struct job_progress p[2] = {
		{.account_id = id,
			.fence = 1,
			.phase = "importing",
			.mailbox = "INBOX",
			.messages_total = 10,
			.messages_done = 3,
			.messages_new = 9,
			.bytes_done = UINT64_MAX,
			.started_ms = 77},
		{.account_id = 4711, .fence = 1},
	};
	struct job_status *s;

	(void)unused;
	s = status_of(id);
	assert_string_equal(s->progress.phase, "");
	assert_string_equal(s->run, job.run);
	jobs_status_free(&s, 1);
	assert_int_equal(jobs_progress(state, p, 2, NULL), 0);
	p[0].fence = 0; /* an older run's */
	p[0].messages_done = 99;
	assert_int_equal(jobs_progress(state, p, 1, NULL), 0);
	s = status_of(id);
	assert_string_equal(s->state, "running");
	assert_string_equal(s->progress.phase, "importing");
	assert_string_equal(s->progress.mailbox, "INBOX");
	assert_int_equal(s->progress.messages_total, 10);
	assert_int_equal(s->progress.messages_done, 3);
	assert_int_equal(s->progress.messages_new, 9);
	assert_true(s->progress.bytes_done == INT64_MAX);
	assert_int_equal(s->progress.started_ms, 77);
	jobs_status_free(&s, 1);
	assert_true(finish_ok(&job, now, now + 5));
	p[0].fence = 1;
	assert_int_equal(jobs_progress(state, p, 1, NULL), 0);
	s = status_of(id);
	assert_string_equal(s->progress.phase, "");
	jobs_status_free(&s, 1);
}

static void test_mailboxes(void **unused)
{
	struct job_mailbox boxes[2] = {
		{.mailbox = "INBOX",
			.folder = "INBOX",
			.uidvalidity = 5,
			.source = 10,
			.stored = 8,
			.quarantined = 2},
		{.mailbox = "Entwürfe", .folder = "Drafts"},
	};
	struct job_result r = {.ok = true,
		.messages_source = 10,
		.messages_stored = 8,
		.messages_quarantined = 2,
		.messages_skipped = 1,
		.bytes_stored = 1ll << 40,
		.mailboxes = boxes,
		.mailbox_count = 2};
	int64_t id = add("a", "h");
	struct job_status *s;
	struct job job = claim(now);

	(void)unused;
	r.next_due_s = now;
	assert_true(finish(&job, now, &r));
	/* A run that came to know nothing leaves what is known. */
	job = claim(now);
	assert_true(finish_failed(&job, now, now));
	s = status_of(id);
	assert_int_equal(s->mailbox_count, 2);
	assert_string_equal(s->mailboxes[0].mailbox, "INBOX");
	assert_int_equal(s->mailboxes[0].uidvalidity, 5);
	assert_int_equal(s->mailboxes[0].source, 10);
	assert_int_equal(s->mailboxes[0].stored, 8);
	assert_int_equal(s->mailboxes[0].quarantined, 2);
	assert_string_equal(s->mailboxes[1].mailbox, "Entwürfe");
	assert_string_equal(s->mailboxes[1].folder, "Drafts");
	assert_int_equal(s->messages_source, 10);
	assert_int_equal(s->messages_stored, 8);
	assert_int_equal(s->messages_quarantined, 2);
	assert_int_equal(s->messages_skipped, 1);
	assert_true(s->bytes_stored == 1ll << 40);
	jobs_status_free(&s, 1);
	job = claim(now);
	r.mailbox_count = 1;
	boxes[0].stored = 9;
	assert_true(finish(&job, now, &r));
	s = status_of(id);
	assert_int_equal(s->mailbox_count, 1);
	assert_int_equal(s->mailboxes[0].stored, 9);
	jobs_status_free(&s, 1);
}

static void test_status_by_name(void **unused)
{
	struct job_status *s = NULL;
	size_t n = 0;
	int64_t b = add("b", "h"), a = add("a", "h");

	(void)unused;
	assert_int_equal(jobs_status(state, 0, &s, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(s[0].account_id, a);
	assert_int_equal(s[1].account_id, b);
	jobs_status_free(&s, n);
	assert_null(s);
	assert_int_equal(jobs_overview(state, &s, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(s[0].account_id, a);
	assert_int_equal(s[1].account_id, b);
	assert_string_equal(s[1].state, "queued");
	assert_null(s[0].mailboxes);
	jobs_status_free(&s, n);
	assert_int_equal(jobs_status(state, 4711, &s, &n, NULL), 0);
	assert_int_equal(n, 0);
	jobs_status_free(&s, n);
}

/* What a person confirms is what the last run told, and nothing of later
 * runs; the account goes on meanwhile, though a person has to act. */
static void test_confirm_deletions(void **unused)
{
	int64_t id = add("a", "h"), held = -1, t = clock_wall_s() + 1;
	struct job_mailbox box = {.mailbox = "INBOX", .folder = "INBOX"};
	struct job_result r = {.needs_person = true,
		.goes_on = true,
		.held = 7,
		.mailboxes = &box,
		.mailbox_count = 1};
	struct account a;
	struct job_status *s;
	struct job job;

	(void)unused;
	assert_int_equal(jobs_confirm_deletions(state, id, &held, NULL), 0);
	assert_int_equal(held, 0);
	job = claim(t);
	(void)err_set(&r.err, ERR_POLICY, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"held");
	r.next_due_s = t + 900;
	assert_true(finish(&job, t, &r));
	s = status_of(id);
	assert_string_equal(s->state, "failed");
	assert_int_equal(s->next_due_at, t + 900);
	assert_int_equal(s->held, 7);
	jobs_status_free(&s, 1);
	/* the next run has begun, and tells nobody yet */
	job = claim(t + 900);
	assert_int_equal(jobs_confirm_deletions(state, id, &held, NULL), 0);
	assert_int_equal(held, 7);
	assert_int_equal(accounts_by_id(state, id, &a, NULL), 1);
	assert_int_equal(a.confirmed_fence, job.fence - 1);
	account_clear(&a);
	r = (struct job_result){.ok = true,
		.next_due_s = t + 1800,
		.mailboxes = &box,
		.mailbox_count = 1};
	assert_true(finish(&job, t + 900, &r));
	/* asked for while it ran: due at once */
	assert_state(id, "queued");
	assert_int_equal(jobs_confirm_deletions(state, id, &held, NULL), 0);
	assert_int_equal(held, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_attempts),
		T(test_states),
		T(test_due_now_while_running),
		T(test_cancel),
		T(test_progress),
		T(test_mailboxes),
		T(test_status_by_name),
		T(test_confirm_deletions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
