/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_session: a session kind that answers by rule, without a server. What
 * it says depends on its members only; each test sets those that it needs.
 */
#ifndef MAILHAUL_TESTS_FAKE_SESSION_H
#define MAILHAUL_TESTS_FAKE_SESSION_H

#include "collector/base/mem.h"
#include "collector/remote/session.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fake {
	/* in */
	uint32_t mailboxes;
	uint32_t messages; /* UIDs 1 … messages */
	size_t body_bytes; /* of message n: body_bytes + n */
	bool fail_open;
	bool fail_select; /* scope mailbox */
	bool hang;	  /* fetch waits for the hang-up */
	uint32_t ranges;  /* UIDs 1, 3, 5 … so many; also those gone */
	bool cannot;	  /* say what is gone */
	/* out */
	struct session_config config; /* the secret is not kept */
	char secret[64];
	char selected[NAME_MAILBOX_MAX];
	uint32_t items;
	uint64_t since;
	struct session_peek peek;
	atomic_int opened;
	atomic_int closed;
};

struct fake_session {
	struct session base;
	struct fake *fake;
	int hangup_fd;
	int socket_fd;
};

static inline struct fake *fake_of(struct session *s)
{
	return ((struct fake_session *)s)->fake;
}

/* The i-th byte of message uid. */
static inline char fake_byte(uint32_t uid, size_t i)
{
	return (char)(uid * 31 + i * 7 + (i >> 9));
}

static inline void fake_info(struct session *s, struct session_info *info)
{
	(void)s;
	(void)snprintf(info->tls, sizeof info->tls, "TLSv1.3 FAKE");
	(void)snprintf(info->greeting, sizeof info->greeting, "hi\x1b[0m");
	(void)snprintf(info->capabilities, sizeof info->capabilities,
		"IMAP4rev1 CONDSTORE");
	info->condstore = true;
	info->qresync = true;
}

static inline int fake_list(
	struct session *s, session_mailbox_fn *fn, void *arg, struct err *err)
{
	struct mailbox_info info;

	for (uint32_t i = 0; i < fake_of(s)->mailboxes; i++) {
		memset(&info, 0, sizeof info);
		(void)snprintf(info.name, sizeof info.name, "Box/%u", i);
		info.delimiter = '/';
		info.attrs = MAILBOX_SENT | 1u << 30;
		if (fn(arg, &info, err) < 0)
			return -1;
	}
	return 0;
}

static inline int fake_select(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	struct fake *f = fake_of(s);

	if (f->fail_select)
		return err_set(err, ERR_REFUSED, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER, "no such mailbox");
	(void)snprintf(f->selected, sizeof f->selected, "%s", mailbox);
	*ret_state = (struct mailbox_state){.uidvalidity = 7,
		.uidnext = f->messages + 1,
		.exists = f->messages,
		.highestmodseq = UINT64_C(1) << 62};
	return 0;
}

static inline void fake_meta(struct message_meta *meta, uint32_t uid)
{
	memset(meta, 0, sizeof *meta);
	meta->has = MESSAGE_HAS_UID | MESSAGE_HAS_FLAGS | MESSAGE_HAS_DATE;
	meta->uid = uid;
	meta->date_s = 1000000000 + uid;
	meta->flags.system = FLAG_SEEN;
	(void)snprintf(meta->flags.keywords, sizeof meta->flags.keywords,
		"$Forwarded");
}

static inline int fake_scan(struct session *s, uint32_t items,
	session_message_fn *fn, void *arg, struct err *err)
{
	struct message_meta meta;

	fake_of(s)->items = items;
	for (uint32_t uid = 1; uid <= fake_of(s)->messages; uid++) {
		fake_meta(&meta, uid);
		if (fn(arg, &meta, err) < 0)
			return -1;
	}
	return 0;
}

static inline int fake_changes(struct session *s, uint64_t since,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err)
{
	struct message_meta meta;

	fake_of(s)->since = since;
	fake_of(s)->peek = *peek;
	fake_meta(&meta, 1);
	meta.has |= MESSAGE_HAS_MODSEQ;
	meta.modseq = since + 1;
	return fn(arg, &meta, err);
}

static inline int fake_send(struct fake *f, uint32_t uid,
	const struct session_sink *sink, struct err *err)
{
	size_t n = f->body_bytes + uid;
	char *body = mem_alloc(n);
	struct message_meta meta;
	int r;

	for (size_t i = 0; i < n; i++)
		body[i] = fake_byte(uid, i);
	fake_meta(&meta, uid);
	meta.has |= MESSAGE_HAS_BODY;
	r = sink->body(sink->arg, body, n, err);
	if (r == 0)
		r = sink->message(sink->arg, &meta, err);
	free(body);
	return r;
}

static inline int fake_fetch(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	struct pollfd p = {.fd = ((struct fake_session *)s)->hangup_fd,
		.events = POLLRDHUP};
	struct fake *f = fake_of(s);

	for (size_t i = 0; i < count; i++)
		for (uint32_t uid = ranges[i].first;
			uid <= ranges[i].last && uid <= f->messages; uid++)
			if (fake_send(f, uid, sink, err) < 0)
				return -1;
	if (!f->hang)
		return 0;
	(void)poll(&p, 1, 20000);
	return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"cancelled");
}

static inline int fake_uids(
	struct session *s, session_range_fn *fn, void *arg, struct err *err)
{
	for (uint32_t i = 0; i < fake_of(s)->ranges; i++) {
		const struct uid_range r = {2 * i + 1, 2 * i + 1};
		if (fn(arg, &r, err) < 0)
			return -1;
	}
	return 0;
}

/* Of every other one, as many messages as its number. */
static inline int fake_statuses(struct session *s, const char *const *mailboxes,
	size_t count, session_status_fn *fn, void *arg, struct err *err)
{
	for (size_t i = 0; i < count; i += 2) {
		const struct mailbox_state state = {
			.uidvalidity = (uint32_t)strlen(mailboxes[i]),
			.uidnext = 1,
			.exists = (uint32_t)i};
		if (fn(arg, i + fake_of(s)->ranges, &state, err) < 0)
			return -1;
	}
	return 0;
}

static inline int fake_vanished(struct session *s, uint64_t since,
	session_range_fn *fn, void *arg, struct err *err)
{
	fake_of(s)->since = since;
	if (fake_of(s)->cannot)
		return 0;
	return fake_uids(s, fn, arg, err) < 0 ? -1 : 1;
}

static inline void fake_close(struct session *s)
{
	atomic_fetch_add(&fake_of(s)->closed, 1);
	(void)close(((struct fake_session *)s)->socket_fd);
	free(s);
}

/* session_serve_open_fn; arg: struct fake. */
static inline int fake_open(void *arg, const struct session_config *config,
	int socket_fd, int hangup_fd, struct session **ret_session,
	struct err *err)
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
		.close = fake_close};
	struct fake_session *s;
	struct fake *f = arg;

	f->config = *config;
	f->config.secret = (struct secret){0};
	(void)snprintf(f->secret, sizeof f->secret, "%.*s",
		(int)config->secret.len, config->secret.bytes);
	if (f->fail_open) {
		(void)close(socket_fd);
		return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "the server refused the password");
	}
	s = mem_alloc(sizeof *s);
	s->base.ops = &ops;
	s->fake = f;
	s->hangup_fd = hangup_fd;
	s->socket_fd = socket_fd;
	atomic_fetch_add(&f->opened, 1);
	*ret_session = &s->base;
	return 0;
}

#endif
