/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names: which accounts there are, for somebody who is still typing. Looks
 * only: nothing is created, migrated, locked for long or waited for.
 */
#ifndef MAILHAUL_STORAGE_NAMES_H
#define MAILHAUL_STORAGE_NAMES_H

#include "../collector/base/err.h"

#include <stddef.h>

struct names {
	char **names;
	size_t n;
};

/* In their order. Fails where there is no job table, where we may not read
 * it, and where another process has it for longer than a moment. *ret is
 * whole or as it was; names_clear frees. */
int names_read(const char *state_dir, struct names *ret, struct err *err);
void names_clear(struct names *names);

#endif
