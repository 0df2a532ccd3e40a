/* SPDX-License-Identifier: BSD-2-Clause */
/* see: below a table with failures, where more is said about their classes:
 * "see: mailhaul explain auth". */
#ifndef MAILHAUL_CLI_SEE_H
#define MAILHAUL_CLI_SEE_H

#include "../base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct see {
	bool classes[ERR_CANCELLED + 1];
	size_t count; /* of those that are set */
};

/* One that is in the table; those that are no failures do not count. */
void see_note(struct see *s, enum err_class class);
/* One line for each, after an empty one; nothing where there is none. */
void see_print(const struct see *s, FILE *out);

#endif
