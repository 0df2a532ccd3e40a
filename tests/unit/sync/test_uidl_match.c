/* SPDX-License-Identifier: BSD-2-Clause */
/* Which message of a POP3 listing is which: tables, and 3,000 maildrops of
 * which the right answer is known. A wrong one is never given. */
#include "collector/base/mem.h"
#include "collector/sync/uidl_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 260

/* A message: what it is like, and which it is. */
struct letter {
	unsigned size;
	unsigned head;	  /* 0: the header cannot be hashed */
	unsigned content; /* equal: true copies */
	unsigned drop_size;
	bool unusable;
};

struct world {
	struct letter there[MOST], here[MOST];
	size_t there_count, here_count;
	bool no_headers, no_sizes;
	/* out */
	struct uidl_match m;
	size_t asked;
};

static void set_hash(unsigned char hash[LEDGER_HEADER_HASH], unsigned head)
{
	memset(hash, 0, LEDGER_HEADER_HASH);
	memcpy(hash, &head, sizeof head);
}

static void play(struct world *w)
{
	struct uidl_match *m = &w->m;
	size_t n;

	*m = (struct uidl_match){.drop_count = w->there_count,
		.mail_count = w->here_count,
		.no_headers = w->no_headers,
		.no_sizes = w->no_sizes};
	m->drops = mem_alloc(MOST * sizeof *m->drops);
	m->mails = mem_alloc(MOST * sizeof *m->mails);
	for (size_t i = 0; i < w->there_count; i++) {
		m->drops[i].size_bytes = w->there[i].drop_size != 0
						 ? w->there[i].drop_size
						 : w->there[i].size;
		m->drops[i].unusable = w->there[i].unusable;
	}
	for (size_t i = 0; i < w->here_count; i++) {
		m->mails[i].size_bytes = w->here[i].size;
		set_hash(m->mails[i].hash, w->here[i].head);
		memcpy(m->mails[i].content, &w->here[i].content,
			sizeof w->here[i].content);
	}
	w->asked = 0;
	uidl_match_begin(m);
	while ((n = uidl_match_ask(m)) != 0) {
		size_t marked = 0;
		for (size_t i = 0; i < m->drop_count; i++)
			if (m->drops[i].asked && !m->drops[i].fetched) {
				m->drops[i].fetched = true;
				set_hash(m->drops[i].hash, w->there[i].head);
				marked++;
			}
		assert_int_equal(marked, n);
		w->asked += n;
		(void)uidl_match_check(m);
	}
	uidl_match_end(m);
}

static void clear(struct world *w)
{
	free(w->m.drops);
	free(w->m.mails);
}

/* How many have a partner; each the right one, and only one. */
static size_t count_right(const struct world *w)
{
	const struct uidl_match *m = &w->m;
	size_t found = 0;

	for (size_t i = 0; i < m->drop_count; i++) {
		size_t mail = m->drops[i].mail;
		if (mail == UIDL_NONE)
			continue;
		assert_true(mail < m->mail_count);
		assert_int_equal(m->mails[mail].drop, i);
		assert_false(m->drops[i].unusable);
		if (w->there[i].content != w->here[mail].content)
			fail_msg("drop %zu is not mail %zu", i, mail);
		found++;
	}
	for (size_t i = 0; i < m->mail_count; i++)
		if (m->mails[i].drop != UIDL_NONE)
			assert_int_equal(m->drops[m->mails[i].drop].mail, i);
	return found;
}

/* n messages, each unlike all others, on both sides. */
static struct world *make(size_t n)
{
	struct world *w = mem_alloc(sizeof *w);

	w->there_count = w->here_count = n;
	for (size_t i = 0; i < n; i++)
		w->there[i] = (struct letter){.size = 1000 + 7 * (unsigned)i,
			.head = 1 + (unsigned)i,
			.content = 1 + (unsigned)i};
	memcpy(w->here, w->there, sizeof w->here);
	return w;
}

