/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs_rig.h"

/* ---- claims */

static void test_claim_and_finish(void **unused)
{
	int64_t id = add("one", "h");
	struct job a, b;

	(void)unused;
	assert_next_due(now, 0);
	a = claim(now);
	assert_int_equal(a.account_id, id);
	assert_int_equal(strlen(a.run), 16);
	assert_int_equal(strspn(a.run, "0123456789abcdef"), 16);
	assert_int_equal(a.fence, 1);
	assert_int_equal(a.attempts, 0);
	assert_none(now);
	assert_next_due(now, JOB_LEASE_S);
	assert_true(finish_ok(&a, now, now + 900));
	assert_none(now + 899);
	assert_next_due(now, 900);
	assert_next_due(now + 1000, 0);
	b = claim(now + 900);
	assert_int_equal(b.fence, 2);
	assert_string_not_equal(a.run, b.run);
	assert_true(finish_ok(&b, now + 900, 0));
	assert_none(now + YEAR);
	assert_next_due(now, -1);
}

static void test_longest_waiting_first(void **unused)
{
	int64_t a = add("a", "h"), b = add("b", "h"), c = add("c", "h");
	struct job ja = claim(now), jb = claim(now), jc = claim(now);

	(void)unused;
	assert_int_equal(ja.account_id, a);
	assert_int_equal(jb.account_id, b);
	assert_int_equal(jc.account_id, c);
	assert_true(finish_ok(&ja, now, now + 30));
	assert_true(finish_ok(&jb, now, now + 10));
	assert_true(finish_ok(&jc, now, now + 20));
	assert_int_equal(claim(now + 60).account_id, b);
	assert_int_equal(claim(now + 60).account_id, c);
	assert_int_equal(claim(now + 60).account_id, a);
}

static void test_per_host(void **unused)
{
	struct job jobs[3], job;

	(void)unused;
	(void)add("a", "big");
	(void)add("b", "big");
	(void)add("c", "big");
	(void)add("d", "small");
	assert_int_equal(try_claim(now, 2, 0, NULL, 0, &jobs[0]), 1);
	assert_int_equal(try_claim(now, 2, 0, NULL, 0, &jobs[1]), 1);
	/* The third of the busy host is passed over. */
	assert_int_equal(try_claim(now, 2, 0, NULL, 0, &jobs[2]), 1);
	assert_int_equal(jobs[2].account_id, 4);
	assert_int_equal(try_claim(now, 2, 0, NULL, 0, &job), 0);
	assert_int_equal(try_claim(now, 2, 3, NULL, 0, &job), 0);
	assert_true(finish_ok(&jobs[0], now, now + 900));
	assert_int_equal(try_claim(now, 2, 0, NULL, 0, &job), 1);
	assert_int_equal(job.account_id, 3);
}

static void test_except(void **unused)
{
	int64_t held[2000];
	struct job job;

	(void)unused;
	held[0] = add("a", "h");
	held[1] = add("b", "h");
	for (size_t i = 2; i < 2000; i++)
		held[i] = INT64_MAX - (int64_t)i;
	assert_int_equal(try_claim(now, 8, 0, held, 2000, &job), 0);
	assert_int_equal(try_claim(now, 8, held[0], held, 1, &job), 0);
	assert_int_equal(try_claim(now, 8, 0, held, 1, &job), 1);
	assert_int_equal(job.account_id, held[1]);
}

static void test_only_account(void **unused)
{
	int64_t a = add("a", "h"), b = add("b", "h");
	struct job job;

	(void)unused;
	assert_int_equal(try_claim(now, 8, b, NULL, 0, &job), 1);
	assert_int_equal(job.account_id, b);
	assert_int_equal(try_claim(now, 8, b, NULL, 0, &job), 0);
	assert_true(finish_ok(&job, now, now + 900));
	/* Not due, and paused: a person named it. */
	assert_int_equal(accounts_set_paused(state, b, true, NULL), 0);
	assert_int_equal(try_claim(now, 8, b, NULL, 0, &job), 1);
	assert_state(b, "running");
	assert_int_equal(try_claim(now, 8, 4711, NULL, 0, &job), 0);
	assert_int_equal(accounts_set_paused(state, a, true, NULL), 0);
	assert_none(now);
}

