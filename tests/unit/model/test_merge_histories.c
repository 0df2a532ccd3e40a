/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random histories of a mailbox on both sides: flags change there and here,
 * a reader moves, deletes and restores, the source expunges, listings lie on
 * both sides, runs are killed between the store and the ledger. The runs of
 * this little world decide by merge.h and brake.h, in the order of sync/;
 * what must never happen is checked against what really was done.
 * HISTORIES: how many, HISTORY_SEED: the first.
 */
#include "collector/model/brake.h"
#include "collector/model/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MESSAGES 9
#define STEPS 24
#define NAMES 2 /* keywords */

enum place { NOWHERE, FOLDER, OTHER, TRASH };
enum rule { KEEP, TO_TRASH, REMOVE };
enum row { NO_ROW, STAGED, DONE, HELD, GONE };

static const char *const names[NAMES] = {"alpha", "Beta"};

struct message {
	bool there, was_there; /* at the source: now, ever */
	struct flags source;
	/* here */
	enum place place;
	int files; /* delivered, ever */
	struct flags here;
	struct flags written; /* by runs, in truth */
	bool moved, deleted;  /* by the reader */
	unsigned touched;     /* flags that the reader ever changed */
	unsigned unsure;      /* written by a run that was killed */
	bool dropped;	      /* a change was given up */
	/* the ledger */
	enum row row;
	struct flags source_then, local_then;
	int misses;
	bool confirmed;
};

struct world {
	uint64_t random;
	struct message m[MESSAGES];
	enum rule rule;
	bool keywords;
	bool again; /* the note of a merge under way */
	uint64_t syncs, kills, merges, taken, brakes, drops;
};

static unsigned dice(struct world *w, unsigned n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (unsigned)(w->random >> 33) % n;
}

/* All flags as bits, keywords above the system's. */
static unsigned bits(const struct flags *f)
{
	unsigned b = f->system;

	for (unsigned i = 0; i < NAMES; i++)
		if (flags_has_keyword(f->keywords, names[i]))
			b |= 32u << i;
	return b;
}

static void from_bits(unsigned b, struct flags *f)
{
	f->system = (uint8_t)(b & 31);
	f->keywords[0] = '\0';
	for (unsigned i = 0; i < NAMES; i++)
		if ((b & 32u << i) != 0)
			assert_int_equal(flags_add(f, names[i]), 0);
}

static unsigned some_flag(struct world *w)
{
	return 1u << dice(w, w->keywords ? 5 + NAMES : 5);
}

static struct message *some_message(struct world *w)
{
	return &w->m[dice(w, MESSAGES)];
}

/* ---- what happens outside */

static void source_acts(struct world *w)
{
	struct message *m = some_message(w);

	if (dice(w, 24) == 0) {
		for (int i = 0; i < MESSAGES; i++)
			w->m[i].there &= dice(w, 4) == 0;
	} else if (!m->was_there) {
		m->there = m->was_there = true;
		from_bits(dice(w, 2) == 0 ? 0 : some_flag(w), &m->source);
	} else if (m->there && dice(w, 5) == 0) {
		m->there = false;
	} else if (m->there) {
		from_bits(bits(&m->source) ^ some_flag(w), &m->source);
	}
}

static void reader_acts(struct world *w)
{
	struct message *m = some_message(w);
	unsigned flag = some_flag(w);

	if (m->place == NOWHERE)
		return;
	switch (dice(w, 8)) {
	case 0:
		m->place = m->place == OTHER ? FOLDER : OTHER;
		m->moved = m->place != FOLDER;
		break;
	case 1:
		m->place = NOWHERE;
		m->deleted = true;
		break;
	default:
		from_bits(bits(&m->here) ^ flag, &m->here);
		m->touched |= flag;
		break;
	}
}

/* ---- a run */

static void deliver(struct world *w, struct message *m)
{
	(void)w;
	m->files++;
	m->place = FOLDER;
	m->here = m->written = m->source_then;
	assert_int_equal(m->files, 1); /* never a second time */
}

/* What a killed run has left is settled first. */
static void recover(struct world *w)
{
	for (int i = 0; i < MESSAGES; i++) {
		struct message *m = &w->m[i];
		if (m->row != STAGED)
			continue;
		if (m->files == 0)
			deliver(w, m);
		m->row = DONE;
	}
}