static void expect(struct world *w, size_t right, size_t asked)
{
	play(w);
	assert_int_equal(count_right(w), right);
	if (asked != SIZE_MAX)
		assert_int_equal(w->asked, asked);
	clear(w);
	free(w);
}

static void take_out(struct letter *l, size_t *count, size_t at)
{
	memmove(&l[at], &l[at + 1], (*count - at - 1) * sizeof *l);
	(*count)--;
}

static void few_are_told_by_header(void **state)
{
	(void)state;
	expect(make(0), 0, 0);
	expect(make(1), 1, 1);
	expect(make(UIDL_FEW), UIDL_FEW, UIDL_FEW);
}

static void many_are_told_by_size(void **state)
{
	struct world *w = make(200);

	(void)state;
	play(w);
	assert_int_equal(count_right(w), 200);
	assert_in_range(w->asked, 8, 30);
	clear(w);
	/* four of one size in a row, of which two have changed places */
	for (size_t i = 100; i < 104; i++)
		w->here[i].size = w->there[i].size = 5000;
	w->there[101] = w->here[102];
	w->there[102] = w->here[101];
	expect(w, 200, SIZE_MAX);
}

static void sizes_that_lie_are_not_believed(void **state)
{
	struct world *w = make(200);

	(void)state;
	/* reports that come one after the other, always as long: the first
	 * ones are hidden there, the last ones have not been collected */
	for (size_t i = 0; i < 200; i++)
		w->there[i].size = w->here[i].size = 100 + i % 6;
	for (size_t i = 0; i < 6; i++)
		take_out(w->there, &w->there_count, 0);
	w->here_count -= 6;
	expect(w, 188, 194);
}

static void one_is_missing(void **state)
{
	struct world *w = make(100);

	(void)state;
	take_out(w->there, &w->there_count, 40);
	expect(w, 99, 99);
	w = make(100);
	take_out(w->here, &w->here_count, 40);
	expect(w, 99, 100);
}

static void order_is_another(void **state)
{
	struct world *w = make(100);

	(void)state;
	for (size_t i = 0; i < 100; i++)
		w->there[i] = w->here[99 - i];
	expect(w, 100, 100);
}

static void all_sizes_are_wrong(void **state)
{
	struct world *w = make(100);

	(void)state;
	for (size_t i = 0; i < 100; i++)
		w->there[i].drop_size = w->there[i].size + 13;
	expect(w, 100, 100);
	/* but one wrong among right ones is another message */
	w = make(100);
	w->there[7].drop_size = 99;
	expect(w, 99, 100);
}

static void copies(void **state)
{
	struct world *w = make(10);

	(void)state;
	/* three true copies, two of them listed */
	w->here[3] = w->here[4] = w->here[5];
	w->there[3] = w->there[4] = w->there[5];
	take_out(w->there, &w->there_count, 3);
	expect(w, 9, 9);
	/* more listed than are here: which of them is not known */
	w = make(10);
	w->here[3] = w->here[4];
	w->there[3] = w->there[4];
	take_out(w->here, &w->here_count, 3);
	expect(w, 8, 10);
	/* one header, one size, two texts */
	w = make(10);
	w->here[3].head = w->here[4].head = 77;
	w->here[3].size = w->here[4].size = 77;
	memcpy(w->there, w->here, sizeof w->there);
	expect(w, 8, 10);
	/* one header, two sizes */
	w = make(10);
	w->here[3].head = w->here[4].head = 77;
	memcpy(w->there, w->here, sizeof w->there);
	expect(w, 10, 10);
}

static void no_top(void **state)
{
	struct world *w = make(20);

	(void)state;
	w->no_headers = true;
	w->here[5].size = w->there[5].size = w->here[6].size;
	expect(w, 18, 0);
	w = make(20);
	w->no_headers = w->no_sizes = true;
	expect(w, 0, 0);
	w = make(20);
	w->no_headers = true;
	take_out(w->there, &w->there_count, 3);
	expect(w, 0, 0);
}

