/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channel: frames over a stream socketpair between conductor and envoy (or
 * scout). A frame is a 4-byte little-endian payload length (≤ CHANNEL_MAX), a
 * 1-byte type and the payload. The kernel's buffer is the flow control;
 * closing is the cancel. The reader treats its peer as hostile: every length
 * and number is bounded; a frame that does not decode ends the session.
 */
#ifndef MAILHAUL_REMOTE_CHANNEL_H
#define MAILHAUL_REMOTE_CHANNEL_H

#include "../base/err.h"
#include "../model/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_MAX 65536 /* payload bytes */

struct channel;
/* Takes fd. */
struct channel *channel_new(int fd);
void channel_free(struct channel **c);
int channel_fd(const struct channel *c);
/* Any thread: wakes a reader or writer of this end; it fails with
 * ERR_CANCELLED. */
void channel_cancel(struct channel *c);
/* A write that the peer does not take for this long is ERR_TIMEOUT; -1 (as
 * made) waits for ever. */
void channel_set_send_timeout(struct channel *c, int64_t ms);
struct session_wait;
/* Called round each wait, and now and then where there is none, so that
 * nobody else waits for ever. */
void channel_set_wait(struct channel *c, const struct session_wait *wait);
/* Overwrites what was read and sent so far: after a frame with a secret. The
 * payload at hand is gone with it. */
void channel_cleanse(struct channel *c);

/* Writing: begin, put …, send. Puts past CHANNEL_MAX make send fail. Small
 * frames are gathered until channel_flush (send flushes when the gather
 * buffer is full; a reader that is about to block flushes first). */
void channel_begin(struct channel *c, uint8_t type);
void channel_put_u8(struct channel *c, uint8_t v);
void channel_put_u32(struct channel *c, uint32_t v);
void channel_put_u64(struct channel *c, uint64_t v);
void channel_put_bytes(struct channel *c, const void *p, size_t n);
void channel_put_str(struct channel *c, const char *s);
int channel_send(struct channel *c, struct err *err);
int channel_flush(struct channel *c, struct err *err);
/* One frame of raw payload, n <= CHANNEL_MAX, without a copy where it is
 * large: then everything gathered goes out with it. */
int channel_send_bytes(struct channel *c, uint8_t type, const void *p, size_t n,
	struct err *err);

/* Reading: 1 and the type, 0 at end of file between frames, -1. timeout_ms:
 * no byte for this long is ERR_TIMEOUT; -1 waits for ever. A peer that ends
 * in the middle of a frame or sends one that is too long: ERR_CRASH/session/
 * now. What was gathered is flushed before the call blocks. */
int channel_recv(struct channel *c, int64_t timeout_ms, uint8_t *ret_type,
	struct err *err);
/* The getters return false once the payload is exhausted or malformed, and
 * so does every later one; channel_done says whether all was read exactly. */
bool channel_get_u8(struct channel *c, uint8_t *v);
bool channel_get_u32(struct channel *c, uint32_t *v);
bool channel_get_u64(struct channel *c, uint64_t *v);
/* Borrowed until the next recv. */
bool channel_get_bytes(struct channel *c, const void **p, size_t *n);
/* Copies into out (NUL-terminated); false if it has NULs or is too long. */
bool channel_get_str(struct channel *c, char *out, size_t out_bytes);
/* All payload not read yet. */
void channel_rest(struct channel *c, const void **p, size_t *n);
/* Bytes not read yet. */
size_t channel_left(const struct channel *c);
bool channel_done(const struct channel *c);

/* Nothing has come that was not read, and nothing has ended. */
bool channel_is_quiet(const struct channel *c);
/* Gives back the room that a quiet channel does not need. */
void channel_slim(struct channel *c);

/*
 * Shared encodings. channel_get_meta leaves out members whose values no
 * server can mean (UID 0, a date outside the years 1 to 9999, a MODSEQ of 64
 * bits, a UIDL with control characters) and is false where the frame is
 * malformed; keywords come out as flags.h wants a set. channel_get_err takes
 * no class, scope or time that a peer has no business with; its texts are
 * printable.
 */
void channel_put_meta(struct channel *c, const struct message_meta *m);
bool channel_get_meta(struct channel *c, struct message_meta *m);
void channel_put_err(struct channel *c, const struct err *e);
bool channel_get_err(struct channel *c, struct err *e);

/*
 * Passing descriptors over a control socket (stream or seqpacket): one
 * message of n bytes (1 where the socket is a stream: then messages cannot
 * run together) with fds; for the socket between conductor and envoy/scout.
 */
#define CHANNEL_FDS_MAX 4
int channel_send_fds(int control_fd, const void *p, size_t n, const int *fds,
	size_t fd_count, struct err *err);
/* 1, 0 at end of file, -1. Received descriptors are close-on-exec. */
int channel_recv_fds(int control_fd, void *p, size_t p_bytes, size_t *ret_n,
	int *fds, size_t *ret_fd_count, struct err *err);

#endif
