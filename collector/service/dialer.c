/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The session that a run gets is a thin one of our own round the channel's:
 * it turns whatever a cancelled session fails with into ERR_CANCELLED, and on
 * close lets go of the envoy and of the descriptor that a cancel shuts down.
 */
#include "dialer.h"

#include "../base/clock.h"
#include "../base/mem.h"
#include "../remote/dial.h"
#include "../remote/envoy.h"
#include "../remote/scout.h"
#include "../remote/session_channel.h"
#include "dialer_held.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS 30000
#define RESOLVE_MS 20000
#define HAND_OVER_TRIES 3
#define OPEN_TRIES 3

/* ---- the session of a run */

/* What a call ended with, as the run should see it. */
int held_outcome(struct held *h, int r, struct err *err)
{
	if (r >= 0)
		return r;
	if (atomic_load(h->dialer->cancel))
		return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "cancelled");
	if (err != NULL && err->class == ERR_CRASH)
		h->dialer->suspect = true;
	return -1;
}

static void held_info(struct session *s, struct session_info *ret_info)
{
	session_info(((struct held *)s)->inner, ret_info);
}

static int held_list(
	struct session *s, session_mailbox_fn *fn, void *arg, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(h, session_list(h->inner, fn, arg, err), err);
}

static int held_select(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(
		h, session_select(h->inner, mailbox, ret_state, err), err);
}

static int held_scan(struct session *s, uint32_t items, session_message_fn *fn,
	void *arg, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(
		h, session_scan(h->inner, items, fn, arg, err), err);
}

static int held_changes(struct session *s, uint64_t since_modseq,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(h,
		session_changes_peek(
			h->inner, since_modseq, peek, fn, arg, err),
		err);
}

static int held_fetch(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(
		h, session_fetch(h->inner, ranges, count, sink, err), err);
}

static int held_uids(
	struct session *s, session_range_fn *fn, void *arg, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(h, session_uids(h->inner, fn, arg, err), err);
}

static int held_statuses(struct session *s, const char *const *mailboxes,
	size_t count, session_status_fn *fn, void *arg, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(h,
		session_statuses(h->inner, mailboxes, count, fn, arg, err),
		err);
}

static int held_vanished(struct session *s, uint64_t since_modseq,
	session_range_fn *fn, void *arg, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(
		h, session_vanished(h->inner, since_modseq, fn, arg, err), err);
}

static int held_headers(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(
		h, session_headers(h->inner, ranges, count, sink, err), err);
}

static int held_fetch_piece(struct session *s,
	const struct session_piece *piece, const struct session_sink *sink,
	struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(
		h, session_fetch_piece(h->inner, piece, sink, err), err);
}

static const char *held_dialogue(struct session *s)
{
	return session_dialogue(((struct held *)s)->inner);
}

static int held_select_writable(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(h,
		session_select_writable(h->inner, mailbox, ret_state, err),
		err);
}

static int held_expunge(struct session *s, const struct uid_range *ranges,
	size_t count, session_range_fn *fn, void *arg, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(
		h, session_expunge(h->inner, ranges, count, fn, arg, err), err);
}

static int held_commit(struct session *s, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(h, session_commit(h->inner, err), err);
}

static int held_ahead(struct session *s, const struct session_ahead *what)
{
	session_ahead(((struct held *)s)->inner, what);
	return 0;
}

void dialer_forget_channel(struct dialer *d)
{
	(void)pthread_mutex_lock(&d->lock);
	if (d->channel_fd >= 0)
		(void)close(d->channel_fd);
	d->channel_fd = -1;
	(void)pthread_mutex_unlock(&d->lock);
}

static void held_close(struct session *s)
{
	struct held *h = (struct held *)s;

	session_close(&h->inner);
	dialer_forget_channel(h->dialer);
	envoys_release(h->dialer->envoys, &h->envoy);
	free(h);
}

static int held_idle(struct session *s, struct err *err)
{
	struct held *h = (struct held *)s;

	return held_outcome(h, session_idle(h->inner, err), err);
}

static const struct session_ops held_ops = {
	.info = held_info,
	.list = held_list,
	.select = held_select,
	.scan = held_scan,
	.changes = held_changes,
	.fetch = held_fetch,
	.uids = held_uids,
	.vanished = held_vanished,
	.statuses = held_statuses,
	.headers = held_headers,
	.fetch_piece = held_fetch_piece,
	.dialogue = held_dialogue,
	.select_writable = held_select_writable,
	.expunge = held_expunge,
	.commit = held_commit,
	.close = held_close,
	.ahead = held_ahead,
	.idle = held_idle,
};

/* ---- opening */

int dialer_init(struct dialer *d, struct err *err)
{
	(void)pthread_mutex_init(&d->lock, NULL);
	d->channel_fd = -1;
	d->suspect = false;
	d->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->cancel_fd < 0)
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, errno, "eventfd");
	return 0;
}

void dialer_clear(struct dialer *d)
{
	if (d->cancel_fd >= 0)
		(void)close(d->cancel_fd);
	(void)pthread_mutex_destroy(&d->lock);
}

void dialer_cancel(struct dialer *d)
{
	const uint64_t one = 1;

	if (write(d->cancel_fd, &one, sizeof one) < 0) {
		/* it is readable already */
	}
	(void)pthread_mutex_lock(&d->lock);
	if (d->channel_fd >= 0)
		(void)shutdown(d->channel_fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&d->lock);
	envoys_wake(d->envoys);
}

static int resolve(struct dialer *d, const struct url *url,
	struct sockaddr_storage *addresses, size_t *ret_count, struct err *err)
{
	const struct scout_host host = {
		url->host, url->port, d->settings->network_resolver};
	int scout = -1, r;

