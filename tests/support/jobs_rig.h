/* SPDX-License-Identifier: BSD-2-Clause */
/* jobs_rig: a state directory of its own and short words for what the tests
 * of the job table do. Header only. */
#ifndef MAILHAUL_TESTS_JOBS_RIG_H
#define MAILHAUL_TESTS_JOBS_RIG_H

#include "collector/base/clock.h"
#include "scratch.h"
#include "storage/accounts.h"
#include "storage/jobs.h"

#include <stdbool.h>
#include <string.h>

#define YEAR ((int64_t)365 * 86400)

static char dir[SCRATCH_MAX];
static struct state *state;
static int64_t now; /* later than all that a test does, however slow it is */

static inline int setup(void **unused)
{
	bool created;

	(void)unused;
	scratch_make(dir);
	assert_int_equal(state_init(dir, &created, NULL), 0);
	assert_int_equal(state_open(dir, &state, NULL), 0);
	now = clock_wall_s() + 60;
	return 0;
}

static inline int teardown(void **unused)
{
	(void)unused;
	state_close(&state);
	scratch_remove(dir);
	return 0;
}

static inline int64_t add(const char *name, const char *host)
{
	struct account a;
	struct err err = {0};

	memset(&a, 0, sizeof a);
	(void)snprintf(a.name, sizeof a.name, "%s", name);
	(void)snprintf(a.url.host, sizeof a.url.host, "%s", host);
	a.url.port = 993;
	if (accounts_add(state, &a, NULL, &err) != 0)
		fail_msg("%s", err.text);
	return a.id;
}

static inline int try_claim(int64_t at, int64_t per_host, int64_t only,
	const int64_t *except, size_t n, struct job *job)
{
	struct err err = {0};
	int r = jobs_claim(
		state, "1:1", at, per_host, only, except, n, job, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return r;
}

static inline struct job claim(int64_t at)
{
	struct job job;

	assert_int_equal(try_claim(at, 8, 0, NULL, 0, &job), 1);
	return job;
}

static inline void assert_none(int64_t at)
{
	struct job job;

	assert_int_equal(try_claim(at, 8, 0, NULL, 0, &job), 0);
}

static inline bool finish(
	const struct job *job, int64_t at, struct job_result *r)
{
	struct err err = {0};
	bool ours = false;

	if (jobs_finish(state, job, at, r, &ours, &err) != 0)
		fail_msg("%s", err.text);
	return ours;
}

static inline bool finish_ok(const struct job *job, int64_t at, int64_t next)
{
	struct job_result r = {.ok = true, .next_due_s = next};

	return finish(job, at, &r);
}

static inline bool finish_failed(
	const struct job *job, int64_t at, int64_t next)
{
	struct job_result r = {.next_due_s = next};

	(void)err_set(&r.err, ERR_NETWORK, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"no route");
	(void)err_hint(&r.err, "wait");
	r.err.retry_after_s = 17;
	return finish(job, at, &r);
}

static inline struct job_status *status_of(int64_t id)
{
	struct job_status *s = NULL;
	size_t n = 0;

	assert_int_equal(jobs_status(state, id, &s, &n, NULL), 0);
	assert_int_equal(n, 1);
	return s;
}

static inline void assert_state(int64_t id, const char *expected)
{
	struct job_status *s = status_of(id);

	assert_string_equal(s->state, expected);
	jobs_status_free(&s, 1);
}

static inline void assert_next_due(int64_t at, int64_t expected)
{
	int64_t in = -2;

	assert_int_equal(jobs_next_due(state, at, &in, NULL), 0);
	assert_int_equal(in, expected);
}

#endif
