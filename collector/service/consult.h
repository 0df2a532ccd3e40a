/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * consult: conversations with servers in the foreground, the way runs have
 * theirs: the scout resolves, the policy checks, an envoy speaks, and no
 * foreign byte is parsed here. Without a state.dir, a lease or a conductor,
 * so beside any of them. Main thread.
 */
#ifndef MAILHAUL_SERVICE_CONSULT_H
#define MAILHAUL_SERVICE_CONSULT_H

#include "../base/err.h"
#include "../model/settings.h"
#include "../remote/session.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Opens a session and calls talk with it, on a thread of its own; closes it
 * and ends the processes before it returns. SIGINT and SIGTERM end it with
 * ERR_CANCELLED. ca_file: see dialer.h.
 */
int consult(const struct settings *settings,
	const struct session_config *config, const char *ca_file,
	int (*talk)(void *arg, struct session *s, struct err *err), void *arg,
	struct err *err);

struct dialer;
/* Many of them. Both functions are called on threads of this. */
struct consult_many {
	size_t count; /* conversations, told by their index */
	size_t jobs;  /* at once, at least 1 */
	/* whose limits one counts against; NULL: it is left out. Called on
	 * the main thread, before the first */
	const char *(*host)(
		void *arg, size_t index, enum protocol *ret_protocol);
	/* has one, with a session of consult_open */
	void (*one)(void *arg, size_t index, struct dialer *dialer);
	void *arg;
	bool scout_only; /* none will want an envoy */
};
/*
 * Each once, in their order as far as limits.hosts and pool.per_host allow:
 * sessions at once and logins a minute of each host. SIGINT and SIGTERM end
 * those under way, and begin no more. -1: it has not come to that.
 */
int consult_many(const struct settings *settings,
	const struct consult_many *many, struct err *err);
int consult_open(struct dialer *dialer, const struct session_config *config,
	const char *ca_file, struct session **ret_session, struct err *err);

/*
 * consult for what needs the scout only: ask gets a dialer, for its scout,
 * trust anchors and cancel, on a thread of its own.
 */
int consult_scout(const struct settings *settings,
	int (*ask)(void *arg, struct dialer *d, struct err *err), void *arg,
	struct err *err);

#endif
