/* SPDX-License-Identifier: BSD-2-Clause */
/* Maildrops whose UIDLs are worth little or nothing: what is read again. */
#include "rig.h"

static struct rig *pop3(int count)
{
	struct rig *r = rig_new(true);

	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, count);
	return r;
}

static void name_all(struct fake_mailbox *m, const char *format)
{
	for (size_t i = 0; i < m->count; i++) {
		char *uidl = m->messages[i].uidl;

		uidl[0] = '\0';
		if (strcmp(format, "number") == 0)
			(void)snprintf(uidl, MESSAGE_UIDL_MAX, "%zu", i + 1);
		else if (format[0] != '\0')
			(void)snprintf(uidl, MESSAGE_UIDL_MAX, "%s-%d", format,
				m->messages[i].id);
	}
}

static void reset(struct rig *r)
{
	r->fake.bodies = r->fake.headers = 0;
}

static void nameless_ones_by_header(void **state)
{
	struct rig *r = pop3(20);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	(void)fake_add(m, 3); /* the same bytes once more */
	name_all(m, "");
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 21);
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	assert_int_equal(r->fake.headers, 21);
	fake_expunge(m, 5);
	(void)fake_add(m, 30);
	name_all(m, "");
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 1);
	rig_look(r);
	assert_int_equal(r->files, 22);
	assert_int_equal(r->seen[3], 2);
	/* a third one: that it is one more is seen in the bodies */
	(void)fake_add(m, 3);
	name_all(m, "");
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 3);
	rig_look(r);
	assert_int_equal(r->seen[3], 3);
	assert_int_equal(r->files, 23);
	rig_free(r);
}

static void what_a_reader_deleted_stays_deleted(void **state)
{
	struct rig *r = pop3(5);

	(void)state;
	name_all(&r->fake.mailboxes[0], "");
	rig_run_ok(r);
	rig_remove(r, 2);
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->files, 4);
	rig_free(r);
}

static void without_top_by_content(void **state)
{
	struct rig *r = pop3(8);

	(void)state;
	r->fake.no_top = true;
	name_all(&r->fake.mailboxes[0], "");
	rig_run_ok(r);
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 8);
	rig_assert_exactly(r, 1, 8);
	rig_free(r);
}

static void a_broken_header_costs_no_message(void **state)
{
	struct rig *r = pop3(8);

	(void)state;
	name_all(&r->fake.mailboxes[0], "");
	rig_run_ok(r);
	r->fake.no_headers = true;
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 8);
	rig_assert_exactly(r, 1, 8);
	rig_free(r);
}

static void new_names_for_all(void **state)
{
	static const char *const formats[] = {"b", "", "c", "number", "d"};
	struct rig *r = pop3(20);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	rig_run_ok(r);
	for (int i = 0; i < 5; i++) {
		(void)fake_add(m, 21 + i);
		name_all(m, formats[i]);
		reset(r);
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 1);
		rig_assert_exactly(r, 1, 21 + i);
	}
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.headers, 0);
	rig_free(r);
}

/* Some change with each session, and some do not. */
static void new_names_for_some(void **state)
{
	struct rig *r = pop3(12);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	rig_run_ok(r);
	for (int run = 0; run < 3; run++) {
		for (size_t i = 0; i < 12; i += 3)
			(void)snprintf(m->messages[i].uidl, MESSAGE_UIDL_MAX,
				"run%d-%zu", run, i);
		(void)fake_add(m, 13 + run);
		reset(r);
		rig_run_ok(r);
		assert_int_equal(r->fake.bodies, 1);
		assert_int_equal(r->fake.headers, 4);
		rig_assert_exactly(r, 1, 13 + run);
	}
	rig_free(r);
}

/* UIDLs that are the numbers of a session: after an expunge each names
 * another message. */
static void numbers_for_names(void **state)
{
	struct rig *r = pop3(10);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	name_all(m, "number");
	rig_run_ok(r);
	fake_expunge(m, 1);
	fake_expunge(m, 6);
	(void)fake_add(m, 11);
	(void)fake_add(m, 12);
	name_all(m, "number");
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 2);
	rig_assert_exactly(r, 1, 12);
	/* the last one goes, and another takes its number */
	fake_expunge(m, 12);
	(void)fake_add(m, 72); /* as long as 12 */
	name_all(m, "number");
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[72], 1);
	assert_int_equal(r->files, 13);
	rig_free(r);
}

