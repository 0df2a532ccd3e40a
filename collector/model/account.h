/* SPDX-License-Identifier: BSD-2-Clause */
/* account: one remote login and its local destination. Nouns only. */
#ifndef MAILHAUL_MODEL_ACCOUNT_H
#define MAILHAUL_MODEL_ACCOUNT_H

#include "../base/mem.h"
#include "url.h"

#include <stdbool.h>
#include <stdint.h>

#define ACCOUNT_NAME_MAX 129  /* printable, no space, no '/' */
#define ACCOUNT_UUID_BYTES 33 /* 32 hex digits + NUL */

/* How far an account is with its last run. */
enum account_finish {
	FINISH_NONE,
	FINISH_COLLECTS, /* one more run is to collect */
	FINISH_COMPARES, /* what is here then is to be compared */
	FINISH_DONE,	 /* no more; paused */
	FINISH_UNTIL,	 /* its date has passed; paused */
	FINISH_PURGED,	 /* being removed with its mail; paused */
};

/* Strings are owned; account_clear (storage/accounts.h) frees them. */
struct account {
	int64_t id;
	char uuid[ACCOUNT_UUID_BYTES];
	char name[ACCOUNT_NAME_MAX];
	struct url url;
	char *to;	   /* local user */
	int64_t every_s;   /* 0 = sync.every, -1 = never (import once) */
	char *delete_rule; /* "never" … as typed */
	char *on_expunge;  /* "keep" … */
	char *folders;	   /* globs, one a line; "" = all */
	char *excludes;
	char *prefix;	   /* folder, UTF-8; "" = none */
	char *ca_file;	   /* "" = tls.ca_file */
	char *fingerprint; /* as pin.h writes it; "" = none */
	char *maps;	   /* "MAILBOX=FOLDER", one a line; "" = none */
	char *quirks;	   /* "name=on" or "name=off", one a line */
	char *uidl_from;   /* URL; "" = none */
	char *auth;	   /* mechanism; "" = the best that both know */
	char *token_file;  /* "" = a password */
	char *to_folder;   /* POP3: where mail goes; "" = INBOX */
	char *group;	   /* the wave it belongs to; "" = none */
	int priority;	   /* 0 … 9: who comes first, of those due */
	int64_t until_at;  /* not collected after it; 0 = for ever */
	char *hours;	   /* "22:00-06:00", as hours.h; "" = all */
	int64_t max_rate;  /* bytes a second; 0 = as they come */
	int connections;   /* at most so many sessions at once, ≥ 1 */
	int pop3_seen;	   /* 1, 0; -1 = those older than 14 days */
	bool skip_deleted;
	bool new_uids; /* the source's UIDs are not kept */
	bool newest_first;
	bool push;   /* a parked session waits for new mail */
	bool shared; /* mailboxes of others, too */
	bool paused;
	enum account_finish finish;
	bool shares_store;	 /* with another account; by id only */
	int64_t confirmed_fence; /* deletions held up to this run may go on */
	int64_t created_at;
};

/* Whether its date has passed, seen by the conductor or not yet. What a person
 * finishes is collected once more. */
static inline bool account_is_over(const struct account *a, int64_t now_s)
{
	return a->until_at != 0 && a->until_at <= now_s &&
	       a->finish != FINISH_COLLECTS && a->finish != FINISH_COMPARES;
}

#endif
