/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard: a lexer over an IMAP server's bytes before libetpan sees them. It
 * refuses what libetpan cannot survive (design: libetpan.md 6.2, 6.3) and is a
 * tap: untagged LIST, LSUB, STATUS, VANISHED, SEARCH, ESEARCH, CAPABILITY,
 * NAMESPACE, ID lines go, whole and raw with their literals, to a callback
 * and not to libetpan. Works in place, in constant memory but for the line
 * being tapped. Pure: no I/O, no libetpan.
 */
#ifndef MAILHAUL_REMOTE_GUARD_H
#define MAILHAUL_REMOTE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guard_limits {
	uint64_t line_bytes;    /* one line, literals not counted: 1 MiB */
	uint64_t nesting;       /* 100 */
	uint64_t literal_bytes; /* limits.message */
	uint64_t command_bytes; /* outside bodies, per command: 4 MiB */
	uint64_t greeting_bytes; /* 4 KiB */
};

/* line: without its final CRLF, "* LIST …", literals as "{n}\r\n…" inside.
 * NUL-terminated; n without the NUL. -1 refuses the conversation. */
typedef int guard_line_fn(void *arg, const char *line, size_t n);

struct guard;
struct guard *guard_new(const struct guard_limits *limits, guard_line_fn *tap,
	void *tap_arg);
void guard_free(struct guard **g);
/*
 * Looks at n bytes; keeps in the buffer, from its start, those that libetpan
 * may see and returns how many (0 … n), or -1: refused, and guard_why says
 * why. After -1 it stays refused.
 */
long guard_feed(struct guard *g, char *bytes, size_t n);
/* Resets the budget of a command. */
void guard_begin_command(struct guard *g);
/* Static text, e.g. "a literal of 99999999999 bytes"-like without server
 * text; NULL when nothing was refused. is_limit: a limits.* was passed
 * (ERR_LIMIT) rather than a rule of the grammar broken (ERR_PROTOCOL). */
const char *guard_why(const struct guard *g, bool *ret_is_limit);

#endif
