/* SPDX-License-Identifier: BSD-2-Clause */
/* uidlist_internal: how another file takes the place of a list. */
#ifndef MAILHAUL_STORAGE_UIDLIST_INTERNAL_H
#define MAILHAUL_STORAGE_UIDLIST_INTERNAL_H

#include "uidlist.h"

#define UIDLIST_TMP_MAX 96

/* The directory that a temporary file lies in, and its name there. */
int uidlist_tmp_dir(const struct uidlist *u);
void uidlist_tmp_name(const struct uidlist *u, char out[UIDLIST_TMP_MAX]);
/* Empty, of the owner, readable for whom the directory is: 0600 or 0660, as
 * Dovecot's own. -1 with errno. */
int uidlist_make_tmp(const struct uidlist *u, const char *tmp);
int uidlist_write_all(int fd, const char *bytes, size_t n, size_t *ret_written);

#endif
