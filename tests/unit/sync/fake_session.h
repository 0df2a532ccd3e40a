/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_session: a session with a fake server, as run_dialer opens it. */
#ifndef TEST_SYNC_FAKE_SESSION_H
#define TEST_SYNC_FAKE_SESSION_H

#include "fake.h"

struct fake_session {
	struct session base;
	struct fake *fake;
	struct fake_mailbox *selected;
	bool dead;
};

static inline int fake_die(struct fake_session *s, enum err_class class,
	struct err *err, const char *text)
{
	s->dead = true;
	return err_set(
		err, class, ERR_SCOPE_SESSION, ERR_RETRY_NOW, "%s", text);
}

static inline int fake_alive(struct fake_session *s, struct err *err)
{
	if (!s->dead)
		return 0;
	/* what the real ones do: only close is of use */
	return fake_die(s, ERR_NETWORK, err, "used after the session's end");
}

static inline size_t fake_count(const struct fake_session *s)
{
	size_t n = s->selected->count;

	return s->fake->window != 0 && s->fake->window < n ? s->fake->window
							   : n;
}

static inline uint64_t fake_modseq(
	const struct fake *f, const struct fake_mailbox *m)
{
	if (!f->condstore)
		return 0;
	return f->still ? 77 : m->modseq;
}

static inline void fake_info(struct session *base, struct session_info *info)
{
	const struct fake_session *s = (struct fake_session *)base;

	memset(info, 0, sizeof *info);
	info->quirks = s->fake->quirks;
	info->condstore = s->fake->condstore && !s->fake->pop3;
	info->qresync = info->condstore && s->fake->qresync;
	info->emailid = s->fake->emailid || s->fake->gmail;
	info->gmail = s->fake->gmail;
}

static inline int fake_list(struct session *base, session_mailbox_fn *fn,
	void *arg, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;

	if (fake_alive(s, err) != 0)
		return -1;
	for (size_t i = 0; i < s->fake->count; i++) {
		const struct fake_mailbox *m = &s->fake->mailboxes[i];
		struct mailbox_info info = {
			.delimiter = m->delimiter, .attrs = m->attrs};
		(void)snprintf(info.name, sizeof info.name, "%s", m->name);
		if (fn(arg, &info, err) != 0)
			return -1;
	}
	return 0;
}

static inline int fake_select(struct session *base, const char *mailbox,
	struct mailbox_state *state, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;
	struct fake *f = s->fake;

	f->selects++;
	if (fake_alive(s, err) != 0)
		return -1;
	if (f->pauses > 0) {
		f->pauses--;
		(void)fake_die(s, ERR_THROTTLED, err, "slower");
		err->retry_after_ms = f->pause_ms;
		err->retry_after_s = (f->pause_ms + 999) / 1000;
		return -1;
	}
	if (f->losses > 0) {
		f->losses--;
		(void)fake_die(s, ERR_NETWORK, err, "connection lost");
		err->in_flight = f->in_flight;
		return -1;
	}
	for (size_t i = 0; i < f->count; i++) {
		struct fake_mailbox *m = &f->mailboxes[i];
		if (strcmp(m->name, mailbox) != 0)
			continue;
		if (m->refuses_select)
			break;
		if (m->kills != ERR_NONE)
			return fake_die(s, m->kills, err, "killed by a name");
		s->selected = m;
		*state = (struct mailbox_state){
			.exists = (uint32_t)fake_count(s) + m->exists_lie};
		if (f->pop3)
			return 0;
		state->uidvalidity = m->uidvalidity;
		state->uidnext = m->hide_uidnext ? 0 : m->uidnext;
		state->highestmodseq = fake_modseq(f, m);
		if (m->mailboxid != NULL)
			(void)snprintf(state->mailboxid,
				sizeof state->mailboxid, "%s", m->mailboxid);
		return 0;
	}
	return err_set(err, ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"the server refuses mailbox %s", mailbox);
}

static inline void fake_meta(const struct fake_session *s,
	const struct fake_message *m, struct message_meta *meta)
{
	memset(meta, 0, sizeof *meta);
	meta->has = MESSAGE_HAS_UID | MESSAGE_HAS_SIZE;
	meta->size_bytes = m->size;
	if (meta->size_bytes > s->fake->understate)
		meta->size_bytes -= s->fake->understate;
	if (s->fake->pop3) {
		meta->uid = (uint32_t)(m - s->selected->messages) + 1;
		(void)snprintf(meta->uidl, sizeof meta->uidl, "%s", m->uidl);
		if (m->uidl[0] != '\0')
			meta->has |= MESSAGE_HAS_UIDL;
		return;
	}
	meta->uid = m->uid;
	meta->date_s = m->date_s;
	meta->flags = m->flags;
	meta->modseq = m->modseq;
	meta->has |= MESSAGE_HAS_DATE | MESSAGE_HAS_FLAGS;
	if (m->fault == FAKE_NO_FLAGS)
		meta->has &= ~(uint32_t)MESSAGE_HAS_FLAGS;
	if ((s->fake->emailid || s->fake->gmail) && m->emailid[0] != '\0') {
		memcpy(meta->emailid, m->emailid, sizeof meta->emailid);
		meta->has |= MESSAGE_HAS_EMAILID;
	}
}

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

