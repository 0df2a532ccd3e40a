/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * visit: one mailbox in one run: its row and folder, what is known of it,
 * and what has come. The story of a visit is
 *     row → folder → select → import → resync → (run: flush → mark)
 */
#ifndef MAILHAUL_SYNC_VISIT_H
#define MAILHAUL_SYNC_VISIT_H

#include "changes.h"
#include "intake.h"
#include "plan.h"
#include "uidset.h"
#include "work.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A quarantined message whose next try is due. */
struct visit_due {
	uint32_t uid;
	uint32_t occurrence;
	char uidl[MESSAGE_UIDL_MAX];
	int64_t tries;
};

struct visit {
	struct work *work;
	const struct plan_pair *pair;
	struct log_ctx log;
	struct ledger_mailbox m;    /* the row; becomes the mark */
	struct mailbox_state state; /* of the first select of this visit */
	struct folder *folder;
	bool first;   /* the mailbox has never been imported completely */
	bool fresh;   /* nor has its present epoch */
	bool rematch; /* an older epoch's messages may be among the new */
	bool doubt;   /* flags of some message are not known: scan next time */
	bool reused;  /* a UID names another message than it did */
	bool scanned_flags; /* changes are known from a scan */
	bool known_loaded;
	bool unchanged;	       /* the list of mailboxes says so: not selected */
	struct uidset known;   /* need no fetch: rows of earlier runs */
	struct uidset got;     /* settled in this visit */
	struct visit_due *due; /* ascending */
	size_t due_count;
	struct uidset
		suspects; /* known ones that look like others: witness.h */
	struct changes changes; /* of known messages, to be applied */
	bool missed;		/* a change waits for a message not seen here */
	uint64_t flags_applied;
	uint64_t vanished; /* proved gone at the source in this visit */
	uint64_t given_up; /* quarantined in this visit */
	uint64_t came;	   /* handed to the store in this visit */
	uint64_t counted;  /* into the run's messages_total */
	uint64_t expected; /* to be fetched, as far as known */
	/* \Deleted, with skip_deleted: by the last scan; after it. */
	uint32_t left_out, left_out_late;
	bool cut;	/* the server announces more than it shows, */
	uint32_t shown; /* namely so many: no mark may pass */
};

/*
 * From the row to the end of resync. On success v->m holds the mark that may
 * be written once the store has been flushed. Caller: visit_clear.
 */
int visit_mailbox(struct visit *v, struct work *work,
	const struct plan_pair *pair, struct err *err);
void visit_clear(struct visit *v);

/* The state that came with the list is that of the last mark, and it is not
 * time to compare flags all the same (trust.h): nothing is to be asked. */
bool visit_is_unchanged(struct work *w, const struct ledger_mailbox *m,
	const struct mailbox_state *status);
/* Fills known, once. */
int visit_load_known(struct visit *v, struct err *err);
/* Opens a session where a failure has cost the last one. */
int visit_ensure_session(struct visit *v, struct err *err);
/* Selects again in a new session; the epoch has to be the same. */
int visit_select_again(struct visit *v, struct err *err);
/* Records a message that cannot be had. key: uid or uidl + occurrence.
 * dialogue: session_dialogue, "" = not known. */
int visit_quarantine(struct visit *v, const struct ledger_message *key,
	int64_t tries, const struct err *why, const char *dialogue,
	struct err *err);
/* Records that a message is left out for good, and why. */
int visit_skip(struct visit *v, uint32_t uid, const char *why, struct err *err);
/* NULL: not quarantined, or not yet due. */
const struct visit_due *visit_find_due(const struct visit *v, uint32_t uid);
/* A quarantined message is no longer at the source. */
int visit_forget(struct visit *v, const struct visit_due *due, struct err *err);

#endif
