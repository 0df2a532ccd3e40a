/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox: what a process that parses foreign bytes gives up, for good, once
 * it has all it needs: root (it becomes SANDBOX_USER), capabilities, files
 * (Landlock), privileges to come (no_new_privs), system calls (seccomp; a
 * refused call returns EPERM), core dumps, memory. In a build with a sanitizer,
 * which needs all of that, it gives up nothing.
 *
 * Before any thread is started; whatever a library opens lazily has to have
 * been opened before.
 */
#ifndef MAILHAUL_REMOTE_SANDBOX_H
#define MAILHAUL_REMOTE_SANDBOX_H

#include "../base/err.h"

#include <stdbool.h>

enum sandbox_kind {
	SANDBOX_ENVOY, /* the descriptors it is handed, nothing else */
	SANDBOX_SCOUT, /* and names: sockets, the resolver's files, read only */
	SANDBOX_HERALD, /* and who knocks at a listening one of them */
};

/* Whom it becomes where it was started as root: the first that exists. Each
 * has to have no file; nobody's number is taken even without such a user. */
#define SANDBOX_USER "mailhaul-envoy"
#define SANDBOX_USER_ELSE "nobody"
#define SANDBOX_UID_ELSE 65534

struct sandbox_report {
	bool sanitized;	  /* nothing was done, nothing was tried */
	bool root;	  /* it still is */
	bool filter;	  /* seccomp */
	int landlock_abi; /* 0 = the kernel has none */
};

/* What every such process gives up first: descriptors over control_fd, core
 * dumps, and the signals that a terminal or a service manager sends to all of
 * a group: it ends when its control socket does, after the conductor. */
void sandbox_prepare(int control_fd);

/*
 * As far as the kernel allows: what is missing is logged, one line a service
 * (the scout's; an envoy says it when it debugs), and is no failure. -1
 * (ERR_CONFIG) only where the kernel refuses what it has.
 */
int sandbox_enter(enum sandbox_kind kind, struct sandbox_report *ret_report,
	struct err *err);

/* The parts. sandbox_user: *ret_root true where it could not be changed.
 * sandbox_landlock: ret_abi 0 where there is none.
 * sandbox_filter: *ret_filter false where there is none. */
void sandbox_user(bool *ret_root);
int sandbox_landlock(enum sandbox_kind kind, int *ret_abi, struct err *err);
int sandbox_filter(enum sandbox_kind kind, bool *ret_filter, struct err *err);

#endif
