/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard_line: the grammar half of the guard: where a line of an IMAP server
 * ends, where a literal begins, and what in it libetpan does not survive.
 * libetpan takes blanks almost anywhere, matches words by their beginning and
 * reads on past a line end inside a string; where its reading and this one
 * could differ, the line is refused. Pure; constant memory.
 */
#ifndef MAILHAUL_REMOTE_GUARD_LINE_H
#define MAILHAUL_REMOTE_GUARD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum guard_kind {
	GUARD_HEAD,	/* too little seen to know */
	GUARD_DATA,	/* "* WORD …": strings, literals, parentheses */
	GUARD_MESSAGE,	/* "* 12 …", so perhaps FETCH */
	GUARD_TAPPED,	/* "* LIST …": as data, but not for libetpan */
	GUARD_STATUS,	/* "* OK …": a code, then text to the line's end */
	GUARD_TAGGED,	/* "tag OK …" */
	GUARD_CONTINUE, /* "+ …" */
};

enum guard_event {
	GUARD_MORE,	   /* all bytes looked at */
	GUARD_END_OF_LINE, /* behind its LF */
	GUARD_LITERAL,	   /* behind the LF of "{n}" */
	GUARD_REFUSED,	   /* see why */
};

#define GUARD_TOKEN_TAIL 16

struct guard_line {
	const char *why;
	uint64_t depth, depth_max;
	uint64_t literal_bytes, literal_max;
	enum guard_kind kind;
	int literal; /* enum literal_state of guard_line.c */
	int status;  /* enum status_state of guard_status.c */
	bool why_limit;
	bool strict; /* libetpan parses the line without a context */
	bool quoted, escaped;
	bool literal_is_body;
	bool body_next;	  /* the token before was BODY[…] or its like */
	bool size_next;	  /* it was RFC822.SIZE */
	bool size_odd;	  /* its value has stopped being a number */
	bool items_next;  /* nothing yet behind "FETCH (" */
	bool items_extra; /* a second parenthesis was there */
	bool code_named;
	char tail[GUARD_TOKEN_TAIL]; /* the last bytes of the present token */
	char code[10];		     /* the first bytes of the code's name */
	size_t tail_len;
	size_t code_len;
};

/* A new line of this kind, from behind the bytes that told the kind. */
void guard_line_begin(struct guard_line *l, enum guard_kind kind, bool strict);
/* Looks at up to n bytes and returns how many it has looked at; may put a
 * blank in place of a CR, of a parenthesis too many, or in a size that is no
 * number. */
size_t guard_line_scan(struct guard_line *l, char *bytes, size_t n,
	enum guard_event *ret_event);

/* ---- between guard_line.c (data) and guard_status.c ---- */

void guard_status_begin(struct guard_line *l);
size_t guard_status_scan(
	struct guard_line *l, char *bytes, size_t n, enum guard_event *ev);
/* Sets event and reason; 0. */
size_t guard_line_refuse(struct guard_line *l, enum guard_event *ev, bool limit,
	const char *why);
/* A byte of a word: no blank, line end, NUL, quote, parenthesis or brace. */
bool guard_line_is_word(char c);

#endif
