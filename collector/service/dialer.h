/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dialer: how a run thread gets a session: the scout resolves, the policy
 * checks, the conductor connects, an envoy speaks. Also how a session is
 * taken away from a run that was cancelled.
 */
#ifndef MAILHAUL_SERVICE_DIALER_H
#define MAILHAUL_SERVICE_DIALER_H

#include "../base/err.h"
#include "../model/settings.h"
#include "../remote/session.h"
#include "envoys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Trust anchors as sealed memfds, one a CA file, shared by all runs. */
struct anchors;
struct anchors *anchors_new(void);
void anchors_free(struct anchors **a);

/* One a run. dialer_open is the `open` of struct run_dialer. */
struct dialer {
	struct envoys *envoys;
	struct anchors *anchors;
	const struct settings *settings;
	const atomic_bool *cancel; /* the run's */
	pthread_mutex_t lock;
	int channel_fd; /* duplicate of the open session's; -1 = none */
	int cancel_fd;	/* eventfd: readable once cancelled */
	bool suspect;	/* an envoy died under this run: alone from now on */
};

int dialer_init(struct dialer *d, struct err *err);
void dialer_clear(struct dialer *d);
int dialer_open(void *dialer, const struct session_config *config,
	const char *ca_file, struct session **ret_session, struct err *err);
/* Any thread: ends a resolve, a connect or the session under way; what the
 * run gets is ERR_CANCELLED. The caller has set *cancel before. */
void dialer_cancel(struct dialer *d);

#endif
