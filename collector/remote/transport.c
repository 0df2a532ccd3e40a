/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every call that would block waits in transport_wait, on four things at once:
 * the socket, the far end of the session's channel, a cancel from another
 * thread, and the nearest of three limits in time. Where bytes flow without a
 * pause, transport_check looks at them four times a second.
 */
#include "transport.h"

#include "../base/clock.h"
#include "../base/mem.h"
#include "transport_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHECK_EVERY_MS 250

struct transport *transport_new(int fd, const struct transport_config *config)
{
	struct transport *t = mem_alloc(sizeof *t);
	int flags = fcntl(fd, F_GETFL);

	t->fd = fd;
	t->hangup_fd = config->hangup_fd;
	t->effort = config->effort;
	t->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->idle_ms = config->idle_ms;
	if (config->deadline_ms > 0)
		t->session_end_ms = clock_mono_ms() + config->deadline_ms;
	if (config->limits != NULL)
		t->guard =
			guard_new(config->limits, config->tap, config->tap_arg);
	t->wire_log = config->wire_log;
	if (config->wire_log)
		t->wire = wire_new(config->limits != NULL, true);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		t->cancel_fd < 0)
		(void)transport_fail(t, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "cannot prepare the connection");
	return t;
}

void transport_free(struct transport **t)
{
	if (*t == NULL)
		return;
	transport_close(*t);
	if ((*t)->cancel_fd >= 0)
		(void)close((*t)->cancel_fd);
	X509_free((*t)->leaf);
	guard_free(&(*t)->guard);
	wire_free(&(*t)->wire);
	transport_deflate_free(&(*t)->deflate);
	free(*t);
	*t = NULL;
}

void transport_close(struct transport *t)
{
	if (t->ssl != NULL) {
		if (!t->failed && !t->poisoned)
			(void)SSL_shutdown(t->ssl);
		SSL_free(t->ssl);
		t->ssl = NULL;
	}
	if (t->fd >= 0)
		(void)close(t->fd);
	t->fd = -1;
	t->poisoned = true;
}

/* ---- errors ---- */

int transport_fail(struct transport *t, enum err_class class,
	enum err_scope scope, enum err_retry retry, const char *fmt, ...)
{
	char text[sizeof t->err.text];
	va_list ap;

	if (t->failed)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	t->failed = true;
	return err_set(&t->err, class, scope, retry, "%s", text);
}

static int fail_sys(struct transport *t, int errnum)
{
	char why[128];

	if (strerror_r(errnum, why, sizeof why) != 0)
		(void)snprintf(why, sizeof why, "error %d", errnum);
	return transport_fail(t, ERR_NETWORK, ERR_SCOPE_SESSION,
		ERR_RETRY_LATER, "the connection was lost: %s", why);
}

static int fail_eof(struct transport *t)
{
	return transport_fail(t, ERR_NETWORK, ERR_SCOPE_SESSION,
		ERR_RETRY_LATER, "the server closed the connection");
}

static int fail_cancelled(struct transport *t)
{
	return transport_fail(t, ERR_CANCELLED, ERR_SCOPE_SESSION,
		ERR_RETRY_NOW, "cancelled");
}

bool transport_failed(const struct transport *t)
{
	return t->failed || t->poisoned;
}

int transport_err(
	const struct transport *t, const char *otherwise, struct err *err)
{
	if (!t->failed)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "%s", otherwise);
	if (err != NULL)
		*err = t->err;
	return -1;
}

void transport_poison(struct transport *t)
{
	t->poisoned = true;
}

void transport_cancel(struct transport *t)
{
	uint64_t one = 1;

	atomic_store(&t->cancelled, 1);
	if (write(t->cancel_fd, &one, sizeof one) < 0) {
		/* full: it is readable already */
	}
}

/* ---- time ---- */

void transport_set_deadline(struct transport *t, int64_t ms)
{
	t->command_end_ms = ms > 0 ? clock_mono_ms() + ms : 0;
}

void transport_set_session_deadline(struct transport *t, int64_t deadline_ms)
{
	t->session_end_ms = deadline_ms > 0 ? clock_mono_ms() + deadline_ms : 0;
}

void transport_begin_command(struct transport *t)
{
	if (t->guard != NULL)
		guard_begin_command(t->guard);
}

void transport_set_budget(struct transport *t, uint64_t bytes)
{
	t->budget_end = bytes != 0 ? t->bytes_in + bytes : 0;
}

void transport_private(struct transport *t, bool on)
{
	if (t->wire != NULL)
		wire_private(t->wire, on);
}

void transport_record(struct transport *t)
{
	if (t->wire == NULL)
		t->wire = wire_new(t->guard != NULL, false);
	wire_record(t->wire);
}

void transport_recorded(struct transport *t, char *out, size_t out_bytes)
{
	out[0] = '\0';
	if (t->wire == NULL)
		return;
	wire_recorded(t->wire, out, out_bytes);
	if (!t->wire_log)
		wire_free(&t->wire);
}

uint64_t transport_bytes_in(const struct transport *t)
{
	return t->bytes_in;
}

int transport_fd(const struct transport *t)
{
	return t->fd;
}

/* Milliseconds until the nearest limit, idle_end_ms included; -1 with a sticky
 * error if it is past. */
