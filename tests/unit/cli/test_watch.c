/* SPDX-License-Identifier: BSD-2-Clause */
/* What `status --watch` shows, without a terminal. */
#include "collector/cli/bar.h"
#include "watch_rig.h"

static void add_some(void)
{
	struct job_status *s = rig_add("anna", "running");

	rig_run(s, 500, 1000, 20000000);
	(void)snprintf(
		s->progress.mailbox, sizeof s->progress.mailbox, "INBOX");
	s = rig_add("bert", "failed");
	rig_fail(s, ERR_AUTH, "the server refused the login",
		"check the password");
	s = rig_add("clara", "waiting");
	rig_fail(s, ERR_NETWORK, "no route to host", "");
	s->retry_at = s->next_due_at = RIG_NOW + 600;
	s = rig_add("dora", "queued");
	s->next_due_at = RIG_NOW - 300;
	s = rig_add("emil", "idle");
	s->next_due_at = RIG_NOW + 90;
	s->messages_source = s->messages_stored = 1000;
	s->bytes_stored = 34000000;
	s->last_success_at = RIG_NOW - 10;
	s = rig_add("frida", "paused");
	s->messages_source = s->messages_stored = 2000;
	s->last_success_at = RIG_NOW - 10;
	rig_take();
}

static void test_eighty_columns(void **unused)
{
	(void)unused;
	add_some();
	rig_draw(80, 24);
	rig_is(0, "mailhaul  6 accounts"
		  "                                                   "
		  "08:00:00Z");
	rig_is(1, "1 running  1 failed  1 waiting  1 queued  1 idle  1 paused");
	rig_is(2, "██████████████████████░░░░  87%  10s left  2.0 MB/s  "
		  "3,500 of 4,000  54.0 MB");
	rig_is(3, "");
	rig_is(4, "  ACCOUNT   STATE        STORED  NOTE");
	rig_is(5, "  anna      running         500  "
		  "███████░░░░░░░  50%  10s left  2.0 MB/s  INBOX");
	rig_is(6, "  bert      failed            0  "
		  "auth: the server refused the login (check the …");
	rig_is(7, "  clara     waiting           0  "
		  "network, again in 10m: no route to host");
	rig_is(8, "  dora      queued            0  due for 5m");
	rig_is(9, "  emil      idle          1,000  next in 90s");
	rig_is(10, "  frida     paused        2,000  paused");
	rig_is(22, "6 shown, by state");
	assert_int_equal(rig_find("? help  q quit"), 23);
}

static void test_forty_columns(void **unused)
{
	(void)unused;
	add_some();
	rig_draw(40, 10);
	rig_is(0, "mailhaul  6 accounts           08:00:00Z");
	rig_is(1, "1 running  1 failed  1 waiting  1 queued");
	rig_is(3, "  ACCOUNT   STATE    NOTE");
	rig_is(4, "  anna      running  ███░░░  50%  INBOX");
	rig_is(5, "  bert      failed   auth: the server r…");
	rig_is(9, "? help  q quit  Enter open  / filter");
}

/* It is no use then, but it must not fail. */
static void test_any_size(void **unused)
{
	(void)unused;
	add_some();
	for (int page = 0; page < 3; page++) {
		rig.chosen = 1;
		rig.page = (enum watch_page)page;
		for (int rows = 1; rows < 30; rows++)
			for (int columns = 1; columns < 160; columns += 3)
				rig_draw(columns, rows);
	}
}

static void test_wide_names(void **unused)
{
	struct job_status *s = rig_add("日本語のアカウント名", "running");

	(void)unused;
	rig_run(s, 1, 1000, 10);
	(void)rig_add("e\u0301mile", "idle");
	rig_take();
	rig_draw(60, 12);
	/* a third of the screen; a half of a character is none */
	rig_is(4, "  日本語のアカウント名  running           1  "
		  "░░░░░░   0%");
	rig_is(5, "  e\u0301mile                 idle              0  done");
	rig_draw(40, 10);
	rig_is(4, "  日本語のアカ…  running  ░░░░░░   0%");
	assert_int_equal(canvas_cell(&rig_canvas, 4, 2)->width, 2);
	assert_int_equal(canvas_cell(&rig_canvas, 4, 3)->width, 0);
}