	if (envoys_scout(d->envoys, d->cancel, &scout, err) < 0)
		return -1;
	r = scout_resolve(scout, &host, RESOLVE_MS, addresses, ret_count, err);
	(void)close(scout);
	return r;
}

/* One remote host: address and port, however it was spelt. */
static void host_key(
	const struct sockaddr_storage *peer, char *out, size_t out_bytes)
{
	char host[INET6_ADDRSTRLEN] = "";
	unsigned port;

	if (peer->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)peer;
		(void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		port = ntohs(in6->sin6_port);
	} else {
		const struct sockaddr_in *in = (const void *)peer;
		(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		port = ntohs(in->sin_port);
	}
	(void)snprintf(out, out_bytes, "[%s]:%u", host, port);
}

/* Hands both sockets to an envoy of that host; one that died meanwhile is
 * replaced. Leaves our end of the channel in *ret_channel. */
static int hand_over(struct dialer *d, const char *key, int socket_fd,
	int anchors_fd, struct envoy **ret_envoy, int *ret_channel,
	struct err *err)
{
	for (int try = 0;; try++) {
		struct envoy *envoy = NULL;
		int pair[2], r;

		if (envoys_acquire(d->envoys, key, d->suspect, d->cancel,
			    &envoy, err) < 0)
			return -1;
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) <
			0) {
			envoys_release(d->envoys, &envoy);
			return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
				ERR_RETRY_LATER, errno,
				"cannot make a socket pair");
		}
		r = envoy_hand_over(envoy_control_fd(envoy), pair[1], socket_fd,
			anchors_fd, err);
		(void)close(pair[1]);
		if (r == 0) {
			*ret_envoy = envoy;
			*ret_channel = pair[0];
			return 0;
		}
		(void)close(pair[0]);
		envoys_release(d->envoys, &envoy);
		if (try + 1 >= HAND_OVER_TRIES)
			return -1;
	}
}

void dialer_note_channel(struct dialer *d, int channel_fd)
{
	(void)pthread_mutex_lock(&d->lock);
	d->channel_fd = fcntl(channel_fd, F_DUPFD_CLOEXEC, 3);
	if (atomic_load(d->cancel))
		(void)shutdown(channel_fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&d->lock);
}

struct held *held_new(struct dialer *d, struct envoy *envoy)
{
	struct held *h = mem_alloc(sizeof *h);

	h->base.ops = &held_ops;
	h->dialer = d;
	h->envoy = envoy;
	return h;
}

static int speak(struct dialer *d, const struct session_config *config,
	int channel_fd, struct envoy *envoy, struct session **ret_session,
	struct err *err)
{
	struct held *h = held_new(d, envoy);

	dialer_note_channel(d, channel_fd);
	if (held_outcome(h,
		    session_channel_open(channel_fd, config, &h->inner, err),
		    err) < 0) {
		dialer_forget_channel(d);
		envoys_release(d->envoys, &h->envoy);
		free(h);
		return -1;
	}
	*ret_session = &h->base;
	return 0;
}

/* A login more, once the host's budget has one. */
static int wait_for_login(
	struct dialer *d, const struct session_config *config, struct err *err)
{
	if (d->allowance == NULL || strcmp(config->url.host, d->host) != 0 ||
		allowance_log_in(d->allowance, d->cancel))
		return 0;
	return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"cancelled");
}

static int open_once(struct dialer *d, const struct session_config *config,
	const char *ca_file, struct session **ret_session, struct err *err)
{
	const struct dial_policy policy = {
		.allow_private = d->settings->network_allow_private,
		.ports = d->settings->network_ports,
		.allow = d->settings->network_allow,
	};
	struct sockaddr_storage addresses[SCOUT_ADDRESSES_MAX], peer;
	struct envoy *envoy = NULL;
	size_t count = 0;
	char key[128];
	int anchors_fd = -1, socket_fd = -1, channel_fd = -1, r;

	if (config->url.tls == TLS_NONE && !d->settings->tls_allow_plain) {
		(void)err_set(err, ERR_POLICY, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"this account asks for no TLS, which the operator "
			"forbids");
		return err_hint(err, "remove ?security=none from the "
				     "account's URL, or set "
				     "tls.allow_plain=yes");
	}
	if (wait_for_login(d, config, err) < 0 ||
		anchors_get(d->anchors,
			config->url.tls == TLS_NONE ? NULL : ca_file,
			&anchors_fd, err) < 0 ||
		resolve(d, &config->url, addresses, &count, err) < 0 ||
		dial_connect(&policy, config->url.host, addresses, count,
			CONNECT_MS, d->cancel_fd, &socket_fd, &peer, err) < 0)
		return -1;
	host_key(&peer, key, sizeof key);
	r = hand_over(d, key, socket_fd, anchors_fd, &envoy, &channel_fd, err);
	(void)close(socket_fd);
	if (r < 0)
		return -1;
	return speak(d, config, channel_fd, envoy, ret_session, err);
}

/* An envoy that dies is replaced, by one of this run's own. */
int dialer_open(void *dialer, const struct session_config *config,
	const char *ca_file, struct session **ret_session, struct err *err)
{
	struct dialer *d = dialer;

	if (dialer_take_offered(d, config->wait, ret_session))
		return 0;
	for (int try = 1;; try++) {
		struct err why = {0};
		if (open_once(d, config, ca_file, ret_session, &why) == 0)
			return 0;
		if (why.class == ERR_CRASH && try < OPEN_TRIES)
			continue;
		if (err != NULL)
			*err = why;
		return -1;
	}
}
