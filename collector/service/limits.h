/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits: what the system allows this process, against what the settings
 * ask for. Loop thread.
 */
#ifndef MAILHAUL_SERVICE_LIMITS_H
#define MAILHAUL_SERVICE_LIMITS_H

#include <stddef.h>

/*
 * Before the first thread: raises the soft limit on open files to the hard
 * one, and keeps a thousand threads to a few arenas of malloc. Returns how many
 * runs find descriptors at once, at least 1 and at most wanted; fewer than
 * wanted is logged with what to do.
 */
size_t limits_raise(size_t wanted);
/* After that: how many sessions may be parked beside so many runs, at most
 * wanted. */
size_t limits_parked(size_t wanted, size_t runs);

#endif
