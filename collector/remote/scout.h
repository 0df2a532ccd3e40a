/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scout: the process that resolves names (`mailhaul scout`): no keys, no
 * store. A request is a channel handed over its control socket; one thread
 * serves one request.
 */
#ifndef MAILHAUL_REMOTE_SCOUT_H
#define MAILHAUL_REMOTE_SCOUT_H

#include "../base/err.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#define SCOUT_ADDRESSES_MAX 16

int scout_main(void); /* control socket is descriptor 3 */

/*
 * Conductor, any run thread: addresses of host through the scout behind
 * control_fd, ports filled in. Literal addresses need no scout and are
 * parsed here. Unknown host: ERR_NETWORK/later with a hint; the scout gone:
 * ERR_CRASH. timeout_ms for the whole look-up.
 */
int scout_resolve(int control_fd, const char *host, uint16_t port,
	int64_t timeout_ms,
	struct sockaddr_storage addresses[SCOUT_ADDRESSES_MAX],
	size_t *ret_count, struct err *err);

#endif
