/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t all_flags[] = {
	FLAG_SEEN, FLAG_ANSWERED, FLAG_FLAGGED, FLAG_DELETED, FLAG_DRAFT};

/* Names separated by spaces, as a server would send them. */
static void fill(struct flags *f, const char *names)
{
	char name[FLAGS_KEYWORDS_MAX];

	memset(f, 0, sizeof *f);
	while (flags_next_keyword(&names, name))
		assert_int_equal(flags_add(f, name), 0);
}

static void merge(const struct flags *st, const struct flags *sn,
	const struct flags *lt, const struct flags *ln, struct flags *merged)
{
	const struct merge_input in = {.source_then = st,
		.source_now = sn,
		.local_then = lt,
		.local_now = ln};

	merge_flags(&in, merged);
}

/* Indexed by source then, source now, local then, local now (8 4 2 1). */
static const bool expected[16] = {
	false, true,  /* 0 0 | 0 0, 0 1: put on here */
	false, true,  /* 0 0 | 1 0: taken off here, 1 1 */
	true, true,   /* 0 1 | 0 0: the source put it on, 0 1: both did */
	false, true,  /* 0 1 | 1 0: taken off here: stays off, 1 1 */
	false, true,  /* 1 0 | 0 0, 0 1: put on here: stays on */
	false, false, /* 1 0 | 1 0: both took it off, 1 1: the source did */
	false, true,  /* 1 1 | 0 0, 0 1 */
	false, true,  /* 1 1 | 1 0: taken off here, 1 1 */
};

static void test_merge_every_case(void **state)
{
	(void)state;
	for (size_t f = 0; f < sizeof all_flags; f++) {
		for (unsigned n = 0; n < 16; n++) {
			struct flags v[4], merged;
			bool then = (n & 2) != 0, now = (n & 1) != 0;
			for (unsigned i = 0; i < 4; i++) {
				bool on = (n >> (3 - i) & 1) != 0;
				fill(&v[i], on ? "kw" : "");
				v[i].system = on ? all_flags[f] : 0;
			}
			merge(&v[0], &v[1], &v[2], &v[3], &merged);
			assert_int_equal(
				merged.system, expected[n] ? all_flags[f] : 0);
			assert_string_equal(
				merged.keywords, expected[n] ? "kw" : "");
			/* A change made here is never undone. */
			if (then != now)
				assert_int_equal(merged.system != 0, now);
		}
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* All flags at once, at random: each behaves as if it were alone, and so in
 * whichever input the result is put. */
static void test_merge_random(void **state)
{
	static const char *const names[] = {"alpha", "Beta", "$x", "zz"};
	uint32_t seed = 20261123;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct flags v[4] = {0}, merged;
		for (int i = 0; i < 4; i++) {
			v[i].system = (uint8_t)(next_random(&seed) & 31);
			for (int k = 0; k < 4; k++)
				if ((next_random(&seed) & 1) != 0)
					(void)flags_add(&v[i], names[k]);
		}
		merge(&v[0], &v[1], &v[2], &v[3], &merged);
		for (unsigned f = 0; f < 9; f++) {
			unsigned n = 0;
			bool on;
			for (unsigned i = 0; i < 4; i++)
				n = n << 1 |
				    (f < 5 ? (v[i].system & all_flags[f]) != 0
					   : flags_has_keyword(v[i].keywords,
						     names[f - 5]));
			on = f < 5 ? (merged.system & all_flags[f]) != 0
				   : flags_has_keyword(
					     merged.keywords, names[f - 5]);
			assert_int_equal(on, expected[n]);
		}
		merge(&v[0], &v[1], &v[2], &v[3], &v[round & 3]);
		assert_memory_equal(&v[round & 3], &merged, sizeof merged);
	}
}

static void test_merge_spelling(void **state)
{
	struct flags st, sn, lt, ln, merged;

	(void)state;
	/* One keyword in four spellings is one keyword. */
	fill(&st, "work");
	fill(&sn, "WORK new");
	fill(&lt, "Work");
	fill(&ln, "wORK");
	merge(&st, &sn, &lt, &ln, &merged);
	assert_string_equal(merged.keywords, "new wORK");
}

/* Where both do not fit, what is here stays and the source's gives way. */
static void test_merge_full(void **state)
{
	struct flags st = {0}, sn = {0}, lt = {0}, ln = {0}, merged;
	const int locals = FLAGS_KEYWORDS_COUNT * 3 / 4;
	char name[64];

	(void)state;
	for (int i = 0; i < FLAGS_KEYWORDS_COUNT; i++) {
		(void)snprintf(name, sizeof name, "s%d", i);
		assert_int_equal(flags_add(&sn, name), 0);
		(void)snprintf(name, sizeof name, "l%d", i);
		if (i < locals)
			assert_int_equal(flags_add(&ln, name), 0);
	}
	merge(&st, &sn, &lt, &ln, &merged);
	for (int i = 0; i < locals; i++) {
		(void)snprintf(name, sizeof name, "l%d", i);
		assert_true(flags_has_keyword(merged.keywords, name));
	}
	assert_true(strlen(merged.keywords) < FLAGS_KEYWORDS_MAX);
	assert_true(flags_has_keyword(merged.keywords, "s0"));
}

/* The same order. What a reader has changed stays noted as changed. */
static const struct {
	bool note, again;
} noted[16] = {
	{false, false}, {false, false}, /* 0 0 | 0 0; put on here */
	{true, true}, {true, true},	/* taken off here; 1 1 */
	{true, true}, {false, true},	/* applied; both put it on */
	{true, true}, {true, true},	/* taken off here; 1 1 */
	{false, false}, {false, false}, /* 1 0 | 0 0; put on here */
	{true, false}, {false, false},	/* both took it off; applied */
	{false, false}, {false, false}, /* 1 1 | 0 0; put on here */
	{true, true}, {true, true},	/* taken off here; 1 1 */
};

static void test_note_every_case(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 32; n++) {
		struct flags v[4], merged, note;
		const struct merge_input in = {.source_then = &v[0],
			.source_now = &v[1],
			.local_then = &v[2],
			.local_now = &v[3],
			.again = n >= 16};
		bool wanted =
			in.again ? noted[n & 15].again : noted[n & 15].note;
		for (unsigned i = 0; i < 4; i++) {
			bool on = (n >> (3 - i) & 1) != 0;
			fill(&v[i], on ? "other kw" : "other");
			v[i].system = on ? FLAG_SEEN : 0;
		}
		merge_flags(&in, &merged);
		merge_note(&in, &merged, &note);
		assert_int_equal(note.system, wanted ? FLAG_SEEN : 0);
		assert_string_equal(
			note.keywords, wanted ? "kw other" : "other");
	}
}

