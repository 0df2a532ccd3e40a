/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_rig: lists of mailboxes, and the plan that has to come out. */
#ifndef MAILHAUL_TESTS_PLAN_RIG_H
#define MAILHAUL_TESTS_PLAN_RIG_H

#include "collector/sync/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A row says what differs from 0; gcc knows that by the name before it. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wmissing-field-initializers"
#endif

#define PLAN_ROWS_MAX 40
#define PLAN_TEXT_MAX 4096

struct plan_row {
	const char *name;
	uint32_t attrs;
	uint16_t prefix_bytes;
	char delimiter; /* 0: the case's */
};

/* rows end with name NULL. pairs: "mailbox>folder W" lines, W the first
 * letter of why: I(NBOX) k(nown) m(ap) a(ttribute) n(ame) b(elow) o(wn), '*'
 * behind it where it is numbered. skips: "name: words" lines; NULL = none. */
struct plan_table {
	const char *what;
	char delimiter;
	const char *folders, *excludes, *prefix, *maps;
	bool shared, keep_all;
	uint64_t quirks;
	struct plan_known known[4];
	struct plan_row rows[PLAN_ROWS_MAX];
	const char *pairs, *skips, *unused_maps;
};

static inline size_t plan_rig_fill(
	const struct plan_table *t, struct mailbox_info *infos)
{
	size_t n = 0;

	for (; n < PLAN_ROWS_MAX && t->rows[n].name != NULL; n++) {
		const struct plan_row *row = &t->rows[n];
		infos[n] = (struct mailbox_info){
			.delimiter = row->delimiter != '\0' ? row->delimiter
							    : t->delimiter,
			.attrs = row->attrs,
			.prefix_bytes = row->prefix_bytes};
		(void)snprintf(
			infos[n].name, sizeof infos[n].name, "%s", row->name);
	}
	return n;
}

static inline char plan_rig_letter(enum plan_why why)
{
	static const char letters[] = {
		[PLAN_INBOX] = 'I',
		[PLAN_KNOWN] = 'k',
		[PLAN_MAP] = 'm',
		[PLAN_ATTRIBUTE] = 'a',
		[PLAN_NAME] = 'n',
		[PLAN_BELOW] = 'b',
		[PLAN_OWN] = 'o',
	};
	return letters[why];
}

static inline void plan_rig_text(
	const struct plan *plan, char *pairs, char *skips)
{
	size_t used = 0;

	pairs[0] = skips[0] = '\0';
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_pair *p = &plan->pairs[i];
		used += (size_t)snprintf(pairs + used, PLAN_TEXT_MAX - used,
			"%s>%s %c%s\n", p->mailbox, p->folder,
			plan_rig_letter(p->why), p->numbered ? "*" : "");
	}
	used = 0;
	for (size_t i = 0; i < plan->skip_count; i++)
		used += (size_t)snprintf(skips + used, PLAN_TEXT_MAX - used,
			"%s: %s\n", plan->skips[i].name,
			plan_skip_text(plan->skips[i].why));
}

static inline size_t plan_rig_known(const struct plan_table *t)
{
	size_t n = 0;

	while (n < 4 && t->known[n].mailbox != NULL)
		n++;
	return n;
}

static inline void plan_rig_check(const struct plan_table *t)
{
	static struct mailbox_info infos[PLAN_ROWS_MAX];
	static char pairs[PLAN_TEXT_MAX], skips[PLAN_TEXT_MAX];
	struct account a = {.folders = (char *)t->folders,
		.excludes = (char *)t->excludes,
		.prefix = (char *)t->prefix,
		.maps = (char *)t->maps,
		.shared = t->shared};
	struct plan_source source = {.known = t->known,
		.known_count = plan_rig_known(t),
		.keep_all = t->keep_all,
		.quirks = t->quirks};
	struct plan plan;

	plan_make(infos, plan_rig_fill(t, infos), &a, &source, &plan);
	plan_rig_text(&plan, pairs, skips);
	if (strcmp(pairs, t->pairs) != 0 ||
		strcmp(skips, t->skips != NULL ? t->skips : "") != 0)
		print_error("case: %s\n%s%s", t->what, pairs, skips);
	assert_string_equal(pairs, t->pairs);
	assert_string_equal(skips, t->skips != NULL ? t->skips : "");
	assert_string_equal(
		plan.unused_maps, t->unused_maps != NULL ? t->unused_maps : "");
	plan_clear(&plan);
}

static inline void plan_rig_check_all(const struct plan_table *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		plan_rig_check(&t[i]);
}

#endif
