/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner: whom a local user's mail belongs to, by store.owner:
 *     none          whoever mailhaul runs as
 *     UID:GID       one for all
 *     user:NAME     the system user of that name; %u %n %d as in store.path
 *     file:PATH     a line USER:…:UID:GID:… of a file like passwd(5), which
 *                   an IMAP server's passwd-file is, too
 * A local user that is nowhere, or is root, has no owner: ERR_CONFIG. Any
 * thread; the file is read anew each time.
 */
#ifndef MAILHAUL_STORAGE_OWNER_H
#define MAILHAUL_STORAGE_OWNER_H

#include "../collector/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* ret_many: the owners differ, so that directories above the stores have to
 * stay ours. (uid_t)-1: none. */
int owner_find(const char *setting, const char *user, uid_t *ret_uid,
	gid_t *ret_gid, bool *ret_many, struct err *err);

#endif
