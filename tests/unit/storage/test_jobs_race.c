/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four processes, each with its own connection, race for 50 jobs on three
 * hosts that may run one each; then for accounts that want two sessions each,
 * on hosts that allow three, and twelve logins a minute. Every claim goes into
 * one pipe, with what the table then says of the busiest host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/base/clock.h"
#include "scratch.h"
#include "storage/accounts.h"
#include "storage/budgets.h"
#include "storage/jobs.h"

#include <sqlite3.h>
#include <sys/wait.h>

#define PROCESSES 4
#define JOBS 50
#define HOSTS 3
#define PER_HOST 1
#define SESSIONS 3
#define LOGINS 12

struct note {
	int64_t account;
	int64_t fence;
	int64_t most; /* sessions on one host, as the table says */
};

static int64_t most_on_a_host(sqlite3 *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(sql,
		    "SELECT max(n) FROM (SELECT sum(sessions) AS n FROM job "
		    "WHERE run IS NOT NULL GROUP BY host)",
		    -1, &s, NULL) == SQLITE_OK &&
		sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return n;
}

/* Exit status: 0, or the number of the step that failed. */
static int compete(const char *dir, int out)
{
	struct state *state = NULL;
	char owner[32], path[SCRATCH_MAX + 16];
	sqlite3 *sql = NULL;
	int64_t now = clock_wall_s() + 1;
	int idle = 0;

	(void)snprintf(owner, sizeof owner, "%ld:1", (long)getpid());
	(void)snprintf(path, sizeof path, "%s/mailhaul.db", dir);
	if (state_open(dir, &state, NULL) != 0 ||
		sqlite3_open_v2(path, &sql, SQLITE_OPEN_READONLY, NULL) != 0)
		return 2;
	(void)sqlite3_busy_timeout(sql, 10000);
	while (idle < 200) {
		struct job_result result = {.ok = true};
		struct note note;
		struct job job;
		bool ours = false;
		int r = jobs_claim(
			state, owner, now, PER_HOST, 0, NULL, 0, &job, NULL);
		if (r < 0)
			return 3;
		if (r == 0) {
			int64_t in;
			if (jobs_next_due(state, now, &in, NULL) != 0)
				return 4;
			if (in != 0)
				break; /* nothing is waiting any more */
			idle++;
			(void)usleep(2000);
			continue;
		}
		note.account = job.account_id;
		note.fence = job.fence;
		note.most = most_on_a_host(sql);
		if (write(out, &note, sizeof note) != sizeof note)
			return 5;
		if (jobs_finish(state, &job, now, &result, &ours, NULL) != 0 ||
			!ours)
			return 6;
	}
	(void)sqlite3_close(sql);
	state_close(&state);
	return 0;
}

static void limits_of(
	const void *arg, const char *host, struct budget_limits *ret)
{
	(void)host;
	*ret = *(const struct budget_limits *)arg;
}

static void fill(const char *dir, int connections, struct budget_limits limits)
{
	struct state *state = NULL;
	bool created;

	assert_int_equal(state_init(dir, &created, NULL), 0);
	assert_int_equal(state_open(dir, &state, NULL), 0);
	for (int i = 0; i < JOBS; i++) {
		struct account a;
		memset(&a, 0, sizeof a);
		(void)snprintf(a.name, sizeof a.name, "a%d", i);
		(void)snprintf(a.url.host, sizeof a.url.host, "h%d", i % HOSTS);
		a.url.port = 993;
		a.connections = connections;
		assert_int_equal(accounts_add(state, &a, NULL, NULL), 0);
	}
	assert_int_equal(budgets_begin(state, clock_wall_s(), NULL), 0);
	assert_int_equal(
		budgets_tell(state, clock_wall_s(), limits_of, &limits, NULL),
		0);
	state_close(&state);
}

/* all: no host is left with jobs because of its logins. */
static void read_notes(int in, int most, int all)
{
	int claimed[JOBS + 1] = {0};
	struct note note;
	int total = 0;

	while (read(in, &note, sizeof note) == sizeof note) {
		assert_in_range(note.account, 1, JOBS);
		assert_int_equal(note.fence, 1);
		assert_in_range(note.most, 1, most);
		assert_int_equal(claimed[note.account]++, 0);
		total++;
	}
	assert_int_equal(total, all);
}

static void race(
	int connections, struct budget_limits limits, int most, int all)
{
	char dir[SCRATCH_MAX];
	pid_t pids[PROCESSES];
	int notes[2];

	scratch_make(dir);
	fill(dir, connections, limits);
	assert_int_equal(pipe(notes), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			close(notes[0]);
			_exit(compete(dir, notes[1]));
		}
	}
	close(notes[1]);
	read_notes(notes[0], most, all);
	close(notes[0]);
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	scratch_remove(dir);
}

static void test_race(void **unused)
{
	(void)unused;
	race(1, (struct budget_limits){0}, PER_HOST, JOBS);
}

static void test_race_for_a_budget(void **unused)
{
	(void)unused;
	race(2, (struct budget_limits){.sessions = SESSIONS, .logins = LOGINS},
		SESSIONS, HOSTS * LOGINS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_race),
		cmocka_unit_test(test_race_for_a_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