/* False: killed. */
static bool import(struct world *w, int kill_at)
{
	for (int i = 0; i < MESSAGES; i++) {
		struct message *m = &w->m[i];
		if (!m->there || m->row != NO_ROW)
			continue;
		m->row = STAGED;
		m->source_then = m->local_then = m->source;
		if (kill_at == 2 * i)
			return false;
		deliver(w, m);
		if (kill_at == 2 * i + 1)
			return false;
		m->row = DONE;
	}
	return true;
}

/* What the store does, and what must never come of it. */
static void merge_here(struct world *w, struct message *m, struct flags *note)
{
	const struct merge_input in = {.source_then = &m->source_then,
		.source_now = &m->source,
		.local_then = &m->local_then,
		.local_now = &m->here,
		.again = w->again};
	unsigned here = bits(&m->here), readers, after, there;
	struct flags merged;

	merge_flags(&in, &merged);
	merge_note(&in, &merged, note);
	after = bits(&merged);
	there = bits(&m->source);
	readers = (here ^ bits(&m->written)) & ~m->unsure;
	/* what a reader has changed since we wrote it stays */
	assert_int_equal((after ^ here) & readers, 0);
	/* a run changes only towards the source */
	assert_int_equal((after ^ here) & (after ^ there), 0);
	/* written by a run that was killed, then taken back at the source
	 * before the next one: nothing tells it from a reader's change */
	m->touched |= m->unsure & (after ^ there);
	/* what nobody touched here is as the source has it */
	if (!m->dropped)
		assert_int_equal((after ^ there) & ~m->touched, 0);
	from_bits((bits(&m->written) & ~(after ^ here)) |
			  (after & (after ^ here)),
		&m->written);
	/* both did the same while a run was killed: taken for ours */
	if (w->again) {
		unsigned alike =
			~(there ^ here) & (there ^ bits(&m->source_then));
		from_bits((bits(&m->written) & ~alike) | (here & alike),
			&m->written);
	}
	w->merges += after != here;
	m->unsure |= after ^ here;
	m->here = merged;
}

static bool resync(struct world *w, int kill_at)
{
	for (int i = 0; i < MESSAGES; i++) {
		struct message *m = &w->m[i];
		struct flags note = {.system = 0};
		if (!m->there || (m->row != DONE && m->row != HELD) ||
			flags_equal(&m->source, &m->source_then))
			continue;
		/* not in its folder: looked for elsewhere; a listing lies */
		if (m->place == NOWHERE || dice(w, 12) == 0) {
			if (++m->misses < 2)
				continue;
			m->misses = 0;
			m->source_then = m->source;
			m->dropped = true;
			w->drops++;
			continue;
		}
		merge_here(w, m, &note);
		if (kill_at == i)
			return false;
		m->source_then = m->source;
		m->local_then = note;
		m->misses = 0;
		m->unsure = 0;
	}
	return true;
}

static bool is_live(const struct message *m)
{
	return m->row == DONE || m->row == HELD;
}

static bool is_braked(const struct world *w)
{
	uint64_t gone = 0, total = 0;

	for (int i = 0; i < MESSAGES; i++) {
		const struct message *m = &w->m[i];
		if (!is_live(m) || (!m->there && m->confirmed))
			continue;
		total++;
		gone += !m->there;
	}
	return brake_holds(gone, total);
}

static void take_away(struct world *w, struct message *m)
{
	if (m->place != FOLDER ||
		merge_is_taken_over(m->local_then.system, m->here.system))
		return;
	assert_false(m->there);
	assert_false(m->moved);
	m->place = w->rule == TO_TRASH ? TRASH : NOWHERE;
	w->taken++;
}

