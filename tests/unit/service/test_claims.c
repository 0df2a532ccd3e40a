/* SPDX-License-Identifier: BSD-2-Clause */
/* What has ended is written and what is due is claimed, both or neither. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/service/claims.h"
#include "jobs_rig.h"
#include "storage/db.h"

#define ROOM 8

static struct job jobs[ROOM];

static size_t take_turn(
	struct claims *c, struct results *results, size_t room, bool *ret_ok)
{
	const struct claims_turn turn = {
		.per_host = 8, .room = room, .jobs = jobs};
	size_t count = 0;

	*ret_ok = claims_turn(c, results, &turn, &count);
	return count;
}

static void put(struct results *results, const struct job *job)
{
	struct job_result r = {.ok = true, .next_due_s = clock_wall_s() + 900};

	results_put(results, job, "name", &r);
}

static void assert_state_is(int64_t id, const char *want)
{
	struct job_status *s = NULL;
	struct err err = {0};
	size_t n = 0;

	assert_int_equal(jobs_status(state, id, &s, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(s->state, want);
	jobs_status_free(&s, n);
}

static void test_all_at_once(void **unused)
{
	struct results results;
	struct claims claims;
	int64_t ids[3];
	bool ok;

	(void)unused;
	ids[0] = add("a", "h");
	ids[1] = add("b", "h");
	ids[2] = add("c", "h");
	results_init(&results, state);
	claims_init(&claims, state, NULL, 0);
	assert_int_equal(take_turn(&claims, &results, 2, &ok), 2);
	assert_true(ok);
	put(&results, &jobs[0]);
	put(&results, &jobs[1]);
	assert_int_equal(take_turn(&claims, &results, ROOM, &ok), 1);
	assert_true(ok);
	assert_int_equal(jobs[0].account_id, ids[2]);
	assert_int_equal(results.count, 0);
	assert_state_is(ids[0], "idle");
	assert_state_is(ids[1], "idle");
	assert_state_is(ids[2], "running");
	claims_clear(&claims);
	results_clear(&results);
}

/* Somebody holds the table: nothing is lost, and nothing half done. */
static void test_table_is_held(void **unused)
{
	struct results results;
	struct claims claims;
	struct state *other;
	int64_t a, b;
	bool ok;

	(void)unused;
	a = add("a", "h");
	b = add("b", "h");
	results_init(&results, state);
	claims_init(&claims, state, NULL, 0);
	assert_int_equal(take_turn(&claims, &results, 1, &ok), 1);
	assert_int_equal(jobs[0].account_id, a);
	put(&results, &jobs[0]);
	db_set_patience(state->db, 1);
	assert_int_equal(state_open(dir, &other, NULL), 0);
	assert_int_equal(db_begin(other->db, NULL), 0);
	assert_int_equal(take_turn(&claims, &results, ROOM, &ok), 0);
	assert_false(ok);
	assert_int_equal(results.count, 1);
	db_rollback(other->db);
	state_close(&other);
	assert_state_is(a, "running");
	assert_state_is(b, "queued");
	assert_int_equal(take_turn(&claims, &results, ROOM, &ok), 1);
	assert_true(ok);
	assert_int_equal(jobs[0].account_id, b);
	assert_state_is(a, "idle");
	assert_int_equal(results.count, 0);
	claims_clear(&claims);
	results_clear(&results);
}

/* Those who are named come once, due or not, and nobody else. */
static void test_named(void **unused)
{
	struct results results;
	struct claims claims;
	int64_t ids[2];
	bool ok;

	(void)unused;
	ids[0] = add("a", "h");
	(void)add("b", "h");
	ids[1] = add("c", "h");
	results_init(&results, state);
	claims_init(&claims, state, ids, 2);
	assert_int_equal(take_turn(&claims, &results, 1, &ok), 1);
	assert_int_equal(claims.pending_count, 1);
	assert_int_equal(take_turn(&claims, &results, ROOM, &ok), 1);
	assert_int_equal(jobs[0].account_id, ids[1]);
	assert_int_equal(claims.pending_count, 0);
	assert_int_equal(take_turn(&claims, &results, ROOM, &ok), 0);
	assert_true(ok);
	claims_clear(&claims);
	results_clear(&results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_all_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_table_is_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
