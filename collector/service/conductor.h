/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conductor: the process that owns job table, keys, ledgers and stores: the
 * libuv loop of `serve` and `run`.
 */
#ifndef MAILHAUL_SERVICE_CONDUCTOR_H
#define MAILHAUL_SERVICE_CONDUCTOR_H

#include "../../storage/jobs.h"
#include "../../storage/state.h"
#include "../base/err.h"
#include "../model/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct conductor_event {
	enum {
		CONDUCTOR_STARTED,  /* a run began */
		CONDUCTOR_PROGRESS, /* once a second while runs go on */
		CONDUCTOR_FINISHED, /* a run ended: result is set */
	} kind;
	const char *account;
	const struct job_progress *progress;
	const struct job_result *result; /* FINISHED */
};

struct conductor_options {
	const struct settings *settings; /* copied */
	/* `run`: until nothing is due (accounts given: just these, once, due
	 * or not, paused or not), then return. `serve`: until SIGTERM. */
	bool once;
	const int64_t *accounts;
	size_t account_count;
	/* Called on the loop thread; may be NULL. */
	void (*on_event)(void *arg, const struct conductor_event *event);
	/* SIGHUP: fills fresh settings; on failure the old ones stay. */
	int (*reload)(
		void *arg, struct settings *ret_settings, struct err *err);
	void *arg;
};

/*
 * Runs the conductor on an open state: takes its lock, ignores SIGPIPE,
 * SIGTERM and SIGINT drain (sessions end at a message boundary, leases
 * released, back within 10 s). ret_failed counts runs that ended in failure.
 * -1 only where the service itself cannot work (ERR_CONFIG …); with `once`
 * also where a job could not be claimed, or its result not be written.
 */
int conductor_run(struct state *state, const struct conductor_options *options,
	size_t *ret_failed, struct err *err);

#endif
