/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups, priorities, and the last run of an account. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs_rig.h"

/* ---- groups */

static void put_into(int64_t id, const char *group)
{
	struct account a;

	assert_int_equal(accounts_by_id(state, id, &a, NULL), 1);
	free(a.group);
	a.group = mem_strdup(group);
	assert_int_equal(accounts_update(state, &a, NULL, NULL), 0);
	account_clear(&a);
}

static size_t count_group(const char *group, const char *first)
{
	struct account *found = NULL;
	size_t n = 0;

	assert_int_equal(accounts_in_group(state, group, &found, &n, NULL), 0);
	if (n != 0)
		assert_string_equal(found[0].name, first);
	for (size_t i = 0; i < n; i++)
		account_clear(&found[i]);
	free(found);
	return n;
}

static void test_groups(void **unused)
{
	int64_t c = add("c", "h"), b = add("b", "h");

	(void)unused;
	(void)add("a", "h");
	put_into(c, "w'1");
	put_into(b, "w'1");
	assert_int_equal(count_group("w'1", "b"), 2);
	assert_int_equal(count_group("w", ""), 0);
	assert_int_equal(count_group("", "a"), 1);
	put_into(b, "w2");
	assert_int_equal(count_group("w'1", "c"), 1);
	assert_int_equal(count_group("w2", "b"), 1);
}

/* ---- priorities and dates */

static int64_t add_ranked(const char *name, int priority)
{
	int64_t id = add(name, "h");
	struct account a;

	assert_int_equal(accounts_by_id(state, id, &a, NULL), 1);
	a.priority = priority;
	assert_int_equal(accounts_update(state, &a, NULL, NULL), 0);
	account_clear(&a);
	return id;
}

static void test_higher_first(void **unused)
{
	int64_t c = add_ranked("c", 0), b = add_ranked("b", 5);
	int64_t a = add_ranked("a", 9), d = add_ranked("d", 5);
	struct job jobs[4];

	(void)unused;
	for (size_t i = 0; i < 4; i++)
		jobs[i] = claim(now);
	assert_int_equal(jobs[0].account_id, a);
	assert_int_equal(jobs[1].account_id, b);
	assert_int_equal(jobs[2].account_id, d);
	assert_int_equal(jobs[3].account_id, c);
	/* one that is not due takes nobody's turn */
	assert_true(finish_ok(&jobs[0], now, now + 100));
	assert_true(finish_ok(&jobs[3], now, now + 10));
	assert_int_equal(claim(now + 20).account_id, c);
	assert_none(now + 20);
}

/* A step is worth six hours: nine of them are 54. */
static void test_nobody_starves(void **unused)
{
	int64_t low = add_ranked("a", 0), high = add_ranked("b", 9);
	struct job jh = claim(now), jl = claim(now);
	int64_t much = (int64_t)54 * 3600;

	(void)unused;
	assert_true(finish_ok(&jl, now, now + 1));
	assert_true(finish_ok(&jh, now, now + much));
	jh = claim(now + much);
	assert_int_equal(jh.account_id, high);
	assert_true(finish_ok(&jh, now + much, now + much + 2));
	assert_int_equal(claim(now + much + 2).account_id, low);
	assert_int_equal(claim(now + much + 2).account_id, high);
}

static void test_until(void **unused)
{
	int64_t id = add("a", "h");
	struct job_status *s;
	struct account a;
	struct job job;

	(void)unused;
	assert_int_equal(accounts_by_id(state, id, &a, NULL), 1);
	a.until_at = now + 10;
	assert_int_equal(accounts_update(state, &a, NULL, NULL), 0);
	assert_int_equal(jobs_until(state, now + 9, NULL), 0);
	job = claim(now + 9);
	assert_int_equal(jobs_until(state, now + 10, NULL), 0);
	s = status_of(id);
	assert_int_equal(s->finish, FINISH_UNTIL);
	assert_int_equal(s->finished_at, now + 10);
	jobs_status_free(&s, 1);
	assert_true(finish_ok(&job, now + 10, now + 11));
	assert_state(id, "paused");
	assert_none(now + YEAR);
	/* a later date opens it */
	a.until_at = now + YEAR;
	a.paused = false;
	assert_int_equal(accounts_update(state, &a, NULL, NULL), 0);
	account_clear(&a);
	assert_int_equal(jobs_until(state, now + 20, NULL), 0);
	assert_int_equal(claim(now + 20).account_id, id);
}

