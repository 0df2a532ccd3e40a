/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * purge: takes out of a store what one account has brought into it: the files
 * that its ledger names, wherever in the store a reader has put them, then
 * those of its folders that are empty. All other mail stays, and is counted;
 * so do the store's root and its id. Nothing is reached through a link, and
 * nothing but what lies below the root. Killed at any step it goes on when it
 * is called again. The caller sees to it that no run of the account is under
 * way.
 */
#ifndef MAILHAUL_STORAGE_PURGE_H
#define MAILHAUL_STORAGE_PURGE_H

#include "../collector/base/err.h"
#include "ledger.h"

#include <stdint.h>
#include <sys/types.h>

struct purge_result {
	uint64_t removed, bytes; /* messages */
	uint64_t stayed;	 /* messages that the ledger does not name */
	uint64_t folders;	 /* removed */
};

/*
 * root: of the store; uid, gid: whom it belongs to, (uid_t)-1 = us. ERR_STORE
 * where it is not, or is not the store with the ledger's id, or is being
 * changed all the time. What was removed is durable.
 */
int purge_store(const char *root, uid_t uid, gid_t gid, struct ledger *ledger,
	struct purge_result *ret_result, struct err *err);

#endif
