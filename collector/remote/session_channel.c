/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conductor's end. What comes back was made of a foreign server's bytes
 * by a process that they may have taken over, so an answer is taken frame by
 * frame: only types that belong to the question, only values in range, no
 * more of them than the limits allow. The first frame that breaks a rule
 * kills the session (`dead`).
 */
#include "session_channel.h"

#include "../base/clock.h"
#include "session_proxy.h"

#include <stdlib.h>
#include <string.h>

#define GRACE_MS 30000 /* beyond limits.idle_ms, for the envoy's own work */
#define CLOSE_MS 2500  /* LOGOUT takes 2 s at most */

static struct proxy *proxy_of(struct session *s)
{
	return (struct proxy *)s;
}

int proxy_ended(struct err *err)
{
	return err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the session is over");
}

int proxy_nonsense(struct proxy *p, const char *what, struct err *err)
{
	p->dead = true;
	return err_set(err, ERR_CRASH, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the envoy's answer makes no sense (%s)", what);
}

int proxy_over_limit(
	struct proxy *p, const char *limit, uint64_t value, struct err *err)
{
	p->dead = true;
	(void)err_set(err, ERR_LIMIT, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the server sent more than limits.%s = %llu allows", limit,
		(unsigned long long)value);
	return err_hint(err, "raise limits.%s if that is wanted", limit);
}

int proxy_begin(struct proxy *p, uint8_t type, struct err *err)
{
	if (p->dead)
		return proxy_ended(err);
	channel_begin(p->channel, type);
	return 0;
}

static int failed(struct proxy *p, struct err *err)
{
	struct err e;

	if (!channel_get_err(p->channel, &e) || !channel_done(p->channel))
		return proxy_nonsense(p, "a malformed error", err);
	if (e.scope >= ERR_SCOPE_SESSION)
		p->dead = true;
	if (err != NULL)
		*err = e;
	return -1;
}

int proxy_next(struct proxy *p, uint8_t *ret_type, struct err *err)
{
	return proxy_next_within(
		p, p->limits.idle_ms + GRACE_MS, ret_type, err);
}

int proxy_next_within(
	struct proxy *p, int64_t ms, uint8_t *ret_type, struct err *err)
{
	int r = channel_recv(p->channel, ms, ret_type, err);

	if (r < 0) {
		p->dead = true;
		return -1;
	}
	if (r == 0) {
		p->dead = true;
		return err_set(err, ERR_CRASH, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
			"the envoy died");
	}
	if (*ret_type == SESSION_FAIL)
		return failed(p, err);
	if (*ret_type != SESSION_DONE)
		return 1;
	return channel_done(p->channel)
		       ? 0
		       : proxy_nonsense(p, "a malformed end", err);
}

int proxy_send(struct proxy *p, struct err *err)
{
	if (channel_send(p->channel, err) == 0)
		return 0;
	p->dead = true;
	return -1;
}

static void proxy_info(struct session *s, struct session_info *ret_info)
{
	*ret_info = proxy_of(s)->info;
}

/* A callback that fails ends the call, but not the session: the rest of the
 * list, which is bounded, is read and dropped. */
static int proxy_list(
	struct session *s, session_mailbox_fn *fn, void *arg, struct err *err)
{
	struct proxy *p = proxy_of(s);
	struct mailbox_info info;
	uint64_t count = 0;
	bool stopped = false;
	struct err e;
	uint8_t type;
	int r;

	if (proxy_begin(p, SESSION_LIST, err) < 0 || proxy_send(p, err) < 0)
		return -1;
	while ((r = proxy_next(p, &type, stopped ? &e : err)) > 0) {
		if (type != SESSION_MAILBOX ||
			!session_get_mailbox(p->channel, &info) ||
			!channel_done(p->channel))
			return proxy_nonsense(p, "a mailbox was due", err);
		if (++count > p->limits.mailboxes)
			return proxy_over_limit(
				p, "mailboxes", p->limits.mailboxes, err);
		if (!stopped && fn(arg, &info, err) < 0)
			stopped = true;
	}
	return stopped ? -1 : r;
}

static int too_many(
	struct proxy *p, const char *mailbox, uint32_t exists, struct err *err)
{
	(void)err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"mailbox %s has %u messages, limits.messages is %llu", mailbox,
		exists, (unsigned long long)p->limits.messages);
	return err_hint(err, "raise limits.messages if that is wanted");
}

static int ask_state(struct session *s, uint8_t question, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	struct proxy *p = proxy_of(s);
	struct mailbox_state state;
	bool have = false;
	uint8_t type;
	int r;

	if (proxy_begin(p, question, err) < 0)
		return -1;
	channel_put_str(p->channel, mailbox);
	if (proxy_send(p, err) < 0)
		return -1;
	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type != SESSION_STATE || have ||
			!session_get_state(p->channel, &state) ||
			!channel_done(p->channel))
			return proxy_nonsense(p, "a state was due", err);
		have = true;
	}
	if (r < 0)
		return -1;
	if (!have)
		return proxy_nonsense(p, "no state came", err);
	if (state.exists > p->limits.messages)
		return too_many(p, mailbox, state.exists, err);
	*ret_state = state;
	return 0;
}

static int proxy_select(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	return ask_state(s, SESSION_SELECT, mailbox, ret_state, err);
}

