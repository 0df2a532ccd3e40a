/* SPDX-License-Identifier: BSD-2-Clause */
/* jobs_internal: what the jobs*.c files share. */
#ifndef MAILHAUL_STORAGE_JOBS_INTERNAL_H
#define MAILHAUL_STORAGE_JOBS_INTERNAL_H

#include "../collector/base/buf.h"
#include "jobs.h"

/* A JSON array, which SQLite reads as a table. Caller: buf_free. */
void jobs_list_accounts(
	struct buf *ret_list, const int64_t *accounts, size_t count);

/* An account's mailboxes in their order. Caller: jobs_mailboxes_free. */
int jobs_mailboxes_read(struct state *state, int64_t account_id,
	struct job_mailbox **ret_mailboxes, size_t *ret_count, struct err *err);
void jobs_mailboxes_free(struct job_mailbox *mailboxes, size_t count);

/* A statement about the account, and with it, both or none, it is due now. */
int jobs_due_with(struct state *state, const char *statement,
	int64_t account_id, struct err *err);

/* In the caller's transaction. */
int jobs_failures_write(struct state *state, int64_t account_id,
	const struct job_result *result, struct err *err);

/* Before a run's end is written: moves the account's last run on. What the
 * next run is for, and when it is due (0 = never), if that is not as the result
 * has it. */
struct jobs_last {
	enum job_task next_task;
	int64_t next_due_s;
};
int jobs_last_step(struct state *state, const struct job *job, int64_t now_s,
	const struct job_result *result, struct jobs_last *ret_last,
	struct err *err);

#endif
