/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subscriptions: the list of subscribed folders in a store's root, shared
 * with Dovecot. Lines are added, or follow a folder that is renamed; none is
 * removed. Private to the store.
 */
#ifndef MAILHAUL_STORAGE_SUBSCRIPTIONS_H
#define MAILHAUL_STORAGE_SUBSCRIPTIONS_H

#include "maildir.h"

/* dirs: "" for INBOX, else ".A.B". tag makes temporary names unique. */
int subscriptions_add(int root_fd, const char *const *dirs, size_t count,
	struct owner owner, const char *tag, struct err *err);

/* The line of one, where it has one, becomes that of the other. */
int subscriptions_rename(int root_fd, const char *from, const char *to,
	struct owner owner, const char *tag, struct err *err);

#endif
