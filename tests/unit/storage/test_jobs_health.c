/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs that have a task; accounts that do not get on, told once; what keeps
 * many waiting; and who is due when there is room again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs_rig.h"

#define DAY ((int64_t)86400)

static void assert_task(int64_t id, bool over, const char *name)
{
	char there[JOB_TASK_RESULT_BYTES];
	bool is_over;

	assert_int_equal(jobs_task_result(state, id, &is_over, there, NULL), 0);
	assert_int_equal(is_over, over);
	assert_string_equal(there, name);
}

static struct job_result result_of_task(const char *name)
{
	struct job_result r = {.ok = true, .next_due_s = now + 900};

	(void)snprintf(r.task_result, sizeof r.task_result, "%s", name);
	return r;
}

static void a_task_is_done_once(void **unused)
{
	int64_t id = add("a", "h");
	struct job_result r = result_of_task("uuid.verify");
	struct job job = claim(now);

	(void)unused;
	assert_int_equal(job.task, JOB_COLLECT);
	assert_true(finish_ok(&job, now, now + 900));
	assert_int_equal(jobs_task(state, id, JOB_REBUILD, NULL), 0);
	assert_task(id, false, "");
	job = claim(now);
	assert_int_equal(job.task, JOB_REBUILD);
	assert_task(id, false, "");
	assert_true(finish(&job, now, &r));
	assert_task(id, true, "uuid.verify");
	job = claim(now + 900);
	assert_int_equal(job.task, JOB_COLLECT);
	assert_true(finish_ok(&job, now, now + 900));
	/* the run that follows leaves it to who has asked */
	assert_task(id, true, "uuid.verify");
}

/* Asked for while a run goes on: that one was not it. */
static void a_task_waits_for_the_present_run(void **unused)
{
	int64_t id = add("a", "h");
	struct job_result r = result_of_task("x");
	struct job_result cancelled = {.cancelled = true};
	struct job job = claim(now);

	(void)unused;
	assert_int_equal(jobs_task(state, id, JOB_VERIFY, NULL), 0);
	assert_true(finish_ok(&job, now, now + 900));
	assert_task(id, false, "");
	job = claim(now);
	assert_int_equal(job.task, JOB_VERIFY);
	/* killed, or drained: it is done again */
	assert_int_equal(jobs_release_all(state, now, NULL), 0);
	job = claim(now);
	assert_int_equal(job.task, JOB_VERIFY);
	assert_true(finish(&job, now, &cancelled));
	assert_task(id, false, "");
	job = claim(now);
	assert_int_equal(job.task, JOB_VERIFY);
	assert_true(finish(&job, now, &r));
	assert_task(id, true, "x");
}

static void a_task_that_failed_has_no_result(void **unused)
{
	int64_t id = add("a", "h");
	struct job job;

	(void)unused;
	assert_int_equal(jobs_task(state, id, JOB_VERIFY, NULL), 0);
	job = claim(now);
	assert_true(finish_failed(&job, now, now + 60));
	assert_task(id, true, "");
}

/* ---- stalled */

static unsigned told;

static void on_stalled(void *arg, const char *account, int64_t moved_at)
{
	(void)arg;
	(void)moved_at;
	assert_string_equal(account, "a");
	told++;
}

static unsigned stalled(int64_t at)
{
	struct err err = {.text = ""};

	told = 0;
	if (jobs_stalled(state, at, DAY, on_stalled, NULL, &err) != 0)
		fail_msg("%s", err.text);
	return told;
}

static void failures_for_long_are_told_once(void **unused)
{
	int64_t id = add("a", "h"), t = now;
	struct job_status *s;
	struct job job = claim(t);

	(void)unused;
	assert_true(finish_ok(&job, t, t));
	assert_int_equal(stalled(t + 10 * DAY), 0); /* nobody has tried */
	for (int i = 0; i < 3; i++) {
		job = claim(t);
		assert_true(finish_failed(&job, t, t));
	}
	assert_int_equal(stalled(t + DAY - 1), 0);
	assert_int_equal(stalled(t + DAY), 1);
	assert_int_equal(stalled(t + 9 * DAY), 0);
	s = status_of(id);
	assert_true(s->stalled);
	assert_int_equal(s->failing_since, t);
	assert_int_equal(s->moved_at, t);
	jobs_status_free(&s, 1);
	job = claim(t);
	assert_true(finish_ok(&job, t + 2 * DAY, t + 2 * DAY));
	s = status_of(id);
	assert_false(s->stalled);
	assert_int_equal(s->failing_since, 0);
	jobs_status_free(&s, 1);
	job = claim(t + 2 * DAY);
	assert_true(finish_failed(&job, t + 2 * DAY, t + 2 * DAY));
	assert_int_equal(stalled(t + 3 * DAY), 1);
}

