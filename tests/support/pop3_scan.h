/* SPDX-License-Identifier: BSD-2-Clause */
/* pop3_scan: logs in, selects and scans, for tests. Include after cmocka.h. */
#ifndef MAILHAUL_TESTS_POP3_SCAN_H
#define MAILHAUL_TESTS_POP3_SCAN_H

#include "pop3_peer.h"

struct seen {
	struct message_meta metas[16];
	int count;
	int fail_at; /* the callback fails here; 0 = never */
};

static inline int see(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *seen = arg;

	if (seen->count < 16)
		seen->metas[seen->count] = *meta;
	seen->count++;
	if (seen->count == seen->fail_at)
		return err_set(err, ERR_DISK, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "full");
	return 0;
}

/* Logs in, selects, scans what the rest of the script says. */
static inline int scan(
	struct peer *p, const char *login, const char *text, struct seen *seen)
{
	struct mailbox_state state;
	char *all = mem_printf("%s%s", login, text);
	int r = peer_open(p, all);

	free(all);
	memset(seen, 0, sizeof *seen);
	if (r < 0)
		fail_msg("login: %s", p->err.text);
	if (p->session->ops->select(p->session, "INBOX", &state, &p->err) < 0)
		return -1;
	assert_int_equal(state.uidvalidity, 0);
	return p->session->ops->scan(
		p->session, SESSION_SCAN_SIZE, see, seen, &p->err);
}

static inline void scan_fails(
	const char *login, const char *text, enum err_class class)
{
	struct seen seen;
	struct peer p;

	peer_init(&p);
	assert_int_equal(scan(&p, login, text, &seen), -1);
	if (p.err.class != class)
		fail_msg("class %s, wanted %s: %s", err_class_name(p.err.class),
			err_class_name(class), p.err.text);
	assert_true(peer_close(&p));
}

#endif
