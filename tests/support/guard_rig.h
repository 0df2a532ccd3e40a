/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard_rig: plays input through a guard whole, byte by byte and cut in two
 * at every place, and compares what is kept, tapped and refused. For cmocka
 * programs.
 */
#ifndef MAILHAUL_TESTS_GUARD_RIG_H
#define MAILHAUL_TESTS_GUARD_RIG_H

#include "collector/base/buf.h"
#include "collector/base/mem.h"
#include "collector/remote/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GREETING "* OK hi\r\n"

struct run {
	struct buf kept, taps;
	const char *why;
	bool limit;
	bool at_rest;
};

static const struct guard_limits small = {.line_bytes = 200,
	.nesting = 4,
	.literal_bytes = 1000,
	.command_bytes = 2000,
	.greeting_bytes = 60};

static inline int on_tap(void *arg, const char *line, size_t n)
{
	struct buf *taps = arg;

	assert_int_equal(line[n], '\0');
	(void)buf_add(taps, line, n);
	(void)buf_add_str(taps, "|");
	return strstr(line, "refuse-me") != NULL ? -1 : 0;
}

static inline bool feed(
	struct guard *g, struct run *r, const char *bytes, size_t n)
{
	char *piece = mem_alloc(n); /* exact, for ASan */
	char rest[3];
	long kept;
	size_t some;

	memcpy(piece, bytes, n);
	kept = guard_feed(g, piece, n);
	assert_true(kept <= (long)n);
	if (kept > 0)
		(void)buf_add(&r->kept, piece, (size_t)kept);
	free(piece);
	while (kept >= 0 && (some = guard_drain(g, rest, sizeof rest)) > 0)
		(void)buf_add(&r->kept, rest, some);
	return kept >= 0;
}

/* cut 0: whole; SIZE_MAX: byte by byte; else in two. */
static inline void play(struct run *r, const struct guard_limits *limits,
	const char *bytes, size_t n, size_t cut)
{
	struct guard *g;
	size_t at = 0, step = cut == 0 ? n : cut == SIZE_MAX ? 1 : cut;

	memset(r, 0, sizeof *r);
	buf_init(&r->kept, (size_t)1 << 24);
	buf_init(&r->taps, (size_t)1 << 24);
	g = guard_new(limits, on_tap, &r->taps);
	while (at < n) {
		if (step > n - at)
			step = n - at;
		if (!feed(g, r, bytes + at, step))
			break;
		at += step;
		if (cut != SIZE_MAX)
			step = n - at;
	}
	r->why = guard_why(g, &r->limit);
	r->at_rest = guard_at_rest(g);
	if (r->why != NULL)
		assert_int_equal(guard_feed(g, (char[]){'x'}, 1), -1);
	guard_free(&g);
	assert_null(g);
}

static inline void clear(struct run *r)
{
	buf_free(&r->kept);
	buf_free(&r->taps);
}

/* why NULL: kept and tapped must be exactly these. */
static inline void expect_n(const struct guard_limits *limits, const char *in,
	size_t n, const char *kept, size_t kept_n, const char *taps,
	const char *why)
{
	size_t cuts = n < 400 ? n : 400;

	for (size_t i = 0; i <= cuts; i++) {
		struct run r;
		play(&r, limits, in, n, i == cuts ? SIZE_MAX : i);
		if (why != NULL &&
			(r.why == NULL || strstr(r.why, why) == NULL))
			fail_msg("cut %zu of `%.60s': %s, wanted %s", i, in,
				r.why != NULL ? r.why : "accepted", why);
		if (why == NULL && r.why != NULL)
			fail_msg("cut %zu of `%.60s': %s", i, in, r.why);
		if (why == NULL) {
			assert_string_equal(buf_str(&r.taps), taps);
			assert_int_equal(r.kept.len, kept_n);
			assert_memory_equal(buf_str(&r.kept), kept, kept_n);
		}
		clear(&r);
	}
}

static inline void accepts(const char *in, const char *kept, const char *taps)
{
	char *all = mem_printf(GREETING "%s", in);
	char *out = mem_printf(GREETING "%s", kept);

	expect_n(&small, all, strlen(all), out, strlen(out), taps, NULL);
	free(all);
	free(out);
}

static inline void passes(const char *in)
{
	accepts(in, in, "");
}

static inline void refuses(const char *in, const char *why)
{
	char *all = mem_printf(GREETING "%s", in);

	expect_n(&small, all, strlen(all), NULL, 0, NULL, why);
	free(all);
}

static inline void greets(const char *in, const char *why)
{
	expect_n(&small, in, strlen(in), in, strlen(in), "", why);
}

static inline char *repeat(
	const char *before, const char *s, size_t times, const char *behind)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 24);
	(void)buf_add_str(&b, before);
	for (size_t i = 0; i < times; i++)
		(void)buf_add_str(&b, s);
	(void)buf_add_str(&b, behind);
	return b.data;
}

#endif
