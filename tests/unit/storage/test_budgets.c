/* SPDX-License-Identifier: BSD-2-Clause */
/* What the job table lets conductors ask of a host, and what it remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs_rig.h"
#include "storage/budgets.h"

#include <stdlib.h>

static struct budget_limits told;

static void limits_of(
	const void *arg, const char *host, struct budget_limits *ret)
{
	(void)arg;
	*ret = strcmp(host, "free") == 0 ? (struct budget_limits){0} : told;
}

static void tell(struct budget_limits limits)
{
	told = limits;
	assert_int_equal(budgets_begin(state, now, NULL), 0);
	assert_int_equal(budgets_tell(state, now, limits_of, NULL, NULL), 0);
}

static struct budget_row row_of(const char *host, int64_t at)
{
	struct budget_row *rows = NULL, row = {.host = ""};
	size_t n = 0;

	assert_int_equal(budgets_all(state, at, &rows, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].host, host) == 0)
			row = rows[i];
	free(rows);
	assert_string_equal(row.host, host);
	return row;
}

static int64_t add_wide(const char *name, const char *host, int connections)
{
	struct account a;

	memset(&a, 0, sizeof a);
	(void)snprintf(a.name, sizeof a.name, "%s", name);
	(void)snprintf(a.url.host, sizeof a.url.host, "%s", host);
	a.url.port = 993;
	a.connections = connections;
	assert_int_equal(accounts_add(state, &a, NULL, NULL), 0);
	return a.id;
}

static void test_sessions_instead_of_per_host(void **unused)
{
	struct job job;

	(void)unused;
	for (int i = 0; i < 4; i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "a%d", i);
		(void)add(name, "h");
	}
	(void)add("b0", "free");
	(void)add("b1", "free");
	tell((struct budget_limits){.sessions = 3});
	/* per_host is 1: for the host without a limit of its own */
	for (int i = 0; i < 4; i++)
		assert_int_equal(try_claim(now, 1, 0, NULL, 0, &job), 1);
	assert_int_equal(try_claim(now, 1, 0, NULL, 0, &job), 0);
	assert_int_equal(try_claim(now, 1, 4, NULL, 0, &job), 0);
	assert_int_equal(row_of("h", now).running, 3);
	assert_int_equal(row_of("free", now).running, 1);
}

/* Two runs never have more than the host's together, whoever runs them. */
static void test_sessions_are_given_with_the_claim(void **unused)
{
	int64_t a = add_wide("a", "h", 3), b = add_wide("b", "h", 3);
	struct job job, other;

	(void)unused;
	tell((struct budget_limits){.sessions = 4});
	assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
	assert_int_equal(job.sessions, 3);
	assert_int_equal(try_claim(now, 8, b, NULL, 0, &other), 1);
	assert_int_equal(other.sessions, 1);
	assert_int_equal(row_of("h", now).running, 4);
	assert_true(finish_ok(&job, now, now + 900));
	assert_true(finish_ok(&other, now, now + 900));
	assert_int_equal(try_claim(now, 8, b, NULL, 0, &other), 1);
	assert_int_equal(other.sessions, 3);
}

static void test_logins_a_minute(void **unused)
{
	struct job job;
	int64_t granted;

	(void)unused;
	for (int i = 0; i < 6; i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "a%d", i);
		(void)add(name, "h");
	}
	tell((struct budget_limits){.logins = 3});
	assert_int_equal(try_claim(now, 8, 0, NULL, 0, &job), 1);
	assert_true(job.logins_limited);
	assert_int_equal(try_claim(now + 1, 8, 0, NULL, 0, &job), 1);
	/* a run that has lost its session wants two more */
	assert_int_equal(budgets_log_in(state, job.account_id, 2, false,
				 now + 2, &granted, NULL),
		0);
	assert_int_equal(granted, 1);
	assert_int_equal(try_claim(now + 60, 8, 0, NULL, 0, &job), 0);
	assert_int_equal(try_claim(now + 60, 8, 6, NULL, 0, &job), 0);
	assert_int_equal(row_of("h", now + 60).last_minute, 3);
	/* the first of them is older than a minute */
	assert_int_equal(try_claim(now + 61, 8, 0, NULL, 0, &job), 1);
	assert_int_equal(try_claim(now + 61, 8, 0, NULL, 0, &job), 0);
	/* a clock that was set back does not keep anybody out */
	assert_int_equal(budgets_log_in(state, job.account_id, 1, false,
				 now - 1000, &granted, NULL),
		0);
	assert_int_equal(granted, 1);
}

