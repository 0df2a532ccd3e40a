/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: deadlines run on the monotonic clock, due times on the wall clock.
 * Any thread.
 */
#ifndef MAILHAUL_BASE_CLOCK_H
#define MAILHAUL_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Milliseconds on CLOCK_MONOTONIC. */
int64_t clock_mono_ms(void);
/* Seconds, microseconds since 1970 on CLOCK_REALTIME. */
int64_t clock_wall_s(void);
int64_t clock_wall_us(void);

#define CLOCK_RFC3339_BYTES 32
/* "2026-11-23T15:28:36Z"; "" for 0. Returns out. */
const char *clock_rfc3339(int64_t wall_s, char out[CLOCK_RFC3339_BYTES]);

#endif
