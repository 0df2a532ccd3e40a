/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenant_file: small files of a store, which its tenant may have replaced by
 * anything: a link to somebody else's file, a FIFO that never answers. Any
 * thread.
 */
#ifndef MAILHAUL_STORAGE_TENANT_FILE_H
#define MAILHAUL_STORAGE_TENANT_FILE_H

/*
 * Opens a plain file of the directory's owner, or of ours with no other name
 * (a hard link to root's files would otherwise be read, or written, for the
 * tenant). flags: O_RDONLY or O_WRONLY, O_APPEND. Never waits, follows no
 * link. -1 with errno: ENOENT, ELOOP for a link, EPERM for anything else.
 */
int tenant_file_open(int dir_fd, const char *name, int flags);

#endif
