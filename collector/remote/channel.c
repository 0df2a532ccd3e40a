/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing gathers frames in `out`, which grows by doubling (the frame under
 * way included, at most GATHER_BYTES + one frame). Reading keeps `in`, where a
 * frame is parsed as it was received: it grows to IN_BUSY_BYTES when more
 * arrives than fits, and beyond only for a frame that is larger. There are as
 * many of both as sessions, twice: so they begin small.
 *
 * A cancel is a flag and shutdown(2): it wakes whoever blocks, here and at
 * the far end, and needs no descriptor of its own.
 */
#include "channel_impl.h"

#include "../base/mem.h"
#include "session.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define GATHER_BYTES ((size_t)24576)
#define OUT_FIRST_BYTES ((size_t)1024)
#define OUT_KEEP_BYTES ((size_t)4096)
#define IN_FIRST_BYTES ((size_t)4096)
#define IN_BUSY_BYTES ((size_t)16384)
#define TURN 8			   /* others get theirs after so many pieces */
#define COPY_BYTES ((size_t)16384) /* below, a copy is cheaper than a call */

struct channel *channel_new(int fd)
{
	struct channel *c = mem_alloc(sizeof *c);

	c->fd = fd;
	c->send_timeout_ms = -1;
	c->out = mem_array(OUT_FIRST_BYTES, 1);
	c->out_cap = OUT_FIRST_BYTES;
	c->in = mem_array(IN_FIRST_BYTES, 1);
	c->in_cap = IN_FIRST_BYTES;
	atomic_init(&c->cancelled, false);
	return c;
}

void channel_free(struct channel **c)
{
	if (*c == NULL)
		return;
	/* The peer learns of it even where somebody holds a duplicate. */
	(void)shutdown((*c)->fd, SHUT_RDWR);
	(void)close((*c)->fd);
	free((*c)->out);
	free((*c)->in);
	free(*c);
	*c = NULL;
}

int channel_fd(const struct channel *c)
{
	return c->fd;
}

void channel_cancel(struct channel *c)
{
	atomic_store(&c->cancelled, true);
	(void)shutdown(c->fd, SHUT_RDWR);
}

void channel_set_send_timeout(struct channel *c, int64_t ms)
{
	c->send_timeout_ms = ms;
}

void channel_cleanse(struct channel *c)
{
	explicit_bzero(c->out + c->out_len, c->out_cap - c->out_len);
	explicit_bzero(c->in, c->in_pos);
	explicit_bzero(c->in + c->in_end, c->in_high - c->in_end);
	c->in_high = c->in_end;
	c->left = 0;
}

void channel_set_wait(struct channel *c, const struct session_wait *wait)
{
	c->wait = wait;
}

static int cancelled(struct err *err)
{
	return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"cancelled");
}

static int peer_gone(const struct channel *c, const char *what, struct err *err)
{
	if (atomic_load(&c->cancelled))
		return cancelled(err);
	return err_set(err, ERR_CRASH, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the process at the other end %s", what);
}

static void let_others(const struct channel *c, bool begin)
{
	int errnum = errno;

	if (c->wait != NULL && c->wait->begin != NULL) {
		if (begin)
			c->wait->begin(c->wait->arg);
		else
			c->wait->end(c->wait->arg);
	}
	errno = errnum;
}

/* Waits for events: 0 ready, -1. */
static int wait_for(const struct channel *c, short events, int64_t timeout_ms,
	struct err *err)
{
	struct pollfd p = {.fd = c->fd, .events = events};
	int ms = timeout_ms < 0		? -1
		 : timeout_ms < 1 << 30 ? (int)timeout_ms
					: 1 << 30;
	int r;

	let_others(c, true);
	do
		r = poll(&p, 1, ms);
	while (r < 0 && errno == EINTR);
	let_others(c, false);
	if (atomic_load(&c->cancelled))
		return cancelled(err);
	if (r == 0)
		return err_set(err, ERR_TIMEOUT, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"the process at the other end was silent for %lld s",
			(long long)(timeout_ms / 1000));
	if (r < 0)
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, errno, "poll");
	return 0;
}

/* Writing. */

