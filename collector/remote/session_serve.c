/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The envoy's end: one question at a time, answered by the session behind
 * it. What the session says while a call goes on (messages, mailboxes) is
 * gathered by the channel and goes out when 64 KiB are there, with the next
 * large piece of a body, with the answer's end, or, where the server is slow,
 * with the first thing said FLUSH_MS after the last flush, so that the
 * conductor does not take a slow server for a dead envoy.
 */
#include "session_serve.h"
#include "../base/clock.h"
#include "../base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_MS 10

/* After something was sent: flushes if it is time. A failure to send ends
 * everything. */
static int sent(struct serve *v, int r, struct err *err)
{
	int64_t now_ms = clock_mono_ms();

	if (r == 0 && now_ms - v->flushed_ms >= FLUSH_MS) {
		v->flushed_ms = now_ms;
		r = channel_flush(v->channel, err);
	}
	if (r < 0)
		v->over = true;
	return r;
}

int serve_say(struct serve *v, struct err *err)
{
	return sent(v, channel_send(v->channel, err), err);
}

void serve_answer(struct serve *v, int r, const struct err *err)
{
	if (v->over)
		return;
	channel_begin(v->channel, r == 0 ? SESSION_DONE : SESSION_FAIL);
	if (r < 0)
		channel_put_err(v->channel, err);
	if (channel_send(v->channel, NULL) < 0 ||
		channel_flush(v->channel, NULL) < 0 ||
		(r < 0 && err->scope >= ERR_SCOPE_SESSION))
		v->over = true;
	v->flushed_ms = clock_mono_ms();
}

static int on_mailbox(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	struct serve *v = arg;

	channel_begin(v->channel, SESSION_MAILBOX);
	session_put_mailbox(v->channel, info);
	return serve_say(v, err);
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct serve *v = arg;

	channel_begin(v->channel, SESSION_MESSAGE);
	channel_put_meta(v->channel, meta);
	return serve_say(v, err);
}

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct serve *v = arg;
	const char *at = bytes;

	while (n > 0) {
		size_t piece = n < CHANNEL_MAX ? n : CHANNEL_MAX;
		int r = channel_send_bytes(
			v->channel, SESSION_BODY, at, piece, err);
		if (sent(v, r, err) < 0)
			return -1;
		at += piece;
		n -= piece;
	}
	return 0;
}

static int on_large(void *arg, uint32_t uid, uint64_t bytes, struct err *err)
{
	struct serve *v = arg;

	channel_begin(v->channel, SESSION_LARGE);
	channel_put_u32(v->channel, uid);
	channel_put_u64(v->channel, bytes);
	return serve_say(v, err);
}

void serve_sink(struct serve *v, struct session_sink *ret_sink)
{
	*ret_sink = (struct session_sink){.body = on_body,
		.message = on_message,
		.large = on_large,
		.arg = v};
}

static void serve_select(struct serve *v, bool writable)
{
	char name[NAME_MAILBOX_MAX];
	struct mailbox_state state;
	struct err err = {0};
	int r;

	memset(&state, 0, sizeof state);
	if (!channel_get_str(v->channel, name, sizeof name) ||
		!channel_done(v->channel)) {
		v->over = true;
		return;
	}
	if (writable)
		r = session_select_writable(v->session, name, &state, &err);
	else
		r = session_select(v->session, name, &state, &err);
	if (r == 0) {
		channel_begin(v->channel, SESSION_STATE);
		session_put_state(v->channel, &state);
		r = serve_say(v, &err);
	}
	serve_answer(v, r, &err);
}

static void serve_scan(struct serve *v)
{
	uint32_t items;
	struct err err = {0};
	int r;

	if (!channel_get_u32(v->channel, &items) || !channel_done(v->channel)) {
		v->over = true;
		return;
	}
	r = session_scan(v->session, items, on_message, v, &err);
	serve_answer(v, r, &err);
}

static void serve_changes(struct serve *v)
{
	uint64_t since;
	struct session_peek peek;
	struct err err = {0};
	int r;

	if (!channel_get_u64(v->channel, &since) ||
		!session_get_peek(v->channel, &peek) ||
		!channel_done(v->channel)) {
		v->over = true;
		return;
	}
	r = session_changes_peek(v->session, since, &peek, on_message, v, &err);
	serve_answer(v, r, &err);
}

/* Ranges go out in frames of many; the last one with the answer's end. */
struct ranges_out {
	struct serve *v;
	size_t n; /* in the frame under way */
};

static int send_uid_ranges(struct ranges_out *o, struct err *err)
{
	if (o->n == 0)
		return 0;
	o->n = 0;
	return serve_say(o->v, err);
}

static int on_range(void *arg, const struct uid_range *range, struct err *err)
{
	struct ranges_out *o = arg;

	if (o->n == 0)
		channel_begin(o->v->channel, SESSION_UID_RANGES);
	channel_put_u32(o->v->channel, range->first);
	channel_put_u32(o->v->channel, range->last);
	return ++o->n == SESSION_RANGES_FRAME ? send_uid_ranges(o, err) : 0;
}

static void serve_uids(struct serve *v)
{
	struct ranges_out out = {.v = v};
	struct err err = {0};
	int r = session_uids(v->session, on_range, &out, &err);

	if (r == 0)
		r = send_uid_ranges(&out, &err);
	serve_answer(v, r, &err);
}

static void serve_vanished(struct serve *v)
{
	struct ranges_out out = {.v = v};
	struct err err = {0};
	uint64_t since;
	int r;

	if (!channel_get_u64(v->channel, &since) || !channel_done(v->channel)) {
		v->over = true;
		return;
	}
	r = session_vanished(v->session, since, on_range, &out, &err);
	if (r > 0) {
		r = send_uid_ranges(&out, &err);
	} else if (r == 0) {
		channel_begin(v->channel, SESSION_CANNOT);
		r = serve_say(v, &err);
	}
	serve_answer(v, r, &err);
}

