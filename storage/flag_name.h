/* SPDX-License-Identifier: BSD-2-Clause */
/* flag_name: a message's file name with other flags behind ":2,". Pure. */
#ifndef MAILHAUL_STORAGE_FLAG_NAME_H
#define MAILHAUL_STORAGE_FLAG_NAME_H

#include <limits.h>
#include <stdint.h>

/* What stands behind ":2,"; "" where there are no flags. */
const char *flag_name_letters(const char *name);
/*
 * The new name: system flags, the letters of keywords and of what has none
 * (unknown), and of the old letters the upper-case ones that we do not know.
 * What follows a second comma stays. -1: too long.
 */
int flag_name_make(const char *name, uint8_t system, const char *letters,
	const char *unknown, char out[NAME_MAX + 1]);

#endif
