/* SPDX-License-Identifier: BSD-2-Clause */
/* check_table: what was found at several accounts. Built by one thread at a
 * time. */
#ifndef MAILHAUL_CLI_CHECK_TABLE_H
#define MAILHAUL_CLI_CHECK_TABLE_H

#include "../model/account.h"
#include "../model/settings.h"
#include "../sync/preview.h"

#include <jansson.h>
#include <stdio.h>

struct check_result {
	char *name;
	struct err err; /* class ERR_NONE: it can be collected */
	char host[URL_HOST_MAX];
	enum protocol protocol;
	char *connection, *server;
	uint64_t mailboxes;
	int64_t messages, bytes; /* bytes -1: not known */
	int64_t days;	  /* at least; -1: no limit is known, or no size */
	json_t *document; /* only if it is wanted */
};

/* r->name stands; account may be all zero where it was not found. */
void check_result_found(struct check_result *r, const struct settings *settings,
	const struct account *account, const struct preview *preview,
	bool document);
void check_result_failed(struct check_result *r, const struct account *account,
	const struct err *err, bool document);
void check_result_clear(struct check_result *r);

void check_table_text(const struct settings *settings,
	const struct check_result *results, size_t count, FILE *out);
/* Takes the documents out of the results. */
void check_table_json(const struct settings *settings,
	struct check_result *results, size_t count, FILE *out);

#endif
