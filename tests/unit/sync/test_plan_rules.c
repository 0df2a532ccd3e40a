/* SPDX-License-Identifier: BSD-2-Clause */
/* The plan's rules one by one: who yields, --map, what is known already. */
#include "plan_rig.h"

#include "collector/base/mem.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct plan_table sharing[] = {
	{.what = "the attribute takes the name, the other and its own yield",
		.delimiter = '/',
		.rows = {{"Gesendet", MAILBOX_SENT}, {"Gesendet/a"}, {"Sent"},
			{"Sent/a"}, {"Sent/b"}},
		.pairs = "Gesendet>Sent a\nGesendet/a>Sent/a b\n"
			 "Sent>Sent~1 o*\nSent/a>Sent~1/a b\n"
			 "Sent/b>Sent~1/b b\n"},
	{.what = "no guess where there is another attribute",
		.delimiter = '/',
		.rows = {{"Drafts", MAILBOX_SENT}, {"Sent", MAILBOX_TRASH}},
		.pairs = "Drafts>Sent a\nSent>Trash a\n"},
	{.what = "case only",
		.delimiter = '/',
		.rows = {{"Case"}, {"CASE"}, {"case"}, {"case/x"}, {"Case/x"}},
		.pairs = "Case>Case o\nCASE>CASE~1 o*\ncase>case~2 o*\n"
			 "case/x>case~2/x b\nCase/x>Case/x o\n"},
	{.what = "a number that somebody bears by name",
		.delimiter = '/',
		.rows = {{"x"}, {"x~1"}, {"X"}},
		.pairs = "x>x o\nx~1>x~1 o\nX>X~2 o*\n"},
	{.what = "one name in two encodings",
		.delimiter = '/',
		.rows = {{"&AOk-"}, {"\xc3\xa9"}, {"e\xcc\x81"}},
		.pairs = "&AOk->\xc3\xa9 o\n\xc3\xa9>\xc3\xa9~1 o*\n"
			 "e\xcc\x81>\xc3\xa9~2 o*\n"},
	{.what = "top before below INBOX, the folder's own name before others",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"INBOX/Sent"}, {"Sent Items"},
			{"INBOX/Trash"}, {"INBOX/Deleted Items"}},
		.pairs = "INBOX>INBOX I\nSent Items>Sent n\n"
			 "INBOX/Trash>Trash n\nINBOX/Sent>INBOX/Sent o\n"
			 "INBOX/Deleted Items>INBOX/Deleted Items o\n"},
	{.what = "deeper down nothing is special",
		.delimiter = '/',
		.rows = {{"Firma/Sent"}, {"INBOX/a/Sent"}},
		.pairs = "Firma/Sent>Firma/Sent o\n"
			 "INBOX/a/Sent>INBOX/a/Sent o\n"},
	{.what = "an excluded one gives way to the next by name",
		.delimiter = '/',
		.excludes = "Sent",
		.rows = {{"Sent"}, {"Sent Items"}},
		.pairs = "Sent Items>Sent n\n",
		.skips = "Sent: --exclude\n"},
	{.what = "a special mailbox below another",
		.delimiter = '/',
		.rows = {{"Archiv"}, {"Archiv/Gesendet", MAILBOX_SENT},
			{"Archiv/Gesendet/a"}, {"Archiv/b"}},
		.pairs = "Archiv>Archive n\nArchiv/Gesendet>Sent a\n"
			 "Archiv/Gesendet/a>Sent/a b\nArchiv/b>Archive/b b\n"},
	{.what = "levels beyond what a folder has",
		.delimiter = '/',
		.rows = {{"a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"},
			{"a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/b"},
			{"Gesendet"}, {"Gesendet//"}},
		.pairs = "Gesendet>Sent n\n"
			 "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a>"
			 "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a o\n"
			 "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/b>"
			 "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a%2Fb o\n"
			 "Gesendet//>Sent/%/% b\n"},
	{.what = "dots, dots first, control characters",
		.delimiter = '/',
		.rows = {{"a.b"}, {".hidden"}, {"..", 0}, {"c\x01\x1b[m"},
			{" x "}},
		.pairs = "a.b>a%2Eb o\n.hidden>%2Ehidden o\n..>%2E%2E o\n"
			 "c\x01\x1b[m>c%01%1B[m o\n x >%20x%20 o\n"},
};

