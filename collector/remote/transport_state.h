/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport_state: what the files of transport share: transport.c (waiting,
 * deadlines, errors, bytes), transport_tls.c (the handshake), tls.c (trust and
 * what is wrong with a certificate), transport_deflate.c, transport_stream.c
 * (the driver under libetpan), transport_wire.c (the log of the conversation).
 * Nobody else includes it.
 */
#ifndef MAILHAUL_REMOTE_TRANSPORT_STATE_H
#define MAILHAUL_REMOTE_TRANSPORT_STATE_H

#include "transport.h"

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <sys/types.h>

struct deflate;
struct wire;

struct transport {
	int fd; /* -1 once closed */
	int hangup_fd;
	struct effort *effort;
	int cancel_fd;
	atomic_int cancelled; /* a word of its own: others poll the rest */
	bool poisoned;
	bool failed;
	struct err err; /* the sticky one, if failed */
	int64_t idle_ms;
	int64_t session_end_ms; /* on the monotonic clock; 0 = none */
	int64_t command_end_ms;
	bool no_wait;	   /* transport_pump: what would wait fails, and that */
	bool would_wait;   /* is no error */
	int64_t polled_ms; /* when the descriptors were last looked at */
	uint64_t bytes_in;
	uint64_t budget_end; /* of bytes_in; 0 = none */
	struct guard *guard;
	mailstream *stream; /* borrowed; NULL once libetpan freed it */
	struct wire *wire;  /* NULL: no log, and no record */
	bool wire_log;
	struct deflate *deflate; /* NULL: not compressed */
	SSL *ssl;
	int ssl_errno; /* of the last failed call below OpenSSL; 0 = EOF */
	X509 *leaf;    /* the server's, during a handshake */
	char tls_name[64];
};

/* ---- transport.c ---- */

/* Makes the first error sticky. -1. */
int transport_fail(struct transport *t, enum err_class class,
	enum err_scope scope, enum err_retry retry, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Waits for POLLIN or POLLOUT; -1 with a sticky error. */
int transport_wait(struct transport *t, short events);
/* Cancelled, past a deadline, or sticky: -1. */
int transport_check(struct transport *t);
/* Some bytes in or out, through TLS and compression where they are on: > 0 or
 * -1, never 0. wire: as they are before compression is undone. */
ssize_t transport_recv(struct transport *t, void *buf, size_t n);
ssize_t transport_send(struct transport *t, const void *buf, size_t n);
ssize_t transport_recv_wire(struct transport *t, void *buf, size_t n);
ssize_t transport_send_wire(struct transport *t, const void *buf, size_t n);
/* close_notify if all is well, then closes the socket. */
void transport_close(struct transport *t);

/* ---- transport_tls.c ---- */

/* After an SSL call returned r ≤ 0: 0 = waited, try again; -1 = failed. */
int transport_tls_step(struct transport *t, int r);

/* ---- tls.c ---- */

SSL_CTX *tls_anchors_ctx(struct tls_anchors *a);
/* Which host (or address) the certificate must be for, and SNI. */
int tls_expect_host(SSL *ssl, const char *host, struct err *err);
/* The hash of a certificate or its key; PIN_OF_NOTHING if there is none. */
void tls_pin(X509 *cert, enum pin_of of, struct pin *ret_pin);
void tls_pin_text(X509 *cert, enum pin_of of, char out[PIN_TEXT_BYTES]);
/* Fills err with what is wrong with the certificate. -1. */
int tls_err_verify(
	long verify_result, X509 *leaf, const char *host, struct err *err);

/* ---- transport_deflate.c ---- */

ssize_t transport_deflate_recv(struct transport *t, void *buf, size_t n);
/* All n bytes, or -1. */
ssize_t transport_deflate_send(struct transport *t, const void *buf, size_t n);
void transport_deflate_free(struct deflate **d);

/* ---- transport_wire.c ---- */

/* imap: literals are content; else POP3: answers to RETR and TOP are. */
struct wire *wire_new(bool imap, bool logs);
void wire_free(struct wire **w);
/* Keeps the last lines from now on, a line's beginning, until wire_recorded
 * gives them, "C: …" and "S: …". */
void wire_record(struct wire *w);
void wire_recorded(struct wire *w, char *out, size_t out_bytes);
void wire_private(struct wire *w, bool on);
void wire_sent(struct wire *w, const char *bytes, size_t n);
void wire_received(struct wire *w, const char *bytes, size_t n);

#endif
