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
#include "../sync/allowance.h"
#include "anchors.h"
#include "envoys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct parked;

/* A session between two runs; inner NULL: none. */
struct parked_session {
	struct session *inner; /* waits in IDLE */
	struct envoy *envoy;
};
/* Any thread. Without a LOGOUT, and without waiting for anything. */
void parked_session_close(struct envoys *envoys, struct parked_session *s);

/* One a run. dialer_open is the `open` of struct run_dialer. */
struct dialer {
	struct envoys *envoys;
	struct anchors *anchors;
	const struct settings *settings;
	const atomic_bool *cancel;   /* the run's */
	struct allowance *allowance; /* the run's; NULL: nobody counts */
	const char *host;	     /* which it is for */
	pthread_mutex_t lock;
	int channel_fd; /* duplicate of the open session's; -1 = none */
	int cancel_fd;	/* eventfd: readable once cancelled */
	bool suspect;	/* an envoy died under this run: alone from now on */
	struct parked *parked; /* NULL: nothing is parked */
	/* in: of an earlier run; out: parked by this one, with or without
	 * news. What is left of either is the caller's to close. */
	struct parked_session offered, left;
	bool news;
};

int dialer_init(struct dialer *d, struct err *err);
void dialer_clear(struct dialer *d);
int dialer_open(void *dialer, const struct session_config *config,
	const char *ca_file, struct session **ret_session, struct err *err);
/* may_park and park of struct run_dialer. */
bool dialer_may_park(void *dialer);
void dialer_park(void *dialer, struct session *session, bool news);
/* Any thread: ends a resolve, a connect or the session under way; what the
 * run gets is ERR_CANCELLED. The caller has set *cancel before. */
void dialer_cancel(struct dialer *d);

#endif