/* ---- hours */

static void set_hours(int64_t id, const char *hours)
{
	struct account a;

	assert_int_equal(accounts_by_id(state, id, &a, NULL), 1);
	free(a.hours);
	a.hours = mem_strdup(hours);
	assert_int_equal(accounts_update(state, &a, NULL, NULL), 0);
	account_clear(&a);
}

/* "HH:MM-HH:MM", so many minutes after `now` (UTC). */
static const char *hours_in(int from_min, int to_min)
{
	static char text[32];
	int at = (int)(now / 60 % 1440);
	int from = (at + from_min + 1440) % 1440, to = (at + to_min) % 1440;

	(void)snprintf(text, sizeof text, "%02d:%02d-%02d:%02d", from / 60,
		from % 60, to / 60, to % 60);
	return text;
}

static void test_hours(void **unused)
{
	int64_t a = add("a", "h"), b = add("b", "h");
	int64_t minute = now - now % 60;
	struct job_status *s;
	struct job job;

	(void)unused;
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	set_hours(a, hours_in(30, 90));
	set_hours(b, hours_in(-30, 45));
	job = claim(now);
	assert_int_equal(job.account_id, b);
	assert_int_equal(job.closes_at, minute + 45 * 60);
	assert_true(finish_ok(&job, now, now + YEAR));
	assert_none(now);
	s = status_of(a);
	assert_string_equal(s->state, "idle");
	assert_int_equal(s->next_due_at, minute + 30 * 60);
	jobs_status_free(&s, 1);
	assert_none(minute + 30 * 60 - 1);
	/* whoever names it is not bound by them */
	assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
	assert_int_equal(job.closes_at, 0);
	assert_true(finish_ok(&job, now, minute + 30 * 60));
	job = claim(minute + 30 * 60);
	assert_int_equal(job.account_id, a);
	assert_int_equal(job.closes_at, minute + 90 * 60);
	/* other hours: at once */
	assert_true(finish_ok(&job, now, now + YEAR));
	set_hours(a, "");
	assert_int_equal(claim(now).account_id, a);
}

/* ---- the last run */

static void assert_finish(int64_t id, enum account_finish finish)
{
	struct job_status *s = status_of(id);

	assert_int_equal(s->finish, finish);
	jobs_status_free(&s, 1);
}

static void end(const struct job *job, bool ok, uint64_t differences)
{
	struct job_result result = {
		.ok = ok, .next_due_s = now + 900, .differences = differences};
	bool ours = false;

	if (!ok)
		(void)err_set(&result.err, ERR_NETWORK, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "lost");
	assert_int_equal(jobs_finish(state, job, now, &result, &ours, NULL), 0);
	assert_true(ours);
}

static void begin(int64_t id)
{
	struct err err = {0};

	if (jobs_last_begin(state, id, &err) != 0)
		fail_msg("%s", err.text);
}

static struct job claim_task(int64_t at, enum job_task task)
{
	struct job job = claim(at);

	assert_int_equal(job.task, task);
	return job;
}

