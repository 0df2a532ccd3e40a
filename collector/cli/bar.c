/* SPDX-License-Identifier: BSD-2-Clause */
#include "bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* done of all as so many of parts, rounded down. */
static uint64_t share(uint64_t done, uint64_t all, uint64_t parts)
{
	if (all == 0)
		return 0;
	if (done >= all)
		return parts;
	/* counts and bytes are far below 2^53 */
	return (uint64_t)((double)done / (double)all * (double)parts);
}

void bar_draw(uint64_t done, uint64_t all, int columns, bool utf8,
	char out[BAR_BYTES])
{
	int most = columns < BAR_COLUMNS_MAX ? columns : BAR_COLUMNS_MAX;
	int full = most > 0 ? (int)share(done, all, (uint64_t)most) : 0;
	size_t used = 0;

	for (int i = 0; i < most; i++) {
		const char *block = i < full ? "█" : "░";
		if (!utf8)
			block = i < full ? "#" : ".";
		memcpy(out + used, block, strlen(block));
		used += strlen(block);
	}
	out[used] = '\0';
}

int bar_percent(uint64_t done, uint64_t all)
{
	return (int)share(done, all, 100);
}

int64_t bar_left(uint64_t done, uint64_t all, int64_t elapsed_ms)
{
	if (done == 0 || done >= all || elapsed_ms <= 0)
		return -1;
	return (int64_t)((double)(all - done) / (double)done *
			 (double)elapsed_ms / 1000);
}

void bar_span(int64_t seconds, char out[BAR_SPAN_BYTES])
{
	static const struct {
		int64_t seconds;
		char letter;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};

	/* 100 minutes say more than 1 hour does */
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (seconds < 2 * units[i].seconds)
			continue;
		(void)snprintf(out, BAR_SPAN_BYTES, "%" PRId64 "%c",
			seconds / units[i].seconds, units[i].letter);
		return;
	}
	(void)snprintf(
		out, BAR_SPAN_BYTES, "%" PRId64 "s", seconds > 0 ? seconds : 0);
}
