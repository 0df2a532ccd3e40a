/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uidl_listing: one POP3 session that looks and takes nothing: the listing,
 * and the headers that telling the messages apart needs. No RETR, no DELE.
 */
#ifndef MAILHAUL_SYNC_UIDL_LISTING_H
#define MAILHAUL_SYNC_UIDL_LISTING_H

#include "uidl_match.h"
#include "work.h"

/*
 * match: mails are filled; gets the drops that no message has the UIDL of
 * yet, and all partners. exists: as many are in the INBOX by IMAP. The run's
 * own session is closed by now, since some servers open a mailbox but once.
 * Caller: uidl_listing_clear, also after a failure.
 */
int uidl_listing_match(struct work *w, const struct url *url, int64_t exists,
	struct uidl_match *match, struct err *err);
void uidl_listing_clear(struct uidl_match *match);

#endif