static bool expunge(struct world *w, int kill_at)
{
	bool braked;
	unsigned taken = 0, live = 0;

	/* lists that do not agree with EXISTS prove nothing */
	if (w->rule == KEEP || dice(w, 6) == 0)
		return true;
	braked = is_braked(w);
	w->brakes += braked;
	for (int i = 0; i < MESSAGES; i++)
		live += is_live(&w->m[i]) && !w->m[i].confirmed;
	for (int i = 0; i < MESSAGES; i++) {
		struct message *m = &w->m[i];
		bool confirmed = m->confirmed;
		if (!is_live(m))
			continue;
		if (m->there) {
			m->row = DONE;
			m->confirmed = false;
			continue;
		}
		if (braked && !confirmed) {
			m->row = HELD;
			continue;
		}
		take_away(w, m);
		taken += !confirmed;
		if (kill_at == i) {
			m->confirmed = true; /* due: its row says so */
			return false;
		}
		m->row = GONE;
	}
	/* never more at once than the brake allows */
	assert_false(brake_holds(taken, live));
	return true;
}

static void confirm(struct world *w)
{
	for (int i = 0; i < MESSAGES; i++)
		w->m[i].confirmed |= w->m[i].row == HELD;
}

/* Killed in one of the three rooms, or not at all. */
static void run(struct world *w)
{
	unsigned room = dice(w, 5);
	int at = (int)dice(w, MESSAGES), place[MESSAGES];
	bool whole;

	for (int i = 0; i < MESSAGES; i++)
		place[i] = w->m[i].place;
	w->syncs++;
	recover(w);
	whole = import(w, room == 0 ? at * 2 + (int)dice(w, 2) : -1);
	if (whole) {
		whole = resync(w, room == 1 ? at : -1);
		w->again = !whole;
	}
	whole = whole && expunge(w, room == 2 ? at : -1);
	w->kills += !whole;
	for (int i = 0; i < MESSAGES; i++) {
		const struct message *m = &w->m[i];
		assert_true(m->files <= 1);
		/* what a reader deleted or moved is where the reader wants */
		if (m->deleted || m->moved)
			assert_int_equal(m->place, place[i]);
		if (w->rule == KEEP && place[i] != NOWHERE)
			assert_int_equal(m->place, place[i]);
		if (w->rule == TO_TRASH && place[i] != NOWHERE)
			assert_int_not_equal(m->place, NOWHERE);
		if (m->there && place[i] != NOWHERE)
			assert_int_equal(m->place, place[i]);
	}
}

static void live(struct world *w)
{
	w->rule = (enum rule)dice(w, 3);
	w->keywords = dice(w, 8) == 0;
	for (int i = 0; i < STEPS; i++)
		switch (dice(w, 4)) {
		case 0:
			run(w);
			break;
		case 1:
			reader_acts(w);
			break;
		case 2:
			if (dice(w, 6) == 0)
				confirm(w);
			else
				reader_acts(w);
			break;
		default:
			source_acts(w);
			source_acts(w);
			break;
		}
	/* in the end all that is there has been delivered, exactly once */
	recover(w);
	assert_true(import(w, -1));
	for (int i = 0; i < MESSAGES; i++)
		assert_int_equal(
			w->m[i].files, w->m[i].there || w->m[i].row != NO_ROW);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void nothing_is_lost_and_nothing_doubled(void **state)
{
	uint64_t seed = number("HISTORY_SEED", 20261123);
	uint64_t n = number("HISTORIES", 100000);
	uint64_t syncs = 0, kills = 0, merges = 0, taken = 0, brakes = 0;
	struct world *w = test_malloc(sizeof *w);

	(void)state;
	for (uint64_t i = 0; i < n; i++) {
		memset(w, 0, sizeof *w);
		w->random = (seed + i) * UINT64_C(0x9e3779b97f4a7c15) | 1;
		(void)dice(w, 2);
		live(w);
		syncs += w->syncs;
		kills += w->kills;
		merges += w->merges;
		taken += w->taken;
		brakes += w->brakes;
	}
	print_message("%llu histories from seed %llu: %llu runs, %llu killed, "
		      "%llu merges, %llu taken away, %llu brakes\n",
		(unsigned long long)n, (unsigned long long)seed,
		(unsigned long long)syncs, (unsigned long long)kills,
		(unsigned long long)merges, (unsigned long long)taken,
		(unsigned long long)brakes);
	/* the world was not an idle one */
	assert_true(n < 1000 || (kills > n / 10 && merges > n / 2 &&
					taken > n / 4 && brakes > n / 100));
	test_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_and_nothing_doubled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