static const struct plan_table maps[] = {
	{.what = "one mailbox and what is below",
		.delimiter = '/',
		.maps = "Gesendet=Ausgang/Alt",
		.rows = {{"Gesendet", MAILBOX_SENT}, {"Gesendet/a/b"},
			{"Sent Items"}},
		.pairs = "Sent Items>Sent n\nGesendet>Ausgang/Alt m\n"
			 "Gesendet/a/b>Ausgang/Alt/a/b m\n"},
	{.what = "a map is before the attribute",
		.delimiter = '/',
		.maps = "Gesendet=Sent",
		.rows = {{"Gesendet"}, {"Sent", MAILBOX_SENT}},
		.pairs = "Gesendet>Sent m\nSent>Sent~1 o*\n"},
	{.what = "by octets, readably, with the prefix and without",
		.delimiter = '.',
		.maps = "INBOX.K&APw-che=A\nINBOX/G\xc3\xa4rten=B\n"
			"Scheune=C\nINBOX.Stall=D",
		.rows = {{"INBOX"}, {"INBOX.K&APw-che"}, {"INBOX.G&AOQ-rten"},
			{"INBOX.Scheune"}, {"INBOX.Stall.x"}},
		.pairs = "INBOX>INBOX I\nINBOX.K&APw-che>A m\n"
			 "INBOX.G&AOQ-rten>B m\nINBOX.Scheune>C m\n"
			 "INBOX.Stall.x>D/x m\n"},
	{.what = "typed decomposed",
		.delimiter = '/',
		.maps = "Ku\xcc\x88"
			"che=K",
		.rows = {{"K&APw-che"}},
		.pairs = "K&APw-che>K m\n"},
	{.what = "the longest name decides",
		.delimiter = '/',
		.maps = "a=X\na/b=Y",
		.rows = {{"a"}, {"a/b"}, {"a/b/c"}, {"a/c"}},
		.pairs = "a>X m\na/b>Y m\na/b/c>Y/c m\na/c>X/c m\n"},
	{.what = "INBOX goes alone",
		.delimiter = '/',
		.maps = "inbox=Eingang",
		.rows = {{"INBOX"}, {"INBOX/a"}, {"b"}},
		.pairs = "INBOX>Eingang m\nINBOX/a>INBOX/a o\nb>b o\n"},
	{.what = "an equals sign in the name, a folder as it is typed",
		.delimiter = '/',
		.maps = "a=b=c.d",
		.rows = {{"a=b"}, {"a"}},
		.pairs = "a=b>c%2Ed m\na>a o\n"},
	{.what = "what nobody is called",
		.delimiter = '/',
		.maps = "a=X\nnobody=Y\nb=Z",
		.rows = {{"a"}, {"b/c"}},
		.pairs = "a>X m\nb/c>Z/c m\n",
		.unused_maps = "nobody=Y\n"},
	{.what = "under the prefix",
		.delimiter = '/',
		.prefix = "Old",
		.maps = "a=X",
		.rows = {{"INBOX"}, {"a"}, {"Gesendet"}},
		.pairs = "INBOX>Old I\nGesendet>Old/Sent n\na>Old/X m\n"},
	{.what = "two of one folder: the later one yields",
		.delimiter = '/',
		.maps = "a=X\nb=x",
		.rows = {{"a"}, {"b"}},
		.pairs = "a>X m\nb>x~1 m*\n"},
	{.what = "others' mailboxes",
		.delimiter = '/',
		.shared = true,
		.maps = "Shared/info=Info",
		.rows = {{"Shared/info", MAILBOX_SHARED}},
		.pairs = "Shared/info>Info m\n"},
};

