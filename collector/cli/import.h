/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: a sheet of accounts, checked as a whole and then enrolled in one
 * transaction. A row that is enrolled already and says nothing else is
 * unchanged, so that an import can be repeated.
 */
#ifndef MAILHAUL_CLI_IMPORT_H
#define MAILHAUL_CLI_IMPORT_H

#include "../../storage/state.h"
#include "../base/dict.h"
#include "../model/settings.h"
#include "sheet.h"

struct import {
	const struct settings *settings;
	struct state *state;
	struct sheet *sheet;
	bool update;  /* what differs is changed */
	bool partial; /* rows that are good go without those that are not */
	struct dict *names; /* with their lines */
	size_t next;
	size_t enrolled, changed, unchanged, bad; /* rows */
};

/* The file, or "-" for standard input, as sheet_read takes it; cleansed on
 * the way. ERR_CONFIG: it cannot be read. */
int import_read(
	const char *path, char **ret_bytes, size_t *ret_n, struct err *err);
/* A line each, to standard error. */
void import_print_faults(const struct sheet *s, const char *file);
/* Looks at every row, changes nothing, and counts what would become of them;
 * faults are in the sheet. -1: the state cannot be read. */
int import_check(struct import *x, struct err *err);
/* After import_check: all of it, or nothing and -1. */
int import_enrol(struct import *x, struct err *err);
void import_clear(struct import *x);

#endif