/* Set here, set there, taken away there: it stays here. */
static void test_a_local_flag_outlives_the_source(void **state)
{
	struct flags off, on, note = {0}, merged, next;
	struct flags here;
	struct merge_input in;

	(void)state;
	fill(&off, "");
	fill(&on, "");
	on.system = FLAG_FLAGGED;
	here = on;
	for (int turn = 0; turn < 6; turn++) {
		in = (struct merge_input){
			.source_then = turn % 2 == 0 ? &off : &on,
			.source_now = turn % 2 == 0 ? &on : &off,
			.local_then = &note,
			.local_now = &here};
		merge_flags(&in, &merged);
		merge_note(&in, &merged, &next);
		assert_int_equal(merged.system, FLAG_FLAGGED);
		here = merged;
		note = next;
	}
}

/* A keyword that found no letter here is not "taken off here". */
static void test_note_of_what_found_no_room(void **state)
{
	struct flags none, kw, after, note;
	const struct merge_input in = {.source_then = &none,
		.source_now = &kw,
		.local_then = &none,
		.local_now = &none};

	(void)state;
	fill(&none, "");
	fill(&kw, "a b");
	fill(&after, "a");
	merge_note(&in, &after, &note);
	assert_string_equal(note.keywords, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge_every_case),
		cmocka_unit_test(test_merge_random),
		cmocka_unit_test(test_merge_spelling),
		cmocka_unit_test(test_merge_full),
		cmocka_unit_test(test_note_every_case),
		cmocka_unit_test(test_a_local_flag_outlives_the_source),
		cmocka_unit_test(test_note_of_what_found_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
