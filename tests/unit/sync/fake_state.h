/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_state: a session with a fake server: its end, and what a message and a
 * mailbox are said to be. */
#ifndef TEST_SYNC_FAKE_STATE_H
#define TEST_SYNC_FAKE_STATE_H

#include "fake.h"

struct fake_session {
	struct session base;
	struct fake *fake;
	struct fake_mailbox *selected;
	uint64_t sent; /* of bodies */
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

/* As STATUS tells it: no MAILBOXID. */
static inline struct mailbox_state fake_status(
	const struct fake *f, const struct fake_mailbox *m)
{
	return (struct mailbox_state){.uidvalidity = m->uidvalidity,
		.uidnext = m->uidnext,
		.exists = (uint32_t)m->count + m->exists_lie,
		.highestmodseq = fake_modseq(f, m)};
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

#endif
