/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * headers: the header hash of messages of the selected mailbox, as a ledger
 * keeps it, without fetching the messages. Hashed here: the far end is not
 * believed. One message at a time is on its way.
 */
#ifndef MAILHAUL_SYNC_HEADERS_H
#define MAILHAUL_SYNC_HEADERS_H

#include "../../storage/header.h"
#include "work.h"

typedef int headers_fn(void *arg, const struct message_meta *meta,
	const struct header_bare *head, struct err *err);

/* For each message that is there and has a header; uids ascend. */
int headers_fetch(struct work *w, const uint32_t *uids, size_t count,
	headers_fn *fn, void *arg, struct err *err);

#endif
