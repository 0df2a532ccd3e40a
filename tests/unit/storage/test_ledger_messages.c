/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger_rig.h"
#include "storage/db_internal.h"

/* ---- messages */

static void test_stage_and_done(void **unused)
{
	struct ledger_message *m = message(5, "");
	int64_t id;

	(void)unused;
	m->to_new = true;
	m->stage_seq = 1ull << 40;
	(void)snprintf(m->source.keywords, FLAGS_KEYWORDS_MAX, "$A b");
	(void)snprintf(m->local.keywords, FLAGS_KEYWORDS_MAX, "c");
	m->local.system = FLAG_FLAGGED;
	id = stage(m);
	assert_true(id != 0);
	m = find(5);
	assert_int_equal(m->id, id);
	assert_int_equal(m->state, LEDGER_STAGED);
	assert_int_equal(m->uidvalidity, 7);
	assert_int_equal(m->fence, 3);
	assert_true(m->stage_seq == 1ull << 40);
	assert_string_equal(m->base, "1700000000.M5K.host,S=9,W=10");
	assert_int_equal(m->size_bytes, 105);
	assert_int_equal(m->sha256[0], 5);
	assert_int_equal(m->sha256[31], 0xee);
	assert_int_equal(m->date_s, 1700000000);
	assert_true(m->to_new);
	assert_string_equal(m->source.keywords, "$A b");
	assert_string_equal(m->local.keywords, "c");
	assert_int_equal(m->source.system, FLAG_SEEN);
	assert_int_equal(m->local.system, FLAG_FLAGGED);
	/* The same key again is refused, staged or done. */
	assert_int_equal(stage(message(5, "")), 0);
	assert_int_equal(ledger_done(ledger, &id, 1, NULL), 0);
	assert_int_equal(stage(message(5, "")), 0);
	assert_int_equal(find(5)->state, LEDGER_DONE);
	assert_string_equal(find(5)->local.keywords, "c");
	assert_counts(1, 0, 0, 105);
	/* Done is final. */
	assert_int_equal(ledger_unstage(ledger, id, NULL), 0);
	assert_int_equal(find(5)->state, LEDGER_DONE);
	/* Another epoch is another message. */
	m = message(5, "");
	m->uidvalidity = 8;
	assert_true(stage(m) != 0);
}

static void test_unstage(void **unused)
{
	int64_t id = stage(message(5, ""));
	struct ledger_message m;

	(void)unused;
	assert_int_equal(ledger_unstage(ledger, id, NULL), 0);
	assert_int_equal(ledger_find_uid(ledger, inbox.id, 7, 5, &m, NULL), 0);
	assert_counts(0, 0, 0, 0);
	assert_true(stage(message(5, "")) != 0);
}

static void test_pop3(void **unused)
{
	struct ledger_message *m = message(0, "uidl-1");
	struct ledger_message found;
	int64_t id;

	(void)unused;
	assert_true(stage(m) != 0);
	assert_int_equal(stage(message(0, "uidl-1")), 0);
	m = message(0, "uidl-1");
	m->occurrence = 1;
	id = stage(m);
	assert_true(id != 0);
	assert_true(stage(message(0, "UIDL-1")) != 0);
	assert_int_equal(
		ledger_find_uidl(ledger, inbox.id, "uidl-1", 1, &found, NULL),
		1);
	assert_int_equal(found.id, id);
	assert_int_equal(found.uid, 0);
	assert_string_equal(found.uidl, "uidl-1");
	assert_int_equal(
		ledger_find_uidl(ledger, inbox.id, "uidl-1", 2, &found, NULL),
		0);
	assert_counts(3, 0, 0, 300);
}