static const struct plan_table known[] = {
	{.what = "what the ledger has stays, whatever is said now",
		.delimiter = '/',
		.maps = "a=X",
		.prefix = "New",
		.known = {{"a", "a", ".a"},
			{"Gesendet", "Gesendet", ".Gesendet"}},
		.rows = {{"INBOX"}, {"a"}, {"a/b"}, {"Gesendet", MAILBOX_SENT},
			{"Gesendet/c"}, {"d"}},
		.pairs = "INBOX>New I\na>a k\na/b>New/X/b m\n"
			 "Gesendet>Gesendet k\nGesendet/c>Gesendet/c b\n"
			 "d>New/d o\n"},
	{.what = "a special folder that is taken is not given again",
		.delimiter = '/',
		.known = {{"old", "Sent", ".Sent"},
			{"x", "Old/Trash", ".Old.Trash"}},
		.rows = {{"old"}, {"Gesendet", MAILBOX_SENT}, {"Sent"},
			{"Papierkorb", MAILBOX_TRASH}},
		.pairs = "old>Sent k\nPapierkorb>Trash a\n"
			 "Gesendet>Gesendet o\nSent>Sent~1 o*\n"},
	{.what = "a folder of a mailbox that is gone is not given away",
		.delimiter = '/',
		.known = {{"gone", "a", ".a"}},
		.rows = {{"a"}, {"A"}},
		.pairs = "a>a~1 o*\nA>A~2 o*\n"},
	{.what = "a number stays with its mailbox",
		.delimiter = '/',
		.known = {{"A", "A~1", ".A~1"}},
		.rows = {{"A"}, {"a"}, {"A/x"}},
		.pairs = "A>A~1 k\na>a o\nA/x>A~1/x b\n"},
};

static void two_never_share_a_folder(void **state)
{
	(void)state;
	plan_rig_check_all(sharing, COUNT(sharing));
}

static void a_map_overrides(void **state)
{
	(void)state;
	plan_rig_check_all(maps, COUNT(maps));
}

static void what_is_known_stays(void **state)
{
	(void)state;
	plan_rig_check_all(known, COUNT(known));
}

/* 250 bytes of a name, and more: cut, but still apart. */
static void long_names(void **state)
{
	static struct mailbox_info infos[3];
	char dirs[3][NAME_DIR_MAX];
	struct account a = {0};
	struct plan plan;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		memset(infos[i].name, 'x', 900);
		infos[i].name[899] = (char)('a' + i);
		infos[i].delimiter = '/';
	}
	plan_make(infos, 3, &a, NULL, &plan);
	assert_int_equal(plan.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
			name_folder_dir(plan.pairs[i].folder, 0, dirs[i]), 0);
		assert_true(strlen(dirs[i]) < NAME_DIR_MAX);
	}
	assert_string_not_equal(dirs[0], dirs[1]);
	assert_string_not_equal(dirs[1], dirs[2]);
	plan_clear(&plan);
}

/* Five thousand that differ in case only cost no square of that. */
static void many_of_one_name(void **state)
{
	const size_t count = 5000;
	struct mailbox_info *infos = mem_alloc(count * sizeof *infos);
	struct account a = {0};
	struct plan plan;

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (unsigned bit = 0; bit < 13; bit++)
			infos[i].name[bit] = (i >> bit & 1) != 0 ? 'A' : 'a';
	plan_make(infos, count, &a, NULL, &plan);
	assert_int_equal(plan.count, count);
	assert_string_equal(plan.pairs[0].folder, "aaaaaaaaaaaaa");
	assert_non_null(strstr(plan.pairs[4999].folder, "~4999"));
	plan_clear(&plan);
	free(infos);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_never_share_a_folder),
		cmocka_unit_test(a_map_overrides),
		cmocka_unit_test(what_is_known_stays),
		cmocka_unit_test(long_names),
		cmocka_unit_test(many_of_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
