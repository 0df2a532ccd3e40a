/* SPDX-License-Identifier: BSD-2-Clause */
/* What has to hold for any list a server may think of: no two mailboxes of an
 * account share a directory, INBOX is the inbox's own, and a second plan
 * that knows the first leaves every mailbox where it is. */
#include "collector/base/dict.h"
#include "collector/base/mem.h"
#include "collector/sync/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
/* A sanitizer takes its time. */
#ifdef MAILHAUL_SANITIZED
#define NAMES 100000
#else
#define NAMES 1000000
#endif
#define LIST 2000
#define FOLDED_BYTES (NAME_DIR_MAX * 4)

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* Few pieces, so that names meet often. */
static void random_name(uint32_t *seed, char *out, size_t max)
{
	static const char *const pieces[] = {"Sent", "sent", "Gesendet",
		"INBOX", "inbox", "Trash", "Papierkorb", "&AOk-", "\xc3\xa9",
		"e\xcc\x81", "a", "A", "b", "~1", "~2", ".", "/", "/", "/", "%",
		"%2F", "\xff", " ", "Archiv", "[Gmail]", "cur", "Old",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
	size_t used = 0, count = 1 + next_random(seed) % 5;

	if (next_random(seed) % 200 == 0)
		count += 30;
	for (size_t i = 0; i < count; i++) {
		const char *piece = pieces[next_random(seed) % COUNT(pieces)];
		size_t n = strlen(piece);
		if (used + n >= max)
			break;
		memcpy(out + used, piece, n);
		used += n;
	}
	out[used] = '\0';
}

static void random_list(
	uint32_t *seed, struct mailbox_info *infos, size_t count)
{
	static const char delimiters[] = {'/', '/', '/', '.', '\\', '\0'};
	char delimiter = delimiters[next_random(seed) % COUNT(delimiters)];
	bool prefixed = next_random(seed) % 4 == 0;

	for (size_t i = 0; i < count; i++) {
		struct mailbox_info *m = &infos[i];
		m->attrs = next_random(seed) % 8 == 0
				   ? 1U << next_random(seed) % 12
				   : 0;
		m->delimiter = delimiter;
		m->prefix_bytes = prefixed ? 6 : 0;
		(void)snprintf(m->name, sizeof m->name, "%s",
			prefixed ? "INBOX." : "");
		random_name(seed, m->name + m->prefix_bytes,
			sizeof m->name - m->prefix_bytes);
		if (delimiter != '/')
			for (char *p = m->name; *p != '\0'; p++)
				if (*p == '/' && delimiter != '\0')
					*p = delimiter;
	}
}

static void random_account(uint32_t *seed, struct account *a)
{
	static const char *const prefixes[] = {"", "", "Old", "Sent/a.b"};
	static const char *const maps[] = {"", "a=Sent\nb/a=X\nINBOX=a",
		"Gesendet=Trash\nSent=a/b\nA=inbox"};

	*a = (struct account){.prefix = (char *)prefixes[next_random(seed) % 4],
		.maps = (char *)maps[next_random(seed) % 3],
		.shared = next_random(seed) % 2 == 0};
}

/* Returns how many pairs the plan has. */
static size_t check_apart(const struct plan *plan, size_t listed,
	struct plan_known *known, char (*dirs)[NAME_DIR_MAX])
{
	struct dict *seen = dict_new();
	char folded[FOLDED_BYTES];

	assert_int_equal(plan->count + plan->skip_count, listed);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_pair *p = &plan->pairs[i];
		assert_int_equal(name_folder_dir(p->folder, 0, dirs[i]), 0);
		assert_int_equal(
			name_casefold(dirs[i], folded, sizeof folded), 0);
		if (!dict_add(seen, folded, i))
			fail_msg("%s shares %s", p->mailbox, p->folder);
		if (dirs[i][0] == '\0' && p->why != PLAN_MAP)
			assert_true(name_is_inbox(p->mailbox));
		known[i] = (struct plan_known){.mailbox = p->mailbox,
			.folder = p->folder,
			.dir = dirs[i]};
	}
	dict_free(&seen);
	return plan->count;
}

/* The list upside down, and an account that says something else. */
static void check_again(uint32_t *seed, const struct plan *first,
	struct mailbox_info *infos, const struct plan_known *known)
{
	const struct plan_source source = {
		.known = known, .known_count = first->count};
	struct dict *folders = dict_new();
	struct account a;
	struct plan plan;
	size_t at;

	for (size_t i = 0; i < LIST / 2; i++) {
		struct mailbox_info swap = infos[i];
		infos[i] = infos[LIST - 1 - i];
		infos[LIST - 1 - i] = swap;
	}
	for (size_t i = 0; i < first->count; i++)
		dict_put(folders, first->pairs[i].mailbox, i);
	random_account(seed, &a);
	a.shared = true;
	plan_make(infos, LIST, &a, &source, &plan);
	for (size_t i = 0; i < plan.count; i++)
		if (dict_get(folders, plan.pairs[i].mailbox, &at))
			assert_string_equal(
				plan.pairs[i].folder, first->pairs[at].folder);
	plan_clear(&plan);
	dict_free(&folders);
}

static void no_two_share_a_directory(void **state)
{
	struct mailbox_info *infos = mem_alloc(LIST * sizeof *infos);
	struct plan_known *known = mem_array(LIST, sizeof *known);
	char(*dirs)[NAME_DIR_MAX] = mem_array(LIST, sizeof *dirs);
	uint32_t seed = 40404;
	size_t planned = 0;

	(void)state;
	for (size_t n = 0; n < NAMES; n += LIST) {
		struct account a;
		struct plan plan;
		random_list(&seed, infos, LIST);
		random_account(&seed, &a);
		plan_make(infos, LIST, &a, NULL, &plan);
		planned += check_apart(&plan, LIST, known, dirs);
		if (n % (LIST * 16) == 0)
			check_again(&seed, &plan, infos, known);
		plan_clear(&plan);
	}
	assert_true(planned > NAMES / 2);
	free(infos);
	free(known);
	free(dirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_two_share_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
