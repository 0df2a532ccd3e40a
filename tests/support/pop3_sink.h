/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_sink: a session_sink that keeps what it got, for tests. Include after
 * cmocka.h.
 */
#ifndef MAILHAUL_TESTS_POP3_SINK_H
#define MAILHAUL_TESTS_POP3_SINK_H

#include "collector/base/buf.h"
#include "collector/remote/session.h"
#include "pop3_peer.h"

#include <string.h>

struct got {
	struct buf bytes; /* of the present message */
	struct message_meta metas[1280];
	char bodies[8][128]; /* of the first few, when short */
	size_t sizes[1280];
	uint64_t total;
	size_t largest_piece;
	int count;
	int fail_after; /* pieces; 0 = never */
	bool count_only;
};

static inline int take_body(
	void *arg, const void *bytes, size_t n, struct err *err)
{
	struct got *got = arg;

	assert_true(n > 0);
	got->total += n;
	if (n > got->largest_piece)
		got->largest_piece = n;
	if (!got->count_only)
		assert_int_equal(buf_add(&got->bytes, bytes, n), 0);
	if (got->fail_after != 0 && --got->fail_after == 0)
		return err_set(err, ERR_DISK, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "full");
	return 0;
}

static inline int take_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct got *got = arg;

	(void)err;
	assert_true(got->count < 1280);
	got->metas[got->count] = *meta;
	got->sizes[got->count] = got->bytes.len;
	if (got->count < 8 && got->bytes.len < 128)
		memcpy(got->bodies[got->count], buf_str(&got->bytes),
			got->bytes.len);
	got->count++;
	buf_reset(&got->bytes);
	return 0;
}

static inline struct session_sink sink_of(struct got *got)
{
	struct session_sink sink = {
		.body = take_body, .message = take_message, .arg = got};

	buf_init(&got->bytes, (size_t)8 << 20);
	return sink;
}

/* Logs in, selects, fetches what the rest of the script says. */
static inline int fetch(struct peer *p, const char *login, const char *text,
	const struct uid_range *ranges, size_t count, struct got *got)
{
	struct session_sink sink = sink_of(got);
	struct mailbox_state box;
	char *all = mem_printf("%s%s", login, text);
	int r = peer_open(p, all);

	free(all);
	if (r < 0)
		fail_msg("login: %s", p->err.text);
	if (p->session->ops->select(p->session, "INBOX", &box, &p->err) < 0)
		fail_msg("select: %s", p->err.text);
	r = p->session->ops->fetch(p->session, ranges, count, &sink, &p->err);
	buf_free(&got->bytes);
	return r;
}

#endif
