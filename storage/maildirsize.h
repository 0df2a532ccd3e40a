/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildirsize: the quota file of Maildir++, kept only where a reader has
 * made one: a line "BYTES COUNT" for what was added, negative for what was
 * taken away. A reader that finds none counts anew. Any thread.
 */
#ifndef MAILHAUL_STORAGE_MAILDIRSIZE_H
#define MAILHAUL_STORAGE_MAILDIRSIZE_H

#include <stdint.h>

/* Appends, or does nothing where there is none. A line that cannot be
 * written whole makes the file wrong: it is removed. */
void maildirsize_add(int root_fd, uint64_t bytes, uint64_t count);
/* The same for what was removed. */
void maildirsize_take(int root_fd, uint64_t bytes, uint64_t count);
void maildirsize_remove(int root_fd);

#endif
