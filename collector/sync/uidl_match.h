/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uidl_match: which message of a POP3 listing is which one that was collected
 * by IMAP. By size and order where both lists agree from the first to the
 * last, but for those that could have changed places with a neighbour of
 * their size; a sample of headers, with those of the last ones, has to bear
 * that out. A message that one list has and the other has not shifts what
 * follows it, so that the last ones differ. All else by header. What cannot
 * be told stays without a partner: a wrong one would never be found out.
 * Pure; one thread.
 *
 *     uidl_match_begin → ask: fetch these headers → check
 *                     (false: the sizes lied → ask: fetch) → uidl_match_end
 */
#ifndef MAILHAUL_SYNC_UIDL_MATCH_H
#define MAILHAUL_SYNC_UIDL_MATCH_H

#include "../../storage/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UIDL_NONE SIZE_MAX
/* Up to so many headers are asked for whatever the sizes say. */
#define UIDL_FEW 64
/* Neighbours: so many places away. */
#define UIDL_NEAR 4

/* A message of the POP3 listing. */
struct uidl_drop {
	char *uidl;
	uint32_t number;
	uint64_t size_bytes;
	bool unusable;	     /* its UIDL is another's too, or cannot be kept */
	bool asked, fetched; /* its header */
	bool by_size;
	unsigned char hash[LEDGER_HEADER_HASH]; /* all zero: not known */
	size_t mail;				/* UIDL_NONE */
};

/* A message that was collected. */
struct uidl_mail {
	int64_t id;
	uint64_t size_bytes;
	unsigned char hash[LEDGER_HEADER_HASH]; /* all zero: not known */
	unsigned char content[32];
	size_t drop; /* UIDL_NONE */
};

struct uidl_match {
	struct uidl_drop *drops; /* as listed */
	size_t drop_count;
	struct uidl_mail *mails; /* by UID */
	size_t mail_count;
	bool no_headers; /* they cannot be had */
	bool no_sizes;	 /* the lists are not of the same messages */
};

void uidl_match_begin(struct uidl_match *m);
/* Marks those whose header is wanted now; how many. */
size_t uidl_match_ask(struct uidl_match *m);
/* False: the sizes have led astray, and are not believed any more. */
bool uidl_match_check(struct uidl_match *m);
/* Sets drop and mail of all that belong together. */
void uidl_match_end(struct uidl_match *m);

#endif
