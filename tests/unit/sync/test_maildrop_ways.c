/* SPDX-License-Identifier: BSD-2-Clause */
/* What POP3 does not tell, and what its servers do at QUIT. */
#include "rig.h"

static struct rig *pop3(int count)
{
	struct rig *r = rig_new(true);

	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, count);
	return r;
}

static void reset(struct rig *r)
{
	r->fake.bodies = r->fake.headers = 0;
}

/* Gmail: what was read is hidden after QUIT, so nothing but what is safe here
 * may have been read then. */
static void nothing_is_only_read(void *arg)
{
	struct rig *r = arg;
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	rig_look(r);
	for (size_t i = 0; i < m->count; i++)
		if (m->messages[i].read)
			assert_int_equal(r->seen[m->messages[i].id], 1);
}

static void batches_until_nothing_new_comes(void **state)
{
	struct rig *r = pop3(47);

	(void)state;
	r->fake.quirks = QUIRK_POP3_BATCHES;
	r->fake.window = 10;
	r->fake.on_close = nothing_is_only_read;
	r->fake.arg = r;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 47);
	assert_int_equal(r->fake.opens, 6);
	assert_int_equal(r->fake.bodies, 47);
	assert_int_equal(r->fake.abandoned, 0);
	rig_free(r);
}

/* All of a batch was read, and its session was lost: it is shown again until
 * it has been read in one that was not. */
static void a_batch_that_was_lost_is_read_again(void **state)
{
	struct rig *r = pop3(30);
	struct fake_mailbox *m = &r->fake.mailboxes[0];

	(void)state;
	r->fake.quirks = QUIRK_POP3_BATCHES;
	r->fake.window = 10;
	rig_run_ok(r);
	fake_fill(m, 1, 20);
	fake_fill(m, 31, 10);
	reset(r);
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 40);
	assert_int_equal(r->fake.bodies, 30);
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	rig_free(r);
}

static void make_store_foreign(void *arg, struct fake_message *m)
{
	struct rig *r = arg;
	char *path;

	if (m->id != 5)
		return;
	path = mem_printf("%s/mailhaul.stage", r->store);
	(void)nftw(path, rig_unlink, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

static void no_quit_where_the_store_fails(void **state)
{
	struct rig *r = pop3(10);

	(void)state;
	r->fake.window = 10;
	r->fake.on_message = make_store_foreign;
	r->fake.arg = r;
	rig_run(r);
	assert_false(r->result.ok);
	r->fake.on_message = NULL;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 10);
	rig_free(r);
}

static void set_date(struct fake_message *m, const char *date)
{
	free(m->body);
	m->body = mem_printf("X-Id: %d\r\nDate: %s\r\n\r\nx\r\n", m->id, date);
	m->size = strlen(m->body);
}

static void old_ones_arrive_as_read(void **state)
{
	static const struct {
		int rule;
		const char *old, *new;
	} cases[] = {{-1, "S", ""}, {0, "", ""}, {1, "S", "S"}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rig *r = pop3(2);
		r->pop3_seen = cases[i].rule;
		set_date(&r->fake.mailboxes[0].messages[0],
			"Mon, 2 Jan 2006 15:04:05 +0000");
		rig_run_ok(r);
		assert_string_equal(rig_letters(r, 1), cases[i].old);
		assert_string_equal(rig_letters(r, 2), cases[i].new);
		rig_free(r);
	}
}

static void a_folder_of_its_own(void **state)
{
	struct rig *r = pop3(2);
	struct rig_path p;

	(void)state;
	r->to_folder = "Old/Provider";
	rig_run_ok(r);
	rig_find(r, 1, &p);
	assert_non_null(strstr(p.path, "/.Old.Provider/"));
	/* its mail is there: a later wish is too late */
	r->to_folder = NULL;
	fake_fill(&r->fake.mailboxes[0], 3, 1);
	rig_run_ok(r);
	rig_find(r, 3, &p);
	assert_non_null(strstr(p.path, "/.Old.Provider/"));
	rig_free(r);
}

/* The same source over the other protocol, and back. */
static void over_the_other_protocol(void **state)
{
	struct rig *r = pop3(12);
	struct fake_mailbox *m = &r->fake.mailboxes[0];
	struct fake_mailbox *done = fake_mailbox(&r->fake, "Done");
	struct rig_path p;

	(void)state;
	r->fake.count = 1;
	r->pop3_seen = 1;
	rig_run_ok(r);
	rig_remove(r, 3);
	rig_set_letters(r, 2, "FS");
	r->fake.pop3 = false;
	r->fake.count = 2;
	fake_fill(done, 1, 2);
	(void)fake_add(done, 13);
	fake_expunge(m, 1);
	fake_expunge(m, 2);
	fake_set_flags(m, 5, FLAG_ANSWERED, NULL);
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 1);
	assert_string_equal(rig_letters(r, 5), "R");
	rig_find(r, 1, &p);
	assert_non_null(strstr(p.path, "/.Done/"));
	/* flagged here: it is the reader's */
	rig_find(r, 2, &p);
	assert_null(strstr(p.path, "/.Done/"));
	rig_look(r);
	assert_int_equal(r->files, 12);
	assert_int_equal(r->seen[3], 0);
	reset(r);
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	r->fake.pop3 = true;
	r->fake.count = 1;
	rig_run_ok(r);
	assert_int_equal(r->fake.bodies, 0);
	rig_look(r);
	assert_int_equal(r->files, 12);
	r->fake.count = 2; /* all that has to be freed */
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(batches_until_nothing_new_comes),
		cmocka_unit_test(a_batch_that_was_lost_is_read_again),
		cmocka_unit_test(no_quit_where_the_store_fails),
		cmocka_unit_test(old_ones_arrive_as_read),
		cmocka_unit_test(a_folder_of_its_own),
		cmocka_unit_test(over_the_other_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
