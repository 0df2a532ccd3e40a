/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake: a server in memory, spoken to through the session interface. Its
 * mailboxes can change between runs and during them; its messages can be
 * poison, its connection can break at any byte, its counts can lie.
 */
#ifndef TEST_SYNC_FAKE_H
#define TEST_SYNC_FAKE_H

#include "collector/remote/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_MESSAGES 256
#define FAKE_MAILBOXES 8
#define FAKE_PIECE 48 /* bytes a body callback gets */

enum fake_fault {
	FAKE_SOUND,
	FAKE_POISON,	   /* the session ends with ERR_PROTOCOL before it */
	FAKE_POISON_LATE,  /* … in the middle of its body */
	FAKE_POISON_RANGE, /* … before anything of a range that holds it */
	FAKE_HANGS_UP,	   /* the connection is lost in its body */
	FAKE_REFUSED,	   /* NO: scope mailbox, the session stays */
	FAKE_ABSENT,	   /* listed, never sent */
	FAKE_SHY,	   /* sent only when it is asked for alone */
	FAKE_NO_BODY,	   /* BODY[] NIL */
	FAKE_HOLLOW,	   /* BODY[] {0}, though its size is announced */
	FAKE_NO_UID,	   /* the UID item is missing */
	FAKE_NO_FLAGS,
};

struct fake_message {
	uint32_t uid;
	int id; /* which message it is, for the tests */
	enum fake_fault fault;
	int64_t date_s;
	uint64_t modseq;
	struct flags flags;
	char uidl[MESSAGE_UIDL_MAX]; /* "" = none */
	char *body;
	size_t size;
};

struct fake_mailbox {
	const char *name;
	char delimiter;
	uint32_t attrs;
	uint32_t uidvalidity;
	uint32_t uidnext;
	uint64_t modseq;
	struct fake_message messages[FAKE_MESSAGES];
	size_t count;
	uint32_t exists_lie; /* added to EXISTS */
	bool hide_uidnext;
	bool refuses_select;
	bool breaks_scan; /* a scan ends the session with ERR_PROTOCOL */
};

struct fake {
	struct fake_mailbox mailboxes[FAKE_MAILBOXES];
	size_t count;
	bool pop3, condstore;
	/* faults of the connection */
	int64_t cut_after_bytes; /* of bodies; -1 = never; once */
	int64_t cut_at_message;	 /* before the nth from now; -1; once */
	int dead_after_cut;	 /* so many later dials fail; -1 = all */
	bool was_cut;
	uint64_t understate;	   /* sizes are announced smaller by this */
	enum err_class open_fails; /* with RETRY_CHANGE */
	/* what it has been asked for */
	int opens, selects, scans, change_lists, fetches;
	int bodies; /* complete ones sent */
	uint64_t bytes;
	/* called when a message has been sent */
	void (*on_message)(void *arg, struct fake_message *m);
	void (*on_open)(void *arg);
	void *arg;
};

struct fake_session {
	struct session base;
	struct fake *fake;
	struct fake_mailbox *selected;
	bool dead;
};

/* ---- making a server */

static inline void fake_init(struct fake *f)
{
	memset(f, 0, sizeof *f);
	f->cut_after_bytes = -1;
	f->cut_at_message = -1;
	f->condstore = true;
}

static inline struct fake_mailbox *fake_mailbox(
	struct fake *f, const char *name)
{
	struct fake_mailbox *m = &f->mailboxes[f->count++];

	m->name = name;
	m->delimiter = '/';
	m->uidvalidity = 1000;
	m->uidnext = 1;
	m->modseq = 1;
	return m;
}

static inline struct fake_message *fake_add(struct fake_mailbox *m, int id)
{
	struct fake_message *msg = &m->messages[m->count++];
	int n;

	memset(msg, 0, sizeof *msg);
	msg->uid = m->uidnext++;
	msg->id = id;
	msg->date_s = 1500000000 + id;
	msg->modseq = ++m->modseq;
	(void)snprintf(msg->uidl, sizeof msg->uidl, "uidl-%d", id);
	n = asprintf(&msg->body,
		"X-Id: %d\r\nSubject: number %d\r\n\r\n%.*s\r\n", id, id,
		20 + id % 60,
		"a body that is long enough to be cut somewhere in its "
		"middle, more than once");
	msg->size = n > 0 ? (size_t)n : 0;
	return msg;
}

