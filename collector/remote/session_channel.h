/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_channel: both ends of a session that lives in an envoy. The
 * conductor's run thread opens one on its end of a socketpair; the envoy's
 * session thread serves the other end with session_open_anchors.
 */
#ifndef MAILHAUL_REMOTE_SESSION_CHANNEL_H
#define MAILHAUL_REMOTE_SESSION_CHANNEL_H

#include "session.h"

/*
 * Conductor: sends OPEN with config, waits until the envoy has logged in.
 * Takes channel_fd, even on failure. Everything that comes back is checked;
 * an envoy that dies, or whose answer makes no sense, gives ERR_CRASH/session/
 * now, one that is silent for longer than limits.idle_ms + 30 s gives
 * ERR_TIMEOUT. A body over limits.message_bytes, or more messages or mailboxes
 * than the limits allow, is ERR_LIMIT/session/now: nothing more is read, and
 * the run finds the message by asking for smaller ranges. A body whose UID is
 * outside the ranges asked for comes without MESSAGE_HAS_UID.
 */
int session_channel_open(int channel_fd, const struct session_config *config,
	struct session **ret_session, struct err *err);
/* Any thread: makes the running call fail with ERR_CANCELLED. */
void session_channel_cancel(struct session *s);

/* Conductor: the session waits in IDLE (session_idle), and its descriptor is
 * readable: 1: there is news; 0: not yet; -1: it is over, and err says why. */
int session_channel_news(struct session *s, struct err *err);
/* Who is told of its waiting from now on (session_config.wait): a session that
 * outlives a run must not remember that run's. */
void session_channel_set_wait(
	struct session *s, const struct session_wait *wait);
/* To be polled for reading while it waits. */
int session_channel_fd(const struct session *s);

/* `open` takes socket_fd, even on failure, as session_open_direct does; the
 * secret is cleansed when it has returned. */
typedef int session_serve_open_fn(void *arg,
	const struct session_config *config, int socket_fd, int hangup_fd,
	struct session **ret_session, struct err *err);

/*
 * Envoy: one session, served by whichever thread calls session_serve. Takes
 * channel_fd and socket_fd.
 */
struct serve;
struct serve *session_serve_new(
	int channel_fd, int socket_fd, session_serve_open_fn *open, void *arg);
void session_serve_free(struct serve **serve);
/*
 * Serves until either end closes: false, and all that is left is
 * session_serve_free. True: the session waits in IDLE and needs no thread; to
 * be called again when one of session_serve_waits is readable, or with renew
 * when SESSION_IDLE_RENEW_MS have passed.
 */
bool session_serve(struct serve *serve, bool renew);
#define SESSION_IDLE_RENEW_MS (INT64_C(25) * 60 * 1000)
/* What it waits for (ret_socket_fd: -1 = nothing more), and since when, on
 * the monotonic clock. */
void session_serve_waits(const struct serve *serve, int *ret_channel_fd,
	int *ret_socket_fd, int64_t *ret_since_ms);
/* Waits for that on this thread. True: it is to be renewed. */
bool session_serve_wait(const struct serve *serve);
/* All in one, on one thread, waits included. */
void session_channel_serve(
	int channel_fd, int socket_fd, session_serve_open_fn *open, void *arg);

#endif