/* Nothing of a server reaches the terminal as it came. */
static void test_hostile_text(void **unused)
{
	struct job_status *s = rig_add("anna", "failed");

	(void)unused;
	rig_fail(s, ERR_PROTOCOL, "\033[2J\u202eevil\a\xff\n", "\u200bhint");
	rig_take();
	rig_draw(80, 24);
	assert_true(rig_find("protocol: ?[2J?evil??? (?hint)") > 0);
	rig_key(WATCH_KEY_DOWN);
	rig_key(WATCH_KEY_ENTER);
	rig_draw(80, 24);
	assert_true(rig_find("protocol: ?[2J?evil???") > 0);
	for (int i = 0; i < 24 * 80; i++)
		assert_true((unsigned char)rig_canvas.cells[i].text[0] >= 32 ||
			    rig_canvas.cells[i].text[0] == '\0');
}

static void test_ascii(void **unused)
{
	struct job_status *s = rig_add("日本 ö", "running");

	(void)unused;
	rig_run(s, 500, 1000, 10);
	rig_take();
	canvas_init(&rig_canvas, 12, 80, false);
	watch_draw(&rig, &rig_canvas, 1);
	assert_true(rig_find("? ?  ?") > 0);
	assert_true(rig_find("#######.......  50%") > 0);
	for (int i = 0; i < 12 * 80; i++)
		assert_true((unsigned char)rig_canvas.cells[i].text[0] < 128);
}

static void test_five_thousand(void **unused)
{
	(void)unused;
	for (int i = 0; i < RIG_MAX; i++) {
		char name[32];
		(void)snprintf(name, sizeof name, "user%04d", i);
		(void)rig_add(name, i % 1000 == 999 ? "failed" : "idle");
	}
	rig_take();
	rig_draw(80, 24);
	assert_true(rig_find("5,000 accounts") == 0);
	assert_true(rig_find("5 failed  4,995 idle") == 1);
	/* what concerns a person comes first */
	assert_int_equal(rig_find("user0999"), 5);
	assert_int_equal(rig_find("user0000"), 10);
	assert_int_equal(rig.room, 17);
	rig_key(WATCH_KEY_END);
	rig_draw(80, 24);
	assert_int_equal(rig_find("> user4998"), 21);
	rig_key(WATCH_KEY_PAGE_UP);
	rig_draw(80, 24);
	assert_int_equal(rig_find("> user4981"), 5);
	rig_key(WATCH_KEY_HOME);
	rig_draw(80, 24);
	assert_int_equal(rig_find("> user0999"), 5);
	/* in view means that the view stays */
	rig_key(WATCH_KEY_DOWN);
	rig_draw(80, 24);
	assert_int_equal(rig_find("user0999"), 5);
	assert_int_equal(rig_find("> user1999"), 6);
}

static void test_what_waits_and_why(void **unused)
{
	struct budget_row hosts[] = {
		{.host = "imap.example.org", .running = 8}};
	static const struct job_notice notices[] = {
		{(char *)(uintptr_t) "the disk is full", RIG_NOW - 120}};
	struct job_status *s = rig_add("anna", "queued");

	(void)unused;
	s->next_due_at = RIG_NOW;
	s = rig_add("bert", "idle");
	s->messages_quarantined = 3;
	s->push = JOB_PUSH_WAITS;
	s = rig_add("carl", "paused");
	s->finish = FINISH_DONE;
	s->finished_at = RIG_NOW;
	rig_now.hosts = hosts;
	rig_now.host_count = 1;
	rig_now.notices = notices;
	rig_now.notice_count = 1;
	rig_take();
	rig_draw(80, 24);
	rig_is(3, "the disk is full (for 2m)");
	assert_true(
		rig_find("due now; imap.example.org has its 8 sessions") > 0);
	assert_true(rig_find("waits for new mail; 3 in quarantine") > 0);
	assert_true(rig_find("finished 2027-01-15T08:00:00Z: nothing") > 0);
	hosts[0].running = 1;
	hosts[0].logins = hosts[0].last_minute = 4;
	rig_draw(120, 24);
	assert_true(rig_find("imap.example.org has had its 4 logins a") > 0);
	rig_now.served = false;
	rig_take();
	rig_draw(80, 24);
	assert_int_equal(rig_find("no daemon is running  08:00:00Z"), 0);
	assert_true(rig_find("due now; no daemon is running") > 0);
}

