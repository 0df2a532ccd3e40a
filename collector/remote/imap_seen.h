/* SPDX-License-Identifier: BSD-2-Clause */
/* imap_seen: leaves unread what was unread, where a server marks messages as
 * read that were only looked at (QUIRK_PEEK_SETS_SEEN). */
#ifndef MAILHAUL_REMOTE_IMAP_SEEN_H
#define MAILHAUL_REMOTE_IMAP_SEEN_H

#include "imap_command.h"
#include "range_list.h"

/* UIDs of a command. */
#define IMAP_SEEN_MESSAGES 100

struct imap_seen {
	struct range_list unread;
	size_t max;
};

/* Before: which messages of the set are unread. Caller clears, on failure
 * too. */
int imap_seen_before(struct imap *im, const char *set, struct imap_seen *ret,
	struct err *err);
/* A message that was among them is told as unread. */
void imap_seen_correct(const struct imap_seen *s, struct message_meta *meta);
/* After: they are unread again. A refusal is logged, no more. */
int imap_seen_restore(
	struct imap *im, const struct imap_seen *s, struct err *err);
void imap_seen_clear(struct imap_seen *s);

#endif