static void test_collect_compare_no_more(void **unused)
{
	int64_t id = add("a", "h");
	struct job_status *s;
	struct job job;

	(void)unused;
	begin(id);
	job = claim_task(now, JOB_COLLECT);
	assert_true(job.retry);
	end(&job, true, 0);
	assert_finish(id, FINISH_COMPARES);
	assert_state(id, "queued");
	job = claim_task(now, JOB_VERIFY);
	end(&job, true, 3);
	s = status_of(id);
	assert_int_equal(s->finish, FINISH_DONE);
	assert_int_equal(s->finished_at, now);
	assert_int_equal(s->differences, 3);
	assert_int_equal(s->next_due_at, 0);
	assert_string_equal(s->state, "paused");
	jobs_status_free(&s, 1);
	assert_none(now + YEAR);

	/* a second time, and what a person opens goes on */
	begin(id);
	assert_finish(id, FINISH_COLLECTS);
	job = claim_task(now, JOB_COLLECT);
	end(&job, true, 0);
	job = claim_task(now, JOB_VERIFY);
	end(&job, true, 0);
	assert_int_equal(accounts_set_paused(state, id, false, NULL), 0);
	assert_finish(id, FINISH_NONE);
	job = claim_task(now, JOB_COLLECT);
	end(&job, true, 0);
	assert_finish(id, FINISH_NONE);
	assert_none(now + 899);
	(void)claim_task(now + 900, JOB_COLLECT);
}

static void test_a_failure_begins_anew(void **unused)
{
	int64_t id = add("a", "h");
	struct job job;

	(void)unused;
	begin(id);
	job = claim(now);
	end(&job, false, 0);
	assert_finish(id, FINISH_COLLECTS);
	assert_state(id, "waiting");
	assert_none(now + 899);
	job = claim_task(now + 900, JOB_COLLECT);
	end(&job, true, 0);
	job = claim_task(now, JOB_VERIFY);
	end(&job, false, 0);
	assert_finish(id, FINISH_COLLECTS);
	assert_none(now + 899);
	job = claim_task(now + 900, JOB_COLLECT);
	end(&job, true, 0);
	job = claim_task(now, JOB_VERIFY);
	end(&job, true, 0);
	assert_finish(id, FINISH_DONE);
}

/* It counts only what began after it was asked for. */
static void test_asked_during_a_run(void **unused)
{
	int64_t id = add("a", "h");
	struct job job = claim(now);

	(void)unused;
	begin(id);
	end(&job, true, 0);
	assert_finish(id, FINISH_COLLECTS);
	job = claim_task(now, JOB_COLLECT);
	begin(id);
	end(&job, true, 0);
	assert_finish(id, FINISH_COLLECTS);
	job = claim_task(now, JOB_COLLECT);
	end(&job, true, 0);
	assert_finish(id, FINISH_COMPARES);
}

static void test_drained_and_used_for_something_else(void **unused)
{
	const struct job_result drained = {.cancelled = true};
	int64_t id = add("a", "h");
	struct job job;
	bool ours;

	(void)unused;
	begin(id);
	job = claim(now);
	end(&job, true, 0);
	job = claim_task(now, JOB_VERIFY);
	assert_int_equal(
		jobs_finish(state, &job, now, &drained, &ours, NULL), 0);
	assert_finish(id, FINISH_COMPARES);
	assert_int_equal(jobs_task(state, id, JOB_REBUILD, NULL), 0);
	job = claim_task(now, JOB_REBUILD);
	end(&job, true, 0);
	job = claim_task(now, JOB_COLLECT);
	end(&job, true, 0);
	(void)claim_task(now, JOB_VERIFY);
}

static void test_forgotten(void **unused)
{
	int64_t id = add("a", "h");
	struct job job;

	(void)unused;
	begin(id);
	job = claim(now);
	end(&job, true, 0);
	assert_int_equal(jobs_last_forget(state, id, NULL), 0);
	job = claim_task(now, JOB_COLLECT);
	end(&job, true, 0);
	assert_state(id, "idle");
	assert_finish(id, FINISH_NONE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_groups),
		T(test_higher_first),
		T(test_nobody_starves),
		T(test_until),
		T(test_hours),
		T(test_collect_compare_no_more),
		T(test_a_failure_begins_anew),
		T(test_asked_during_a_run),
		T(test_drained_and_used_for_something_else),
		T(test_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
