/* SPDX-License-Identifier: BSD-2-Clause */
/* verify_rows: what the ledger has of one mailbox, in memory; and the parts
 * of a comparison that its rooms share (verify.c tells its story). */
#ifndef MAILHAUL_SYNC_VERIFY_ROWS_H
#define MAILHAUL_SYNC_VERIFY_ROWS_H

#include "../../storage/salvage.h"
#include "differences.h"
#include "visit.h"

struct verify_row {
	uint32_t uid, occurrence;
	const char *uidl; /* in the arena, as all below */
	const char *base;
	const char *why;
	struct flags_ref source;
	enum ledger_state state;
	bool removed; /* at the source, by us */
};

struct verify_rows {
	struct verify_row *list; /* by uid, or by uidl and occurrence */
	size_t count, cap;
	struct arena *arena;
};

/* A file of the store. */
struct verify_file {
	const char *base, *dir;
	bool whole; /* as long as its name says */
	bool known;
};

struct verify {
	struct work *w;
	struct differences *found;
	struct arena *arena;
	struct verify_file *files; /* by base */
	size_t file_count, file_cap;
};

/* All rows of the mailbox; of other epochs: none but `known` files. Caller
 * clears, on failure too. */
int verify_rows_load(struct verify *v, const struct ledger_mailbox *m,
	struct verify_rows *ret_rows, struct err *err);
void verify_rows_clear(struct verify_rows *rows);

/* ---- verify_source.c: the source against rows */
int verify_imap(struct verify *v, const struct plan_pair *pair,
	const struct ledger_mailbox *m, const struct verify_rows *rows,
	struct err *err);
int verify_pop3(struct verify *v, const struct plan_pair *pair,
	const struct verify_rows *rows, struct err *err);

/* ---- verify_store.c: rows against the store, and what is left of it */
int verify_files_load(struct verify *v, struct err *err);
void verify_file_is_known(struct verify *v, const char *base);
int verify_here(struct verify *v, const struct ledger_mailbox *m,
	const char *mailbox, const struct verify_rows *rows, struct err *err);
void verify_unknown(struct verify *v);

#endif
