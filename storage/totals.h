/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * totals: the job table in a few numbers, with nobody's name in them: what
 * the daemon tells to those who watch it.
 */
#ifndef MAILHAUL_STORAGE_TOTALS_H
#define MAILHAUL_STORAGE_TOTALS_H

#include "../collector/base/err.h"
#include "../collector/model/url.h"
#include "state.h"

#include <stddef.h>
#include <stdint.h>

/* The states of `status`. */
enum totals_state {
	TOTALS_PAUSED,
	TOTALS_QUEUED,
	TOTALS_RUNNING,
	TOTALS_WAITING,
	TOTALS_IDLE,
	TOTALS_FAILED,
	TOTALS_STATES
};
enum {
	TOTALS_PROTOCOLS = PROTOCOL_POP3 + 1,
	TOTALS_CLASSES = ERR_CANCELLED + 1
};
/* "paused", "queued" … */
extern const char *const totals_states[TOTALS_STATES];

struct totals {
	uint64_t accounts[TOTALS_PROTOCOLS][TOTALS_STATES];
	/* whose last run left an error: skipped something, or failed */
	uint64_t errors[TOTALS_CLASSES];
	uint64_t stalled;
	uint64_t source, stored, quarantined, skipped, bytes; /* messages */
	uint64_t held, deletions; /* wait for a person; for their time */
	int64_t due_from_s;	  /* who waits for a place; 0: nobody */
	int64_t success_from_s;	  /* the longest ago; 0: no accounts */
	uint64_t hosts, hosts_learned, hosts_used_up;
};

/* In one transaction that only reads. */
int totals_read(struct state *state, int64_t now_s, struct totals *ret_totals,
	struct err *err);

#endif
