/* SPDX-License-Identifier: BSD-2-Clause */
/* channel_impl: what channel.c (the socket) and channel_value.c (the values
 * inside a frame) share. Nobody else includes it. */
#ifndef MAILHAUL_REMOTE_CHANNEL_IMPL_H
#define MAILHAUL_REMOTE_CHANNEL_IMPL_H

#include "channel.h"

#include <stdatomic.h>

#define CHANNEL_HEAD_BYTES ((size_t)5)
#define CHANNEL_FRAME_BYTES (CHANNEL_HEAD_BYTES + CHANNEL_MAX)

struct channel {
	int fd;
	atomic_bool cancelled;
	int64_t send_timeout_ms;
	const struct session_wait *wait;
	unsigned received; /* times, without a wait */

	char *out;
	size_t out_len;
	size_t out_cap;
	size_t frame; /* where in out the frame under way begins */
	bool building;

	char *in;
	size_t in_cap;
	size_t in_pos;	/* the next frame */
	size_t in_end;	/* behind the last byte received */
	size_t in_high; /* behind the last byte ever written */
	const char *payload;
	size_t left; /* of payload, not read yet */
	bool bad;    /* a getter has failed */
};

/* Little-endian, as everything in a frame. */
void channel_store_le(char *p, uint64_t v, size_t bytes);
uint64_t channel_load_le(const char *p, size_t bytes);
/* n bytes as they are into the frame under way. */
void channel_put_raw(struct channel *c, const void *p, size_t n);
/* Room for n more bytes in out. */
void channel_out_reserve(struct channel *c, size_t n);

#endif
