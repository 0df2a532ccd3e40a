/* SPDX-License-Identifier: BSD-2-Clause */
/* UIDs that are given out a second time under the same UIDVALIDITY, while
 * UIDNEXT goes up: what is other is fetched, what is the same is not. */
#include "rig.h"

static const bool with_modseq[] = {true, false};

#define EACH_WAY(i)                                   \
	size_t i = 0;                                 \
	i < sizeof with_modseq / sizeof *with_modseq; \
	i++

static struct fake_mailbox *setup(struct rig *r, bool condstore, int count)
{
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	r->fake.condstore = condstore;
	fake_fill(m, 1, count);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, count);
	return m;
}

/* Made anew within the second: 1 … count are gone, others have their UIDs. */
static void replace_all(
	struct fake_mailbox *m, int count, int first_id, int new_count)
{
	for (int i = 1; i <= count; i++)
		fake_expunge(m, i);
	m->uidnext = 1;
	fake_fill(m, first_id, new_count);
}

/* One message turns into another under its UID. */
static void replace_one(struct fake_mailbox *m, int id, int new_id)
{
	struct fake_message *old = fake_find(m, id), *new = fake_add(m, new_id);

	new->uid = old->uid;
	m->uidnext--;
	free(old->body);
	*old = *new;
	m->count--;
}

static void assert_here(struct rig *r, int first, int count)
{
	for (int i = first; i < first + count; i++)
		if (r->seen[i] != 1)
			fail_msg("message %d is here %d times", i, r->seen[i]);
}

static void other_messages_and_a_higher_uidnext(void **state)
{
	(void)state;
	for (EACH_WAY(i)) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m = setup(r, with_modseq[i], 8);

		replace_all(m, 8, 21, 12);
		fake_set_flags(m, 22, FLAG_SEEN, NULL);
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 8 + 12);
		rig_look(r);
		assert_here(r, 1, 8);
		assert_here(r, 21, 12);
		assert_int_equal(r->files, 20);
		assert_string_equal(rig_letters(r, 22), "S");
		assert_string_equal(rig_letters(r, 2), "");
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 20);
		rig_free(r);
	}
}

/* A mailbox made anew counts its MODSEQ from the same number, too. */
static void the_same_modseq_by_chance(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m;

	(void)state;
	r->fake.still = true;
	m = setup(r, true, 8);
	replace_all(m, 8, 21, 12);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 20);
	rig_look(r);
	assert_here(r, 1, 8);
	assert_here(r, 21, 12);
	rig_free(r);
}

/* As many as before: only MODSEQ, or a listing, tells that something is new. */
static void as_many_as_before(void **state)
{
	(void)state;
	for (EACH_WAY(i)) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m = setup(r, with_modseq[i], 8);

		replace_all(m, 8, 21, 8);
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 16);
		rig_look(r);
		assert_here(r, 1, 8);
		assert_here(r, 21, 8);
		rig_free(r);
	}
}

/* From a backup: what has come since then has got its numbers again. */
static void some_are_the_same(void **state)
{
	(void)state;
	for (EACH_WAY(i)) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m = setup(r, with_modseq[i], 10);

		for (int id = 8; id <= 10; id++)
			replace_one(m, id, 20 + id);
		fake_fill(m, 11, 2);
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 10 + 3 + 2);
		rig_look(r);
		assert_here(r, 1, 12);
		assert_here(r, 28, 3);
		assert_int_equal(r->files, 15);
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 15);
		rig_free(r);
	}
}

/* Nothing here goes for it, though the source has it no more. */
static void nothing_is_taken_away(void **state)
{
	(void)state;
	for (EACH_WAY(i)) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m;

		r->on_expunge = "remove";
		r->fake.qresync = with_modseq[i];
		m = setup(r, with_modseq[i], 8);
		replace_all(m, 8, 21, 12);
		rig_run_ok(r);
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 20);
		rig_look(r);
		assert_here(r, 1, 8);
		assert_here(r, 21, 12);
		rig_free(r);
	}
}

/* All sizes and dates are others now. */
static void shift(struct rig *r, struct fake_mailbox *m)
{
	r->fake.understate++;
	for (size_t i = 0; i < m->count; i++)
		m->messages[i].date_s += 3600;
}

