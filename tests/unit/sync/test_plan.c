/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/sync/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROWS_MAX 12

struct row {
	const char *name;
	char delimiter;
	uint32_t attrs;
};

/* rows end with name NULL; expected: "mailbox>folder" lines. */
struct plan_case {
	const char *what;
	const char *folders, *excludes, *prefix;
	struct row rows[ROWS_MAX];
	const char *expected;
	size_t views, excluded;
};

static const struct plan_case cases[] = {
	{.what = "names as they are",
		.rows = {{"INBOX", '/', 0}, {"Work/2024", '/', 0},
			{"K&APw-che", '/', 0}},
		.expected = "INBOX>INBOX\nWork/2024>Work/2024\n"
			    "K&APw-che>K\xc3\xbc"
			    "che\n"},
	{.what = "what cannot be selected, views, repeats",
		.rows = {{"INBOX", '/', 0}, {"inbox", '/', 0},
			{"[Gmail]", '/', MAILBOX_NOSELECT},
			{"[Gmail]/All", '/', MAILBOX_ALL | MAILBOX_ARCHIVE},
			{"[Gmail]/Star", '/', MAILBOX_FLAGGED},
			{"[Gmail]/Imp", '/', MAILBOX_IMPORTANT},
			{"Work", '/', 0}, {"Work", '/', 0}},
		.expected = "INBOX>INBOX\nWork>Work\n",
		.views = 3},
	{.what = "special use comes first and takes the name",
		.rows = {{"Sent", '/', 0}, {"Gesendet", '/', MAILBOX_SENT},
			{"Papierkorb", '/', MAILBOX_TRASH},
			{"Spam", '/', MAILBOX_JUNK}, {"INBOX", '/', 0},
			{"Dr", '/', MAILBOX_DRAFTS},
			{"Old", '/', MAILBOX_ARCHIVE}},
		.expected = "INBOX>INBOX\nGesendet>Sent\nPapierkorb>Trash\n"
			    "Spam>Junk\nDr>Drafts\nOld>Archive\nSent>Sent~1\n"},
	{.what = "two with one attribute: the one that is called so",
		.rows = {{"Outbox", '/', MAILBOX_SENT},
			{"Sent", '/', MAILBOX_SENT}},
		.expected = "Sent>Sent\nOutbox>Outbox\n"},
	{.what = "an attribute on INBOX changes nothing",
		.rows = {{"INBOX", '/', MAILBOX_ARCHIVE | MAILBOX_ALL},
			{"A", '/', 0}},
		.expected = "INBOX>INBOX\nA>A\n"},
	{.what = "all below INBOX: the level goes",
		.rows = {{"INBOX", '.', 0}, {"INBOX.Sent", '.', 0},
			{"INBOX.a.b", '.', 0}, {"Inbox.c", '.', 0}},
		.expected = "INBOX>INBOX\nINBOX.Sent>Sent\nINBOX.a.b>a/b\n"
			    "Inbox.c>c\n"},
	{.what = "but nothing becomes INBOX by that",
		.rows = {{"INBOX", '.', 0}, {"INBOX.INBOX", '.', 0},
			{"INBOX.inbox.x", '.', 0}, {"INBOX.b", '.', 0}},
		.expected = "INBOX>INBOX\nINBOX.INBOX>INBOX/INBOX\n"
			    "INBOX.inbox.x>INBOX/inbox/x\nINBOX.b>b\n"},
	{.what = "one beside INBOX: no level goes",
		.rows = {{"INBOX", '.', 0}, {"INBOX.Sent", '.', 0},
			{"Other", '.', 0}},
		.expected = "INBOX>INBOX\nINBOX.Sent>Sent\n"
			    "Other>Other\n"},
	{.what = "special use below INBOX",
		.rows = {{"INBOX", '.', 0},
			{"INBOX.Gesendet", '.', MAILBOX_SENT}},
		.expected = "INBOX>INBOX\nINBOX.Gesendet>Sent\n"},
	{.what = "globs",
		.folders = "INBOX\nWork/*\n",
		.excludes = "*/Secret",
		.rows = {{"INBOX", '/', 0}, {"Work/a", '/', 0},
			{"Work/Secret", '/', 0}, {"Home", '/', 0}},
		.expected = "INBOX>INBOX\nWork/a>Work/a\n",
		.excluded = 2},
	{.what = "globs are of the decoded name, either with the level or not",
		.folders = "K\xc3\xbc"
			   "che\nINBOX/b\nc",
		.rows = {{"INBOX", '.', 0}, {"INBOX.K&APw-che", '.', 0},
			{"INBOX.b", '.', 0}, {"INBOX.c", '.', 0},
			{"INBOX.d", '.', 0}},
		.expected = "INBOX.K&APw-che>K\xc3\xbc"
			    "che\nINBOX.b>b\n"
			    "INBOX.c>c\n",
		.excluded = 2},
	{.what = "an excluded holder gives its name to nobody",
		.excludes = "Gesendet",
		.rows = {{"INBOX", '/', 0}, {"Gesendet", '/', MAILBOX_SENT},
			{"Sent", '/', 0}},
		.expected = "INBOX>INBOX\nSent>Sent\n",
		.excluded = 1},
	{.what = "a prefix",
		.prefix = "Old/Acme",
		.rows = {{"INBOX", '/', 0}, {"Gesendet", '/', MAILBOX_SENT},
			{"a/b", '/', 0}},
		.expected = "INBOX>Old/Acme\nGesendet>Old/Acme/Sent\n"
			    "a/b>Old/Acme/a/b\n"},
	{.what = "a prefix is a name like any other",
		.prefix = "a.b",
		.rows = {{"INBOX", '/', 0}},
		.expected = "INBOX>a%2Eb\n"},
	{.what = "no hierarchy",
		.rows = {{"INBOX", 0, 0}, {"INBOX.x", 0, 0}},
		.expected = "INBOX>INBOX\nINBOX.x>INBOX%2Ex\n"},
	{.what = "nothing at all", .expected = ""},
};

