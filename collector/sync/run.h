/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: one job being executed, straight-line, on one thread:
 * open → plan → for each mailbox import, resync → result.
 */
#ifndef MAILHAUL_SYNC_RUN_H
#define MAILHAUL_SYNC_RUN_H

#include "../../storage/accounts.h"
#include "../../storage/committer.h"
#include "../../storage/jobs.h"
#include "../base/err.h"
#include "../model/settings.h"
#include "../remote/session.h"
#include "allowance.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* How a run gets a session: the pool's way (envoys) or, in tests, directly. */
struct run_dialer {
	int (*open)(void *arg, const struct session_config *config,
		const char *ca_file, struct session **ret_session,
		struct err *err);
	/* NULL: no session can be parked. True: there is a place for one,
	 * and `park` is called: it takes a session that waits in IDLE, with
	 * news: there is some already; or NULL: the place is not needed. */
	bool (*may_park)(void *arg);
	void (*park)(void *arg, struct session *session, bool news);
	void *arg;
};

/* More sessions for the same run, where the account wants them. */
struct run_more {
	struct run_dialer *dialers; /* count; each for one thread */
	size_t count;
	/* Whether one more may be opened now; each true is given back. Any
	 * thread. */
	bool (*take)(void *arg);
	void (*give)(void *arg);
	void *arg;
};

/* What the loop may look at while the run goes on. */
struct run_progress {
	pthread_mutex_t lock;
	struct job_progress now;
};

struct run {
	/* in */
	const struct settings *settings; /* immutable while the run lives */
	const struct keys *keys;
	struct committer *committer;
	struct run_dialer dialer;
	struct run_more more;
	struct job job;
	struct account account; /* owned by the run */
	struct secret password; /* owned by the run */
	char *ledger_path;
	char *task_path; /* where the result of a task goes */
	/* shared */
	atomic_bool cancel; /* stop at the next message boundary */
	struct run_progress progress;
	struct allowance allowance;
	/* out */
	struct job_result result; /* mailboxes owned by the run */
	bool moved;		  /* something had changed at the source */
};

struct run *run_new(void);
void run_free(struct run **run);
/* Executes; never fails as a call: everything is in run->result. Computes
 * next_due_s by sync/policy. */
void run_execute(struct run *run);

#endif