/* A server whose sizes and dates are estimates is found out once. */
static void facts_that_are_none(void **state)
{
	(void)state;
	for (EACH_WAY(i)) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m = setup(r, with_modseq[i], 30);
		int headers;

		for (int n = 1; n <= 4; n++) {
			shift(r, m);
			fake_fill(m, 30 + n, 1);
			rig_run_ok(r);
			assert_int_equal(r->fake.bodies, 30 + n);
			if (n == 2)
				headers = r->fake.headers;
		}
		assert_in_range(headers, 1, 2 * SESSION_PEEK_MAX);
		assert_int_equal(r->fake.headers, headers);
		rig_assert_exactly(r, 1, 34);
		rig_free(r);
	}
}

/* One of both is nothing to ask for headers about. */
static void a_size_or_a_date_alone(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = setup(r, true, 30);

	(void)state;
	r->fake.understate = 3;
	fake_fill(m, 31, 1);
	rig_run_ok(r);
	r->fake.understate = 0;
	for (size_t i = 0; i < m->count; i++)
		m->messages[i].date_s += 3600;
	fake_fill(m, 32, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.headers, 0);
	assert_int_equal(r->fake.bodies, 32);
	rig_assert_exactly(r, 1, 32);
	rig_free(r);
}

/* A list of all brings sizes; dates only once the sizes have proved wrong. */
static void sizes_that_are_none(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = setup(r, false, 30);
	int headers;

	(void)state;
	r->fake.understate = 3;
	rig_run_ok(r);
	headers = r->fake.headers;
	assert_int_equal(headers, SESSION_PEEK_MAX);
	rig_run_ok(r);
	assert_int_equal(r->fake.headers, headers);
	/* and with dates it finds what is another message all the same; by
	 * sizes that are none the others can be recognised by content only */
	replace_one(m, 17, 50);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 30 + 30);
	rig_look(r);
	assert_here(r, 1, 30);
	assert_here(r, 50, 1);
	assert_int_equal(r->files, 31);
	rig_free(r);
}

/* Messages that are gone, and headers that cannot be had, prove nothing. */
static void no_proof(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = setup(r, true, 20);

	(void)state;
	for (int i = 1; i <= 15; i++)
		fake_expunge(m, i);
	fake_fill(m, 21, 2);
	rig_run_ok(r);
	assert_int_equal(r->fake.headers, 0);
	shift(r, m);
	fake_fill(m, 23, 1);
	r->fake.no_headers = true;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 23);
	rig_assert_exactly(r, 1, 23);
	rig_free(r);
}

static void what_it_costs(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = setup(r, true, 200);

	(void)state;
	rig_run_ok(r);
	assert_int_equal(r->fake.peeked, 0);
	fake_fill(m, 201, 3);
	rig_run_ok(r);
	assert_int_equal(r->fake.peeked, SESSION_PEEK_MAX);
	assert_int_equal(r->fake.change_lists, 1);
	assert_int_equal(r->fake.headers, 0);
	rig_run_ok(r);
	assert_int_equal(r->fake.peeked, SESSION_PEEK_MAX);
	rig_free(r);
}

/* Broken off before each message of the run that finds it out. */
static void broken_off(void **state)
{
	(void)state;
	for (EACH_WAY(i))
		for (int64_t at = 0; at < 28; at++) {
			struct rig *r = rig_new(false);
			struct fake_mailbox *m = setup(r, with_modseq[i], 8);

			replace_all(m, 8, 21, 12);
			r->fake.cut_at_message = at;
			r->fake.dead_after_cut = -1;
			rig_run(r);
			r->fake.dead_after_cut = 0;
			rig_run_ok(r);
			assert_int_equal(r->fake.bodies, 20);
			rig_look(r);
			assert_here(r, 1, 8);
			assert_here(r, 21, 12);
			assert_int_equal(r->files, 20);
			rig_free(r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_messages_and_a_higher_uidnext),
		cmocka_unit_test(the_same_modseq_by_chance),
		cmocka_unit_test(as_many_as_before),
		cmocka_unit_test(some_are_the_same),
		cmocka_unit_test(nothing_is_taken_away),
		cmocka_unit_test(facts_that_are_none),
		cmocka_unit_test(a_size_or_a_date_alone),
		cmocka_unit_test(sizes_that_are_none),
		cmocka_unit_test(no_proof),
		cmocka_unit_test(what_it_costs),
		cmocka_unit_test(broken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
