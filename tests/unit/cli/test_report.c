/* SPDX-License-Identifier: BSD-2-Clause */
/* A report's writers, from a struct: what they claim, and that no text of a
 * stranger gets out of its place. */
#include "collector/base/mem.h"
#include "collector/cli/html_text.h"
#include "collector/cli/plot.h"
#include "collector/cli/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVIL "<b>&\"'\x1b\xe2\x80\xae\xff=1"
#define EVIL_HTML "&lt;b&gt;&amp;&quot;&#39;??"

static struct report_account account;

static void count(struct report_counts *c, const char *label, uint64_t n)
{
	c->list = mem_grow(c->list, c->count + 1, sizeof *c->list);
	c->list[c->count++] = (struct report_count){
		.label = mem_strdup(label), .messages = n, .bytes = n * 1000};
}

static void make_mailboxes(void)
{
	account.mailboxes = mem_array(2, sizeof *account.mailboxes);
	account.mailbox_count = 2;
	account.mailboxes[0] =
		(struct report_mailbox){.mailbox = mem_strdup("INBOX"),
			.folder = mem_strdup("INBOX"),
			.notice = mem_strdup(""),
			.listed = 1000,
			.collected = 1001,
			.bytes = 1234567,
			.digest = "ab"};
	account.mailboxes[1] =
		(struct report_mailbox){.mailbox = mem_strdup("=" EVIL),
			.folder = mem_strdup(EVIL),
			.notice = mem_strdup(EVIL),
			.listed = 5,
			.collected = 3,
			.quarantined = 1,
			.left_out = 1,
			.digest = "cd"};
}

static int setup(void **unused)
{
	(void)unused;
	account = (struct report_account){.name = mem_strdup("anna"),
		.source = mem_strdup("imaps://anna@imap.example.org"),
		.user = mem_strdup("anna"),
		.error = mem_strdup(""),
		.scope = mem_strdup(""),
		.made_at = 1700000060,
		.listed_at = 1700000000,
		.last_ok = true};
	make_mailboxes();
	count(&account.years, "1994", 4);
	count(&account.years, "1999", 1000);
	count(&account.years, "no date", 1);
	count(&account.reasons, "left out: " EVIL, 1);
	account.minutes = mem_array(2, sizeof *account.minutes);
	account.minute_count = 2;
	account.minutes[0] = (struct report_minute){28333333, 1000, 5};
	account.minutes[1] = (struct report_minute){29333333, 1, 5};
	account.failures = mem_array(1, sizeof *account.failures);
	account.failure_count = 1;
	account.failures[0] = (struct job_failure){.mailbox = mem_strdup(EVIL),
		.uidl = mem_strdup(EVIL),
		.text = mem_strdup(EVIL),
		.dialogue = mem_strdup(""),
		.class = ERR_LIMIT};
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	report_clear(&account);
	return 0;
}

