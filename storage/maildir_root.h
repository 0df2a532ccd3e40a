/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildir_root: the way from "/" to a store's root, and who it is. Links on
 * the way are followed only where root or we made them; the root itself is
 * never a link. Private to the Maildir++ store.
 */
#ifndef MAILHAUL_STORAGE_MAILDIR_ROOT_H
#define MAILHAUL_STORAGE_MAILDIR_ROOT_H

#include "../collector/base/err.h"
#include "ledger.h"
#include "maildir.h"

enum maildir_root_make {
	MAILDIR_ROOT_IS_THERE,
	MAILDIR_ROOT_MAKE, /* what is missing, 0700 and the owner's */
	/* the root so; what is above it 0711 and ours, for other owners */
	MAILDIR_ROOT_MAKE_ALONE,
};
/* The root must be a directory of ours or of owner. Caller closes. */
int maildir_root_open(const char *path, struct owner owner,
	enum maildir_root_make make, int *ret_fd, struct err *err);
/*
 * Compares ROOT/mailhaul.id with the ledger's. Neither: a new one is made;
 * only the file: another account's ledger shares the store, and this one
 * adopts it. The ledger's missing or different here: ERR_STORE.
 */
int maildir_root_identify(
	int root_fd, const char *path, struct ledger *ledger, struct err *err);

#endif
