/* SPDX-License-Identifier: BSD-2-Clause */
/* ledger_rig: a ledger of its own with an INBOX, and short words for what
 * the tests of the ledger do. Header only. */
#ifndef MAILHAUL_TESTS_LEDGER_RIG_H
#define MAILHAUL_TESTS_LEDGER_RIG_H

#include "scratch.h"
#include "storage/ledger_internal.h"

#include <string.h>

#define UUID "0123456789abcdef0123456789abcdef"

static char dir[SCRATCH_MAX];
static char path[SCRATCH_MAX + 16];
static struct ledger *ledger;
static struct ledger_mailbox inbox;

static inline struct ledger *open_ok(int64_t fence)
{
	struct ledger *l = NULL;
	struct err err = {0};

	if (ledger_open(path, UUID, fence, &l, &err) != 0)
		fail_msg("%s", err.text);
	return l;
}

static inline int setup(void **unused)
{
	(void)unused;
	scratch_make(dir);
	(void)snprintf(path, sizeof path, "%s/l.db", dir);
	ledger = open_ok(3);
	assert_int_equal(
		ledger_mailbox(ledger, "INBOX", "INBOX", &inbox, NULL), 0);
	return 0;
}

static inline int teardown(void **unused)
{
	(void)unused;
	ledger_close(&ledger);
	scratch_remove(dir);
	return 0;
}

static inline struct ledger_message *message(uint32_t uid, const char *uidl)
{
	static struct ledger_message m;

	memset(&m, 0, sizeof m);
	m.mailbox_id = inbox.id;
	m.uidvalidity = uid != 0 ? 7 : 0;
	m.uid = uid;
	(void)snprintf(m.uidl, sizeof m.uidl, "%s", uidl);
	m.fence = 3;
	m.stage_seq = uid;
	(void)snprintf(m.base, sizeof m.base, "1700000000.M%uK.host,S=9,W=10",
		(unsigned)uid);
	m.size_bytes = 100 + uid;
	m.sha256[0] = (unsigned char)uid;
	m.sha256[31] = 0xee;
	m.date_s = 1700000000;
	m.source.system = FLAG_SEEN;
	m.local.system = FLAG_SEEN;
	return &m;
}

/* The id, or 0 where the key was refused. */
static inline int64_t stage(struct ledger_message *m)
{
	struct err err = {0};
	bool is_new = false;

	m->id = 0;
	if (ledger_stage(ledger, m, &is_new, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(is_new, m->id != 0);
	return m->id;
}

static inline void quarantine(uint32_t uid, int64_t next_try_at)
{
	struct ledger_message *m = message(uid, "");

	m->state = LEDGER_QUARANTINED;
	m->why = ERR_LIMIT;
	(void)snprintf(m->why_text, sizeof m->why_text, "too large");
	m->first_at = 1000;
	m->next_try_at = next_try_at;
	assert_int_equal(ledger_quarantine(ledger, m, NULL), 0);
}

/* Copies what find gives, or fails. */
static inline struct ledger_message *find(uint32_t uid)
{
	static struct ledger_message m;
	struct err err = {0};

	if (ledger_find_uid(ledger, inbox.id, 7, uid, &m, &err) != 1)
		fail_msg("uid %u: %s", (unsigned)uid, err.text);
	return &m;
}

static inline void reopen(int64_t fence)
{
	ledger_close(&ledger);
	ledger = open_ok(fence);
}

static inline void assert_uids(int64_t now_s, const char *expected)
{
	char text[256] = "";
	uint32_t *uids = NULL;
	size_t n = 0, used = 0;

	assert_int_equal(
		ledger_uids(ledger, inbox.id, 7, now_s, &uids, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
			"%s%u", i > 0 ? " " : "", (unsigned)uids[i]);
	free(uids);
	assert_string_equal(text, expected);
}

static inline void assert_counts(
	int64_t stored, int64_t quarantined, int64_t skipped, int64_t bytes)
{
	struct ledger_mailbox *all = NULL;
	size_t n = 0;

	assert_int_equal(ledger_mailboxes(ledger, &all, &n, NULL), 0);
	assert_true(n > 0);
	assert_int_equal(all[0].stored, stored);
	assert_int_equal(all[0].quarantined, quarantined);
	assert_int_equal(all[0].skipped, skipped);
	assert_int_equal(all[0].bytes_stored, bytes);
	free(all);
}

#endif
