/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs that end between two messages: for others, and for the day. */
#include "rig.h"

#include "collector/base/clock.h"

#define COUNT 30

static struct rig *filled(bool pop3)
{
	struct rig *r = rig_new(pop3);

	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, COUNT);
	return r;
}

static int stored(struct rig *r)
{
	rig_look(r);
	for (int i = 1; i <= COUNT; i++)
		assert_in_range(r->seen[i], 0, 1);
	return r->files;
}

/* As the loop does: what was received counts for the next run. */
static void count(struct rig *r, int64_t now_s)
{
	r->budget.account.from_s = now_s;
	r->budget.account.used += r->progress.bytes_done;
}

static uint64_t largest(struct rig *r)
{
	const struct fake_mailbox *m = &r->fake.mailboxes[0];
	uint64_t most = 0;

	for (size_t i = 0; i < m->count; i++)
		if (m->messages[i].size > most)
			most = m->messages[i].size;
	return most;
}

static void the_day_ends_between_two_messages(bool pop3)
{
	struct rig *r = filled(pop3);
	int64_t now_s = clock_wall_s();
	uint64_t limit;
	int before = 0, runs = 0;

	limit = 10 * largest(r);
	r->budget.account_bytes = limit;
	for (;; runs++) {
		assert_true(runs < COUNT);
		r->budget.account.used = 0; /* a new day */
		rig_run(r);
		assert_true(stored(r) > before);
		assert_true(r->progress.bytes_done < limit + largest(r));
		before = r->files;
		if (r->result.ok)
			break;
		assert_true(r->progress.bytes_done >= limit);
		assert_int_equal(r->result.err.class, ERR_QUOTA);
		assert_int_equal(r->result.err.retry, ERR_RETRY_LATER);
		assert_false(r->result.needs_person);
		assert_false(r->result.cancelled);
		assert_in_range(r->result.next_due_s, now_s + 86000,
			now_s + 86400 + 60);
		assert_true(r->result.progress);
		assert_false(r->result.learn);
		assert_int_equal(r->result.messages_stored, r->files);
		/* the same day: not even a session */
		count(r, now_s);
		r->fake.opens = 0;
		rig_run(r);
		assert_int_equal(r->result.err.class, ERR_QUOTA);
		assert_int_equal(r->fake.opens, 0);
	}
	assert_true(runs >= 1);
	rig_assert_exactly(r, 1, COUNT);
	rig_free(r);
}

static void a_day_of_imap(void **state)
{
	(void)state;
	the_day_ends_between_two_messages(false);
}

static void a_day_of_pop3(void **state)
{
	(void)state;
	the_day_ends_between_two_messages(true);
}

/* A turn brings one message at least, and ends as if it had been cancelled. */
static void it_makes_way(void **state)
{
	struct rig *r = filled(false);

	(void)state;
	r->yield = true;
	for (int i = 1; i < COUNT; i++) {
		rig_run(r);
		assert_true(r->result.cancelled);
		assert_true(r->result.yielded);
		assert_false(r->result.needs_person);
		assert_int_equal(stored(r), i);
	}
	r->yield = false;
	rig_run_ok(r);
	assert_false(r->result.yielded);
	rig_assert_exactly(r, 1, COUNT);
	/* nothing to fetch: nothing to make way for */
	r->yield = true;
	rig_run_ok(r);
	rig_free(r);
}

static void the_server_has_a_day_too(void **state)
{
	struct rig *r = filled(false);
	int64_t now_s = clock_wall_s();

	(void)state;
	r->budget.account =
		(struct budget_day){.from_s = now_s - 3600, .used = 90000000};
	r->fake.day_is_over = true;
	rig_run(r);
	assert_int_equal(r->result.err.class, ERR_QUOTA);
	assert_true(r->result.learn);
	assert_int_equal(
		r->result.lesson_bytes, 90000000 + r->progress.bytes_done);
	assert_in_range(r->result.next_due_s, now_s + 86400 - 3600,
		now_s + 86400 - 3600 + 60);
	/* so early in a day it means something else: as after any failure */
	r->budget.account.used = 1000;
	rig_run(r);
	assert_true(r->result.learn);
	assert_int_equal(r->result.lesson_bytes, 0);
	assert_true(r->result.next_due_s < now_s + 3600);
	rig_set(r, "limits.learn", "no");
	r->budget.account.used = 90000000;
	rig_run(r);
	assert_false(r->result.learn);
	assert_int_equal(r->result.lesson_bytes, 0);
	rig_free(r);
}

/* Between two messages, and no failure: due again at once, which the claim
 * makes the next time that its hours begin. */
static void its_hours_end(void **state)
{
	struct rig *r = filled(false);

	(void)state;
	r->closes_at = clock_wall_s() - 1;
	rig_run(r);
	assert_true(r->result.cancelled);
	assert_true(r->result.yielded);
	assert_int_equal(stored(r), 0);
	r->closes_at = clock_wall_s() + 3600;
	rig_run(r);
	assert_true(r->result.ok);
	assert_int_equal(stored(r), COUNT);
	rig_free(r);
}

static void no_faster_than_its_rate(void **state)
{
	const int64_t rate = 1000000;
	atomic_bool cancel = false;
	struct allowance a = {.rate = 0};
	int64_t begun_ms = clock_mono_ms();

	(void)state;
	allowance_init(&a);
	allowance_keep_rate(&a, UINT32_MAX, &cancel); /* has none */
	assert_true(clock_mono_ms() - begun_ms < 5000);
	allowance_set_rate(&a, rate);
	begun_ms = clock_mono_ms();
	for (int i = 0; i < 200; i++) /* a second's at once, then in time */
		allowance_keep_rate(&a, rate / 100, &cancel);
	assert_true(clock_mono_ms() - begun_ms >= 990);
	assert_true(clock_mono_ms() - begun_ms < 20000);
	/* who is cancelled does not wait for what is owed */
	atomic_store(&cancel, true);
	begun_ms = clock_mono_ms();
	allowance_keep_rate(&a, (uint64_t)rate * 600, &cancel);
	assert_true(clock_mono_ms() - begun_ms < 60000);
	allowance_clear(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_hours_end),
		cmocka_unit_test(no_faster_than_its_rate),
		cmocka_unit_test(a_day_of_imap),
		cmocka_unit_test(a_day_of_pop3),
		cmocka_unit_test(it_makes_way),
		cmocka_unit_test(the_server_has_a_day_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