/* One name for several: the places among them move up. */
static void one_name_for_several(void **state)
{
	struct rig *r = pop3(6);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	for (size_t i = 1; i < 4; i++)
		(void)snprintf(m->messages[i].uidl, MESSAGE_UIDL_MAX, "same");
	rig_run_ok(r);
	fake_expunge(m, 2);
	(void)snprintf(fake_add(m, 7)->uidl, MESSAGE_UIDL_MAX, "same");
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 1);
	rig_assert_exactly(r, 1, 7);
	/* one is left of them, and then it is another one */
	fake_expunge(m, 3);
	fake_expunge(m, 7);
	rig_run_ok(r);
	fake_expunge(m, 4);
	(void)snprintf(fake_add(m, 8)->uidl, MESSAGE_UIDL_MAX, "same");
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 8);
	rig_free(r);
}

/* Sizes as listed are not sizes as sent; with names nobody asks. */
static void sizes_that_lie(void **state)
{
	struct rig *r = pop3(10);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	r->fake.understate = 7;
	rig_run_ok(r);
	r->fake.understate = 3;
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies + r->fake.headers, 0);
	/* the same lie as last time is as good as a size */
	r->fake.understate = 7;
	name_all(m, "");
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	/* another one each time: the contents tell */
	r->fake.understate = 1;
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 10);
	rig_assert_exactly(r, 1, 10);
	rig_free(r);
}

static void set_text(struct fake_message *m, const char *extra)
{
	free(m->body);
	m->body = mem_printf("X-Id: %d\r\n%sMessage-ID: <%d@x>\r\n\r\n"
			     "a body\r\n",
		m->id, extra, m->id);
	m->size = strlen(m->body);
}

static void write_into(struct fake_mailbox *m, int run)
{
	char extra[120];

	for (size_t i = 0; i < m->count; i++) {
		(void)snprintf(extra, sizeof extra,
			"Status: %s\r\nX-UID: %zu\r\nX-Keywords: a\r\n b%d\r\n",
			run % 2 != 0 ? "RO" : "O", 100 * i, run);
		set_text(&m->messages[i], run == 0 ? "" : extra);
	}
}

/* mbox files: flags are in the header. */
static void headers_that_are_rewritten(bool is_pop3)
{
	struct rig *r = rig_new(is_pop3);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	fake_fill(m, 1, 12);
	name_all(m, "");
	write_into(m, 0);
	rig_run_ok(r);
	for (int run = 1; run < 4; run++) {
		fake_renumber(m, 1000 + (uint32_t)run, 1);
		write_into(m, run);
		reset(r);
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 12);
		/* without a header the bytes tell as well */
		r->fake.no_top = run == 2;
		r->fake.no_headers = run == 2;
	}
	rig_free(r);
}

static void rewritten_headers(void **state)
{
	(void)state;
	headers_that_are_rewritten(false);
	headers_that_are_rewritten(true);
}

static void only_headers_are_read_again(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");

	(void)state;
	fake_fill(m, 1, 12);
	write_into(m, 1);
	rig_run_ok(r);
	fake_renumber(m, 2000, 1);
	write_into(m, 2);
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	assert_int_equal(r->fake.headers, 12);
	rig_assert_exactly(r, 1, 12);
	rig_free(r);
}

static void a_header_of_anybody_is_not_believed(void **state)
{
	struct rig *r = pop3(2);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	name_all(m, "");
	for (int i = 0; i < 2; i++) {
		free(m->messages[i].body);
		m->messages[i].body =
			mem_printf("X-Id: 5\r\n\r\nquota 8%d %%\r\n", i);
		m->messages[i].size = strlen(m->messages[i].body);
	}
	m->count = 1;
	rig_run_ok(r);
	m->count = 2;
	free(m->messages[0].body);
	m->messages[0] = m->messages[1];
	m->count = 1;
	rig_run_ok(r);
	rig_look(r);
	assert_int_equal(r->seen[5], 2);
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

static void a_lost_ledger_without_names(void **state)
{
	struct rig *r = pop3(9);

	(void)state;
	name_all(&r->fake.mailboxes[0], "");
	rig_run_ok(r);
	rig_move(r, 4);
	lose_ledger(r);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 9);
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nameless_ones_by_header),
		cmocka_unit_test(what_a_reader_deleted_stays_deleted),
		cmocka_unit_test(without_top_by_content),
		cmocka_unit_test(a_broken_header_costs_no_message),
		cmocka_unit_test(new_names_for_all),
		cmocka_unit_test(new_names_for_some),
		cmocka_unit_test(numbers_for_names),
		cmocka_unit_test(one_name_for_several),
		cmocka_unit_test(sizes_that_lie),
		cmocka_unit_test(rewritten_headers),
		cmocka_unit_test(only_headers_are_read_again),
		cmocka_unit_test(a_header_of_anybody_is_not_believed),
		cmocka_unit_test(a_lost_ledger_without_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
