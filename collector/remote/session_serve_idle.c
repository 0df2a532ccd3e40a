/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The envoy's end while the session waits in IDLE. The conductor is told once
 * that there is news; it comes when it has a place for the run, and until
 * then nobody looks at what else the server says.
 */
#include "../base/clock.h"
#include "session_serve.h"

#include <poll.h>
#include <stddef.h>

/* What a refusal leaves behind is no longer what it is taken for. */
static void idle_failed(struct serve *v, struct err *err)
{
	if (err->scope < ERR_SCOPE_SESSION)
		err->scope = ERR_SCOPE_SESSION;
	serve_answer(v, -1, err);
}

void serve_idle(struct serve *v)
{
	struct err err = {0};
	int r = channel_done(v->channel) ? session_idle(v->session, &err) : -1;

	if (r == 0) {
		channel_begin(v->channel, SESSION_CANNOT);
		r = serve_say(v, &err);
	} else if (r == 1) {
		v->idling = true;
		v->told = false;
		v->idle_since_ms = clock_mono_ms();
	}
	serve_answer(v, r < 0 ? -1 : 0, &err);
}

void serve_wake(struct serve *v)
{
	struct err err = {0};

	v->idling = false;
	if (session_idle_end(v->session, &err) < 0)
		idle_failed(v, &err);
	else
		serve_answer(v, 0, &err);
}

static void idle_tell(struct serve *v)
{
	v->told = true;
	channel_begin(v->channel, SESSION_EVENT);
	if (channel_send(v->channel, NULL) < 0 ||
		channel_flush(v->channel, NULL) < 0)
		v->over = true;
}

/* 1: there was news; 0; -1. */
static int idle_renew(struct serve *v, struct err *err)
{
	int news = session_idle_end(v->session, err), r;

	if (news < 0)
		return -1;
	v->idle_since_ms = clock_mono_ms();
	r = session_idle(v->session, err);
	if (r == 0)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "the server refuses to go on in IDLE");
	return r < 0 ? -1 : news;
}

bool serve_rests(struct serve *v, bool renew)
{
	struct err err = {0};
	int r = 0;

	if (renew)
		r = idle_renew(v, &err);
	if (r == 0 && !v->told)
		r = session_idle_look(v->session, &err);
	if (r < 0)
		idle_failed(v, &err);
	else if (r > 0 && !v->told)
		idle_tell(v);
	if (v->over)
		return false;
	channel_slim(v->channel);
	return channel_is_quiet(v->channel);
}

void session_serve_waits(const struct serve *v, int *ret_channel_fd,
	int *ret_socket_fd, int64_t *ret_since_ms)
{
	*ret_channel_fd = channel_fd(v->channel);
	*ret_socket_fd = v->told ? -1 : session_idle_fd(v->session);
	*ret_since_ms = v->idle_since_ms;
}

bool session_serve_wait(const struct serve *v)
{
	struct pollfd p[2] = {
		{.events = POLLIN | POLLRDHUP}, {.events = POLLIN | POLLRDHUP}};
	int64_t since_ms, left_ms;

	session_serve_waits(v, &p[0].fd, &p[1].fd, &since_ms);
	for (;;) {
		left_ms = since_ms + SESSION_IDLE_RENEW_MS - clock_mono_ms();
		if (left_ms <= 0)
			return true;
		if (poll(p, 2, (int)left_ms) > 0)
			return false;
	}
}

void session_channel_serve(int channel_fd_taken, int socket_fd,
	session_serve_open_fn *open, void *arg)
{
	struct serve *v =
		session_serve_new(channel_fd_taken, socket_fd, open, arg);
	bool renew = false;

	while (session_serve(v, renew))
		renew = session_serve_wait(v);
	session_serve_free(&v);
}
