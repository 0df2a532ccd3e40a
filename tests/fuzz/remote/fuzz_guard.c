/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard alone: what it keeps, taps and refuses does not depend on how the
 * input is cut into pieces. The first byte seeds the cuts.
 */
#include "collector/base/buf.h"
#include "collector/base/mem.h"
#include "collector/remote/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	struct buf kept, taps;
	const char *why;
	bool limit;
};

static int on_tap(void *arg, const char *line, size_t n)
{
	struct outcome *o = arg;

	if (line[n] != '\0')
		abort();
	(void)buf_add(&o->taps, line, n);
	(void)buf_add(&o->taps, "\n--\n", 4);
	return n == 13 ? -1 : 0; /* a reader that refuses now and then */
}

static void drain(struct guard *g, struct outcome *o, size_t most)
{
	char rest[32];
	size_t n;

	while ((n = guard_drain(g, rest, most)) > 0)
		(void)buf_add(&o->kept, rest, n);
}

static void run(struct outcome *o, const uint8_t *data, size_t size,
	uint32_t seed, size_t most)
{
	const struct guard_limits limits = {.line_bytes = 300,
		.nesting = 5,
		.literal_bytes = 500,
		.command_bytes = 600,
		.greeting_bytes = 80};
	struct guard *g = guard_new(&limits, on_tap, o);
	size_t at = 0;

	buf_init(&o->kept, (size_t)1 << 24);
	buf_init(&o->taps, (size_t)1 << 24);
	while (at < size) {
		seed = seed * 1664525u + 1013904223u;
		size_t n = most == 0 ? size : 1 + (seed >> 16) % most;
		if (n > size - at)
			n = size - at;
		char *piece = mem_alloc(n); /* exact: ASan sees overruns */
		memcpy(piece, data + at, n);
		long kept = guard_feed(g, piece, n);
		if (kept > (long)n)
			abort();
		if (kept > 0)
			(void)buf_add(&o->kept, piece, (size_t)kept);
		free(piece);
		at += n;
		if (kept < 0)
			break;
		drain(g, o, 1 + seed % 7);
	}
	o->limit = false;
	o->why = guard_why(g, &o->limit);
	guard_free(&g);
}

static void clear(struct outcome *o)
{
	buf_free(&o->kept);
	buf_free(&o->taps);
}

static void compare(const struct outcome *a, const struct outcome *b)
{
	if (a->why != b->why || a->limit != b->limit ||
		a->taps.len != b->taps.len ||
		(a->taps.len != 0 &&
			memcmp(a->taps.data, b->taps.data, a->taps.len) != 0) ||
		(a->why == NULL &&
			(a->kept.len != b->kept.len ||
				(a->kept.len != 0 &&
					memcmp(a->kept.data, b->kept.data,
						a->kept.len) != 0)))) {
		(void)fprintf(stderr,
			"whole: %s\nkept %s\ntaps %s\n"
			"cut: %s\nkept %s\ntaps %s\n",
			a->why != NULL ? a->why : "-", buf_str(&a->kept),
			buf_str(&a->taps), b->why != NULL ? b->why : "-",
			buf_str(&b->kept), buf_str(&b->taps));
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t most[] = {1, 3, 17, 200};
	struct outcome whole, cut;
	uint32_t seed;

	if (size < 2)
		return 0;
	seed = data[0];
	run(&whole, data + 1, size - 1, seed, 0);
	for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
		run(&cut, data + 1, size - 1, seed, most[i]);
		compare(&whole, &cut);
		clear(&cut);
	}
	clear(&whole);
	return 0;
}
