/* SPDX-License-Identifier: BSD-2-Clause */
/* Mailboxes that are recognised by what is in them; INBOX among them. */
#include "rig_folders.h"

/* The server gives new numbers when it renames. */
static void renamed_and_renumbered(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *inbox = fake_mailbox(&r->fake, "INBOX");
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Old");

	(void)state;
	fake_fill(inbox, 1, 2);
	fake_fill(m, 10, 40);
	rig_run_ok(r);
	m->name = "New";
	fake_renumber(m, 2000, 300);
	fake_expunge(m, 12);
	fake_fill(m, 50, 2);
	for (int i = 0; i < 2; i++) {
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 44);
		assert_false(is_dir(r, ".Old"));
		assert_int_equal(files_in(r, ".New"), 42);
	}
	rig_free(r);
}

/* A few that are alike make no mailbox: what was deleted stays, and what is
 * new is fetched. */
static void some_messages_are_no_rename(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *inbox = fake_mailbox(&r->fake, "INBOX");
	struct fake_mailbox *m = fake_mailbox(&r->fake, "Old"), *new;

	(void)state;
	fake_fill(inbox, 1, 2);
	fake_fill(m, 10, 16);
	rig_run_ok(r);
	for (size_t i = 0; i < m->count; i++)
		free(m->messages[i].body);
	r->fake.count--;
	new = fake_mailbox(&r->fake, "New");
	new->count = 0;
	new->uidvalidity = 2000;
	fake_fill(new, 10, 7);
	fake_fill(new, 100, 9);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 34);
	assert_int_equal(files_in(r, ".Old"), 16);
	assert_int_equal(files_in(r, ".New"), 16);
	rig_free(r);
}

/* RFC 9051 6.3.6: its messages are in another mailbox, it is empty. */
static void rename_inbox(
	const char *on_expunge, bool new_mail, bool renumber, bool new_epoch)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX"), *anew;

	r->on_expunge = on_expunge;
	r->fake.has_status = true;
	fake_fill(fake_mailbox(&r->fake, "Other"), 1, 2);
	fake_fill(m, 10, 12);
	rig_run_ok(r);
	m->name = "Before";
	if (renumber)
		fake_renumber(m, 3000, 1);
	anew = fake_mailbox(&r->fake, "INBOX");
	if (new_epoch)
		anew->uidvalidity = 1;
	anew->uidnext = 100;
	fake_set_flags(m, 11, FLAG_SEEN, NULL);
	if (new_mail)
		fake_fill(anew, 40, 1);
	for (int i = 0; i < 3; i++) {
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 14 + new_mail);
		assert_int_equal(files_in(r, ".Before"), 12);
		rig_look(r);
		assert_int_equal(r->files, 14 + new_mail);
		assert_int_equal(r->result.held, 0);
	}
	assert_string_equal(rig_letters(r, 11), "S");
	rig_free(r);
}

static void inbox_is_renamed(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++)
		rename_inbox((i & 1) != 0 ? "remove" : "keep", (i & 2) != 0,
			(i & 4) != 0, (i & 8) != 0);
}

/* Deleted there, and something new comes up: nothing moves. */
static void inbox_is_emptied(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX"), *new;

	(void)state;
	fake_fill(m, 10, 4);
	rig_run_ok(r);
	for (int id = 10; id < 14; id++)
		fake_expunge(m, id);
	new = fake_mailbox(&r->fake, "New");
	fake_fill(new, 30, 4);
	rig_run_ok(r);
	assert_int_equal(files_in(r, ".New"), 4);
	rig_look(r);
	assert_int_equal(r->files, 8);
	/* copied, and not moved: it is in both */
	fake_fill(m, 50, 6);
	rig_run_ok(r);
	new = fake_mailbox(&r->fake, "Copy");
	new->uidvalidity = 77;
	fake_fill(new, 50, 6);
	rig_run_ok(r);
	assert_int_equal(files_in(r, ".Copy"), 6);
	rig_look(r);
	assert_int_equal(r->files, 20);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renamed_and_renumbered),
		cmocka_unit_test(some_messages_are_no_rename),
		cmocka_unit_test(inbox_is_renamed),
		cmocka_unit_test(inbox_is_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
