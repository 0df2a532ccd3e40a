/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dial: the network policy and connect(2). The conductor connects to checked
 * addresses only, never resolves again, and compares getpeername.
 */
#ifndef MAILHAUL_REMOTE_DIAL_H
#define MAILHAUL_REMOTE_DIAL_H

#include "../base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct dial_policy {
	bool allow_private;
	const char *ports; /* network.ports */
	const char *allow; /* network.allow */
};

/* 0 if the address and port may be used, else -1 with ERR_POLICY and the
 * setting that would allow it. IPv4 inside IPv6 is unwrapped. */
int dial_check(const struct dial_policy *policy, const struct sockaddr *addr,
	struct err *err);
/*
 * Tries the addresses that pass the policy in turn (at most 10 s each within
 * timeout_ms). cancel_fd: readable or hung up = ERR_CANCELLED; -1 none.
 * TCP_NODELAY, keepalive, close-on-exec set. Caller closes. ret_peer: the
 * address reached.
 */
int dial_connect(const struct dial_policy *policy, const char *host,
	const struct sockaddr_storage *addresses, size_t count,
	int64_t timeout_ms, int cancel_fd, int *ret_fd,
	struct sockaddr_storage *ret_peer, struct err *err);

#endif