static int64_t time_left(struct transport *t, int64_t now, int64_t idle_end_ms)
{
	int64_t end = INT64_MAX;

	if (t->session_end_ms != 0)
		end = t->session_end_ms;
	if (t->command_end_ms != 0 && t->command_end_ms < end)
		end = t->command_end_ms;
	if (end <= now)
		return transport_fail(t, ERR_TIMEOUT, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "the server took too long to answer");
	if (idle_end_ms <= now)
		return transport_fail(t, ERR_TIMEOUT, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"no byte from the server for %" PRId64 " s",
			(t->idle_ms + 999) / 1000);
	if (idle_end_ms < end)
		end = idle_end_ms;
	return end - now;
}

/* 1: something on the socket; 0: nothing in timeout_ms; -1: sticky. */
static int look(struct transport *t, short events, int timeout_ms)
{
	struct pollfd p[3] = {
		{.fd = t->fd, .events = events},
		{.fd = t->cancel_fd, .events = POLLIN},
		{.fd = t->hangup_fd, .events = POLLRDHUP},
	};
	int r = poll(p, 3, timeout_ms);

	effort_mark(t->effort);
	t->polled_ms = clock_mono_ms();
	if (r < 0)
		return errno == EINTR ? 0 : fail_sys(t, errno);
	if (p[1].revents != 0 || p[2].revents != 0 ||
		atomic_load(&t->cancelled) != 0)
		return fail_cancelled(t);
	return p[0].revents != 0 ? 1 : 0;
}

int transport_check(struct transport *t)
{
	int64_t now;

	if (t->failed || t->poisoned)
		return -1;
	if (atomic_load(&t->cancelled) != 0)
		return fail_cancelled(t);
	now = clock_mono_ms();
	if (time_left(t, now, INT64_MAX) < 0)
		return -1;
	if (now - t->polled_ms < CHECK_EVERY_MS)
		return 0;
	return look(t, 0, 0) < 0 ? -1 : 0;
}

int transport_wait(struct transport *t, short events)
{
	int64_t now = clock_mono_ms();
	int64_t idle_end = t->idle_ms > 0 ? now + t->idle_ms : INT64_MAX;

	if (t->no_wait) {
		t->would_wait = true;
		return -1;
	}
	for (;;) {
		int64_t left = time_left(t, now, idle_end);
		int r;
		if (left < 0)
			return -1;
		r = look(t, events, left < INT_MAX ? (int)left : INT_MAX);
		if (r != 0)
			return r < 0 ? -1 : 0;
		now = t->polled_ms;
	}
}

/* ---- bytes ---- */

/* Cuts n to what the budget leaves; -1 where that is nothing. */
static int recv_budget(struct transport *t, size_t *n)
{
	uint64_t left;

	if (t->budget_end == 0)
		return 0;
	left = t->budget_end > t->bytes_in ? t->budget_end - t->bytes_in : 0;
	if (left == 0)
		return transport_fail(t, ERR_LIMIT, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"the server's answer is longer than any should be");
	if (*n > left)
		*n = (size_t)left;
	return 0;
}

ssize_t transport_recv_wire(struct transport *t, void *buf, size_t n)
{
	if (n == 0 || transport_check(t) < 0 || recv_budget(t, &n) < 0)
		return -1;
	if (n > INT_MAX)
		n = INT_MAX;
	for (;;) {
		ssize_t r;
		if (t->ssl != NULL) {
			ERR_clear_error();
			r = SSL_read(t->ssl, buf, (int)n);
			if (r <= 0 && transport_tls_step(t, (int)r) < 0)
				return -1;
		} else {
			r = recv(t->fd, buf, n, 0);
			if (r == 0)
				return fail_eof(t);
			if (r < 0 && errno != EAGAIN && errno != EINTR)
				return fail_sys(t, errno);
			if (r < 0 && errno == EAGAIN &&
				transport_wait(t, POLLIN) < 0)
				return -1;
		}
		if (r <= 0)
			continue;
		t->bytes_in += (uint64_t)r;
		return r;
	}
}

ssize_t transport_send_wire(struct transport *t, const void *buf, size_t n)
{
	if (n == 0 || transport_check(t) < 0)
		return -1;
	if (n > INT_MAX)
		n = INT_MAX;
	for (;;) {
		ssize_t r;
		if (t->ssl != NULL) {
			ERR_clear_error();
			r = SSL_write(t->ssl, buf, (int)n);
			if (r <= 0 && transport_tls_step(t, (int)r) < 0)
				return -1;
		} else {
			r = send(t->fd, buf, n, MSG_NOSIGNAL);
			if (r < 0 && errno != EAGAIN && errno != EINTR)
				return fail_sys(t, errno);
			if (r < 0 && errno == EAGAIN &&
				transport_wait(t, POLLOUT) < 0)
				return -1;
		}
		if (r > 0)
			return r;
	}
}

ssize_t transport_recv(struct transport *t, void *buf, size_t n)
{
	if (t->deflate != NULL && n != 0)
		return transport_deflate_recv(t, buf, n);
	return transport_recv_wire(t, buf, n);
}

ssize_t transport_send(struct transport *t, const void *buf, size_t n)
{
	if (t->deflate != NULL && n != 0)
		return transport_deflate_send(t, buf, n);
	return transport_send_wire(t, buf, n);
}
