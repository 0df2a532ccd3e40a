/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_bodies: messages and headers that a fake server sends, and how it
 * fails at that. */
#ifndef TEST_SYNC_FAKE_BODIES_H
#define TEST_SYNC_FAKE_BODIES_H

#include "fake_state.h"

/* The connection is lost here, if that is what the test wants. */
static inline int fake_cut(
	struct fake_session *s, int64_t *counter, int64_t n, struct err *err)
{
	if (*counter < 0)
		return 0;
	if (*counter >= n) {
		*counter -= n;
		return 0;
	}
	*counter = -1;
	s->fake->was_cut = true;
	if (s->fake->cut_class != ERR_NONE)
		return fake_die(s, s->fake->cut_class, err, "envoy died");
	return fake_die(s, ERR_NETWORK, err, "connection lost");
}

/* Nor does it live longer than that. */
static inline int fake_wear(struct fake_session *s, size_t n, struct err *err)
{
	s->sent += n;
	if (s->fake->session_bytes == 0 || s->sent <= s->fake->session_bytes)
		return 0;
	return fake_die(s, ERR_NETWORK, err, "connection lost again");
}

static inline int fake_send_bytes(struct fake_session *s, const char *bytes,
	size_t size, const struct session_sink *sink, struct err *err)
{
	size_t most =
		size >= SESSION_LARGE_BYTES ? FAKE_LARGE_PIECE : FAKE_PIECE;

	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < most ? size - at : most;
		if (fake_cut(s, &s->fake->cut_after_bytes, (int64_t)n, err) !=
				0 ||
			fake_wear(s, n, err) != 0)
			return -1;
		s->fake->bytes += n;
		if (sink->body(sink->arg, bytes + at, n, err) != 0) {
			s->dead = true;
			return -1;
		}
	}
	return 0;
}

static inline int fake_send_body(struct fake_session *s,
	const struct fake_message *m, size_t size,
	const struct session_sink *sink, struct err *err)
{
	if (m->size >= SESSION_LARGE_BYTES && sink->large != NULL &&
		sink->large(sink->arg, m->uid, m->size, err) != 0) {
		s->dead = true;
		return -1;
	}
	return fake_send_bytes(s, m->body, size, sink, err);
}

/* One message of a FETCH of `asked` messages. */
static inline int fake_send(struct fake_session *s, struct fake_message *m,
	size_t asked, const struct session_sink *sink, struct err *err)
{
	struct message_meta meta;
	size_t size = m->size;

	fake_meta(s, m, &meta);
	meta.has |= MESSAGE_HAS_BODY;
	switch (m->fault) {
	case FAKE_POISON:
		return fake_die(s, ERR_PROTOCOL, err, "poison");
	case FAKE_POISON_LATE:
		(void)fake_send_body(s, m, size / 2, sink, err);
		return fake_die(s, ERR_PROTOCOL, err, "poison");
	case FAKE_HANGS_UP:
		(void)fake_send_body(s, m, size / 2, sink, err);
		return fake_die(s, ERR_NETWORK, err, "hung up");
	case FAKE_REFUSED:
		return err_set(err, ERR_REFUSED, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER, "NO [SERVERBUG]");
	case FAKE_ABSENT:
		return 0;
	case FAKE_SHY:
		if (asked > 1)
			return 0;
		break;
	case FAKE_NO_BODY:
		meta.has &= ~(uint32_t)MESSAGE_HAS_BODY;
		size = 0;
		break;
	case FAKE_HOLLOW:
		size = 0;
		break;
	case FAKE_STUB:
	case FAKE_INTERNAL:
		meta.has &= ~(uint32_t)MESSAGE_HAS_BODY;
		meta.has |= m->fault == FAKE_STUB ? MESSAGE_IS_STUB
						  : MESSAGE_IS_INTERNAL;
		size = 0;
		break;
	case FAKE_NO_UID:
		meta.has &= ~(uint32_t)MESSAGE_HAS_UID;
		meta.uid = 0;
		break;
	case FAKE_SOUND:
	case FAKE_NO_FLAGS:
	case FAKE_POISON_RANGE:
		break;
	}
	if (fake_cut(s, &s->fake->cut_at_message, 1, err) != 0 ||
		fake_send_body(s, m, size, sink, err) != 0)
		return -1;
	if (sink->message(sink->arg, &meta, err) != 0) {
		s->dead = true;
		return -1;
	}
	s->fake->bodies++;
	m->read = true;
	if (s->fake->on_message != NULL)
		s->fake->on_message(s->fake->arg, m);
	return 0;
}

static inline bool fake_in(
	const struct uid_range *ranges, size_t count, uint32_t uid)
{
	for (size_t i = 0; i < count; i++)
		if (uid >= ranges[i].first && uid <= ranges[i].last)
			return true;
	return false;
}

static inline int fake_fetch(struct session *base,
	const struct uid_range *ranges, size_t count,
	const struct session_sink *sink, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;
	struct fake_mailbox *m = s->selected;
	size_t asked = 0;

	s->fake->fetches++;
	if (fake_alive(s, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].last < ranges[i].first || ranges[i].first == 0 ||
			(i != 0 && ranges[i].first <= ranges[i - 1].last))
			abort(); /* ranges ascend and do not overlap */
		asked += ranges[i].last - ranges[i].first + 1;
	}
	for (size_t i = 0; i < fake_count(s); i++) {
		uint32_t uid =
			s->fake->pop3 ? (uint32_t)i + 1 : m->messages[i].uid;
		if (m->messages[i].fault == FAKE_POISON_RANGE &&
			fake_in(ranges, count, uid))
			return fake_die(s, ERR_CRASH, err, "envoy died");
	}
	for (size_t i = 0; i < fake_count(s); i++) {
		uint32_t uid =
			s->fake->pop3 ? (uint32_t)i + 1 : m->messages[i].uid;
		if (fake_in(ranges, count, uid) &&
			fake_send(s, &m->messages[i], asked, sink, err) != 0)
			return -1;
	}
	return 0;
}

static inline int fake_headers(struct session *base,
	const struct uid_range *ranges, size_t count,
	const struct session_sink *sink, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;
	struct fake_mailbox *m = s->selected;

	if (fake_alive(s, err) != 0)
		return -1;
	if (s->fake->no_headers)
		return fake_die(s, ERR_PROTOCOL, err, "a broken header");
	for (size_t i = 0; i < fake_count(s); i++) {
		const struct fake_message *msg = &m->messages[i];
		/* a large one ends without a NUL */
		const char *end = memmem(msg->body, msg->size, "\r\n\r\n", 4);
		struct message_meta meta;

		uint32_t uid = s->fake->pop3 ? (uint32_t)i + 1 : msg->uid;

		if (!fake_in(ranges, count, uid) || end == NULL ||
			s->fake->no_top)
			continue;
		if (fake_cut(s, &s->fake->cut_at_message, 1, err) != 0)
			return -1;
		s->fake->headers++;
		fake_meta(s, msg, &meta);
		meta.has |= MESSAGE_HAS_BODY;
		if (fake_send_body(s, msg, (size_t)(end - msg->body) + 4, sink,
			    err) != 0 ||
			sink->message(sink->arg, &meta, err) != 0)
			return -1;
	}
	return 0;
}

#endif
