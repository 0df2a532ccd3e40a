/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imap_line: a cursor over one line of a server, literals included ("{n}",
 * CRLF, n bytes), for what libetpan is not asked to parse. Lenient where
 * servers are known to stray, bounded everywhere: it never reads past the
 * end, never recurses and copies only into the caller's buffer. Pure.
 */
#ifndef MAILHAUL_REMOTE_IMAP_LINE_H
#define MAILHAUL_REMOTE_IMAP_LINE_H

#include "../model/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct imap_line {
	const char *p;
	const char *end;
};

void imap_line_init(struct imap_line *l, const char *line, size_t n);
bool imap_line_at_end(const struct imap_line *l);
/* The next byte without taking it; '\0' at the end. */
char imap_line_peek(const struct imap_line *l);
/* Takes spaces, then c if it is next. */
bool imap_line_eat(struct imap_line *l, char c);
/* Takes spaces, then an atom up to a space, parenthesis, quote, bracket or
 * the end, in upper case, cut to out. False if there is none. */
bool imap_line_word(struct imap_line *l, char *out, size_t out_bytes);
/* Takes spaces, then an unsigned decimal. False if there is none or it does
 * not fit; the cursor stays. */
bool imap_line_number(struct imap_line *l, uint64_t *ret_n);
/*
 * Takes spaces, then a quoted string, literal, NIL or atom (RFC 9051 9:
 * nstring, astring). 1 and the bytes in out (NUL-terminated), 0 for NIL, -1
 * where it is malformed, holds a NUL or does not fit.
 */
int imap_line_string(struct imap_line *l, char *out, size_t out_bytes);
/* Takes "(ID)" (RFC 8474 4): out is "" where there is none, or one that is
 * too long or not of the letters allowed. */
void imap_read_objectid(struct imap_line *l, char *out, size_t out_bytes);
/*
 * Takes "(astring …)": a line each in out, without the last line end; those
 * that do not fit, or hold a control character, are left out. False where it
 * is no list.
 */
bool imap_read_labels(struct imap_line *l, char *out, size_t out_bytes);
/*
 * Takes one range of a set ("4", "4:9", "9:4"; the comma behind it too). 1;
 * 0: there is none; -1: no number in it ("*"), or one of 0 or beyond 32 bits.
 */
int imap_line_range(struct imap_line *l, struct uid_range *ret_range);
/* Takes one value, a parenthesised list with all its levels included. False
 * at a stray ')' or the end. */
bool imap_line_skip(struct imap_line *l);

#endif
