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

/* A member that is 0 has its default. */
struct guard_limits {
	uint64_t line_bytes;	 /* one line, literals not counted: 1 MiB */
	uint64_t nesting;	 /* 100 */
	uint64_t literal_bytes;	 /* limits.message: 128 MiB */
	uint64_t command_bytes;	 /* outside bodies, per command: 4 MiB */
	uint64_t greeting_bytes; /* 4 KiB */
};

/* Tapped lines are bounded by line_bytes, literals of up to this included, and
 * by GUARD_TAPPED_TIMES command_bytes per command. */
#define GUARD_TAPPED_LITERAL_BYTES 4096
#define GUARD_TAPPED_TIMES 4

/* line: without its final CRLF, "* LIST …", literals as "{n}\r\n…" inside.
 * NUL-terminated; n without the NUL. -1 refuses the conversation. Called as
 * the bytes arrive: before libetpan has seen the lines that came with them. */
typedef int guard_line_fn(void *arg, const char *line, size_t n);

struct guard;
struct guard *guard_new(
	const struct guard_limits *limits, guard_line_fn *tap, void *tap_arg);
void guard_free(struct guard **g);
/*
 * Looks at n bytes; keeps in the buffer, from its start, those that libetpan
 * may see and returns how many (0 … n), or -1: refused, and guard_why says
 * why. After -1 it stays refused.
 */
long guard_feed(struct guard *g, char *bytes, size_t n);
/* Up to n bytes that an earlier guard_feed held back and that did not fit
 * into its buffer (the beginning of a line, a few bytes). To be called until
 * it returns 0 before more is fed. */
size_t guard_drain(struct guard *g, char *bytes, size_t n);
/* True if nothing has come since the beginning, or nothing behind the last
 * tagged line: no byte is held back, and none was tapped or taken out that an
 * attacker may have put there before TLS. */
bool guard_at_rest(const struct guard *g);
/* "* BYE" has passed (RFC 9051 7.1.5): what comes behind it is not looked at,
 * and nothing is to be read any more. */
bool guard_is_over(const struct guard *g);
/* Resets the budget of a command. */
void guard_begin_command(struct guard *g);
/* Static text, e.g. "a literal of 99999999999 bytes"-like without server
 * text; NULL when nothing was refused. is_limit: a limits.* was passed
 * (ERR_LIMIT) rather than a rule of the grammar broken (ERR_PROTOCOL). */
const char *guard_why(const struct guard *g, bool *ret_is_limit);

#endif