/* What it writes. Caller frees. */
static char *written(
	void (*write)(const struct report_account *, size_t, FILE *))
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	write(&account, 1, out);
	(void)fclose(out);
	assert_int_equal(strlen(text), n);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_has_not(const char *text, const char *part)
{
	if (strstr(text, part) != NULL)
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static const char *verdict(void)
{
	static char text[2048];

	report_verdict(&account, text, sizeof text);
	return text;
}

static void test_verdict(void **unused)
{
	struct report_mailbox *m = &account.mailboxes[0];

	(void)unused;
	assert_true(report_is_accounted(&account));
	assert_has(verdict(), "All 1,005 messages");
	assert_has(verdict(), "Collected in all: 1,004; quarantined: 1; left "
			      "out for a reason: 1.");
	account.running = true;
	assert_has(verdict(), "under way");
	m->accounted = REPORT_SHORT;
	m->off = 2;
	assert_false(report_is_accounted(&account));
	assert_has(verdict(), "2 messages that the source listed are neither");
	/* what was left out without a row explains it, and no more */
	account.left_out_there = 2;
	assert_true(report_is_accounted(&account));
	account.left_out_there = 1;
	assert_false(report_is_accounted(&account));
	account.left_out_there = 0;
	m->accounted = REPORT_UNPROVED;
	assert_false(report_is_accounted(&account));
	assert_has(verdict(), "counts alone do not prove");
	m->accounted = REPORT_UNLISTED;
	assert_false(report_is_accounted(&account));
	assert_has(verdict(), "No list of 1 mailbox was completed");
	m->accounted = REPORT_LEFT;
	assert_true(report_is_accounted(&account));
	assert_has(verdict(), "no longer listed or chosen");
}

static void test_doubts(void **unused)
{
	(void)unused;
	account.failed_mailboxes = 1;
	assert_false(report_is_accounted(&account));
	assert_has(verdict(), "1 mailbox could not be read");
	account.failed_mailboxes = 0;
	account.last_ok = false;
	free(account.error);
	account.error = mem_strdup("no way");
	assert_false(report_is_accounted(&account));
	assert_has(verdict(), "last run failed: no way");
	account.last_ok = true;
	account.listed_at = 0;
	assert_false(report_is_accounted(&account));
	assert_has(verdict(), "not known");
	account.fault = mem_strdup("the ledger is damaged");
	assert_has(verdict(), "Nothing can be said: the ledger is damaged");
	free(written(report_text));
	free(written(report_json));
	free(written(report_html));
	free(written(report_csv));
}

static void test_verified(void **unused)
{
	char text[2048];

	(void)unused;
	report_verified(&account, text, sizeof text);
	assert_has(text, "not been compared");
	account.verified_at = 1600000000;
	report_verified(&account, text, sizeof text);
	assert_has(text, "no difference. The account has been collected "
			 "since.");
	account.verified_at = 1800000000;
	account.verified_differences = 3;
	count(&account.verified, "flags", 2);
	count(&account.verified, "not-here", 1);
	report_verified(&account, text, sizeof text);
	assert_has(text, "3 differences (2 flags, 1 not-here).");
	assert_has_not(text, "since");
}

/* Everywhere: no control, no bidi, no invalid byte. */
static void assert_clean(const char *text)
{
	assert_has_not(text, "\x1b");
	assert_has_not(text, "\xe2\x80\xae");
	assert_has_not(text, "\xff");
}

static void test_html(void **unused)
{
	char *text = written(report_html);

	(void)unused;
	assert_clean(text);
	assert_has(text, "=" EVIL_HTML);
	assert_has_not(text, "<b>&");
	assert_has_not(text, "<b>?");
	assert_has_not(text, "http:");
	assert_has_not(text, "<script");
	assert_has(text, "default-src 'none'");
	assert_has(text, "All 1,005 messages");
	assert_has(text, "<title>1996: 0</title>"); /* a year without mail */
	assert_has(text, "no date");
	assert_has(text, "</html>\n");
	free(text);
}

static void test_text_and_json(void **unused)
{
	char *text = written(report_text), *json = written(report_json);

	(void)unused;
	assert_clean(text);
	assert_has(text, "in all");
	assert_has(text, "1,005");
	assert_clean(json);
	assert_has(json, "\"accounted\": true");
	assert_has(json, "\"listed\": 1005");
	assert_has(json, "\"verified\": null");
	free(text);
	free(json);
}

static void test_csv(void **unused)
{
	char *text = written(report_csv);

	(void)unused;
	assert_clean(text);
	assert_has(text, "account,source,to,at,listed_at,mailbox,");
	assert_has(text, "\"anna\",\"imaps://anna@imap.example.org\",\"anna\","
			 "2023-11-14T22:14:20Z,2023-11-14T22:13:20Z,"
			 "\"INBOX\",\"INBOX\",1000,1001,1234567,0,0,0,0,"
			 "\"yes\",ab,\"\"\r\n");
	assert_has(text, ",\"'=<b>&\"\"'??"); /* no formula */
	free(text);
}

static void test_cut(void **unused)
{
	static const struct row {
		const char *text, *want;
		int columns;
	} table[] = {
		{"", "", 3},
		{"abc", "abc", 3},
		{"abcd", "ab…", 3},
		{"日本語", "日本語", 6},
		{"日本語", "日本…", 5},
		{"<<<<", "&lt;&lt;…", 3},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		char *text = NULL;
		size_t n;
		FILE *out = open_memstream(&text, &n);
		assert_non_null(out);
		html_text_cut(table[i].text, table[i].columns, out);
		(void)fclose(out);
		assert_string_equal(text, table[i].want);
		free(text);
	}
}

/* Numbers of any size give a picture that is finite. */
static void test_plots(void **unused)
{
	static const uint64_t values[] = {0, 1, 2, 3, 4, 5, 999, 1000, 1001,
		200000, UINT32_MAX, INT64_MAX / 2};

	(void)unused;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		struct plot_bar bars[3] = {{.label = "a", .value = values[i]},
			{.label = EVIL, .value = values[i] / 3},
			{.label = "c"}};
		char *text = NULL;
		size_t n;
		FILE *out = open_memstream(&text, &n);
		assert_non_null(out);
		plot_columns(bars, 3, EVIL, 1, out);
		plot_lines(bars, 3, EVIL, "bar", out);
		(void)fclose(out);
		assert_in_range(n, 100, 10000);
		assert_has_not(text, "nan");
		assert_has_not(text, "inf");
		assert_has_not(text, "\"-");
		assert_clean(text);
		assert_has_not(text, "<b>");
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verdict, setup, teardown),
		cmocka_unit_test_setup_teardown(test_doubts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verified, setup, teardown),
		cmocka_unit_test_setup_teardown(test_html, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_text_and_json, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv, setup, teardown),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_plots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
