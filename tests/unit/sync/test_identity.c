/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that change: what is fetched again, and what is here then. */
#include "rig.h"

static void name_all(struct fake_mailbox *m)
{
	for (size_t i = 0; i < m->count; i++)
		(void)snprintf(m->messages[i].emailid,
			sizeof m->messages[i].emailid, "M%d",
			m->messages[i].id);
}

static void a_new_epoch_by_headers(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 40);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 40);
	fake_renumber(m, 2000, 500);
	fake_fill(m, 41, 2);
	fake_set_flags(m, 7, FLAG_SEEN, NULL);
	rig_remove(r, 9);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 42);
	assert_int_equal(r->fake.headers, 40);
	assert_string_equal(rig_letters(r, 7), "S");
	rig_look(r);
	assert_int_equal(r->files, 41);
	assert_int_equal(r->seen[9], 0);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 42);
	rig_free(r);
}

static void a_new_epoch_by_emailid(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	r->fake.emailid = true;
	fake_fill(m, 1, 40);
	name_all(m);
	rig_run_ok(r);
	fake_renumber(m, 2000, 500);
	/* dates are new, too */
	for (size_t i = 0; i < m->count; i++)
		m->messages[i].date_s += 3600;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 40);
	assert_int_equal(r->fake.headers, 0);
	rig_assert_exactly(r, 1, 40);
	rig_free(r);
}

static void new_dates_are_compared_by_content(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	fake_renumber(m, 2000, 500);
	for (size_t i = 0; i < m->count; i++)
		m->messages[i].date_s += 3600;
	rig_run_ok(r);
	assert_int_equal(r->fake.headers, 0);
	assert_int_equal(r->fake.bodies, 20);
	rig_assert_exactly(r, 1, 10);
	rig_free(r);
}

static void set_body(struct fake_message *m, const char *body)
{
	free(m->body);
	m->body = mem_strdup(body);
	m->size = strlen(body);
	m->date_s = 1500000000;
}

/* Alike in size, date and header; two of three in their bodies too. */
static void twins_are_told_apart_by_content(void **state)
{
	static const char a[] = "X-Id: 5\r\n\r\nquota 80 %\r\n";
	static const char b[] = "X-Id: 5\r\n\r\nquota 90 %\r\n";
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 3);
	set_body(&m->messages[0], a);
	set_body(&m->messages[1], b);
	set_body(&m->messages[2], a);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[5], 3);
	fake_renumber(m, 2000, 500);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[5], 3);
	/* one more with the same header: as bodies differ, all are read */
	fake_renumber(m, 3000, 500);
	(void)fake_add(m, 9);
	set_body(&m->messages[3], b);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[5], 4);
	assert_int_equal(r->files, 4);
	rig_free(r);
}

static void equal_ones_stay_as_many(void **state)
{
	static const char a[] = "X-Id: 5\r\n\r\nthe same\r\n";
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 3);
	for (int i = 0; i < 3; i++)
		set_body(&m->messages[i], a);
	rig_run_ok(r);
	fake_renumber(m, 2000, 500);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 3);
	rig_look(r);
	assert_int_equal(r->seen[5], 3);
	fake_renumber(m, 3000, 500);
	(void)fake_add(m, 9);
	set_body(&m->messages[3], a);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[5], 4);
	rig_free(r);
}

static void a_broken_header_costs_no_message(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	fake_renumber(m, 2000, 500);
	r->fake.no_headers = true;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 20);
	rig_assert_exactly(r, 1, 10);
	rig_free(r);
}

/* UIDNEXT went down: the same numbers, other messages. */
static void numbers_given_twice(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	for (int i = 1; i <= 5; i++)
		fake_expunge(m, i);
	fake_renumber(m, 1000, 1);
	fake_fill(m, 11, 2);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 12);
	rig_assert_exactly(r, 1, 12);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 12);
	rig_free(r);
}

