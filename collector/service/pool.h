/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool: the runs that are going on, one thread each. Loop thread only, but
 * for the run threads themselves. A pool never holds two runs of an account.
 */
#ifndef MAILHAUL_SERVICE_POOL_H
#define MAILHAUL_SERVICE_POOL_H

#include "../../storage/committer.h"
#include "../../storage/jobs.h"
#include "../../storage/state.h"
#include "../base/err.h"
#include "../model/settings.h"
#include "../sync/run.h"
#include "dialer.h"
#include "envoys.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/* Settings that live as long as somebody refers to them: a reload does not
 * pull them from under a run. */
struct generation {
	struct settings settings;
	unsigned refs;
};
struct generation *generation_new(const struct settings *settings);
void generation_release(struct generation **g);

struct pool;
struct pool_needs {
	struct state *state;
	struct envoys *envoys;
	struct anchors *anchors;
	struct committer *committer;
	struct parked *parked; /* NULL: no session is parked */
	/* A run has ended; called on the loop thread, may read run->result. */
	void (*on_finished)(void *arg, struct run *run);
	/* After a few of them: no run of theirs is left. */
	void (*on_settled)(void *arg);
	void *arg;
};

struct pool *pool_new(uv_loop_t *loop, const struct pool_needs *needs);
/* No run may be left. The loop has to run once more. */
void pool_free(struct pool **pool);

/*
 * Starts the thread of a claimed job. -1: the account or its secret cannot be
 * read; the caller finishes the job with err. ret_account_name: for events;
 * borrowed until the run is finished.
 */
int pool_start(struct pool *pool, struct generation *settings,
	const struct job *job, const char **ret_account_name, struct err *err);
size_t pool_count(const struct pool *pool);
/* Sessions that count against pool.sessions: one a run, and what runs have
 * taken besides (--connections). */
size_t pool_sessions(struct pool *pool);
/* Account ids of all runs; at most max. Returns how many. */
size_t pool_accounts(const struct pool *pool, int64_t *ids, size_t max);
/* account_id 0: all. Soft: at the next message boundary; hard: now. */
void pool_cancel(struct pool *pool, int64_t account_id, bool hard);

struct pool_run {
	struct run *run;
	struct budget_limits limits; /* of its account */
	int64_t age_ms;
};
typedef void pool_fn(void *arg, const struct pool_run *run);
void pool_each(struct pool *pool, pool_fn *fn, void *arg);

/* What all runs are doing now. Caller frees both arrays; names are borrowed
 * until the loop goes on. */
size_t pool_progress(struct pool *pool, struct job_progress **ret_progress,
	const char ***ret_names);

#endif
