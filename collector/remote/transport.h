/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport: a connected socket with deadlines, cancel and TLS by OpenSSL,
 * and the mailstream_low driver that lets libetpan speak over it. The guard
 * stands in its read path. The first error is sticky: every later read or
 * write fails at once, so that libetpan's destructors neither block nor send
 * (a QUIT after an error would commit DELEs).
 * One thread; transport_cancel from any.
 */
#ifndef MAILHAUL_REMOTE_TRANSPORT_H
#define MAILHAUL_REMOTE_TRANSPORT_H

#include "../base/effort.h"
#include "../base/err.h"
#include "../model/certificate.h"
#include "guard.h"

#include <libetpan/libetpan.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;

struct transport_config {
	int64_t idle_ms;       /* no byte received for this long */
	int64_t deadline_ms;   /* of the whole session, from now; 0 = none */
	int hangup_fd;	       /* see session_open_direct; -1 = none */
	struct effort *effort; /* marked now and then; NULL = none */
	const struct guard_limits *limits; /* NULL: no guard (POP3, tests) */
	guard_line_fn *tap; /* raw untagged lines kept from libetpan */
	void *tap_arg;
	bool wire_log;
};

/* Takes fd (made non-blocking), even on failure to come. */
struct transport *transport_new(int fd, const struct transport_config *config);
/* Closes; the mailstream made from it must have been freed before. */
void transport_free(struct transport **t);

/*
 * TLS with SNI, chain and host name verified, at least TLS 1.2; refuses if
 * bytes of plain text are waiting (nothing before TLS is believed:
 * CVE-2020-15953). fingerprint (as pin.h reads it, of the certificate or of
 * its key) replaces the check of chain, dates and name, not the handshake,
 * which proves that the server has the key. ERR_TLS with what is wrong with
 * the certificate in words.
 */
struct tls_anchors; /* an SSL_CTX shared by sessions with the same anchors */
int tls_anchors_new(const char *pem, size_t pem_bytes, bool tls13_only,
	struct tls_anchors **ret_anchors, struct err *err);
void tls_anchors_free(struct tls_anchors **a); /* counts references */
struct tls_anchors *tls_anchors_ref(struct tls_anchors *a);
int transport_start_tls(struct transport *t, struct tls_anchors *anchors,
	const char *host, const char *fingerprint, struct err *err);
/* "TLSv1.3 TLS_AES_…", "" before TLS. */
const char *transport_tls_name(const struct transport *t);
/* The server's; zeroed before TLS. */
void transport_certificate(
	const struct transport *t, struct certificate *ret_certificate);

/*
 * From now on both sides compress (RFC 4978 3). spare_bytes: what may be
 * unpacked beyond 100 times the bytes received; more is ERR_LIMIT.
 */
int transport_start_deflate(
	struct transport *t, uint64_t spare_bytes, struct err *err);
/* The round trip time that the kernel has measured; -1 = not known. */
int64_t transport_rtt_us(const struct transport *t);

/*
 * While a session waits for news nobody reads, so its own deadline does not
 * count: deadline_ms as in transport_config, from now.
 */
void transport_set_session_deadline(struct transport *t, int64_t deadline_ms);
/*
 * Takes what the server has sent into the stream's buffer, as far as it fits,
 * and waits for nothing: 0, or -1 with the sticky error where the connection
 * has ended.
 */
int transport_pump(struct transport *t);
int transport_fd(const struct transport *t);

/* The stream for mailimap_connect/mailpop3_connect, which own it from then
 * on. buffer_bytes: 8 KiB for IMAP, 16 KiB for POP3. */
mailstream *transport_stream(struct transport *t, size_t buffer_bytes);

/* Absolute deadline of the present command, from now; 0 = none. A deadline
 * that passes is ERR_TIMEOUT. */
void transport_set_deadline(struct transport *t, int64_t ms);
/* A new command begins: resets the guard's budget for kept bytes. */
void transport_begin_command(struct transport *t);
/* At most this many bytes are received until the next call, then the
 * transport fails with ERR_LIMIT; 0 = any. For those of libetpan's readers
 * that take a line of any length into memory. */
void transport_set_budget(struct transport *t, uint64_t bytes);
/* While on, bytes written are not logged (credentials), and of lines received
 * only their status: the answer may repeat them. */
void transport_private(struct transport *t, bool on);
/* Keeps the last lines of the conversation from now on, as they would be
 * logged; nothing may be in flight, nothing read ahead. Until
 * transport_recorded gives them. */
void transport_record(struct transport *t);
void transport_recorded(struct transport *t, char *out, size_t out_bytes);
/* Any thread; sticky ERR_CANCELLED; idempotent. */
void transport_cancel(struct transport *t);
/* Makes the transport fail from now on without an error of its own: before
 * freeing a libetpan object that would say QUIT or LOGOUT. */
void transport_poison(struct transport *t);
bool transport_failed(const struct transport *t);
/* The true cause behind libetpan's "stream error". -1. Without a sticky
 * error: ERR_PROTOCOL with `otherwise`. */
int transport_err(
	const struct transport *t, const char *otherwise, struct err *err);
uint64_t transport_bytes_in(const struct transport *t);

#endif
