/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch_row: the accounts that `status --watch` shows, each beside its job,
 * with the pace of what runs; their sums, their order and their filter. Pure.
 */
#ifndef MAILHAUL_CLI_WATCH_ROW_H
#define MAILHAUL_CLI_WATCH_ROW_H

#include "../../storage/jobs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they concern whoever watches. */
enum watch_state {
	WATCH_RUNNING,
	WATCH_FAILED,
	WATCH_WAITING,
	WATCH_QUEUED,
	WATCH_IDLE,
	WATCH_PAUSED,
	WATCH_STATES,
};
extern const char *const watch_state_names[WATCH_STATES];

struct watch_row {
	const struct account *account;
	const struct job_status *status;
	enum watch_state state;
	uint64_t source, stored; /* with what the present run has brought */
	uint64_t bytes;		 /* stored, and received by the present run */
	double byte_rate, message_rate; /* a second, of late */
};

/* Both outlive the row. */
void watch_row_fill(struct watch_row *row, const struct account *account,
	const struct job_status *status);
/*
 * The pace of what runs, from the rows of a moment before (in the same order,
 * but for what has come or gone between): a mean of some seconds. Of a run
 * that was not there then, the mean since it began.
 */
void watch_row_pace(struct watch_row *rows, size_t count,
	const struct watch_row *before, size_t before_count, int64_t between_ms,
	int64_t now_ms);

struct watch_sum {
	size_t accounts;
	size_t states[WATCH_STATES];
	size_t uncounted; /* nobody knows yet what they hold */
	uint64_t source, stored, bytes, quarantined;
	uint64_t left; /* messages, of those that are not paused or failed */
	double byte_rate, message_rate;
};
void watch_sum(
	const struct watch_row *rows, size_t count, struct watch_sum *ret_sum);

/* Seconds that so many messages take; -1: there are none, or no pace. */
int64_t watch_left(uint64_t messages, double message_rate);

enum watch_sort {
	WATCH_BY_STATE,
	WATCH_BY_NAME,
	WATCH_BY_STORED, /* the largest first; the next two as well */
	WATCH_BY_SIZE,
	WATCH_BY_RATE,
	WATCH_BY_DUE, /* the next first */
	WATCH_SORTS,
};
extern const char *const watch_sort_names[WATCH_SORTS];

/* Which states are shown. */
enum watch_only {
	WATCH_ALL,
	WATCH_ONLY_RUNNING,
	WATCH_ONLY_TROUBLE, /* failed, or waiting after a failure */
	WATCH_ONLY_QUEUED,
	WATCH_ONLY_PAUSED,
	WATCH_ONLYS,
};
extern const char *const watch_only_names[WATCH_ONLYS];

/* Fills shown, room for all, with the numbers of the rows that pass, in
 * order; returns how many. text: part of the name, the host, the group, the
 * state or the failure, without regard to the case of ASCII letters. */
size_t watch_arrange(const struct watch_row *rows, size_t count,
	const char *text, enum watch_only only, enum watch_sort sort,
	bool reversed, size_t *shown);

#endif
