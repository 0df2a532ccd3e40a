/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jobs: the job table, one row an account: due time, lease, heartbeat,
 * fencing number, attempts, result, progress. A job is claimed by one atomic
 * statement that also keeps the limit of running sessions per remote host.
 * Whoever wants something from the daemon writes here.
 */
#ifndef MAILHAUL_STORAGE_JOBS_H
#define MAILHAUL_STORAGE_JOBS_H

#include "../collector/base/err.h"
#include "../collector/model/account.h"
#include "../collector/model/budget.h"
#include "state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_RUN_ID_BYTES 17 /* 16 hex digits + NUL */
#define JOB_LEASE_S 300
#define JOB_FAILURES_MAX 1000
#define JOB_TASK_RESULT_BYTES 64

/* What a run is for. */
enum job_task {
	JOB_COLLECT,
	JOB_VERIFY,  /* compare source, ledger and store; change nothing */
	JOB_REBUILD, /* the ledger anew, from names and listing; compare */
};

struct job {
	int64_t account_id;
	char run[JOB_RUN_ID_BYTES];
	int64_t fence;	  /* grows with every claim of the account */
	int64_t attempts; /* failed runs in a row before this one */
	int64_t refusals; /* logins that were refused, of those */
	bool retry;	  /* try what is quarantined, due or not */
	int64_t revision; /* of the account: what a person has changed */
	enum job_task task;
	int64_t due_at_s; /* since when it waited; 0 = it was named */
	enum account_finish finish;
	int64_t closes_at; /* its hours end then; 0 = they do not */
	/* what may be asked of the host, as the table says (budgets.h) */
	int64_t sessions;    /* at once, by this run */
	bool logins_limited; /* after the first one each has to be granted */
	struct budget budget;
};

/* Of an account with `push`, since its last run. */
enum job_push {
	JOB_PUSH_NONE,
	JOB_PUSH_WAITS,	 /* a session waits for new mail */
	JOB_PUSH_CANNOT, /* the server cannot do that */
};

/*
 * Several calls as one, durable together: jobs_claim and jobs_finish between
 * begin and commit join in; alone each commits by itself. After a failure the
 * caller rolls back (a failed commit has done so), and none has happened.
 */
int jobs_begin(struct state *state, struct err *err);
int jobs_commit(struct state *state, struct err *err);
void jobs_rollback(struct state *state);

/*
 * Claims the due job that has waited longest (a step of the account's
 * priority counts as six hours) and whose host has fewer sessions
 * running than it may have (per_host, where budgets.h says nothing else), and
 * a login left in this minute, which is counted; not paused, not leased,
 * account not in `except` (accounts for which the caller still holds a run),
 * within its hours: one that is not is due when they begin. 1
 * claimed, 0 none, -1. only_account: claim just that one, due or not, paused or
 * not; 0 = any due. A lease that ran out is claimed again. A due time further
 * in the future than twice what it was when it was set (the clock was set back)
 * counts as due; a lease further than 2 × JOB_LEASE_S as run out.
 */
int jobs_claim(struct state *state, const char *owner, int64_t now_s,
	int64_t per_host, int64_t only_account, const int64_t *except,
	size_t except_count, struct job *ret_job, struct err *err);

/* Seconds until the next job falls due (0 = now; -1 = none is waiting),
 * whatever the limit of its host. A leased job counts from the end of its
 * lease: then somebody else may claim it. */
int jobs_next_due(
	struct state *state, int64_t now_s, int64_t *ret_in_s, struct err *err);

/* Extends the lease of all runs of owner. One that another owner has taken
 * over is not touched: jobs_finish says so. */
int jobs_heartbeat(
	struct state *state, const char *owner, int64_t now_s, struct err *err);

/* Live progress of a run, and counts that outlive it. */
struct job_progress {
	int64_t account_id;
	int64_t fence;
	char phase[32];		 /* "connecting" "listing" "importing" … */
	char mailbox[256];	 /* printable */
	uint64_t messages_total; /* at the source, as far as known */
	uint64_t messages_done;	 /* stored, of this run's new ones */
	uint64_t messages_new;	 /* to fetch in this run, as far as known */
	uint64_t bytes_done;	 /* received in this run */
	int64_t started_ms;	 /* wall clock */
};
/* All runs together, in one transaction, or in the caller's. */
int jobs_progress(struct state *state, const struct job_progress *progress,
	size_t count, struct err *err);