static size_t fill(const struct plan_case *c, struct mailbox_info *infos)
{
	size_t n = 0;

	for (; n < ROWS_MAX && c->rows[n].name != NULL; n++) {
		infos[n] =
			(struct mailbox_info){.delimiter = c->rows[n].delimiter,
				.attrs = c->rows[n].attrs};
		(void)snprintf(infos[n].name, sizeof infos[n].name, "%s",
			c->rows[n].name);
	}
	return n;
}

static void each_case(void **state)
{
	static struct mailbox_info infos[ROWS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct plan_case *c = &cases[i];
		struct account a = {.folders = (char *)c->folders,
			.excludes = (char *)c->excludes,
			.prefix = (char *)c->prefix};
		char got[1024] = "";
		size_t used = 0;
		struct plan plan;

		plan_make(infos, fill(c, infos), &a, NULL, &plan);
		for (size_t k = 0; k < plan.count; k++)
			used += (size_t)snprintf(got + used, sizeof got - used,
				"%s>%s\n", plan.pairs[k].mailbox,
				plan.pairs[k].folder);
		if (strcmp(got, c->expected) != 0)
			print_error("case: %s\n", c->what);
		assert_string_equal(got, c->expected);
		assert_int_equal(plan.views, c->views);
		assert_int_equal(plan.excluded, c->excluded);
		plan_clear(&plan);
	}
}

static void subscriptions_follow_the_source(void **state)
{
	static struct mailbox_info infos[2] = {
		{.name = "A", .attrs = MAILBOX_SUBSCRIBED}, {.name = "B"}};
	struct account a = {0};
	struct plan plan;

	(void)state;
	plan_make(infos, 2, &a, NULL, &plan);
	assert_true(plan.pairs[0].subscribe);
	assert_false(plan.pairs[1].subscribe);
	plan_clear(&plan);
	/* a server that knows no subscriptions at all */
	infos[0].attrs = 0;
	plan_make(infos, 2, &a, NULL, &plan);
	assert_true(plan.pairs[0].subscribe);
	assert_true(plan.pairs[1].subscribe);
	plan_clear(&plan);
}

static void a_name_for_people(void **state)
{
	static struct mailbox_info info = {
		.name = "INBOX.K&APw-che.x", .delimiter = '.'};
	struct account a = {0};
	struct plan plan;

	(void)state;
	plan_make(&info, 1, &a, NULL, &plan);
	assert_string_equal(plan.pairs[0].name, "INBOX/K\xc3\xbc"
						"che/x");
	plan_clear(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
		cmocka_unit_test(subscriptions_follow_the_source),
		cmocka_unit_test(a_name_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
