/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * work: what the rooms of sync/ share while one run is executed. One thread.
 */
#ifndef MAILHAUL_SYNC_WORK_H
#define MAILHAUL_SYNC_WORK_H

#include "../../storage/ledger.h"
#include "../../storage/presence.h"
#include "../../storage/store.h"
#include "../base/log.h"
#include "link.h"
#include "progress.h"
#include "run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

/* INBOX was renamed: messages of that epoch of it are in mailbox `to` now.
 * id 0: it was not. */
struct work_inbox {
	int64_t id;
	uint32_t uidvalidity;
	char to[NAME_MAILBOX_MAX];
};

struct work {
	struct run *run;
	struct log_ctx log;
	struct ledger *ledger;
	struct store *store;
	struct presence *presence; /* listed once, when first asked for */
	struct link link;	   /* of the thread that goes on: walk_crew.c */
	struct session_wait wait;  /* of the run's first session */
	struct salvage *salvage;   /* reclaim.h; NULL: nothing was lost */
	bool list_only;		   /* nothing is fetched in this run */
	uint32_t reclaimed;	   /* rows made for what had no key */
	struct progress progress;
	int64_t now_s;	  /* wall clock at the beginning */
	uint64_t arrived; /* messages handed to the store */
	uint64_t reread;  /* reread.h */
	uint64_t rekeyed; /* recognised under a new key */
	uint64_t flag_changes;
	uint64_t expunged;    /* trashed or removed here */
	uint64_t removed;     /* deleted at the source */
	uint64_t left_out;    /* \Deleted, skip_deleted */
	uint64_t quarantined; /* in this run */
	uint64_t bytes_kept;  /* of the account, as far as known */
	int64_t again_at_s;   /* first next_try_at of this run; 0 = none */
	struct err first_err; /* of the mailboxes that failed */
	struct err held_why;  /* where the brake holds deletions */
	size_t failed;	      /* mailboxes */
	struct job_failure *failures; /* failures.h */
	size_t failure_count;
	bool parts;	  /* of messages are kept, or were in this run */
	bool turned_back; /* the store is older than the ledger: removal.h */
	bool modseq_proved, modseq_lies; /* trust.h */
	bool all_hidden;		 /* Gmail that does not list All Mail */
	const struct plan *plan;	 /* once it is made */
	struct work_inbox inbox;	 /* moves.h */
};

/* Where the store's messages are: one listing a run, made when something was
 * not found in its folder. The run frees it. */
int work_presence(
	struct work *w, const struct presence **ret_presence, struct err *err);

/* What is quarantined is tried again if it is due by then. */
static inline int64_t work_due_s(const struct work *w)
{
	return w->run->job.retry ? INT64_MAX : w->now_s;
}

static inline bool work_cancelled(const struct work *w)
{
	return atomic_load(&w->run->cancel);
}

/* -1 with ERR_CANCELLED once somebody wants the run to stop, else 0. */
int work_check_cancel(const struct work *w, struct err *err);
/* The same where messages are received; also -1 with ERR_CANCELLED once others
 * wait for the place and something has come, or its hours are over, and with
 * ERR_QUOTA once the day's
 * bytes are used up. */
int work_may_receive(const struct work *w, struct err *err);
/* Bytes of messages have come: waits where the account has a rate. */
void work_receive(struct work *w, uint64_t bytes);

#endif
