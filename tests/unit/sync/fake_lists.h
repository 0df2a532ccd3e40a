/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_lists: what a fake server lists of a mailbox, without bodies. */
#ifndef TEST_SYNC_FAKE_LISTS_H
#define TEST_SYNC_FAKE_LISTS_H

#include "fake_state.h"

static inline int fake_scan(struct session *base, uint32_t items,
	session_message_fn *fn, void *arg, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;

	s->fake->scans++;
	if (fake_alive(s, err) != 0)
		return -1;
	if (s->selected->breaks_scan)
		return fake_die(s, ERR_PROTOCOL, err, "a broken list");
	for (size_t i = 0; i < fake_count(s); i++) {
		struct message_meta meta;
		fake_meta(s, &s->selected->messages[i], &meta);
		if ((items & SESSION_SCAN_FLAGS) == 0)
			meta.has &= ~(uint32_t)MESSAGE_HAS_FLAGS;
		if ((items & SESSION_SCAN_SIZE) == 0)
			meta.has &= ~(uint32_t)MESSAGE_HAS_SIZE;
		if ((items & SESSION_SCAN_DATE) == 0)
			meta.has &= ~(uint32_t)MESSAGE_HAS_DATE;
		if ((items & SESSION_SCAN_EMAILID) == 0)
			meta.has &= ~(uint32_t)MESSAGE_HAS_EMAILID;
		if (fn(arg, &meta, err) != 0)
			return -1;
	}
	if (s->selected->scan_is_short)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER, "announced more");
	return 0;
}

static inline bool fake_is_peeked(const struct session_peek *peek, uint32_t uid)
{
	for (size_t i = 0; i < peek->count; i++)
		if (uid >= peek->ranges[i].first && uid <= peek->ranges[i].last)
			return true;
	return false;
}

static inline int fake_peek(struct fake_session *s,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err)
{
	for (size_t i = 0; i < s->selected->count; i++) {
		const struct fake_message *m = &s->selected->messages[i];
		struct message_meta meta;
		if (!fake_is_peeked(peek, m->uid))
			continue;
		s->fake->peeked++;
		fake_meta(s, m, &meta);
		meta.has &=
			~(uint32_t)(MESSAGE_HAS_FLAGS | MESSAGE_HAS_EMAILID);
		if (fn(arg, &meta, err) != 0)
			return -1;
	}
	return 0;
}

static inline int fake_changes(struct session *base, uint64_t since,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;

	s->fake->change_lists++;
	if (fake_alive(s, err) != 0 || fake_peek(s, peek, fn, arg, err) != 0)
		return -1;
	for (size_t i = 0; i < s->selected->count; i++) {
		struct message_meta meta;
		if (s->selected->messages[i].modseq <= since)
			continue;
		fake_meta(s, &s->selected->messages[i], &meta);
		meta.has &= ~(uint32_t)(MESSAGE_HAS_SIZE | MESSAGE_HAS_DATE);
		if (fn(arg, &meta, err) != 0)
			return -1;
	}
	return 0;
}

static inline int fake_uids(
	struct session *base, session_range_fn *fn, void *arg, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;

	s->fake->uid_lists++;
	if (fake_alive(s, err) != 0)
		return -1;
	if (s->fake->no_uid_lists || s->selected->scan_is_short)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER, "the list is too short");
	for (size_t i = 0; i < s->selected->count; i++) {
		const struct uid_range r = {s->selected->messages[i].uid,
			s->selected->messages[i].uid};
		if (fn(arg, &r, err) != 0)
			return -1;
	}
	return 0;
}

/* Ascending. */
static inline int fake_vanished(struct session *base, uint64_t since,
	session_range_fn *fn, void *arg, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;
	uint32_t last = 0;

	s->fake->gone_lists++;
	if (fake_alive(s, err) != 0)
		return -1;
	if (!s->fake->qresync || !s->fake->condstore)
		return 0;
	for (;;) {
		struct uid_range r = {0, 0};
		for (size_t i = 0; i < s->selected->gone_count; i++)
			if (s->selected->gone[i].modseq > since &&
				s->selected->gone[i].uid > last &&
				(r.first == 0 ||
					s->selected->gone[i].uid < r.first))
				r.first = r.last = s->selected->gone[i].uid;
		if (r.first == 0 || s->fake->forgets)
			return 1;
		if (fn(arg, &r, err) != 0)
			return -1;
		last = r.last;
	}
}

#endif
