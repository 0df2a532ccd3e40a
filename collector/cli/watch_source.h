/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch_source: what `status --watch` shows, read from the job table: one
 * query for all accounts, however many they are, a few more beside it. The
 * accounts themselves are read again only where something of them has changed.
 */
#ifndef MAILHAUL_CLI_WATCH_SOURCE_H
#define MAILHAUL_CLI_WATCH_SOURCE_H

#include "../../storage/state.h"
#include "../model/settings.h"
#include "args.h"
#include "watch.h"

/* The jobs at a moment, and the rows that point to them. */
struct watch_moment {
	struct job_status *statuses;
	size_t status_count;
	struct watch_row *rows;
	size_t count;
	int64_t at_ms; /* monotonic; 0 = none */
};

struct watch_source {
	struct state *state;
	const struct settings *settings;
	const struct args *args; /* names, --group; neither: all */
	struct account *accounts;
	size_t account_count;
	struct watch_moment now; /* its revisions are those of accounts */
	struct budget_row *hosts;
	size_t host_count;
	struct job_notice *notices;
	size_t notice_count;
	struct job_status *open; /* the account that is open, with mailboxes */
	size_t open_count;
	struct job_failure *failures;
	size_t failure_count;
};

/*
 * Reads all, and the mailboxes and failures of one account (0: of none).
 * *ret_reading points into s, until the next call. On failure what was read
 * before stays as it is.
 */
int watch_source_read(struct watch_source *s, int64_t open_account,
	struct watch_reading *ret_reading, struct err *err);
void watch_source_clear(struct watch_source *s);

#endif
