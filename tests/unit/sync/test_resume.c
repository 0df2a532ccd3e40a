/* SPDX-License-Identifier: BSD-2-Clause */
/* Large messages over lines that break, and servers that cannot go on. */
#include "rig.h"

#define LARGE ((size_t)1536 * 1024)
/* A message of that size is asked for in this many bytes: each break costs two
 * samples of 4 KiB and a piece that was on its way. */
#define MOST (LARGE + LARGE / 10)

static void check_bytes(struct rig *r, int id, const struct fake_message *m)
{
	struct rig_path p;
	char *bytes;
	FILE *f;

	rig_find(r, id, &p);
	f = fopen(p.path, "re");
	assert_non_null(f);
	bytes = mem_array(m->size + 1, 1);
	assert_int_equal(fread(bytes, 1, m->size + 1, f), m->size);
	assert_memory_equal(bytes, m->body, m->size);
	free(bytes);
	(void)fclose(f);
}

static int stage_entries(struct rig *r)
{
	char *path = mem_printf("%s/mailhaul.stage", r->store);
	DIR *d = opendir(path);
	struct dirent *e;
	int n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	if (d != NULL)
		(void)closedir(d);
	free(path);
	return n;
}

static struct fake_message *fill(struct rig *r)
{
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");
	struct fake_message *large;

	fake_fill(m, 1, 3);
	large = fake_add_large(m, 4, LARGE);
	fake_fill(m, 5, 3);
	return large;
}

/* As many connections as it takes, in one run. */
static void a_line_that_drops_every_now_and_then(void **state)
{
	(void)state;
	for (uint64_t bytes = 150000; bytes < LARGE; bytes += 400000) {
		struct rig *r = rig_new(false);
		struct fake_message *m = fill(r);
		r->fake.session_bytes = bytes;
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 7);
		check_bytes(r, 4, m);
		assert_int_equal(r->result.messages_quarantined, 0);
		assert_true(r->fake.bytes < MOST);
		assert_true(r->fake.opens > 1);
		assert_int_equal(stage_entries(r), 0);
		/* what came before each loss was not fetched again */
		assert_int_equal(r->fake.bodies, 6);
		rig_free(r);
	}
}

/* The server stays away; the next runs go on. */
static void over_runs(void **state)
{
	static const char *const eols[] = {"lf", "crlf"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig *r = rig_new(false);
		struct fake_message *m = fill(r);
		for (int run = 0; run < 3; run++) {
			/* also where the setting changes in between */
			rig_set(r, "store.eol", eols[(i + (size_t)run) % 2]);
			r->fake.cut_after_bytes = 400000;
			r->fake.was_cut = false;
			r->fake.dead_after_cut = -1;
			rig_run(r);
			assert_false(r->result.ok);
			rig_assert_exactly(r, 1, 3);
			assert_int_equal(stage_entries(r), 1);
		}
		r->fake.dead_after_cut = 0;
		rig_set(r, "store.eol", "crlf");
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 7);
		check_bytes(r, 4, m);
		assert_true(r->fake.bytes < MOST);
		assert_int_equal(stage_entries(r), 0);
		rig_free(r);
	}
}

static void break_once(struct rig *r, int64_t at)
{
	r->fake.cut_after_bytes = at;
	r->fake.was_cut = false;
	r->fake.dead_after_cut = -1;
	rig_run(r);
	assert_false(r->result.ok);
	assert_int_equal(stage_entries(r), 1);
	r->fake.dead_after_cut = 0;
}

/* Whatever the server does wrong: the message comes, byte for byte. */
static void pieces_that_lie(void **state)
{
	static const enum fake_pieces lies[] = {FAKE_PIECES_REFUSED,
		FAKE_PIECES_IGNORED, FAKE_PIECES_NONE, FAKE_PIECES_SHORT,
		FAKE_PIECES_SHIFTED};

	(void)state;
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
		for (int runs = 0; runs < 2; runs++) {
			struct rig *r = rig_new(false);
			struct fake_message *m = fill(r);
			r->fake.pieces = lies[i];
			if (runs == 1)
				break_once(r, 700000);
			else
				r->fake.cut_after_bytes = 700000;
			rig_run_ok(r);
			rig_assert_exactly(r, 1, 7);
			check_bytes(r, 4, m);
			assert_true(r->fake.piece_asks > 0);
			assert_true(r->fake.piece_asks <= 2);
			assert_int_equal(r->result.messages_quarantined, 0);
			assert_int_equal(stage_entries(r), 0);
			rig_free(r);
		}
}

