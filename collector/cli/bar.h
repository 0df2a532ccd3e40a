/* SPDX-License-Identifier: BSD-2-Clause */
/* bar: how much of some work is done, as people see it: a bar, a share, and
 * how long the rest takes. Pure. */
#ifndef MAILHAUL_CLI_BAR_H
#define MAILHAUL_CLI_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BAR_COLUMNS_MAX 200
#define BAR_BYTES (3 * BAR_COLUMNS_MAX + 1)
#define BAR_SPAN_BYTES 32

/* So many columns, full only where all is done. utf8: blocks, else # and . */
void bar_draw(uint64_t done, uint64_t all, int columns, bool utf8,
	char out[BAR_BYTES]);
/* 0 … 100, the latter only where all is done; 0 where all is 0. */
int bar_percent(uint64_t done, uint64_t all);
/* Seconds that the rest takes at the pace so far; -1: nothing to go by. */
int64_t bar_left(uint64_t done, uint64_t all, int64_t elapsed_ms);
/* "45s" "12m" "3h" "2d", rounded down; below 0 as 0. */
void bar_span(int64_t seconds, char out[BAR_SPAN_BYTES]);

#endif