static inline void fake_fill(struct fake_mailbox *m, int first_id, int count)
{
	for (int i = 0; i < count; i++)
		(void)fake_add(m, first_id + i);
}

static inline struct fake_message *fake_find(struct fake_mailbox *m, int id)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->messages[i].id == id)
			return &m->messages[i];
	abort(); /* the test has made a mistake */
}

static inline void fake_expunge(struct fake_mailbox *m, int id)
{
	struct fake_message *msg = fake_find(m, id);
	size_t at = (size_t)(msg - m->messages);

	free(msg->body);
	memmove(msg, msg + 1, (m->count - at - 1) * sizeof *msg);
	m->count--;
	m->modseq++;
}

static inline void fake_set_flags(
	struct fake_mailbox *m, int id, uint8_t system, const char *keyword)
{
	struct fake_message *msg = fake_find(m, id);

	memset(&msg->flags, 0, sizeof msg->flags);
	msg->flags.system = system;
	if (keyword != NULL)
		(void)flags_add(&msg->flags, keyword);
	msg->modseq = ++m->modseq;
}

/* All get new UIDs from first on, in a new epoch. */
static inline void fake_renumber(
	struct fake_mailbox *m, uint32_t uidvalidity, uint32_t first)
{
	m->uidvalidity = uidvalidity;
	m->uidnext = first;
	for (size_t i = 0; i < m->count; i++)
		m->messages[i].uid = m->uidnext++;
}

static inline void fake_clear(struct fake *f)
{
	for (size_t i = 0; i < f->count; i++)
		for (size_t k = 0; k < f->mailboxes[i].count; k++)
			free(f->mailboxes[i].messages[k].body);
}

/* ---- being one */

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

static inline void fake_info(struct session *base, struct session_info *info)
{
	const struct fake_session *s = (struct fake_session *)base;

	memset(info, 0, sizeof *info);
	info->condstore = s->fake->condstore && !s->fake->pop3;
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
	for (size_t i = 0; i < f->count; i++) {
		struct fake_mailbox *m = &f->mailboxes[i];
		if (strcmp(m->name, mailbox) != 0)
			continue;
		if (m->refuses_select)
			break;
		s->selected = m;
		*state = (struct mailbox_state){
			.exists = (uint32_t)m->count + m->exists_lie};
		if (f->pop3)
			return 0;
		state->uidvalidity = m->uidvalidity;
		state->uidnext = m->hide_uidnext ? 0 : m->uidnext;
		state->highestmodseq = f->condstore ? m->modseq : 0;
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
	for (size_t i = 0; i < s->selected->count; i++) {
		struct message_meta meta;
		fake_meta(s, &s->selected->messages[i], &meta);
		if ((items & SESSION_SCAN_FLAGS) == 0)
			meta.has &= ~(uint32_t)MESSAGE_HAS_FLAGS;
		if ((items & SESSION_SCAN_SIZE) == 0)
			meta.has &= ~(uint32_t)MESSAGE_HAS_SIZE;
		if (fn(arg, &meta, err) != 0)
			return -1;
	}
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
	for (size_t i = 0; i < m->count; i++) {
		uint32_t uid =
			s->fake->pop3 ? (uint32_t)i + 1 : m->messages[i].uid;
		if (m->messages[i].fault == FAKE_POISON_RANGE &&
			fake_in(ranges, count, uid))
			return fake_die(s, ERR_CRASH, err, "envoy died");
	}
	for (size_t i = 0; i < m->count; i++) {
		uint32_t uid =
			s->fake->pop3 ? (uint32_t)i + 1 : m->messages[i].uid;
		if (fake_in(ranges, count, uid) &&
			fake_send(s, &m->messages[i], asked, sink, err) != 0)
			return -1;
	}
	return 0;
}

static inline void fake_close(struct session *base)
{
	free(base);
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
		.close = fake_close};
	struct fake *f = arg;
	struct fake_session *s;

	(void)config;
	(void)ca_file;
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
