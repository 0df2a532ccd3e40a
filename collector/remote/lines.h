/* SPDX-License-Identifier: BSD-2-Clause */
/* lines: a stranger's text, line by line or by bytes, within bounds. One
 * thread. */
#ifndef MAILHAUL_REMOTE_LINES_H
#define MAILHAUL_REMOTE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LINES_BUFFER 4096

struct lines {
	ssize_t (*read)(void *arg, void *buf, size_t n); /* <= 0: the end */
	void *arg;
	char buffer[LINES_BUFFER];
	size_t at, have;
};

/* The next line without its end (LF or CRLF) as a string: its length, -1 at
 * the end, -2 where it does not fit or holds a NUL. */
ssize_t lines_next(struct lines *l, char *out, size_t out_bytes);
/* Up to n bytes: how many; 0 at the end. */
size_t lines_bytes(struct lines *l, char *out, size_t n);
/* Something has been read that nobody has asked for yet. */
bool lines_pending(const struct lines *l);

#endif