static void test_quarantine(void **unused)
{
	struct ledger_message *m;

	(void)unused;
	quarantine(9, 2000);
	m = find(9);
	assert_int_equal(m->state, LEDGER_QUARANTINED);
	assert_int_equal(m->why, ERR_LIMIT);
	assert_string_equal(m->why_text, "too large");
	assert_int_equal(m->first_at, 1000);
	assert_int_equal(m->next_try_at, 2000);
	assert_int_equal(m->tries, 1);
	quarantine(9, 3000);
	assert_int_equal(find(9)->tries, 2);
	assert_int_equal(find(9)->next_try_at, 3000);
	assert_counts(0, 1, 0, 0);
	/* It arrives after all. */
	assert_true(stage(message(9, "")) != 0);
	m = find(9);
	assert_int_equal(m->state, LEDGER_STAGED);
	assert_int_equal(m->tries, 0);
	assert_int_equal(m->why, ERR_NONE);
	assert_counts(1, 0, 0, 109);
	/* And is never put back. */
	quarantine(9, 4000);
	assert_int_equal(find(9)->state, LEDGER_STAGED);
	m = message(10, "");
	m->state = LEDGER_SKIPPED;
	assert_int_equal(ledger_quarantine(ledger, m, NULL), 0);
	assert_counts(1, 0, 1, 109);
}

static void test_uids(void **unused)
{
	struct ledger_message *m;

	(void)unused;
	(void)stage(message(30, ""));
	(void)stage(message(UINT32_MAX, ""));
	(void)stage(message(2, ""));
	quarantine(3, 500);
	m = message(4, "");
	m->state = LEDGER_SKIPPED;
	assert_int_equal(ledger_quarantine(ledger, m, NULL), 0);
	m = message(6, "");
	m->uidvalidity = 8;
	(void)stage(m);
	assert_uids(499, "2 3 4 30 4294967295");
	assert_uids(500, "2 4 30 4294967295");
}

struct seen {
	char text[512];
	int64_t stop_at;
};

static int note_uid(void *arg, const struct ledger_message *m, const char *sub,
	struct err *err)
{
	struct seen *seen = arg;
	size_t used = strlen(seen->text);

	if (seen->stop_at == m->uid && m->uid != 0)
		return err_set(err, ERR_DISK, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "stopped");
	(void)snprintf(seen->text + used, sizeof seen->text - used,
		"%s%u%s/%d%s ", sub, (unsigned)m->uid, m->uidl, (int)m->state,
		m->source.keywords);
	return 0;
}

static void test_each(void **unused)
{
	struct seen seen = {.text = ""};
	struct ledger_mailbox sub;
	struct ledger_message *m;
	struct err err = {0};
	int64_t id;

	(void)unused;
	assert_int_equal(ledger_mailbox(ledger, "S", "Sub", &sub, NULL), 0);
	m = message(30, "");
	(void)snprintf(m->source.keywords, FLAGS_KEYWORDS_MAX, "kw");
	id = stage(m);
	(void)stage(message(2, ""));
	quarantine(3, 500);
	m = message(1, "");
	m->mailbox_id = sub.id;
	(void)stage(m);
	assert_int_equal(ledger_done(ledger, &id, 1, NULL), 0);
	assert_int_equal(
		ledger_each(ledger, inbox.id, 7, note_uid, &seen, &err), 0);
	assert_string_equal(seen.text, "2/0 3/2 30/1kw ");
	seen.text[0] = '\0';
	assert_int_equal(ledger_each_staged(ledger, note_uid, &seen, &err), 0);
	assert_true(strcmp(seen.text, "2/0 .Sub1/0 ") == 0 ||
		    strcmp(seen.text, ".Sub1/0 2/0 ") == 0);
	seen.text[0] = '\0';
	seen.stop_at = 3;
	assert_int_equal(
		ledger_each(ledger, inbox.id, 7, note_uid, &seen, &err), -1);
	assert_string_equal(err.text, "stopped");
	assert_string_equal(seen.text, "2/0 ");
	/* The lock and the statement are free again. */
	assert_true(stage(message(99, "")) != 0);
	seen.text[0] = '\0';
	(void)stage(message(0, "b"));
	(void)stage(message(0, "a"));
	assert_int_equal(
		ledger_each(ledger, inbox.id, 0, note_uid, &seen, &err), 0);
	assert_string_equal(seen.text, "0a/0 0b/0 ");
}

