/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake session's FETCH of a part of one message. */
#ifndef TEST_SYNC_FAKE_PIECES_H
#define TEST_SYNC_FAKE_PIECES_H

#include "fake_bodies.h"

/* What the piece is of. */
static inline void fake_section(const struct fake_message *m,
	const struct session_piece *piece, const char **ret_bytes,
	size_t *ret_n)
{
	const char *end = memmem(m->body, m->size, "\r\n\r\n", 4);
	size_t header = end != NULL ? (size_t)(end - m->body) + 4 : m->size;
	size_t from = piece->section == SESSION_TEXT ? header : 0;
	size_t to = piece->section == SESSION_HEADER ? header : m->size;

	from = to - from < piece->offset ? to : from + piece->offset;
	if (piece->bytes != 0 && to - from > piece->bytes)
		to = from + piece->bytes;
	*ret_bytes = m->body + from;
	*ret_n = to - from;
}

static inline bool fake_gives_piece(
	const struct fake_session *s, const struct fake_message *m, bool whole)
{
	return m->fault == FAKE_SOUND || m->fault == FAKE_SHY ||
	       m->fault == FAKE_NO_FLAGS ||
	       (whole ? s->fake->chunks_work : s->fake->parts_work);
}

static inline int fake_send_piece(struct fake_session *s,
	struct fake_message *m, const struct session_piece *piece,
	const struct session_sink *sink, struct err *err)
{
	bool whole = piece->section == SESSION_WHOLE;
	struct message_meta meta;
	const char *bytes;
	size_t n;

	if (!fake_gives_piece(s, m, whole)) {
		if (m->fault == FAKE_POISON_RANGE)
			return fake_die(s, ERR_CRASH, err, "envoy died");
		return fake_send(s, m, 1, sink, err);
	}
	fake_section(m, piece, &bytes, &n);
	switch (s->fake->pieces) {
	case FAKE_PIECES_REFUSED:
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER, "BAD");
	case FAKE_PIECES_IGNORED:
		return fake_die(
			s, ERR_PROTOCOL, err, "more than was asked for");
	case FAKE_PIECES_NONE:
		return 0;
	case FAKE_PIECES_SHORT:
		n /= 2;
		break;
	case FAKE_PIECES_SHIFTED:
		if (piece->offset != 0)
			bytes += bytes + n < m->body + m->size;
		break;
	case FAKE_PIECES_RIGHT:
		break;
	}
	fake_meta(s, m, &meta);
	meta.has |= MESSAGE_HAS_BODY;
	if (fake_send_bytes(s, bytes, n, sink, err) != 0)
		return -1;
	if (sink->message(sink->arg, &meta, err) != 0) {
		s->dead = true;
		return -1;
	}
	return 0;
}

static inline int fake_fetch_piece(struct session *base,
	const struct session_piece *piece, const struct session_sink *sink,
	struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;
	struct fake_mailbox *m = s->selected;

	s->fake->piece_asks++;
	if (fake_alive(s, err) != 0)
		return -1;
	for (size_t i = 0; i < fake_count(s); i++)
		if (m->messages[i].uid == piece->uid)
			return fake_send_piece(
				s, &m->messages[i], piece, sink, err);
	return 0;
}

#endif
