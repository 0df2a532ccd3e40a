/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether all is here: by a count, by a list; and what is said where it is
 * not. */
#include "collector/model/quirk.h"
#include "collector/sync/completeness.h"
#include "rig.h"

/* A count proves it until something goes; a list then tells what. */
static void a_count_or_one_list(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 20);
	rig_run_ok(r);
	fake_fill(m, 21, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.uid_lists, 0);
	/* some go, nothing comes: the numbers say which is which */
	fake_expunge(m, 3);
	fake_expunge(m, 4);
	rig_run_ok(r);
	fake_fill(m, 22, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.uid_lists, 0);
	/* one goes, one comes: asked once, and known from then on */
	fake_expunge(m, 7);
	fake_fill(m, 23, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.uid_lists, 1);
	fake_fill(m, 24, 1);
	rig_run_ok(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.uid_lists, 1);
	assert_int_equal(r->fake.scans, 0);
	rig_look(r);
	assert_int_equal(r->files, 24);
	rig_free(r);
}

/* UIDNEXT lies: the count tells; and where as many have gone at the same
 * time, the next message does. */
static void a_message_above_uidnext(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	fake_fill(m, 11, 2);
	m->uidnext--;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 12);
	m->uidnext++;
	fake_expunge(m, 2);
	fake_fill(m, 13, 2);
	m->uidnext--;
	rig_run_ok(r);
	m->uidnext++;
	fake_fill(m, 15, 1);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 15);
	rig_free(r);
}

/* A FETCH that ends early with OK, where others have gone. */
static void missing_and_gone_together(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	fake_expunge(m, 2);
	fake_expunge(m, 3);
	fake_fill(m, 11, 5);
	m->messages[9].fault = FAKE_SHY;
	m->messages[12].fault = FAKE_ABSENT; /* id 15 */
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 14);
	assert_int_equal(r->seen[15], 0);
	assert_int_equal(r->result.messages_quarantined, 1);
	rig_free(r);
}

/* UIDs far apart: no list of lines for what one SEARCH tells. */
static void sparse_uids_cost_a_list_of_uids(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 5);
	rig_run_ok(r);
	m->uidnext += 743000000;
	fake_fill(m, 6, 5);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 10);
	assert_int_equal(r->fake.scans, 0);
	assert_int_equal(r->fake.uid_lists, 1);
	/* and where there is no such list, the other */
	r->fake.no_uid_lists = true;
	m->uidnext += 743000000;
	fake_fill(m, 11, 1);
	rig_run_ok(r);
	assert_int_equal(r->fake.scans, 1);
	rig_assert_exactly(r, 1, 11);
	rig_free(r);
}

static void a_new_epoch_forgets_what_had_gone(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 10);
	rig_run_ok(r);
	fake_expunge(m, 2);
	rig_run_ok(r);
	fake_renumber(m, 2000, 500);
	rig_run_ok(r);
	fake_fill(m, 11, 1);
	r->fake.bodies = 0;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 1);
	rig_assert_exactly(r, 1, 11);
	rig_free(r);
}

static void notices(void **state)
{
	static const struct {
		uint64_t quirks;
		bool gmail;
		uint32_t exists;
		const char *words; /* NULL: no notice */
		bool all_hidden;
		const char *name;
	} table[] = {
		{QUIRK_VIEW_10000, false, 9999, NULL, false, "x"},
		{QUIRK_VIEW_10000, false, 10000, "export.imap.mail.yahoo.com",
			false, "x"},
		{0, false, 10000, NULL, false, "INBOX"},
		{0, true, 1000, "exactly 1000 messages: Gmail", false, "x"},
		{0, true, 10000, "Gmail", false, "x"},
		{0, true, 1001, NULL, false, "INBOX"},
		{0, true, 1001, "Show in IMAP", true, "Inbox"},
		{0, true, 1001, NULL, true, "x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct work *w = mem_alloc(sizeof *w);
		struct visit *v = mem_alloc(sizeof *v);
		v->work = w;
		v->state.exists = table[i].exists;
		w->link.info.quirks = table[i].quirks;
		w->link.info.gmail = table[i].gmail;
		w->all_hidden = table[i].all_hidden;
		(void)snprintf(
			v->m.name, sizeof v->m.name, "%s", table[i].name);
		(void)snprintf(v->m.notice, sizeof v->m.notice, "before");
		completeness_notice(v);
		if (table[i].words == NULL)
			assert_string_equal(v->m.notice, "");
		else
			assert_non_null(strstr(v->m.notice, table[i].words));
		free(v);
		free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_count_or_one_list),
		cmocka_unit_test(a_message_above_uidnext),
		cmocka_unit_test(missing_and_gone_together),
		cmocka_unit_test(sparse_uids_cost_a_list_of_uids),
		cmocka_unit_test(a_new_epoch_forgets_what_had_gone),
		cmocka_unit_test(notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