/* … and a server that only miscounts. */
static void uidnext_goes_down_alone(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	m->uidnext = 5;
	rig_run_ok(r);
	m->uidnext = 11;
	fake_fill(m, 11, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 11);
	rig_assert_exactly(r, 1, 11);
	rig_free(r);
}

/* The counts stay as they were, and the EMAILIDs contradict. */
static void emailids_contradict(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");
	struct fake_message first;

	(void)state;
	r->fake.emailid = true;
	r->fake.condstore = false;
	fake_fill(m, 1, 10);
	name_all(m);
	rig_run_ok(r);
	first = m->messages[0];
	m->messages[0] = m->messages[9];
	m->messages[9] = first;
	m->messages[0].uid = 1;
	m->messages[9].uid = 10;
	m->messages[0].flags.system = FLAG_SEEN;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 10);
	rig_assert_exactly(r, 1, 10);
	assert_string_equal(rig_letters(r, 10), "S");
	assert_string_equal(rig_letters(r, 1), "");
	rig_free(r);
}

static void lose_ledger(struct rig *r)
{
	static const char *const names[] = {
		"ledger.db", "ledger.db-wal", "ledger.db-shm"};

	for (size_t i = 0; i < 3; i++) {
		char *path = mem_printf("%s/%s", r->dir, names[i]);
		(void)unlink(path);
		free(path);
	}
}

static void a_lost_ledger(const char *eol, bool pop3)
{
	struct rig *r = rig_new(pop3);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	rig_set(r, "store.eol", eol);
	fake_fill(m, 1, 30);
	rig_run_ok(r);
	rig_set_letters(r, 3, "FS");
	rig_move(r, 4);
	fake_fill(m, 31, 2);
	lose_ledger(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 32);
	rig_assert_exactly(r, 1, 32);
	assert_string_equal(rig_letters(r, 3), "FS");
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 32);
	/* and the contents are known again */
	fake_renumber(m, 2000, 100);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 32);
	rig_assert_exactly(r, 1, 32);
	rig_free(r);
}

static void lost_ledgers(void **state)
{
	(void)state;
	a_lost_ledger("crlf", false);
	a_lost_ledger("lf", false);
	a_lost_ledger("lf", true);
}

static void a_lost_ledger_and_a_new_epoch(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	rig_set(r, "store.eol", "lf");
	fake_fill(m, 1, 30);
	rig_run_ok(r);
	fake_renumber(m, 2000, 100);
	fake_fill(m, 31, 2);
	lose_ledger(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 32);
	rig_assert_exactly(r, 1, 32);
	rig_free(r);
}

/* Breaks off at each message; the ledger is lost only once. */
static void a_lost_ledger_that_breaks_off(void **state)
{
	(void)state;
	for (int64_t at = 0; at < 4; at++) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

		fake_fill(m, 1, 10);
		rig_run_ok(r);
		fake_fill(m, 11, 4);
		lose_ledger(r);
		r->fake.cut_at_message = at;
		r->fake.dead_after_cut = -1;
		rig_run(r);
		assert_false(r->result.ok);
		r->fake.dead_after_cut = 0;
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 14);
		assert_int_equal(r->fake.bodies, 14);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_epoch_by_headers),
		cmocka_unit_test(a_new_epoch_by_emailid),
		cmocka_unit_test(new_dates_are_compared_by_content),
		cmocka_unit_test(twins_are_told_apart_by_content),
		cmocka_unit_test(equal_ones_stay_as_many),
		cmocka_unit_test(a_broken_header_costs_no_message),
		cmocka_unit_test(numbers_given_twice),
		cmocka_unit_test(uidnext_goes_down_alone),
		cmocka_unit_test(emailids_contradict),
		cmocka_unit_test(lost_ledgers),
		cmocka_unit_test(a_lost_ledger_and_a_new_epoch),
		cmocka_unit_test(a_lost_ledger_that_breaks_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