/* Changed in place, in another size or at another end of it. */
static void it_has_changed_meanwhile(void **state)
{
	(void)state;
	for (int how = 0; how < 5; how++) {
		struct rig *r = rig_new(false);
		struct fake_message *m = fill(r);

		break_once(r, 700000);
		if (how == 0)
			m->body[100] ^= 1;
		else if (how == 1)
			m->body[699999 - 3000] ^= 1;
		else if (how == 2)
			m->size--;
		else if (how == 3)
			m->size = 300000;
		else
			m->body = mem_grow(m->body, m->size + 1, 1);
		if (how == 4)
			m->body[m->size++] = 'x';
		rig_run_ok(r);
		rig_assert_exactly(r, 1, 7);
		check_bytes(r, 4, m);
		assert_int_equal(stage_entries(r), 0);
		rig_free(r);
	}
}

static void it_is_gone_meanwhile(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++) {
		struct rig *r = rig_new(false);
		struct fake_mailbox *m = r->fake.mailboxes;

		(void)fill(r);
		break_once(r, 700000);
		if (how == 0)
			fake_expunge(m, 4);
		else if (how == 1) /* all gone, nothing to ask for */
			while (m->count > 3)
				fake_expunge(m, m->messages[3].id);
		else /* another message has its UID in another epoch */
			fake_renumber(m, 2000, 1);
		r->fake.piece_asks = 0;
		rig_run_ok(r);
		if (how == 2)
			rig_assert_exactly(r, 1, 7);
		assert_int_equal(r->result.messages_stored, how == 0   ? 6
							    : how == 1 ? 3
								       : 7);
		assert_int_equal(r->fake.piece_asks, how != 2);
		assert_int_equal(stage_entries(r), 0);
		rig_free(r);
	}
}

/* Two that break, and the second first: each has its own. */
static void several(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_mailbox *m = fake_mailbox(&r->fake, "INBOX");
	struct fake_message *a, *b;

	(void)state;
	fake_fill(m, 1, 2);
	a = fake_add_large(m, 3, LARGE);
	b = fake_add_large(m, 4, LARGE);
	fake_fill(m, 5, 1);
	r->fake.session_bytes = 500000;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 5);
	check_bytes(r, 3, a);
	check_bytes(r, 4, b);
	assert_true(r->fake.bytes < 2 * MOST);
	rig_free(r);
}

/* Each connection brings less than it costs: the message is given up for now,
 * and what has come of it is not lost. */
static void a_line_that_brings_nothing(void **state)
{
	struct rig *r = rig_new(false);
	struct fake_message *m = fill(r);

	(void)state;
	break_once(r, 700000);
	r->fake.session_bytes = 30000;
	r->fake.opens = 0;
	rig_run_ok(r);
	assert_true(r->fake.opens < 10);
	assert_int_equal(r->result.messages_quarantined, 1);
	assert_int_equal(r->result.messages_stored, 6);
	assert_int_equal(stage_entries(r), 1);
	r->fake.session_bytes = 0;
	r->fake.bytes = 0;
	r->retry = true;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 7);
	check_bytes(r, 4, m);
	assert_true(r->fake.bytes < LARGE - 650000);
	assert_int_equal(stage_entries(r), 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_drops_every_now_and_then),
		cmocka_unit_test(over_runs),
		cmocka_unit_test(pieces_that_lie),
		cmocka_unit_test(it_has_changed_meanwhile),
		cmocka_unit_test(it_is_gone_meanwhile),
		cmocka_unit_test(several),
		cmocka_unit_test(a_line_that_brings_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