/* Per mailbox counts for `status`, replaced as a whole at the end of a run. */
struct job_mailbox {
	char *mailbox; /* UTF-8, printable where it decodes */
	char *folder;
	int64_t uidvalidity;
	int64_t source;
	int64_t stored;
	int64_t quarantined;
	char *notice; /* what a person has to know; NULL or "" = nothing */
	/* of the first import's messages, so many have the UID that they have
	 * at the source; -1: it is not complete, or new ones were wanted */
	int64_t uids_kept, uids_wanted;
	/* have no UIDL where they are to have one; -1: they are not */
	int64_t uidls_missing;
};

/* What could not be had: a mailbox (uid 0 and no uidl), or a message. */
struct job_failure {
	char *mailbox; /* printable */
	uint32_t uid;  /* 0 for POP3 */
	char *uidl;    /* "" for IMAP */
	enum err_class class;
	char *text;
	int64_t first_at, tries;
	int64_t next_try_at; /* 0: with the next run */
	char *dialogue;	     /* lines, printable; "" = not known */
};

struct job_result {
	bool ok;
	struct err err;	    /* where !ok, or ok with something skipped */
	bool needs_person;  /* state failed: no further try by itself … */
	bool goes_on;	    /* … but regular runs, for the rest */
	bool cancelled;	    /* drained: due again at once, no attempt */
	bool progress;	    /* something was delivered */
	bool yielded;	    /* cancelled: it has made way for others */
	int64_t next_due_s; /* wall clock; 0 = never (import once, done) */
	/* of budgets.h: bytes that are not counted yet; whether err teaches
	 * something, and how many bytes a day the server allows; 0 = none */
	uint64_t spent_bytes;
	bool learn;
	uint64_t lesson_bytes;
	int64_t messages_source, messages_stored, messages_quarantined,
		messages_skipped;
	int64_t bytes_stored;
	int64_t held; /* gone on one side, kept on the other until confirmed */
	/* of --delete: what waits, and is done; 0 = no next one is known */
	int64_t deletions_waiting, deletions_next_at, deletions_done;
	uint64_t deleted_at_source; /* by this run */
	enum job_push push;
	/* of a task: the name of a file under results/; "" = none */
	char task_result[JOB_TASK_RESULT_BYTES];
	uint64_t differences; /* that JOB_VERIFY has found */
	/* NULL: the run did not come to know; the counts above and those of
	 * the mailboxes stay as they were. */
	const struct job_mailbox *mailboxes;
	size_t mailbox_count;
	/* written with the mailboxes; the first JOB_FAILURES_MAX */
	const struct job_failure *failures;
	size_t failure_count;
};
/* Ends a run: releases the lease if the fence is still ours; else nothing is
 * written and 0 is returned with *ret_ours false. */
int jobs_finish(struct state *state, const struct job *job, int64_t now_s,
	const struct job_result *result, bool *ret_ours, struct err *err);

/* At start: leases of dead owners on this machine (owner is "pid:start") are
 * released: the conductor holds state.lock, so every lease is stale. */
int jobs_release_all(struct state *state, int64_t now_s, struct err *err);

/* Calls fn with each host of which jobs are due that nobody runs, paused and
 * `except` left out, and how many they are. full: the host has all the sessions
 * that it may have. */
typedef void jobs_waiting_fn(
	void *arg, const char *host, size_t waiting, bool full);
int jobs_waiting(struct state *state, int64_t now_s, int64_t per_host,
	const int64_t *except, size_t except_count, jobs_waiting_fn *fn,
	void *arg, struct err *err);

/* Makes due now: one account, or all that are not paused (account_id 0). One
 * that is running is due again when that run ends. Joins the caller's
 * transaction. */
int jobs_due_now(struct state *state, int64_t account_id, struct err *err);
/* A person allows the deletions that the last run told to be held, and no
 * more; the account is due now. ret_held 0: there were none. */
int jobs_confirm_deletions(struct state *state, int64_t account_id,
	int64_t *ret_held, struct err *err);
/* Due now, and what is quarantined with it. */
int jobs_retry(struct state *state, int64_t account_id, struct err *err);
/* The account's next run is for this; it is due now (after the present one,
 * where there is one). */
int jobs_task(struct state *state, int64_t account_id, enum job_task task,
	struct err *err);
/* Whether that is over, and the file under results/ that came of it. */
int jobs_task_result(struct state *state, int64_t account_id, bool *ret_over,
	char out[JOB_TASK_RESULT_BYTES], struct err *err);
/*
 * The last run: one that collects, begun after this, and one that compares
 * what is here then; after that the account is paused. Due now, also where it
 * was paused. One that fails is tried again like any other, and what was
 * compared in vain is collected before it is compared again.
 */
