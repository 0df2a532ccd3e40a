/* SPDX-License-Identifier: BSD-2-Clause */
/* columns: how much room a text takes on a terminal. Pure, but for the last. */
#ifndef MAILHAUL_CLI_COLUMNS_H
#define MAILHAUL_CLI_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

/* s is valid UTF-8 and printable (text_printable); the same below. */
int columns_of(const char *s);
/* Bytes of s, whole characters, that take no more than so many columns. */
size_t columns_bytes(const char *s, int columns);
/* Whether the user's locale can show more than ASCII. */
bool columns_utf8(void);

#endif