static int proxy_select_writable(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	return ask_state(s, SESSION_SELECT_WRITABLE, mailbox, ret_state, err);
}

/* MESSAGE frames without bodies, so many at most, up to DONE. */
static int take_messages(struct proxy *p, uint64_t most, session_message_fn *fn,
	void *arg, struct err *err)
{
	struct message_meta meta;
	uint64_t count = 0;
	uint8_t type;
	int r;

	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type != SESSION_MESSAGE ||
			!channel_get_meta(p->channel, &meta) ||
			!channel_done(p->channel) ||
			(meta.has & MESSAGE_HAS_BODY) != 0)
			return proxy_nonsense(p, "a message was due", err);
		if (++count > most)
			return proxy_over_limit(p, "messages", most, err);
		if (fn(arg, &meta, err) < 0) {
			p->dead = true;
			return -1;
		}
	}
	return r;
}

static int proxy_scan(struct session *s, uint32_t items, session_message_fn *fn,
	void *arg, struct err *err)
{
	struct proxy *p = proxy_of(s);

	if (proxy_begin(p, SESSION_SCAN, err) < 0)
		return -1;
	channel_put_u32(p->channel, items);
	if (proxy_send(p, err) < 0)
		return -1;
	return take_messages(p, p->limits.messages, fn, arg, err);
}

static int proxy_changes(struct session *s, uint64_t since_modseq,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err)
{
	struct proxy *p = proxy_of(s);
	uint64_t most = p->limits.messages;

	if (proxy_begin(p, SESSION_CHANGES, err) < 0)
		return -1;
	channel_put_u64(p->channel, since_modseq);
	session_put_peek(p->channel, peek);
	if (proxy_send(p, err) < 0)
		return -1;
	for (size_t i = 0; i < peek->count; i++)
		most += (uint64_t)peek->ranges[i].last - peek->ranges[i].first +
			1;
	return take_messages(p, most, fn, arg, err);
}

/* Goes with the next question. */
static int proxy_ahead(struct session *s, const struct session_ahead *what)
{
	struct proxy *p = proxy_of(s);

	if (proxy_begin(p, SESSION_AHEAD, NULL) < 0)
		return -1;
	session_put_ahead(p->channel, what);
	return proxy_send(p, NULL);
}

/* Asks the envoy to take its leave, and gives it the time a LOGOUT takes. */
static void say_close(struct proxy *p)
{
	int64_t until_ms = clock_mono_ms() + CLOSE_MS;
	uint8_t type;

	channel_begin(p->channel, SESSION_CLOSE);
	channel_set_send_timeout(p->channel, CLOSE_MS);
	if (channel_send(p->channel, NULL) < 0)
		return;
	for (;;) {
		int64_t left_ms = until_ms - clock_mono_ms();
		if (left_ms <= 0 ||
			channel_recv(p->channel, left_ms, &type, NULL) <= 0)
			return;
	}
}

static void proxy_close(struct session *s)
{
	struct proxy *p = proxy_of(s);

	if (!p->dead)
		say_close(p);
	channel_free(&p->channel);
	free(p);
}

static void proxy_abandon(struct session *s)
{
	struct proxy *p = proxy_of(s);

	channel_free(&p->channel);
	free(p);
}

void session_channel_cancel(struct session *s)
{
	channel_cancel(proxy_of(s)->channel);
}

static const struct session_ops proxy_ops = {
	.info = proxy_info,
	.list = proxy_list,
	.select = proxy_select,
	.scan = proxy_scan,
	.changes = proxy_changes,
	.fetch = proxy_fetch,
	.headers = proxy_headers,
	.fetch_piece = proxy_fetch_piece,
	.dialogue = proxy_dialogue,
	.close = proxy_close,
	.abandon = proxy_abandon,
	.ahead = proxy_ahead,
	.uids = proxy_uids,
	.vanished = proxy_vanished,
	.statuses = proxy_statuses,
	.select_writable = proxy_select_writable,
	.expunge = proxy_expunge,
	.commit = proxy_commit,
	.idle = proxy_idle,
	.idle_end = proxy_idle_end,
};

static int say_open(
	struct proxy *p, const struct session_config *config, struct err *err)
{
	bool have = false;
	uint8_t type;
	int r;

	channel_begin(p->channel, SESSION_OPEN);
	session_put_config(p->channel, config);
	r = proxy_send(p, err);
	if (r == 0)
		r = channel_flush(p->channel, err);
	channel_cleanse(p->channel);
	if (r < 0)
		return -1;
	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type != SESSION_INFO || have ||
			!session_get_info(p->channel, &p->info) ||
			!channel_done(p->channel))
			return proxy_nonsense(
				p, "an introduction was due", err);
		have = true;
	}
	return r == 0 && !have ? proxy_nonsense(p, "no introduction came", err)
			       : r;
}

int session_channel_open(int channel_fd, const struct session_config *config,
	struct session **ret_session, struct err *err)
{
	struct proxy *p = mem_alloc(sizeof *p);

	p->base.ops = &proxy_ops;
	p->channel = channel_new(channel_fd);
	channel_set_wait(p->channel, config->wait);
	p->limits = config->limits;
	channel_set_send_timeout(p->channel, config->limits.idle_ms + GRACE_MS);
	if (say_open(p, config, err) < 0) {
		channel_free(&p->channel);
		free(p);
		return -1;
	}
	*ret_session = &p->base;
	return 0;
}