/* A first import that fails each day, and brings something each day. */
static void what_moves_is_not_stalled(void **unused)
{
	int64_t id = add("a", "h"), t = now;
	struct job_progress p = {.account_id = id, .bytes_done = 10};
	struct job job;

	(void)unused;
	job = claim(t);
	assert_true(finish_failed(&job, t, t));
	job = claim(t);
	p.fence = job.fence;
	p.started_ms = (t + 2 * DAY) * 1000;
	assert_int_equal(jobs_progress(state, &p, 1, NULL), 0);
	assert_true(finish_failed(&job, t + 2 * DAY, t));
	assert_int_equal(stalled(t + 3 * DAY - 1), 0);
	assert_int_equal(stalled(t + 3 * DAY), 1);
}

/* A run that hangs where no deadline ends it. */
static void a_run_without_progress_is_stalled(void **unused)
{
	int64_t id = add("a", "h"), t = now;
	struct job_progress p = {.account_id = id, .started_ms = t * 1000};
	struct job job = claim(t);

	(void)unused;
	p.fence = job.fence;
	assert_int_equal(jobs_progress(state, &p, 1, NULL), 0);
	assert_int_equal(jobs_progress(state, &p, 1, NULL), 0);
	assert_int_equal(stalled(t + DAY - 1), 0);
	assert_int_equal(stalled(t + DAY), 1);
	assert_int_equal(stalled(t + DAY), 0);
}

/* ---- notices, and room */

static void a_notice_keeps_its_beginning(void **unused)
{
	struct job_notice *n;
	size_t count;

	(void)unused;
	assert_int_equal(jobs_notice(state, "room", "/a", now, NULL), 0);
	assert_int_equal(
		jobs_notice(state, "room", "/a, /b", now + 9, NULL), 0);
	assert_int_equal(jobs_notices(state, &n, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(n[0].text, "/a, /b");
	assert_int_equal(n[0].since, now);
	jobs_notices_free(n, count);
	assert_int_equal(jobs_notice(state, "room", "", now, NULL), 0);
	assert_int_equal(jobs_notices(state, &n, &count, NULL), 0);
	assert_int_equal(count, 0);
	jobs_notices_free(n, count);
}

static void fail_with(int64_t id, enum err_class class)
{
	struct job_result r = {.next_due_s = now + 9000};
	struct job job;

	(void)err_set(&r.err, class, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER, "x");
	assert_int_equal(try_claim(now, 8, id, NULL, 0, &job), 1);
	assert_true(finish(&job, now, &r));
}

static void who_had_no_room_is_due_when_there_is(void **unused)
{
	int64_t a = add("a", "h"), b = add("b", "h"), c = add("c", "h");
	const int64_t both[] = {a, b};
	struct job job;

	(void)unused;
	fail_with(a, ERR_DISK);
	fail_with(b, ERR_NETWORK);
	fail_with(c, ERR_DISK); /* on another disk */
	assert_none(now);
	assert_int_equal(jobs_due_disk(state, both, 2, now, NULL), 0);
	job = claim(now);
	assert_int_equal(job.account_id, a);
	assert_int_equal(job.attempts, 0);
	assert_none(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_task_is_done_once),
		T(a_task_waits_for_the_present_run),
		T(a_task_that_failed_has_no_result),
		T(failures_for_long_are_told_once),
		T(what_moves_is_not_stalled),
		T(a_run_without_progress_is_stalled),
		T(a_notice_keeps_its_beginning),
		T(who_had_no_room_is_due_when_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