static void spend(int64_t id, uint64_t bytes, int64_t at)
{
	assert_int_equal(budgets_spend(state, id, bytes, at, NULL), 0);
}

static void test_days(void **unused)
{
	int64_t a = add("a", "h"), b = add("b", "h");
	struct job job;

	(void)unused;
	tell((struct budget_limits){.day_bytes = 1000});
	spend(a, 100, now);
	spend(b, 30, now + 50);
	spend(a, 5, now + 86399);
	job = claim(now + 86399);
	assert_int_equal(job.account_id, a);
	assert_int_equal(job.budget.day_bytes, 1000);
	assert_int_equal(job.budget.host.used, 135);
	assert_int_equal(job.budget.account.used, 105);
	assert_int_equal(job.budget.account.from_s, now);
	assert_int_equal(job.budget.accounts, 2);
	/* the next day; of b it is a little later */
	spend(a, 7, now + 86400);
	spend(b, 1, now + 86401);
	assert_int_equal(budgets_of(state, now + 86401, &job, NULL), 0);
	assert_int_equal(job.budget.host.used, 8);
	assert_int_equal(job.budget.account.used, 7);
	job.account_id = b;
	assert_int_equal(budgets_of(state, now + 86401, &job, NULL), 0);
	assert_int_equal(job.budget.account.used, 31);
	/* set back: a new day */
	spend(b, 2, now - 5);
	assert_int_equal(budgets_of(state, now, &job, NULL), 0);
	assert_int_equal(job.budget.account.used, 2);
	/* of an account that is gone nothing is kept, and nothing fails */
	spend(4711, 9, now);
}

static void test_the_end_of_a_run_counts(void **unused)
{
	int64_t a = add("a", "h");
	struct job job = claim(now);
	struct job_result r = {.ok = true, .spent_bytes = 4321};

	(void)unused;
	assert_true(finish(&job, now, &r));
	assert_int_equal(row_of("h", now).day.used, 4321);
	job = (struct job){.account_id = a};
	assert_int_equal(budgets_of(state, now, &job, NULL), 0);
	assert_int_equal(job.budget.account.used, 4321);
}

static void complain(const char *name, const char *host,
	enum err_complaint complaint, bool wide, int64_t at)
{
	int64_t id = add(name, host);
	struct job_result r = {.next_due_s = at + 900, .learn = true};
	struct job job;

	assert_int_equal(try_claim(at, 8, id, NULL, 0, &job), 1);
	(void)err_set(&r.err, ERR_THROTTLED, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"too many");
	r.err.complaint = complaint;
	r.err.host_wide = wide;
	assert_true(finish(&job, at, &r));
}

/* What one is told is its own; what two are told is meant for the host. */
static void test_lessons_of_a_host(void **unused)
{
	struct job job;

	(void)unused;
	for (int i = 0; i < 4; i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "a%d", i);
		(void)add(name, "h");
	}
	tell((struct budget_limits){0});
	for (int i = 0; i < 4; i++)
		(void)claim(now);
	complain("x", "h", ERR_TOO_MANY_SESSIONS, false, now);
	assert_int_equal(row_of("h", now).learned_sessions, 0);
	complain("y", "h", ERR_TOO_MANY_SESSIONS, false, now + 601);
	assert_int_equal(row_of("h", now).learned_sessions, 0);
	complain("z", "h", ERR_TOO_MANY_SESSIONS, false, now + 700);
	assert_int_equal(row_of("h", now).learned_sessions, 0 + 1);
	assert_int_equal(try_claim(now + 701, 8, 5, NULL, 0, &job), 1);
	assert_int_equal(try_claim(now + 701, 8, 6, NULL, 0, &job), 0);
	/* forgotten after a week */
	assert_int_equal(budgets_tell(state, now + 700 + BUDGET_LESSON_S,
				 limits_of, NULL, NULL),
		0);
	assert_int_equal(row_of("h", now).learned_sessions, 0);
}

static void test_lessons_at_once(void **unused)
{
	(void)unused;
	(void)add("a", "h");
	(void)add("b", "h");
	(void)claim(now);
	(void)claim(now);
	complain("c", "h", ERR_TOO_MANY_SESSIONS, true, now);
	assert_int_equal(row_of("h", now).learned_sessions, 2);
	complain("d", "g", ERR_TOO_MANY_LOGINS, true, now);
	assert_int_equal(row_of("g", now).learned_logins, 1);
	assert_int_equal(row_of("g", now).learned_until, now + BUDGET_LESSON_S);
}

