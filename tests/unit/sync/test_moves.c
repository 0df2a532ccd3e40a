/* SPDX-License-Identifier: BSD-2-Clause */
/* Mailboxes that are called otherwise at the source. */
#include "rig_folders.h"

static void rename_it(bool mailboxid)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *inbox = fake_mailbox(&r->fake, "INBOX");
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Old");
	struct fake_mailbox *below = fake_mailbox(&r->fake, "Old/x");

	fake_fill(inbox, 1, 3);
	fake_fill(m, 10, 20);
	fake_fill(below, 40, 5);
	if (mailboxid) {
		m->mailboxid = "F1";
		below->mailboxid = "F2";
	}
	rig_run_ok(r);
	assert_true(is_subscribed(r, "Old"));
	m->name = "New";
	below->name = "New/x";
	if (mailboxid)
		fake_renumber(m, 2000, 300);
	fake_fill(m, 30, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 29);
	assert_false(is_dir(r, ".Old"));
	assert_false(is_dir(r, ".Old.x"));
	assert_int_equal(files_in(r, ".New"), 21);
	assert_int_equal(files_in(r, ".New.x"), 5);
	assert_true(is_subscribed(r, "New"));
	assert_true(is_subscribed(r, "New\tx"));
	assert_false(is_subscribed(r, "Old"));
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 29);
	rig_free(r);
}

static void renamed_by_mailboxid(void **state)
{
	(void)state;
	rename_it(true);
}

static void renamed_by_a_sample(void **state)
{
	(void)state;
	rename_it(false);
}

/* What a person has made below follows; what is another mailbox's stays. */
static void folders_below(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Old");
	struct fake_mailbox *below = fake_mailbox(&r->fake, "Old/x");
	char path[256];

	(void)state;
	fake_fill(m, 1, 3);
	fake_fill(below, 10, 3);
	rig_run_ok(r);
	(void)snprintf(path, sizeof path, "%s/.Old.mine", r->store);
	assert_int_equal(mkdir(path, 0700), 0);
	m->name = "New";
	rig_run_ok(r);
	assert_true(is_dir(r, ".New.mine"));
	assert_false(is_dir(r, ".Old.mine"));
	assert_int_equal(files_in(r, ".Old.x"), 3);
	assert_int_equal(r->fake.bodies, 6);
	rig_free(r);
}

static void the_name_is_taken(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Old");
	char path[256];

	(void)state;
	fake_fill(m, 1, 3);
	rig_run_ok(r);
	(void)snprintf(path, sizeof path, "%s/.New", r->store);
	assert_int_equal(mkdir(path, 0700), 0);
	m->name = "New";
	fake_fill(m, 4, 1);
	rig_run_ok(r);
	assert_int_equal(files_in(r, ".Old"), 4);
	assert_int_equal(r->fake.bodies, 4);
	rig_free(r);
}

/* The same UIDVALIDITY and UIDs, other messages. */
static void another_one_is_no_rename(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Old");
	struct fake_mailbox *other;

	(void)state;
	fake_fill(m, 1, 5);
	rig_run_ok(r);
	r->fake.count = 0;
	other = fake_mailbox(&r->fake, "New");
	for (int i = 0; i < 5; i++)
		free(m->messages[i].body);
	other->count = 0;
	fake_fill(other, 101, 5);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 10);
	assert_int_equal(files_in(r, ".Old"), 5);
	assert_int_equal(files_in(r, ".New"), 5);
	rig_free(r);
}

/* It is still listed, for what lies below: a child that stayed, or is new. */
static void renamed_but_for_a_child(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Old");
	struct fake_mailbox *below = fake_mailbox(&r->fake, "Old/x");
	struct fake_mailbox *parent;

	(void)state;
	fake_fill(m, 1, 4);
	fake_fill(below, 10, 3);
	rig_run_ok(r);
	m->name = "New";
	parent = fake_mailbox(&r->fake, "Old");
	parent->attrs = MAILBOX_NOSELECT;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 7);
	assert_int_equal(files_in(r, ".New"), 4);
	assert_int_equal(files_in(r, ".Old.x"), 3);
	assert_false(is_dir(r, ".Old"));
	rig_free(r);
}

/* A new one takes the name of the old one, as when the year ends. */
static void another_one_has_its_name(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Log");
	struct fake_mailbox *older = fake_mailbox(&r->fake, "Log-1");
	struct fake_mailbox *anew;

	(void)state;
	r->fake.list_status = true;
	fake_fill(m, 1, 5);
	fake_fill(older, 11, 4);
	m->uidvalidity = 100;
	older->uidvalidity = 200;
	rig_run_ok(r);
	older->name = "Log-2";
	m->name = "Log-1";
	anew = fake_mailbox(&r->fake, "Log");
	anew->uidvalidity = 300;
	fake_fill(anew, 21, 2);
	for (int i = 0; i < 2; i++) {
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 11);
		assert_int_equal(files_in(r, ".Log"), 2);
		assert_int_equal(files_in(r, ".Log-1"), 5);
		assert_int_equal(files_in(r, ".Log-2"), 4);
	}
	rig_free(r);
}

/* Killed when the folder was renamed, and the ledger not yet. */
static void broken_off(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Old");
	char from[256], to[256];
	struct ledger *l;
	struct err err;

	(void)state;
	fake_fill(m, 1, 5);
	rig_run_ok(r);
	m->name = "New";
	(void)snprintf(from, sizeof from, "%s/ledger.db", r->dir);
	if (ledger_open(from, RIG_UUID, ++r->fence, &l, &err) != 0 ||
		ledger_note(l, "rename", "1\n.Old\n.New", &err) != 0)
		fail_msg("%s", err.text);
	ledger_close(&l);
	(void)snprintf(from, sizeof from, "%s/.Old", r->store);
	(void)snprintf(to, sizeof to, "%s/.New", r->store);
	assert_int_equal(rename(from, to), 0);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 5);
	assert_int_equal(files_in(r, ".New"), 5);
	assert_false(is_dir(r, ".Old"));
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 5);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renamed_by_mailboxid),
		cmocka_unit_test(renamed_by_a_sample),
		cmocka_unit_test(folders_below),
		cmocka_unit_test(the_name_is_taken),
		cmocka_unit_test(another_one_is_no_rename),
		cmocka_unit_test(renamed_but_for_a_child),
		cmocka_unit_test(another_one_has_its_name),
		cmocka_unit_test(broken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
