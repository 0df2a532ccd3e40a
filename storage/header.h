/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header: what a message that streams by begins with, its empty line
 * included, 64 KiB at most; and what of it tells one message from another.
 * Servers write lines of their own into a header, other ones each time: mbox
 * files (Mailutils, UW) keep flags and UIDs in it, Exchange a flag, Yahoo and
 * others a Return-Path over one protocol and not over the other. One thread.
 */
#ifndef MAILHAUL_STORAGE_HEADER_H
#define MAILHAUL_STORAGE_HEADER_H

#include "ledger.h"

#include <stdbool.h>
#include <stddef.h>

struct header {
	char *bytes;
	size_t n;
	bool over;	 /* its empty line has come */
	bool line_empty; /* so far, the line under way */
	char *scratch;
};

/* Who writes a line of a header. */
enum header_line {
	HEADER_LINE_OWN,    /* the message's own */
	HEADER_LINE_SERVER, /* a server: there or not, always the same */
	HEADER_LINE_FLAGS,  /* a server: whenever flags change */
};

/* The header without the lines that are a server's. */
struct header_bare {
	/* All zero where the header is longer than what is kept. Line ends do
	 * not count, nor does the empty line. */
	unsigned char hash[LEDGER_HEADER_HASH];
	uint32_t dropped; /* bytes of the lines left out, as received */
	bool flags;	  /* there are HEADER_LINE_FLAGS among them */
	bool telling;	  /* it holds a date, an id or a trace: not anybody's */
};

/* Of the next message; memory of the last one is used again. */
void header_begin(struct header *h);
/* The next bytes of the message. How many of them were kept. */
size_t header_add(struct header *h, const char *bytes, size_t n);
/* Nothing that comes now belongs to it. */
bool header_is_whole(const struct header *h);
void header_make_bare(struct header *h, struct header_bare *ret_bare);
/*
 * Field by field: the next one at *at, with the lines that continue it, ends
 * at *ret_end; whose it is. False at the end, and at the empty line.
 */
bool header_next(const struct header *h, size_t at, size_t *ret_end,
	enum header_line *ret_line);
void header_clear(struct header *h);

#endif