static void what_cannot_be_told_has_no_partner(void **state)
{
	struct world *w = make(20);

	(void)state;
	w->there[3].head = 0;
	w->here[5].head = 0;
	w->there[9].unusable = true;
	expect(w, 17, 19);
}

/* ---- random ones */

static unsigned dice(unsigned *seed, unsigned n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static void make_random(struct world *w, unsigned *seed)
{
	static const unsigned spreads[] = {2, 30, 4000, 100000};
	unsigned spread = spreads[dice(seed, 4)];
	size_t n = dice(seed, 200) + 1;
	bool reports = dice(seed, 5) == 0;

	w->there_count = n;
	for (size_t i = 0; i < n; i++) {
		struct letter *l = &w->there[i];
		*l = (struct letter){.size = 300 + dice(seed, spread),
			.head = 1 + (unsigned)i,
			.content = 1 + (unsigned)i};
		if (i > 0 && dice(seed, 10) == 0)
			*l = w->there[dice(seed, (unsigned)i)]; /* a copy */
		else if (reports)
			l->size = 300 + i % 6;
		else if (i > 0 && dice(seed, 8) == 0)
			l->size = l[-1].size;
		if (dice(seed, 60) == 0)
			l->head = 0;
	}
	memcpy(w->here, w->there, sizeof w->here);
	w->here_count = n;
}

static void swap_near(struct world *w, unsigned *seed)
{
	size_t i = dice(seed, (unsigned)w->there_count);
	size_t j = i + dice(seed, UIDL_NEAR + 1);
	struct letter l = w->there[i];

	if (j < w->there_count) {
		w->there[i] = w->there[j];
		w->there[j] = l;
	}
}

static void disturb(struct world *w, unsigned *seed)
{
	unsigned hidden = dice(seed, 3) == 0 ? dice(seed, 4) : 0;
	unsigned late = dice(seed, 3) == 0 ? dice(seed, 4) : 0;
	unsigned swaps = dice(seed, 3) == 0 ? dice(seed, 6) : 0;
	bool wrong = dice(seed, 8) == 0;

	while (hidden-- > 0 && w->there_count > 1)
		take_out(w->there, &w->there_count,
			dice(seed, (unsigned)w->there_count));
	/* listed, but not collected yet */
	while (late-- > 0 && w->here_count > 1)
		w->here_count--;
	while (swaps-- > 0)
		swap_near(w, seed);
	for (size_t i = 0; i < w->there_count && wrong; i++)
		w->there[i].drop_size = w->there[i].size + 1 + dice(seed, 40);
	for (size_t i = 0; i < w->there_count; i++)
		w->there[i].unusable = dice(seed, 90) == 0;
}

static void never_a_wrong_one(void **state)
{
	struct world *w = mem_alloc(sizeof *w);
	size_t right = 0, all = 0;
	unsigned seed = 20;

	(void)state;
	for (int turn = 0; turn < 3000; turn++) {
		make_random(w, &seed);
		disturb(w, &seed);
		play(w);
		right += count_right(w);
		all += w->here_count < w->there_count ? w->here_count
						      : w->there_count;
		clear(w);
	}
	free(w);
	/* and not by giving none */
	assert_true(right > all / 10 * 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_are_told_by_header),
		cmocka_unit_test(many_are_told_by_size),
		cmocka_unit_test(sizes_that_lie_are_not_believed),
		cmocka_unit_test(one_is_missing),
		cmocka_unit_test(order_is_another),
		cmocka_unit_test(all_sizes_are_wrong),
		cmocka_unit_test(copies),
		cmocka_unit_test(no_top),
		cmocka_unit_test(what_cannot_be_told_has_no_partner),
		cmocka_unit_test(never_a_wrong_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