int jobs_last_begin(struct state *state, int64_t account_id, struct err *err);
/* There is to be none; what is finished stays so. */
int jobs_last_forget(struct state *state, int64_t account_id, struct err *err);
/* Accounts whose date has passed are paused for good, and their runs end. Does
 * not write where there are none. */
int jobs_until(struct state *state, int64_t now_s, struct err *err);
/* It is to be removed with its mail: paused for good, and its run ends. */
int jobs_purge_mark(struct state *state, int64_t account_id, struct err *err);
/* 1: no run is under way, and whoever has this fencing number is the only one
 * who may open the ledger; 0: one is; -1. */
int jobs_purge_begin(struct state *state, int64_t account_id,
	int64_t *ret_fence, struct err *err);
/* Those of the accounts whose last run failed for lack of room, or of a disk
 * that works, are due now. */
int jobs_due_disk(struct state *state, const int64_t *accounts, size_t count,
	int64_t now_s, struct err *err);
/* Calls fn, once for each account until a run of it is good again, for those
 * of which nothing has come for so long although they were tried. */
int jobs_stalled(struct state *state, int64_t now_s, int64_t after_s,
	void (*fn)(void *arg, const char *account, int64_t moved_at), void *arg,
	struct err *err);
/* What keeps many accounts waiting at once; text "": nothing more. */
int jobs_notice(struct state *state, const char *key, const char *text,
	int64_t now_s, struct err *err);
struct job_notice {
	char *text;
	int64_t since;
};
/* All. Caller: jobs_notices_free. */
int jobs_notices(struct state *state, struct job_notice **ret_notices,
	size_t *ret_count, struct err *err);
void jobs_notices_free(struct job_notice *notices, size_t count);
/* What the account's last run left behind, mailboxes first. Caller:
 * jobs_failures_free. */
int jobs_failures(struct state *state, int64_t account_id,
	struct job_failure **ret_failures, size_t *ret_count, struct err *err);
void jobs_failures_free(struct job_failure *failures, size_t count);
/* Asks the daemon to end a run; jobs_cancelled tells it. */
int jobs_cancel(struct state *state, int64_t account_id, struct err *err);
/* Running accounts that were cancelled, paused or removed meanwhile. Caller
 * frees. */
int jobs_cancelled(struct state *state, const char *owner,
	int64_t **ret_accounts, size_t *ret_count, struct err *err);

/*
 * A session that waits for new mail has news, or was lost (waits: false): the
 * account is due no later than at_s, after the present run where there is one.
 * Joins the caller's transaction.
 */
int jobs_due_by(struct state *state, int64_t account_id, int64_t now_s,
	int64_t at_s, bool waits, struct err *err);
/* No session of it waits any more; 0 = of anybody. */
int jobs_push_end(struct state *state, int64_t account_id, struct err *err);
/* Calls fn with those of the accounts that exist and are not paused. */
typedef void jobs_revision_fn(void *arg, int64_t account_id, int64_t revision);
int jobs_revisions(struct state *state, const int64_t *accounts, size_t count,
	jobs_revision_fn *fn, void *arg, struct err *err);

/* What `status` shows of one account. Strings owned. */
struct job_status {
	int64_t account_id;
	int64_t revision; /* grows with what a person changes of the account */
	char state[16];	  /* paused queued running waiting idle failed */
	int64_t last_success_at, next_due_at, runs, crashes;
	int64_t failing_since; /* 0: the last run was good */
	int64_t moved_at;      /* something came last */
	bool stalled;	       /* that is long ago */
	int64_t messages_source, messages_stored, messages_quarantined,
		messages_skipped, bytes_stored, held;
	int64_t deletions_waiting, deletions_next_at, deletions_done;
	enum account_finish finish;
	int64_t finished_at, differences; /* the latter: FINISH_DONE */
	bool has_error;
	struct err err;
	int64_t retry_at;
	enum job_push push;
	struct budget_day day;	/* what it has received */
	uint64_t learned_bytes; /* a day; 0 = nothing is learned */
	char run[JOB_RUN_ID_BYTES];
	struct job_progress progress; /* state running */
	struct job_mailbox *mailboxes;
	size_t mailbox_count;
};
/* account_id 0 = all, by name. In one transaction, closed before it returns.
 * Caller: jobs_status_free. */
int jobs_status(struct state *state, int64_t account_id,
	struct job_status **ret_status, size_t *ret_count, struct err *err);
void jobs_status_free(struct job_status **status, size_t count);
/* All, by name, without their mailboxes: one query, however many accounts, for
 * whoever looks each second. Caller: jobs_status_free. */
int jobs_overview(struct state *state, struct job_status **ret_status,
	size_t *ret_count, struct err *err);

#endif
