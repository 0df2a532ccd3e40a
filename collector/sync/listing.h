/* SPDX-License-Identifier: BSD-2-Clause */
/* listing: the mailboxes of a session, gathered. One thread. */
#ifndef MAILHAUL_SYNC_LISTING_H
#define MAILHAUL_SYNC_LISTING_H

#include "../remote/session.h"

#include <stddef.h>

/* Zeroed to begin with; bounded by limits.mailboxes. */
struct listing {
	struct mailbox_info *mailboxes;
	size_t count, cap;
};

/* Replaces what is there. */
int listing_read(struct listing *l, struct session *s, struct err *err);
void listing_clear(struct listing *l);

#endif
