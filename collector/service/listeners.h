/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listeners: the sockets of serve.listen. They are the conductor's, so that
 * an address is refused before the service is ready, and nobody who asks
 * finds a closed door while the herald is started anew; only the herald
 * accepts. Loop thread.
 */
#ifndef MAILHAUL_SERVICE_LISTENERS_H
#define MAILHAUL_SERVICE_LISTENERS_H

#include "../base/err.h"
#include "../model/endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct listener {
	char text[ENDPOINT_TEXT_MAX]; /* as it was asked for */
	char at[ENDPOINT_TEXT_MAX];   /* as it is: with its port */
	int fd;
	char path[ENDPOINT_TEXT_MAX]; /* of a unix: socket, and which it is */
	dev_t dev;
	ino_t ino;
};

struct listeners {
	struct listener all[ENDPOINTS_MAX];
	size_t count;
};

/*
 * Opens what the text names and closes what it does not; what is open already
 * stays. An address in use is tried again for patience_ms: a predecessor that
 * was killed may still be ending. On failure (ERR_CONFIG: in use, not an
 * address of this machine, no right to it) all stays as it was.
 */
int listeners_open(struct listeners *l, const char *endpoints,
	int64_t patience_ms, struct err *err);
void listeners_close(struct listeners *l);

#endif