static inline int fake_changes(struct session *base, uint64_t since,
	session_message_fn *fn, void *arg, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;

	s->fake->change_lists++;
	if (fake_alive(s, err) != 0)
		return -1;
	for (size_t i = 0; i < s->selected->count; i++) {
		struct message_meta meta;
		if (s->selected->messages[i].modseq <= since)
			continue;
		fake_meta(s, &s->selected->messages[i], &meta);
		if (fn(arg, &meta, err) != 0)
			return -1;
	}
	return 0;
}

static inline int fake_statuses(struct session *base,
	const char *const *mailboxes, size_t count, session_status_fn *fn,
	void *arg, struct err *err)
{
	struct fake_session *s = (struct fake_session *)base;
	struct fake *f = s->fake;

	if (fake_alive(s, err) != 0)
		return -1;
	for (size_t i = 0; f->has_status && i < count; i++)
		for (size_t k = 0; k < f->count; k++) {
			const struct fake_mailbox *m = &f->mailboxes[k];
			const struct mailbox_state state = {
				.uidvalidity = m->uidvalidity,
				.uidnext = m->uidnext,
				.exists = (uint32_t)m->count + m->exists_lie,
				.highestmodseq = fake_modseq(f, m)};
			if (strcmp(m->name, mailboxes[i]) != 0)
				continue;
			f->statuses++;
			if (fn(arg, i, &state, err) != 0)
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
	return fake_die(s, ERR_NETWORK, err, "connection lost");
}

static inline int fake_send_body(struct fake_session *s,
	const struct fake_message *m, size_t size,
	const struct session_sink *sink, struct err *err)
{
	for (size_t at = 0; at < size; at += FAKE_PIECE) {
		size_t n = size - at < FAKE_PIECE ? size - at : FAKE_PIECE;
		if (fake_cut(s, &s->fake->cut_after_bytes, (int64_t)n, err) !=
			0)
			return -1;
		s->fake->bytes += n;
		if (sink->body(sink->arg, m->body + at, n, err) != 0) {
			s->dead = true;
			return -1;
		}
	}
	return 0;
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
		const char *end = strstr(msg->body, "\r\n\r\n");
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

static inline void fake_leave(struct fake_session *s, bool hide)
{
	struct fake_mailbox *m = s->selected;

	for (size_t i = m != NULL ? m->count : 0; i-- > 0;) {
		bool read = m->messages[i].read;
		m->messages[i].read = false;
		if (read && hide)
			fake_expunge(m, m->messages[i].id);
	}
	free(s);
}

static inline void fake_close(struct session *base)
{
	struct fake_session *s = (struct fake_session *)base;

	if (s->fake->on_close != NULL)
		s->fake->on_close(s->fake->arg);
	fake_leave(s, s->fake->window != 0 && !s->dead);
}

static inline void fake_abandon(struct session *base)
{
	struct fake_session *s = (struct fake_session *)base;

	s->fake->abandoned++;
	fake_leave(s, false);
}

/* As run_dialer.open. */
static inline int fake_open(void *arg, const struct session_config *config,
	const char *ca_file, struct session **ret_session, struct err *err)
{
	static const struct session_ops ops = {.info = fake_info,
		.list = fake_list,
		.select = fake_select,
		.scan = fake_scan,
		.changes = fake_changes,
		.fetch = fake_fetch,
		.uids = fake_uids,
		.vanished = fake_vanished,
		.statuses = fake_statuses,
		.headers = fake_headers,
		.abandon = fake_abandon,
		.close = fake_close};
	struct fake *f = arg;
	struct fake_session *s;

	(void)ca_file;
	f->told = config->quirks;
	f->opens++;
	if (f->on_open != NULL)
		f->on_open(f->arg);
	if (f->open_fails != ERR_NONE)
		return err_set(err, f->open_fails, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "no session");
	if (f->was_cut && f->dead_after_cut != 0) {
		if (f->dead_after_cut > 0)
			f->dead_after_cut--;
		return err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "connection refused");
	}
	s = mem_alloc(sizeof *s);
	s->base.ops = &ops;
	s->fake = f;
	*ret_session = &s->base;
	return 0;
}

#endif
