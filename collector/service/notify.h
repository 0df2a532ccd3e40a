/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: what a service manager is told, as sd_notify(3) describes it:
 * datagrams of "KEY=value" lines to $NOTIFY_SOCKET, a path or, with a leading
 * "@", a name in the abstract namespace. No library: it is one sendto.
 * Where nobody asked to be told, every call does nothing. Nothing here ever
 * waits: what the manager's queue has no room for is said again with the next
 * call. Loop thread.
 */
#ifndef MAILHAUL_SERVICE_NOTIFY_H
#define MAILHAUL_SERVICE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#define NOTIFY_BYTES 512 /* of one message */

struct notify;

/* From $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID; never NULL. A value
 * that makes no sense is logged, and nobody is told. asked false: nobody is,
 * whatever the environment says. */
struct notify *notify_open(bool asked);
void notify_close(struct notify **n);

/* After so long without notify_alive we are killed; 0 = never. */
int64_t notify_watchdog_ms(const struct notify *n);

/* What the service has begun to be; the latest one counts. */
void notify_ready(struct notify *n);
void notify_reloading(struct notify *n); /* until notify_ready */
void notify_stopping(struct notify *n);
/* One line for a person; only what has changed is sent. */
void notify_status(struct notify *n, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void notify_alive(struct notify *n);

#endif
