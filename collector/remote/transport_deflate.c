/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COMPRESS=DEFLATE (RFC 4978): a layer between the socket (or TLS) and all
 * that reads: guard, libetpan, log. Our own commands are short, so their side
 * has the smallest window there is; the server's needs 32 KiB (RFC 1951).
 * Only after the login: no secret shares a window with a server's bytes.
 */
#define ZLIB_CONST
#include "../base/mem.h"
#include "transport_state.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <zlib.h>

#define DEFLATE_IN_BYTES 8192
#define DEFLATE_OUT_BYTES 4096
/* The command side: window 2^9, memory 2^(1 + 9). */
#define DEFLATE_WINDOW (-9)
#define DEFLATE_MEMORY 1
/* Whatever mail is made of shrinks less than this; more of it than a message
 * may have is no mail. */
#define DEFLATE_RATIO_MAX 100

struct deflate {
	z_stream in, out;
	uint64_t wire_bytes, plain_bytes, spare_bytes;
	unsigned char received[DEFLATE_IN_BYTES];
	unsigned char sent[DEFLATE_OUT_BYTES];
	size_t sent_at, sent_n; /* compressed, not sent yet */
};

int transport_start_deflate(
	struct transport *t, uint64_t spare_bytes, struct err *err)
{
	struct deflate *d = mem_alloc(sizeof *d);

	d->spare_bytes = spare_bytes;
	if (inflateInit2(&d->in, -MAX_WBITS) != Z_OK ||
		deflateInit2(&d->out, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
			DEFLATE_WINDOW, DEFLATE_MEMORY,
			Z_DEFAULT_STRATEGY) != Z_OK) {
		transport_deflate_free(&d);
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "compression cannot be started");
	}
	t->deflate = d;
	return 0;
}

void transport_deflate_free(struct deflate **d)
{
	if (*d == NULL)
		return;
	(void)inflateEnd(&(*d)->in);
	(void)deflateEnd(&(*d)->out);
	free(*d);
	*d = NULL;
}

int64_t transport_rtt_us(const struct transport *t)
{
	struct tcp_info info;
	socklen_t n = sizeof info;

	memset(&info, 0, sizeof info);
	if (t->fd < 0 ||
		getsockopt(t->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
		return -1;
	return info.tcpi_rtt;
}

static int fail_inflate(struct transport *t, const char *why)
{
	return transport_fail(t, ERR_PROTOCOL, ERR_SCOPE_SESSION,
		ERR_RETRY_LATER, "the server's compressed bytes %s", why);
}

/* What is there already, unpacked; 0: more has to be received. */
static ssize_t inflate_some(struct transport *t, void *buf, size_t n)
{
	struct deflate *d = t->deflate;
	size_t got;
	int r;

	d->in.next_out = buf;
	d->in.avail_out = (uInt)n;
	r = inflate(&d->in, Z_SYNC_FLUSH);
	got = n - d->in.avail_out;
	d->plain_bytes += got;
	if (r != Z_OK && r != Z_BUF_ERROR)
		return fail_inflate(
			t, r == Z_STREAM_END ? "have ended" : "are damaged");
	if (d->plain_bytes > d->spare_bytes + DEFLATE_RATIO_MAX * d->wire_bytes)
		return transport_fail(t, ERR_LIMIT, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"the server's bytes unpack to more than mail can be");
	return (ssize_t)got;
}

ssize_t transport_deflate_recv(struct transport *t, void *buf, size_t n)
{
	struct deflate *d = t->deflate;

	if (n > INT_MAX)
		n = INT_MAX;
	for (;;) {
		ssize_t r = inflate_some(t, buf, n);
		if (r != 0)
			return r;
		r = transport_recv_wire(t, d->received, sizeof d->received);
		if (r < 0)
			return -1;
		d->wire_bytes += (uint64_t)r;
		d->in.next_in = d->received;
		d->in.avail_in = (uInt)r;
	}
}

static int send_packed(struct transport *t)
{
	struct deflate *d = t->deflate;

	while (d->sent_at < d->sent_n) {
		ssize_t r = transport_send_wire(
			t, d->sent + d->sent_at, d->sent_n - d->sent_at);
		if (r < 0)
			return -1;
		d->sent_at += (size_t)r;
	}
	d->sent_at = d->sent_n = 0;
	return 0;
}

ssize_t transport_deflate_send(struct transport *t, const void *buf, size_t n)
{
	struct deflate *d = t->deflate;

	if (n > INT_MAX)
		n = INT_MAX;
	d->out.next_in = buf;
	d->out.avail_in = (uInt)n;
	do {
		d->out.next_out = d->sent;
		d->out.avail_out = sizeof d->sent;
		(void)deflate(&d->out, Z_SYNC_FLUSH);
		d->sent_n = sizeof d->sent - d->out.avail_out;
		if (send_packed(t) < 0)
			return -1;
	} while (d->out.avail_out == 0);
	return (ssize_t)n;
}