static void test_lesson_of_an_account(void **unused)
{
	int64_t a = add("a", "h");
	struct job job = claim(now);
	struct job_result r = {.next_due_s = now + 900,
		.spent_bytes = 70000000,
		.learn = true,
		.lesson_bytes = 70000000};

	(void)unused;
	(void)err_set(&r.err, ERR_QUOTA, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		"enough");
	r.err.complaint = ERR_TOO_MUCH;
	assert_true(finish(&job, now, &r));
	assert_int_equal(try_claim(now + 900, 8, a, NULL, 0, &job), 1);
	assert_int_equal(job.budget.account_bytes, 70000000);
	assert_true(finish_ok(&job, now + 900, 0));
	assert_int_equal(
		try_claim(now + BUDGET_LESSON_S, 8, a, NULL, 0, &job), 1);
	assert_int_equal(job.budget.account_bytes, 0);
}

static void test_another_host_is_another_budget(void **unused)
{
	int64_t a = add("a", "h");
	struct account account;
	struct job job;

	(void)unused;
	spend(a, 100, now);
	assert_int_equal(accounts_by_id(state, a, &account, NULL), 1);
	(void)snprintf(account.url.host, sizeof account.url.host, "new");
	assert_int_equal(accounts_update(state, &account, NULL, NULL), 0);
	account_clear(&account);
	job = claim(now);
	assert_int_equal(job.budget.account.used, 0);
	assert_int_equal(row_of("new", now).day.used, 0);
}

static void count_waiting(void *arg, const char *host, size_t n, bool full)
{
	size_t *seen = arg;

	if (strcmp(host, "h") == 0)
		seen[full] += n;
	else
		seen[2] += n;
}

static void test_who_waits(void **unused)
{
	size_t seen[3] = {0};
	struct job job;
	int64_t a, c;

	(void)unused;
	a = add("a", "h");
	(void)add("b", "h");
	c = add("c", "h");
	(void)add("d", "g");
	assert_int_equal(
		jobs_waiting(state, now, 1, NULL, 0, count_waiting, seen, NULL),
		0);
	assert_int_equal(seen[0], 3);
	assert_int_equal(seen[2], 1);
	assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
	memset(seen, 0, sizeof seen);
	assert_int_equal(
		jobs_waiting(state, now, 1, &c, 1, count_waiting, seen, NULL),
		0);
	assert_int_equal(seen[0], 0);
	assert_int_equal(seen[1], 1);
}

/* A failed run that brought something begins the back-off anew. */
static void test_progress_resets_attempts(void **unused)
{
	int64_t a = add("a", "h");
	struct job_result r = {.next_due_s = now};
	struct job job;

	(void)unused;
	(void)err_set(&r.err, ERR_NETWORK, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"no route");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
		assert_int_equal(job.attempts, i);
		assert_true(finish(&job, now, &r));
	}
	assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
	r.progress = true;
	assert_true(finish(&job, now, &r));
	assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
	assert_int_equal(job.attempts, 1);
}

/* Refused logins are counted until a person changes something. */
static void test_refusals(void **unused)
{
	int64_t a = add("a", "h");
	struct job_result r = {.next_due_s = now};
	struct account account;
	struct job job;

	(void)unused;
	(void)err_set(
		&r.err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER, "no");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
		assert_int_equal(job.refusals, i);
		assert_true(finish(&job, now, &r));
	}
	/* the network says nothing about the password */
	assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
	assert_true(finish_failed(&job, now, now));
	assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
	assert_int_equal(job.refusals, 2);
	assert_true(finish(&job, now, &r));
	assert_int_equal(accounts_by_id(state, a, &account, NULL), 1);
	assert_int_equal(accounts_update(state, &account, NULL, NULL), 0);
	account_clear(&account);
	assert_int_equal(try_claim(now, 8, a, NULL, 0, &job), 1);
	assert_int_equal(job.refusals, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sessions_instead_of_per_host),
		T(test_sessions_are_given_with_the_claim),
		T(test_logins_a_minute),
		T(test_days),
		T(test_the_end_of_a_run_counts),
		T(test_lessons_of_a_host),
		T(test_lessons_at_once),
		T(test_lesson_of_an_account),
		T(test_another_host_is_another_budget),
		T(test_who_waits),
		T(test_progress_resets_attempts),
		T(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
