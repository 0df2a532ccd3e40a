/* SPDX-License-Identifier: BSD-2-Clause */
/* Mailboxes that have changed places at the source. */
#include "rig_folders.h"

/* Those that have changed places, and one that was empty among them. */
static void turn(struct fake_mailbox **m, size_t n)
{
	const char *last = m[n - 1]->name;

	for (size_t i = n - 1; i > 0; i--)
		m[i]->name = m[i - 1]->name;
	m[0]->name = last;
}

static void in_a_circle(size_t n, bool list_status, bool mailboxids)
{
	static const char *const names[] = {"A", "B", "C"};
	static const char *const ids[] = {"Fa", "Fb", "Fc"};
	struct rig *r = rig_new(false);
	struct fake_mailbox *m[3], *below;
	char path[256];

	r->fake.list_status = list_status;
	r->fake.has_status = true;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 2);
	for (size_t i = 0; i < 3; i++) {
		m[i] = fake_mailbox(&r->fake, names[i]);
		m[i]->uidvalidity = (uint32_t)(100 * (i + 1));
		m[i]->mailboxid = mailboxids ? ids[i] : NULL;
		fake_fill(m[i], 10 * ((int)i + 1), 3 + (int)i);
	}
	below = fake_mailbox(&r->fake, "A/x");
	below->uidvalidity = 900;
	fake_fill(below, 50, 2);
	rig_run_ok(r);
	(void)snprintf(path, sizeof path, "%s/.B.mine", r->store);
	assert_int_equal(mkdir(path, 0700), 0);
	turn(m, n);
	for (int i = 0; i < 2; i++) {
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 2 + 3 + 4 + 5 + 2);
		for (size_t k = 0; k < 3; k++) {
			(void)snprintf(path, sizeof path, ".%s", m[k]->name);
			assert_int_equal(files_in(r, path), 3 + (int)k);
		}
		assert_int_equal(files_in(r, ".A.x"), 2);
		(void)snprintf(path, sizeof path, ".%s.mine", m[1]->name);
		assert_true(is_dir(r, path));
		assert_true(is_subscribed(r, "A"));
		assert_true(is_subscribed(r, "B"));
		assert_true(is_subscribed(r, "C"));
	}
	/* what is new comes into the right one */
	fake_fill(m[1], 60, 1);
	rig_run_ok(r);
	(void)snprintf(path, sizeof path, ".%s", m[1]->name);
	assert_int_equal(files_in(r, path), 5);
	rig_free(r);
}

static void two_change_places(void **state)
{
	(void)state;
	in_a_circle(2, true, false);
	in_a_circle(2, false, false); /* STATUS tells */
	in_a_circle(2, true, true);
}

static void three_in_a_circle(void **state)
{
	(void)state;
	in_a_circle(3, true, false);
	in_a_circle(3, false, false);
	in_a_circle(3, true, true);
}

static void an_empty_one_changes_places(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m[2];

	(void)state;
	r->fake.list_status = true;
	m[0] = fake_mailbox(&r->fake, "A");
	m[1] = fake_mailbox(&r->fake, "B");
	m[0]->uidvalidity = 100;
	m[1]->uidvalidity = 200;
	fake_fill(m[0], 1, 4);
	rig_run_ok(r);
	turn(m, 2);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 4);
	assert_int_equal(files_in(r, ".B"), 4);
	assert_int_equal(files_in(r, ".A"), 0);
	rig_free(r);
}

/* Other UIDVALIDITYs under the old names, as after a move to another server:
 * nobody has changed places. */
static void all_count_anew(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m[2];

	(void)state;
	r->fake.list_status = true;
	m[0] = fake_mailbox(&r->fake, "A");
	m[1] = fake_mailbox(&r->fake, "B");
	fake_fill(m[0], 1, 6);
	fake_fill(m[1], 11, 9);
	rig_run_ok(r);
	fake_renumber(m[0], 500, 70);
	fake_renumber(m[1], 600, 70);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 15);
	assert_int_equal(files_in(r, ".A"), 6);
	assert_int_equal(files_in(r, ".B"), 9);
	/* and now they do, with other numbers again */
	turn(m, 2);
	fake_renumber(m[0], 700, 1);
	fake_renumber(m[1], 800, 1);
	for (int i = 0; i < 2; i++) {
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 15);
		assert_int_equal(files_in(r, ".B"), 6);
		assert_int_equal(files_in(r, ".A"), 9);
	}
	rig_free(r);
}

/* Each point of a swap at which a run may have been killed. */
static void killed_while_aside(void **state)
{
	static const char *const notes[] = {"2\n.A\n.A (being renamed)", ""};

	(void)state;
	for (int step = 0; step < 2; step++) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m[2];
		char from[256], to[256];
		struct ledger *l;
		struct err err;

		r->fake.list_status = true;
		fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 1);
		m[0] = fake_mailbox(&r->fake, "A");
		m[1] = fake_mailbox(&r->fake, "B");
		m[0]->uidvalidity = 100;
		m[1]->uidvalidity = 200;
		fake_fill(m[0], 11, 4);
		fake_fill(m[1], 21, 7);
		rig_run_ok(r);
		turn(m, 2);
		(void)snprintf(from, sizeof from, "%s/ledger.db", r->dir);
		if (ledger_open(from, RIG_UUID, ++r->fence, &l, &err) != 0 ||
			ledger_note(l, "rename", notes[step], &err) != 0 ||
			(step == 1 && ledger_rename_mailbox(l, 2, "\0012",
					      "A (being renamed)",
					      ".A (being renamed)", &err) < 0))
			fail_msg("%s", err.text);
		ledger_close(&l);
		(void)snprintf(from, sizeof from, "%s/.A", r->store);
		(void)snprintf(
			to, sizeof to, "%s/.A (being renamed)", r->store);
		assert_int_equal(rename(from, to), 0);
		for (int i = 0; i < 2; i++) {
			rig_run_ok(r);
			assert_int_equal(r->fake.bodies, 12);
			assert_int_equal(files_in(r, ".B"), 4);
			assert_int_equal(files_in(r, ".A"), 7);
			assert_false(is_dir(r, ".A (being renamed)"));
		}
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_change_places),
		cmocka_unit_test(three_in_a_circle),
		cmocka_unit_test(an_empty_one_changes_places),
		cmocka_unit_test(all_count_anew),
		cmocka_unit_test(killed_while_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
