/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imap_rows: the rows of a list while it is put together: LIST, LSUB, STATUS
 * and NAMESPACE lines as they come. For imap_list.c only.
 */
#ifndef MAILHAUL_REMOTE_IMAP_ROWS_H
#define MAILHAUL_REMOTE_IMAP_ROWS_H

#include "imap_command.h"
#include "imap_namespace.h"

struct list_row {
	char *name;
	char delimiter;
	uint32_t attrs;
	struct mailbox_state status;
	uint64_t bytes;
	bool bytes_known;
};

struct list {
	struct imap *im;
	struct list_row *rows;
	size_t count, room;
	size_t lines; /* LIST lines of the present command */
	bool lsub;    /* it is LSUB: rows only gain MAILBOX_SUBSCRIBED */
	struct imap_namespaces spaces;
	imap_line_fn *other; /* imap_list_send */
};

void imap_rows_add(
	struct list *l, const char *name, char delimiter, uint32_t attrs);
/* Sorts, and folds rows of one name into one. */
void imap_rows_unite(struct list *l);
/* limits.mailboxes */
int imap_rows_check(const struct list *l, struct err *err);
/* Frees the rows. */
void imap_rows_empty(struct list *l);
bool imap_rows_has(const struct list *l, const char *name);

/* Taps; arg is the struct list. */
imap_line_fn imap_rows_on_line;	     /* LIST, LSUB, STATUS */
imap_line_fn imap_rows_on_namespace; /* NAMESPACE */
/* NAMESPACE, then LIST, as they come; others go to list->other. */
imap_line_fn imap_rows_on_ahead;

#endif
