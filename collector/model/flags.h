/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flags: system flags as bits, keywords as a set of names. Pure.
 * A keyword set is one string: names separated by one space, sorted by byte
 * value, unique without regard to case (RFC 9051 2.3.2); "" is the empty set.
 */
#ifndef MAILHAUL_MODEL_FLAGS_H
#define MAILHAUL_MODEL_FLAGS_H

#include "../base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum flag {
	FLAG_SEEN = 1,
	FLAG_ANSWERED = 2,
	FLAG_FLAGGED = 4,
	FLAG_DELETED = 8,
	FLAG_DRAFT = 16,
};

/* Several times what servers and readers use (a Maildir has room for 26 a
 * folder): sets stand in messages, of which there are many at a time. */
#define FLAGS_KEYWORDS_MAX 1024	 /* bytes of a set, NUL included */
#define FLAGS_KEYWORDS_COUNT 128 /* names of a set: bounds the work too */

struct flags {
	uint8_t system; /* enum flag, or-ed */
	char keywords[FLAGS_KEYWORDS_MAX];
};

/* Adds one name as a server or a file spells it: "\Seen" (any case) sets a
 * bit, "\Recent" and unknown "\X" are ignored, anything else is a keyword.
 * 0, or -1 where the name holds a byte that no keyword may hold (space, "(",
 * control, 8-bit …) or the set is full: then nothing is changed. */
int flags_add(struct flags *f, const char *name);
/* True if the set has the keyword, without regard to case. */
bool flags_has_keyword(const char *set, const char *keyword);
bool flags_equal(const struct flags *a, const struct flags *b);

/* The next name of a set: `*pos` starts at the set and moves; returns false
 * at the end. name must hold FLAGS_KEYWORDS_MAX bytes. */
bool flags_next_keyword(const char **pos, char *name);

/* Maildir letters for the system flags, sorted: "DFRST" ⊇. (Maildir spec.)
 * out holds at least 6 bytes. FLAG_DELETED is T. */
void flags_to_maildir(uint8_t system, char out[6]);
/* From the letters behind ":2,"; lower-case letters (keywords) are ignored. */
uint8_t flags_from_maildir(const char *letters);

/* The same in little room, for where there are many: the set is elsewhere. */
struct flags_ref {
	uint8_t system;
	const char *keywords;
};
/* The set goes into the arena, or nowhere where it is empty. */
struct flags_ref flags_keep(struct arena *arena, const struct flags *f);
void flags_get(const struct flags_ref *ref, struct flags *ret_flags);

#endif