/* ---- leases, fences, clocks */

static void test_lease(void **unused)
{
	struct job a, b;
	struct err err = {0};
	bool ours = true;

	(void)unused;
	(void)add("a", "h");
	a = claim(now);
	assert_none(now + JOB_LEASE_S - 1);
	assert_int_equal(
		jobs_heartbeat(state, "1:1", now + JOB_LEASE_S - 1, &err), 0);
	assert_none(now + JOB_LEASE_S);
	/* Somebody else's heart does not keep it alive. */
	assert_int_equal(
		jobs_heartbeat(state, "2:2", now + 2 * JOB_LEASE_S - 2, &err),
		0);
	b = claim(now + 2 * JOB_LEASE_S);
	assert_int_equal(b.account_id, a.account_id);
	assert_int_equal(b.fence, a.fence + 1);
	/* The one that outlived its lease writes nothing. */
	{
		struct job_result r = {.ok = true, .next_due_s = 1};
		assert_int_equal(
			jobs_finish(state, &a, now, &r, &ours, &err), 0);
		assert_false(ours);
	}
	assert_true(finish_ok(&b, now + 2 * JOB_LEASE_S, 0));
	assert_false(finish_ok(&b, now, 0));
}

static void test_an_expired_lease_frees_its_host(void **unused)
{
	struct job job;

	(void)unused;
	(void)add("a", "h");
	(void)add("b", "h");
	assert_int_equal(try_claim(now, 1, 1, NULL, 0, &job), 1);
	assert_int_equal(try_claim(now, 1, 2, NULL, 0, &job), 0);
	assert_int_equal(try_claim(now + JOB_LEASE_S, 1, 2, NULL, 0, &job), 1);
}

static void test_clock_set_back(void **unused)
{
	int64_t id = add("a", "h");
	struct job job = claim(now);

	(void)unused;
	assert_true(finish_ok(&job, now, now + 900));
	/* A small step is no reason to run early, nor a year ahead … */
	assert_none(now - 899);
	assert_next_due(now - 600, 1500);
	/* … but a year back must not make it wait a year. */
	assert_next_due(now - YEAR, 0);
	job = claim(now - YEAR);
	assert_int_equal(job.account_id, id);
	/* Its lease, set in that past, has run out when the clock is right. */
	job = claim(now);
	/* And one set in the future is not believed for a year. */
	assert_true(finish_ok(&job, now, now + 900));
	job = claim(now + YEAR);
	job = claim(now);
	assert_int_equal(job.account_id, id);
	assert_true(finish_ok(&job, now, now + 900));
	assert_none(now + 10);
}

static void test_clock_set_forward(void **unused)
{
	struct job job;

	(void)unused;
	(void)add("a", "h");
	job = claim(now);
	assert_true(finish_ok(&job, now, now + 900));
	job = claim(now + YEAR);
	assert_true(finish_ok(&job, now + YEAR, now + YEAR + 900));
	/* Back again: due at once, then as ever. */
	job = claim(now + 5);
	assert_true(finish_ok(&job, now + 5, now + 905));
	assert_none(now + 6);
	job = claim(now + 905);
	(void)job;
}

static void test_a_long_backoff_is_kept(void **unused)
{
	struct job job;

	(void)unused;
	(void)add("a", "h");
	job = claim(now);
	assert_true(finish_failed(&job, now, now + 7 * 86400));
	assert_none(now + 1);
	assert_none(now + 7 * 86400 - 1);
	(void)claim(now + 7 * 86400);
}

static void test_release_all(void **unused)
{
	int64_t id = add("a", "h");
	struct job job = claim(now), again;

	(void)unused;
	assert_int_equal(jobs_release_all(state, now, NULL), 0);
	assert_state(id, "queued");
	again = claim(now);
	assert_int_equal(again.attempts, 0);
	assert_int_equal(again.fence, job.fence + 1);
	assert_false(finish_ok(&job, now, now + 5));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_claim_and_finish),
		T(test_longest_waiting_first),
		T(test_per_host),
		T(test_except),
		T(test_only_account),
		T(test_lease),
		T(test_an_expired_lease_frees_its_host),
		T(test_clock_set_back),
		T(test_clock_set_forward),
		T(test_a_long_backoff_is_kept),
		T(test_release_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
