/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * consult: one conversation with a server in the foreground, the way runs
 * have theirs: the scout resolves, the policy checks, an envoy speaks, and no
 * foreign byte is parsed here. Without a state.dir, a lease or a conductor,
 * so beside any of them. Main thread.
 */
#ifndef MAILHAUL_SERVICE_CONSULT_H
#define MAILHAUL_SERVICE_CONSULT_H

#include "../base/err.h"
#include "../model/settings.h"
#include "../remote/session.h"

/*
 * Opens a session and calls talk with it, on a thread of its own; closes it
 * and ends the processes before it returns. SIGINT and SIGTERM end it with
 * ERR_CANCELLED. ca_file: see dialer.h.
 */
int consult(const struct settings *settings,
	const struct session_config *config, const char *ca_file,
	int (*talk)(void *arg, struct session *s, struct err *err), void *arg,
	struct err *err);

#endif
