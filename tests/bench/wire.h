/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: a buffered connection to 127.0.0.1, plain or TLS, and files to put
 * messages into. What the two limits (IMAP, POP3) share. Ends the program on
 * any error: a limit that failed has no time.
 */
#ifndef MAILHAUL_BENCH_WIRE_H
#define MAILHAUL_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum sync_when {
	SYNC_NEVER,
	SYNC_FOLDER, /* one syncfs a folder */
	SYNC_END,    /* one syncfs */
};

struct limit {
	const char *user, *password, *ca_file;
	const char *dest; /* NULL: bytes are dropped */
	int port;
	bool tls;
	enum sync_when sync;
	unsigned long messages;
	unsigned long long bytes; /* as sent by the server */
};

struct wire;

_Noreturn void limit_die(const char *what, const char *detail);

struct wire *wire_dial(const struct limit *l);
void wire_close(struct wire **wire);
void wire_send(struct wire *w, const char *bytes, size_t n);
__attribute__((format(printf, 2, 3))) void wire_sendf(
	struct wire *w, const char *format, ...);
/* One line, NUL in place of its end; valid until the next call. */
char *wire_line(struct wire *w, size_t *ret_bytes);
/* n bytes in one piece; valid until the next call. */
const char *wire_take(struct wire *w, size_t n);

struct folder;
/* A Maildir at dest or, unless name is INBOX, at dest/.name. */
struct folder *folder_open(const struct limit *l, const char *name);
/* CRLF becomes LF. when 0: not set. */
void folder_save(struct folder *f, const char *bytes, size_t n,
	unsigned long id, const char *flags, time_t when);
void folder_close(struct folder **folder);

void limit_imap(struct limit *l);
void limit_imap_status(struct limit *l);
void limit_pop3(struct limit *l);

#endif
