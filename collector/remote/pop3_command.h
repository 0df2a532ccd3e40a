/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_command: commands out, bounded lines in, on libetpan's mailstream.
 * A line is looked for in the stream's own buffer behind a cursor, so nothing
 * is moved per line and nothing grows past limits.pop3_line. One thread.
 */
#ifndef MAILHAUL_REMOTE_POP3_COMMAND_H
#define MAILHAUL_REMOTE_POP3_COMMAND_H

#include "../base/buf.h"
#include "../base/err.h"
#include "transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POP3_TEXT_MAX 256

/* Both are borrowed. transport may be NULL on a stream of memory (fuzz). */
struct pop3_wire {
	struct transport *transport;
	mailstream *stream;
	size_t pos;	 /* bytes of stream->read_buffer already consumed */
	struct buf line; /* the present line without its end */
	int64_t idle_ms;
};

void pop3_wire_init(struct pop3_wire *w, struct transport *t,
	mailstream *stream, uint64_t line_bytes, int64_t idle_ms);
void pop3_wire_clear(struct pop3_wire *w);

/* The bytes that are there, at least one, waiting for them if need be.
 * Borrowed until the next call. ERR_NETWORK/session/now at end of file. */
int pop3_fill(struct pop3_wire *w, const char **ret_bytes, size_t *ret_n,
	struct err *err);
/* n ≤ what pop3_fill gave. */
void pop3_consume(struct pop3_wire *w, size_t n);
/* Whether bytes wait in the stream that nobody asked for. */
bool pop3_pending(const struct pop3_wire *w);
/* Puts the stream's buffer in order before libetpan reads from it. */
void pop3_settle(struct pop3_wire *w);

/*
 * The next line into w->line, without LF and one CR before it; any other byte,
 * NUL too, stays. ERR_LIMIT/session past the limit.
 */
int pop3_read_line(struct pop3_wire *w, struct err *err);
/* The same inside a multi-line answer (RFC 1939 3): 1 a line, its leading dot
 * taken off; 0 the lone dot that ends it; -1. */
int pop3_read_item(struct pop3_wire *w, struct err *err);

/* Puts a command (CRLF is added) behind what is waiting to be sent. */
int pop3_put(struct pop3_wire *w, const char *command, struct err *err);
/* The same for n bytes that are a secret: sent at once, not logged, and
 * wiped from the stream's buffer. */
int pop3_put_secret(
	struct pop3_wire *w, const char *line, size_t n, struct err *err);
int pop3_flush(struct pop3_wire *w, struct err *err);
/* Time for one answer of about this many bytes, from now: the idle time, a
 * minute, and a second for every 8 KiB. */
void pop3_expect(struct pop3_wire *w, uint64_t bytes);

/* Response codes (RFC 2449 8, RFC 3206). */
enum pop3_code {
	POP3_CODE_NONE,
	POP3_CODE_OTHER,
	POP3_CODE_AUTH,
	POP3_CODE_IN_USE,
	POP3_CODE_LOGIN_DELAY,
	POP3_CODE_SYS_TEMP,
	POP3_CODE_SYS_PERM,
};

#define POP3_CODE_MAX 32
/* The code's name as verdict.h wants it: of POP3_CODE_OTHER the one that text
 * begins with. */
void pop3_code_name(
	enum pop3_code code, const char *text, char out[POP3_CODE_MAX]);

enum pop3_status {
	POP3_OK,
	POP3_ERR,
	POP3_CONTINUE, /* "+ …" (RFC 5034 4) */
};

struct pop3_answer {
	enum pop3_status status;
	enum pop3_code code;
	char text[POP3_TEXT_MAX]; /* printable, without status; code kept */
};

/* Reads +OK or -ERR. ERR_PROTOCOL if the line is neither. */
int pop3_read_answer(
	struct pop3_wire *w, struct pop3_answer *ret_answer, struct err *err);
/* The same inside AUTH, where "+" may come too. */
int pop3_read_challenge(
	struct pop3_wire *w, struct pop3_answer *ret_answer, struct err *err);
/* Flushes and reads one. */
int pop3_ask(struct pop3_wire *w, const char *command,
	struct pop3_answer *ret_answer, struct err *err);
/* The answer in n bytes of line; false if it is none. Pure. */
bool pop3_parse_answer(
	const char *line, size_t n, struct pop3_answer *ret_answer);
/* Fills err with "WHAT: the server's words" of an -ERR after login. -1. */
int pop3_refused(
	const struct pop3_answer *answer, const char *what, struct err *err);

/* A number of at most 18 digits at *s, which moves behind it. Pure. */
bool pop3_parse_number(const char **s, const char *end, uint64_t *ret_number);

#endif
