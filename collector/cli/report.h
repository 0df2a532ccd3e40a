/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: what is known of an account's completeness, as one struct that the
 * writers (report_text, report_json, report_csv, report_html) put into words.
 * It says no more than ledger and job table do: what the source has is what
 * it listed in the last run, and what is here is what was written here.
 */
#ifndef MAILHAUL_CLI_REPORT_H
#define MAILHAUL_CLI_REPORT_H

#include "../../storage/jobs.h"
#include "../../storage/ledger.h"
#include "../../storage/state.h"
#include "../model/account.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How often something is there; owned. */
struct report_count {
	char *label;
	uint64_t messages, bytes;
};

struct report_counts {
	struct report_count *list;
	size_t count;
};

enum report_accounted {
	REPORT_ACCOUNTED, /* rows and messages listed are as many */
	REPORT_SHORT,	  /* the source listed more than is known here */
	REPORT_UNPROVED,  /* more is known: counts alone prove nothing */
	REPORT_UNLISTED,  /* no list of it was ever completed */
	REPORT_LEFT,	  /* collected before, no longer listed or chosen */
};

/* One mailbox; texts are printable and owned. */
struct report_mailbox {
	char *mailbox, *folder, *notice;
	uint64_t listed;      /* at the source, by the last listing */
	uint64_t collected;   /* all that was ever written here */
	uint64_t bytes;	      /* of these, as received */
	uint64_t former;      /* of these: under numbers of before */
	uint64_t quarantined; /* could not be had; tried again */
	uint64_t left_out;    /* for a reason that was written down */
	uint64_t gone;	      /* known here, no longer listed there */
	uint64_t let_go;      /* gone there, and therefore here, too */
	enum report_accounted accounted;
	uint64_t off; /* by so many, where it is SHORT or UNPROVED */
	/* SHA-256 over the lines "HASH LF" of the collected messages, in the
	 * order of a manifest; in hexadecimal */
	char digest[65];
};

/* Messages that came in one minute. */
struct report_minute {
	int64_t minute; /* since 1970 */
	uint64_t messages, bytes;
};

struct report_account {
	char *name, *source, *user; /* user: the local one */
	int64_t made_at;	    /* when the ledger was read */
	int64_t listed_at;	    /* end of the last good run; 0: none */
	bool last_ok, running, skip_deleted;
	char *error; /* of the last run; "" */
	char *scope; /* what the account leaves out by its rules; "" */
	int64_t runs;
	/* left out in the last run without a row: --skip-deleted */
	uint64_t left_out_there;
	struct report_mailbox *mailboxes;
	size_t mailbox_count;
	struct report_counts reasons;  /* quarantined and left out */
	struct report_counts years;    /* of arrival at the source */
	struct report_minute *minutes; /* ascending; when it came here */
	size_t minute_count;
	uint64_t undated; /* came before that was written down */
	struct job_failure *failures;
	size_t failure_count;
	size_t failed_mailboxes; /* of these */
	int64_t verified_at;	 /* 0: never */
	uint64_t verified_differences;
	struct report_counts verified; /* by kind */
	char *fault; /* nothing of the above could be read: why; NULL */
};

/* The sums of its mailboxes. */
struct report_totals {
	uint64_t listed, collected, bytes, former, quarantined, left_out, gone,
		let_go, off;
	size_t unproved, unlisted, missing, left; /* mailboxes */
};
void report_totals(const struct report_account *a, struct report_totals *ret);
/* All that the source listed in the last run, which was a good one, is
 * collected, quarantined, or left out for a reason. */
bool report_is_accounted(const struct report_account *a);
/* In one sentence or more what is known, and what is not. */
void report_verdict(const struct report_account *a, char *out, size_t bytes);
/* "no comparison was made yet", or when, and what it found. */
void report_verified(const struct report_account *a, char *out, size_t bytes);
/* Of a mailbox: "yes", "2 not accounted for" … */
void report_accounted(
	const struct report_mailbox *m, char *out, size_t out_bytes);
void report_clear(struct report_account *a);

/* report_gather.c: from a copy of the ledger, beside a daemon or without.
 * Where it cannot be had, *ret says so (fault), and -1 comes back. */
int report_gather(struct state *state, const struct account *account,
	const struct job_status *status, struct report_account *ret,
	struct err *err);
/* A copy of the account's ledger, open, and to be closed by
 * report_ledger_close, which removes it. *ret NULL: there is none yet. */
int report_ledger_open(struct state *state, const struct account *account,
	struct ledger **ret_ledger, char **ret_path, struct err *err);
void report_ledger_close(struct ledger **ledger, char **path);

/* The writers. */
void report_text(const struct report_account *all, size_t count, FILE *out);
void report_json(const struct report_account *all, size_t count, FILE *out);
void report_csv(const struct report_account *all, size_t count, FILE *out);
void report_html(const struct report_account *all, size_t count, FILE *out);

#endif