static void test_an_account(void **unused)
{
	static const struct job_mailbox mailboxes[] = {
		{.mailbox = (char *)(uintptr_t) "INBOX",
			.folder = (char *)(uintptr_t) "INBOX",
			.source = 1200,
			.stored = 1199,
			.quarantined = 1,
			.notice = (char *)(uintptr_t) "it is odd"}};
	static const struct job_failure failures[] = {
		{.mailbox = (char *)(uintptr_t) "INBOX",
			.uid = 812,
			.uidl = (char *)(uintptr_t) "",
			.class = ERR_PROTOCOL,
			.text = (char *)(uintptr_t) "the size is another",
			.tries = 2,
			.next_try_at = RIG_NOW + 3600}};

	(void)unused;
	add_some();
	rig_now.mailboxes = mailboxes;
	rig_now.failures = failures;
	rig_now.mailbox_count = rig_now.failure_count = 1;
	rig_take();
	rig_key(WATCH_KEY_DOWN);
	rig_key(WATCH_KEY_DOWN);
	assert_int_equal(rig_key(WATCH_KEY_ENTER), WATCH_READ);
	rig_draw(80, 30);
	rig_is(4, "bert  failed");
	assert_true(rig_find("auth: the server refused the login") > 0);
	assert_true(rig_find("  check the password") > 0);
	assert_true(rig_find("INBOX     INBOX         1,199       1,200"
			     "           1") > 0);
	assert_true(rig_find("  it is odd") > 0);
	assert_true(rig_find("INBOX, UID 812") > 0);
	assert_true(rig_find("  protocol: the size is another; tried 2 times, "
			     "again in 60m") > 0);
	/* it is scrolled where it has no room */
	rig_draw(40, 10);
	assert_int_equal(rig_find("UID 812"), -1);
	for (int i = 0; i < 40; i++)
		rig_key(WATCH_KEY_DOWN);
	rig_draw(40, 10);
	assert_true(rig_find("UID 812") > 0);
}

static void test_pace(void **unused)
{
	struct job_status before_job = {.account_id = 1};
	struct watch_row before = {.status = &before_job,
		.state = WATCH_RUNNING,
		.byte_rate = 1000,
		.message_rate = 10};
	struct job_status *s = rig_add("anna", "running");

	(void)unused;
	rig_run(s, 100, 1000, 50000);
	before_job.progress = s->progress;
	before_job.progress.bytes_done = 46000;
	before_job.progress.messages_done = 60;
	rig_take();
	/* without a moment before: since it began, 10 s ago */
	assert_int_equal((int)rig_rows[0].byte_rate, 5000);
	watch_row_pace(rig_rows, 1, &before, 1, 4000, RIG_NOW * 1000);
	assert_int_equal((int)rig_rows[0].byte_rate, 1000);
	assert_int_equal((int)rig_rows[0].message_rate, 10);
	/* that was another run */
	before_job.progress.fence = 6;
	watch_row_pace(rig_rows, 1, &before, 1, 4000, RIG_NOW * 1000);
	assert_int_equal((int)rig_rows[0].byte_rate, 5000);
	assert_int_equal(watch_left(100, 10), 10);
	assert_int_equal(watch_left(0, 10), -1);
	assert_int_equal(watch_left(100, 0), -1);
	assert_int_equal(watch_left(UINT64_MAX, 1e-9), -1);
}

static void test_bar(void **unused)
{
	char bar[BAR_BYTES], span[BAR_SPAN_BYTES];

	(void)unused;
	bar_draw(999, 1000, 4, false, bar);
	assert_string_equal(bar, "###.");
	bar_draw(1000, 1000, 4, true, bar);
	assert_string_equal(bar, "████");
	bar_draw(5, 0, 4, false, bar);
	assert_string_equal(bar, "....");
	bar_draw(2000, 1000, 100000, true, bar);
	assert_int_equal(strlen(bar), BAR_BYTES - 1);
	bar_draw(1, 2, -3, true, bar);
	assert_string_equal(bar, "");
	assert_int_equal(bar_percent(9999999, 10000000), 99);
	assert_int_equal(bar_percent(0, 0), 0);
	assert_int_equal(bar_left(50, 100, 10000), 10);
	assert_int_equal(bar_left(0, 100, 10000), -1);
	bar_span(119, span);
	assert_string_equal(span, "119s");
	bar_span(7199, span);
	assert_string_equal(span, "119m");
	bar_span(200000, span);
	assert_string_equal(span, "2d");
	bar_span(-1, span);
	assert_string_equal(span, "0s");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_eighty_columns),
		TEST(test_forty_columns),
		TEST(test_any_size),
		TEST(test_wide_names),
		TEST(test_hostile_text),
		TEST(test_ascii),
		TEST(test_five_thousand),
		TEST(test_what_waits_and_why),
		TEST(test_an_account),
		TEST(test_pace),
		TEST(test_bar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