void channel_out_reserve(struct channel *c, size_t n)
{
	size_t cap = c->out_cap;
	char *grown;

	if (cap - c->out_len >= n)
		return;
	/* Few steps: each leaves a hole behind. */
	if (cap < GATHER_BYTES)
		cap = cap < OUT_KEEP_BYTES ? OUT_KEEP_BYTES : GATHER_BYTES;
	while (cap - c->out_len < n)
		cap *= 2;
	/* Not realloc: what is left behind might be a secret. */
	grown = mem_array(cap, 1);
	memcpy(grown, c->out, c->out_len);
	explicit_bzero(c->out, c->out_len);
	free(c->out);
	c->out = grown;
	c->out_cap = cap;
}

/* Sends all of iov, which is used up. */
static int send_all(
	struct channel *c, struct iovec *iov, size_t count, struct err *err)
{
	while (count > 0) {
		struct msghdr m = {.msg_iov = iov, .msg_iovlen = count};
		ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (wait_for(c, POLLOUT, c->send_timeout_ms, err) < 0)
				return -1;
			continue;
		}
		if (n < 0)
			return peer_gone(c, "has gone", err);
		while (count > 0 && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			count--;
		}
		if (count > 0) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

int channel_flush(struct channel *c, struct err *err)
{
	struct iovec iov = {.iov_base = c->out, .iov_len = c->out_len};

	assert(!c->building);
	if (atomic_load(&c->cancelled))
		return cancelled(err);
	if (c->out_len == 0)
		return 0;
	c->out_len = 0; /* after a failure nothing is sent twice */
	return send_all(c, &iov, 1, err);
}

int channel_send(struct channel *c, struct err *err)
{
	size_t n = c->out_len - c->frame - CHANNEL_HEAD_BYTES;

	assert(c->building);
	c->building = false;
	if (n > CHANNEL_MAX) {
		c->out_len = c->frame;
		return err_set(err, ERR_LIMIT, ERR_SCOPE_SESSION,
			ERR_RETRY_CHANGE, "a frame of over %d bytes",
			CHANNEL_MAX);
	}
	channel_store_le(c->out + c->frame, n, 4);
	return c->out_len >= GATHER_BYTES ? channel_flush(c, err) : 0;
}

int channel_send_bytes(struct channel *c, uint8_t type, const void *p, size_t n,
	struct err *err)
{
	char head[CHANNEL_HEAD_BYTES];
	struct iovec iov[3];

	assert(!c->building && n <= CHANNEL_MAX);
	if (n <= COPY_BYTES) {
		if (c->out_len + CHANNEL_HEAD_BYTES + n > GATHER_BYTES &&
			channel_flush(c, err) < 0)
			return -1;
		channel_begin(c, type);
		channel_put_raw(c, p, n);
		return channel_send(c, err);
	}
	if (atomic_load(&c->cancelled))
		return cancelled(err);
	channel_store_le(head, n, 4);
	head[4] = (char)type;
	iov[0] = (struct iovec){.iov_base = c->out, .iov_len = c->out_len};
	iov[1] = (struct iovec){.iov_base = head, .iov_len = sizeof head};
	iov[2].iov_base = (void *)(uintptr_t)p; /* sendmsg only reads it */
	iov[2].iov_len = n;
	c->out_len = 0;
	return send_all(c, iov, 3, err);
}

/* Reading. */

/* 1 and a whole frame, 0: more bytes are needed, -1: too long. */
static int next_frame(struct channel *c, uint8_t *ret_type, struct err *err)
{
	const char *p = c->in + c->in_pos;
	size_t have = c->in_end - c->in_pos, n;

	if (have < CHANNEL_HEAD_BYTES)
		return 0;
	n = (size_t)channel_load_le(p, 4);
	if (n > CHANNEL_MAX)
		return err_set(err, ERR_CRASH, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
			"the process at the other end sent a frame of %zu "
			"bytes",
			n);
	if (have - CHANNEL_HEAD_BYTES < n)
		return 0;
	c->payload = p + CHANNEL_HEAD_BYTES;
	c->left = n;
	c->bad = false;
	c->in_pos += CHANNEL_HEAD_BYTES + n;
	*ret_type = (uint8_t)p[4];
	return 1;
}

/* A session that waits for its next question keeps no room for answers. */
static void out_shrink(struct channel *c)
{
	if (c->out_cap <= OUT_KEEP_BYTES)
		return;
	explicit_bzero(c->out, c->out_cap);
	free(c->out);
	c->out = mem_array(OUT_FIRST_BYTES, 1);
	c->out_cap = OUT_FIRST_BYTES;
}

bool channel_is_quiet(const struct channel *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLRDHUP};