static void take_ahead(struct serve *v)
{
	struct session_ahead what;

	if (session_get_ahead(v->channel, &what) && channel_done(v->channel))
		session_ahead(v->session, &what);
	else
		v->over = true;
}

static void take_ranges(struct serve *v)
{
	size_t n = 0;

	v->ranges = mem_grow(v->ranges,
		v->range_count + channel_left(v->channel) / sizeof *v->ranges +
			1,
		sizeof *v->ranges);
	while (!channel_done(v->channel)) {
		struct uid_range *r = &v->ranges[v->range_count];
		if (n++ == SESSION_RANGES_FRAME ||
			v->range_count == SESSION_RANGES_MAX ||
			!session_get_range(v->channel, r)) {
			v->over = true;
			return;
		}
		v->range_count++;
	}
}

static void serve_fetch(struct serve *v, uint8_t type)
{
	struct session_sink sink;
	struct err err = {0};
	int r = 0;

	serve_sink(v, &sink);
	if (v->range_count > 0 && type == SESSION_HEADERS)
		r = session_headers(
			v->session, v->ranges, v->range_count, &sink, &err);
	else if (v->range_count > 0)
		r = session_fetch(
			v->session, v->ranges, v->range_count, &sink, &err);
	free(v->ranges);
	v->ranges = NULL;
	v->range_count = 0;
	if (type == SESSION_FETCH)
		serve_dialogue(v);
	serve_answer(v, r, &err);
}

static void serve_request(struct serve *v, uint8_t type)
{
	struct err err = {0};
	int r;

	switch (type) {
	case SESSION_LIST:
		r = session_list(v->session, on_mailbox, v, &err);
		serve_answer(v, r, &err);
		break;
	case SESSION_SELECT:
	case SESSION_SELECT_WRITABLE:
		serve_select(v, type == SESSION_SELECT_WRITABLE);
		break;
	case SESSION_EXPUNGE:
		serve_expunge(v);
		break;
	case SESSION_COMMIT:
		serve_commit(v);
		break;
	case SESSION_SCAN:
		serve_scan(v);
		break;
	case SESSION_CHANGES:
		serve_changes(v);
		break;
	case SESSION_UIDS:
		serve_uids(v);
		break;
	case SESSION_VANISHED:
		serve_vanished(v);
		break;
	case SESSION_NAME:
		serve_take_name(v);
		break;
	case SESSION_STATUSES:
		serve_statuses(v);
		break;
	case SESSION_AHEAD:
		take_ahead(v);
		break;
	case SESSION_IDLE:
		serve_idle(v);
		break;
	case SESSION_RANGES:
		take_ranges(v);
		break;
	case SESSION_FETCH:
	case SESSION_HEADERS:
		serve_fetch(v, type);
		break;
	case SESSION_PIECE:
		serve_piece(v);
		break;
	default: /* CLOSE, and whatever no conductor says */
		v->leave = type == SESSION_CLOSE;
		v->over = true;
	}
}

/* OPEN: the secret lives from here until the session has logged in. */
static void serve_open(struct serve *v)
{
	struct session_config config;
	struct session_info info;
	int socket_fd = v->socket_fd;
	struct err err = {0};
	uint8_t type;
	bool ok;
	int r;

	v->over = v->begun = true;
	v->socket_fd = -1;
	if (channel_recv(v->channel, -1, &type, NULL) <= 0) {
		(void)close(socket_fd);
		return;
	}
	ok = type == SESSION_OPEN && session_get_config(v->channel, &config);
	channel_cleanse(v->channel);
	if (!ok) {
		if (type == SESSION_OPEN)
			secret_clear(&config.secret);
		(void)close(socket_fd);
		return;
	}
	v->over = false;
	r = v->open(v->open_arg, &config, socket_fd, channel_fd(v->channel),
		&v->session, &err);
	secret_clear(&config.secret);
	explicit_bzero(&config, sizeof config);
	if (r == 0) {
		memset(&info, 0, sizeof info);
		session_info(v->session, &info);
		channel_begin(v->channel, SESSION_INFO);
		session_put_info(v->channel, &info);
		r = serve_say(v, &err);
	}
	serve_answer(v, r, &err);
	v->over = v->over || v->session == NULL;
}

struct serve *session_serve_new(int channel_fd_taken, int socket_fd,
	session_serve_open_fn *open, void *arg)
{
	struct serve *v = mem_alloc(sizeof *v);

	v->channel = channel_new(channel_fd_taken);
	v->socket_fd = socket_fd;
	v->open = open;
	v->open_arg = arg;
	return v;
}

void session_serve_free(struct serve **serve)
{
	struct serve *v = *serve;

	if (v->socket_fd >= 0)
		(void)close(v->socket_fd);
	if (v->session != NULL && v->leave)
		session_close(&v->session);
	else if (v->session != NULL)
		session_abandon(&v->session);
	free(v->ranges);
	serve_names_free(v);
	channel_free(&v->channel);
	free(v);
	*serve = NULL;
}

bool session_serve(struct serve *v, bool renew)
{
	uint8_t type;

	if (!v->begun)
		serve_open(v);
	while (!v->over) {
		if (v->idling && serve_rests(v, renew))
			return true;
		renew = false;
		if (v->over || channel_recv(v->channel, -1, &type, NULL) <= 0)
			break;
		if (v->idling && type == SESSION_WAKE)
			serve_wake(v);
		else if (v->idling)
			v->over = true;
		else
			serve_request(v, type);
	}
	return false;
}
