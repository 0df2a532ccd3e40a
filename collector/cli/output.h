/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output: a file that has its name only once it is whole and durable; an
 * older one of that name stays until then. Mode 0600: what is in it is
 * somebody's mail.
 */
#ifndef MAILHAUL_CLI_OUTPUT_H
#define MAILHAUL_CLI_OUTPUT_H

#include "../base/err.h"

#include <stdbool.h>
#include <stdio.h>

struct output {
	FILE *file;
	char *path, *tmp;
};

int output_open(const char *path, struct output *ret, struct err *err);
/* Closes. keep: it gets its name, unless anything could not be written; else
 * it is removed. */
int output_end(struct output *o, bool keep, struct err *err);

#endif