	return c->in_pos == c->in_end && poll(&p, 1, 0) == 0;
}

void channel_slim(struct channel *c)
{
	if (c->out_len == 0)
		out_shrink(c);
	if (c->in_pos != c->in_end || c->in_cap <= IN_FIRST_BYTES)
		return;
	explicit_bzero(c->in, c->in_high);
	free(c->in);
	c->in = mem_array(IN_FIRST_BYTES, 1);
	c->in_cap = IN_FIRST_BYTES;
	c->in_pos = c->in_end = c->in_high = 0;
	c->left = 0;
}

/* The frame under way moves to the front of a larger buffer. */
static void in_grow(struct channel *c, size_t cap)
{
	size_t have = c->in_end - c->in_pos;
	/* Not realloc: what is left behind might be a secret. */
	char *grown = mem_array(cap, 1);

	memcpy(grown, c->in + c->in_pos, have);
	explicit_bzero(c->in, c->in_high);
	free(c->in);
	c->in = grown;
	c->in_cap = cap;
	c->in_pos = 0;
	c->in_end = c->in_high = have;
}

/* Room behind what has arrived, for all of the frame under way. */
static void make_room(struct channel *c)
{
	size_t have = c->in_end - c->in_pos, need = CHANNEL_HEAD_BYTES;
	size_t cap = c->in_cap;

	c->left = 0;
	if (have >= CHANNEL_HEAD_BYTES)
		need += (size_t)channel_load_le(c->in + c->in_pos, 4);
	if (c->in_end == cap && cap < IN_BUSY_BYTES)
		cap = IN_BUSY_BYTES;
	while (cap < need)
		cap = cap * 2 < CHANNEL_FRAME_BYTES ? cap * 2
						    : CHANNEL_FRAME_BYTES;
	if (cap != c->in_cap) {
		in_grow(c, cap);
		return;
	}
	if (have != 0 && c->in_pos < cap / 2 && c->in_pos + need <= cap)
		return;
	memmove(c->in, c->in + c->in_pos, have);
	c->in_pos = 0;
	c->in_end = have;
}

/* 1 received something, 0 end of file, -1. */
static int fill(struct channel *c, int64_t timeout_ms, struct err *err)
{
	make_room(c);
	for (;;) {
		ssize_t n = recv(c->fd, c->in + c->in_end,
			c->in_cap - c->in_end, MSG_DONTWAIT);
		if (n > 0) {
			if (++c->received % TURN == 0) {
				let_others(c, true);
				let_others(c, false);
			}
			c->in_end += (size_t)n;
			if (c->in_high < c->in_end)
				c->in_high = c->in_end;
			return 1;
		}
		if (n == 0 || errno == ECONNRESET)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
				ERR_RETRY_LATER, errno, "recv");
		if (channel_flush(c, err) < 0)
			return -1;
		out_shrink(c);
		if (wait_for(c, POLLIN, timeout_ms, err) < 0)
			return -1;
	}
}

int channel_recv(struct channel *c, int64_t timeout_ms, uint8_t *ret_type,
	struct err *err)
{
	int r;

	if (atomic_load(&c->cancelled))
		return cancelled(err);
	while ((r = next_frame(c, ret_type, err)) == 0) {
		r = fill(c, timeout_ms, err);
		if (r < 0)
			return -1;
		if (r == 0 && atomic_load(&c->cancelled))
			return cancelled(err);
		if (r == 0 && c->in_pos != c->in_end)
			return peer_gone(
				c, "ended in the middle of an answer", err);
		if (r == 0)
			return 0;
	}
	return r;
}
