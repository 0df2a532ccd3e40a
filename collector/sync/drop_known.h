/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drop_known: which messages of a maildrop are here already. A UIDL says so,
 * as long as nothing speaks against it; else the header and the size, as
 * TOP and LIST tell them; else the content. Which of these a server is good
 * for is seen from what it says and never configured.
 */
#ifndef MAILHAUL_SYNC_DROP_KNOWN_H
#define MAILHAUL_SYNC_DROP_KNOWN_H

#include "contents.h"
#include "drop_table.h"
#include "intake.h"

struct drop_known {
	struct visit *v;
	struct drop_table *table;
	struct olds olds;
	struct old **by_key; /* those with a UIDL */
	size_t by_key_count;
	struct contents contents; /* next occurrence of each nameless one */
	size_t by_header;
};

/* Loads the ledger's rows, and marks what UIDLs tell. Caller closes, on
 * failure too. */
int drop_known_open(struct drop_known *k, struct visit *v,
	struct drop_table *table, struct err *err);
void drop_known_close(struct drop_known *k);
/* Asks for headers where they can spare bodies, and gives those who are
 * recognised their new keys. On success the session may be gone. */
int drop_known_by_header(struct drop_known *k, struct err *err);
/* Something here may be one of those that are still to come: they have to be
 * hashed. */
bool drop_known_has_more(const struct drop_known *k);
/*
 * A message has come. 1: it was here before, and has its new key; 0: it is
 * new, and key says what it is called.
 */
int drop_known_message(struct drop_known *k, const struct drop *d,
	const struct intake_message *message, struct ledger_message *key,
	struct err *err);

/* ---- drop_keys.c: what drop_known.c leaves to it */

/* After headers were compared: those with an old one of another key get
 * theirs, and what has lost its UIDL keeps none. */
int drop_keys_write(struct drop_known *k, struct err *err);
/* What a message without a UIDL is called. */
void drop_keys_by_content(struct drop_known *k, const unsigned char sha256[32],
	struct ledger_message *key);
/* It is called so. */
bool drop_keys_is_content(const struct old *row);
/* Occurrences that are taken. */
void drop_keys_note(struct drop_known *k, const struct old *row);

#endif
