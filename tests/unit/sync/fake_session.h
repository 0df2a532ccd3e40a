/* SPDX-License-Identifier: BSD-2-Clause */
/* fake_session: a session with a fake server, as run_dialer opens it. */
#ifndef TEST_SYNC_FAKE_SESSION_H
#define TEST_SYNC_FAKE_SESSION_H

#include "fake_lists.h"
#include "fake_pieces.h"

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
		if (s->fake->list_status)
			info.status = fake_status(s->fake, m);
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
	if (f->day_is_over) {
		(void)err_set(err, ERR_QUOTA, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "enough for today");
		err->complaint = ERR_TOO_MUCH;
		return -1;
	}
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
			const struct mailbox_state state = fake_status(f, m);
			if (strcmp(m->name, mailboxes[i]) != 0)
				continue;
			f->statuses++;
			if (fn(arg, i, &state, err) != 0)
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
		.fetch_piece = fake_fetch_piece,
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