static void test_each_due_and_old(void **unused)
{
	struct seen seen = {.text = ""};
	struct ledger_message *m;
	int64_t id;

	(void)unused;
	quarantine(9, 500);
	quarantine(3, 400);
	quarantine(4, 501);
	assert_int_equal(ledger_each_due(ledger, inbox.id, 7, 500, note_uid,
				 &seen, NULL),
		0);
	assert_string_equal(seen.text, "3/2 9/2 ");
	m = message(5, "");
	m->uidvalidity = 6;
	id = stage(m);
	(void)stage(message(6, ""));
	seen.text[0] = '\0';
	assert_int_equal(
		ledger_each_old(ledger, inbox.id, 7, note_uid, &seen, NULL), 0);
	assert_string_equal(seen.text, "5/0 ");
	/* The old message is UID 9 now: the quarantined row gives way. */
	assert_int_equal(ledger_rekey(ledger, id, message(9, ""), NULL), 0);
	assert_int_equal(find(9)->id, id);
	assert_counts(2, 2, 0, 105 + 106);
	/* A delivered one does not. */
	assert_int_equal(ledger_rekey(ledger, id, message(6, ""), NULL), -1);
	assert_int_equal(find(9)->id, id);
	assert_counts(2, 2, 0, 105 + 106);
}

static void test_flags(void **unused)
{
	struct flags source = {.system = FLAG_ANSWERED, .keywords = "x"};
	struct flags local = {.system = FLAG_SEEN, .keywords = "x"};
	int64_t id = stage(message(5, "")), misses = 0;

	(void)unused;
	assert_int_equal(ledger_missed(ledger, id, &misses, NULL), 0);
	assert_int_equal(ledger_missed(ledger, id, &misses, NULL), 0);
	assert_int_equal(misses, 2);
	assert_int_equal(
		ledger_set_flags(ledger, id, &source, &local, NULL), 0);
	assert_int_equal(find(5)->source.system, FLAG_ANSWERED);
	assert_int_equal(find(5)->local.system, FLAG_SEEN);
	assert_string_equal(find(5)->source.keywords, "x");
	assert_string_equal(find(5)->local.keywords, "x");
	local.keywords[0] = '\0';
	assert_int_equal(
		ledger_set_flags(ledger, id, &source, &local, NULL), 0);
	assert_string_equal(find(5)->source.keywords, "x");
	assert_string_equal(find(5)->local.keywords, "");
	assert_int_equal(ledger_missed(ledger, id, &misses, NULL), 0);
	assert_int_equal(misses, 1);
}

/* The counts are those of the last completed epoch; before the first, of the
 * one that is arriving. */
static void test_counts_of_epochs(void **unused)
{
	struct ledger_message *m;

	(void)unused;
	(void)stage(message(1, ""));
	(void)stage(message(2, ""));
	assert_counts(2, 0, 0, 203);
	inbox.uidvalidity = 7;
	assert_int_equal(ledger_mailbox_mark(ledger, &inbox, NULL), 0);
	m = message(1, "");
	m->uidvalidity = 8;
	(void)stage(m);
	assert_counts(2, 0, 0, 203);
	inbox.uidvalidity = 8;
	assert_int_equal(ledger_mailbox_mark(ledger, &inbox, NULL), 0);
	assert_counts(1, 0, 0, 101);
}

/* A statement that SQLite parses again for each value costs twenty times as
 * much. */
static void test_statements_are_kept(void **unused)
{
	struct db *db = ledger->db;

	(void)unused;
	for (uint32_t uid = 1; uid <= 20; uid++) {
		int64_t id = stage(message(uid, ""));
		assert_int_equal(ledger_done(ledger, &id, 1, NULL), 0);
		(void)stage(message(0, uid % 2 == 0 ? "a" : "b"));
		(void)find(uid);
		quarantine(100 + uid, uid);
		assert_true(stage(message(100 + uid, "")) != 0);
	}
	for (size_t i = 0; i < db->statement_count; i++)
		if (db->stmts[i].sql != NULL &&
			sqlite3_stmt_status(db->stmts[i].sql,
				SQLITE_STMTSTATUS_REPREPARE, 0) > 0)
			fail_msg("%s", db->statements[i].name);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_stage_and_done),
		T(test_unstage),
		T(test_pop3),
		T(test_quarantine),
		T(test_uids),
		T(test_each),
		T(test_each_due_and_old),
		T(test_flags),
		T(test_counts_of_epochs),
		T(test_statements_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
