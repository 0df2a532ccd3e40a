/* SPDX-License-Identifier: BSD-2-Clause */
/* dialer_held: the session that a run holds; what dialer.c and dialer_park.c
 * share. Nobody else includes it. */
#ifndef MAILHAUL_SERVICE_DIALER_HELD_H
#define MAILHAUL_SERVICE_DIALER_HELD_H

#include "dialer.h"

struct held {
	struct session base;
	struct session *inner;
	struct dialer *dialer;
	struct envoy *envoy;
};

/* Without its inner session. Takes envoy. */
struct held *held_new(struct dialer *d, struct envoy *envoy);
/* What a call ended with, as the run should see it. */
int held_outcome(struct held *h, int r, struct err *err);
/* Which descriptor a cancel shuts down. */
void dialer_note_channel(struct dialer *d, int channel_fd);
void dialer_forget_channel(struct dialer *d);

/* dialer_park.c: the parked session of the account, if there is one and it is
 * sound, waits no longer. */
bool dialer_take_offered(struct dialer *d, const struct session_wait *wait,
	struct session **ret_session);

#endif
