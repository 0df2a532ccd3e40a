/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libetpan behind guard and catch-all, on what servers in the field and
 * hostile ones send: which deviations are read, which are refused. None may
 * crash it: without the guard several of these do.
 */
#include "collector/remote/catchall.h"
#include "collector/remote/transport.h"
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct guard_limits limits = {
	.literal_bytes = (uint64_t)100 << 20};

struct conversation {
	struct script script;
	struct transport *t;
	mailimap *imap;
	struct buf taps;
	struct buf body;
	int messages; /* att handler calls */
	bool uid7, flags;
};

static int on_tap(void *arg, const char *line, size_t n)
{
	struct conversation *c = arg;

	(void)buf_add(&c->taps, line, n);
	return buf_add_str(&c->taps, "|");
}

static bool on_body(int type, struct mailimap_msg_att_body_section *section,
	const char *bytes, size_t n, void *arg)
{
	struct conversation *c = arg;

	(void)type;
	(void)section;
	return buf_add(&c->body, bytes, n) == 0;
}

static void on_message(struct mailimap_msg_att *message, void *arg)
{
	struct conversation *c = arg;

	c->messages++;
	for (clistiter *i = clist_begin(message->att_list); i != NULL;
		i = clist_next(i)) {
		struct mailimap_msg_att_item *item = clist_content(i);
		if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC)
			c->flags = true;
		if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC &&
			item->att_data.att_static->att_type ==
				MAILIMAP_MSG_ATT_UID &&
			item->att_data.att_static->att_data.att_uid == 7)
			c->uid7 = true;
	}
}

static void no_progress(size_t current, size_t maximum, void *arg)
{
	(void)current;
	(void)maximum;
	(void)arg;
}

static int begin(struct conversation *c, const char *script)
{
	const struct transport_config config = {.idle_ms = 10000,
		.deadline_ms = 30000,
		.hangup_fd = -1,
		.limits = &limits,
		.tap = on_tap,
		.tap_arg = c};

	memset(c, 0, sizeof *c);
	buf_init(&c->taps, (size_t)1 << 20);
	buf_init(&c->body, (size_t)1 << 20);
	catchall_register();
	catchall_register();
	c->t = transport_new(script_start(&c->script, script), &config);
	c->imap = mailimap_new(0, NULL);
	mailimap_set_progress_callback(c->imap, no_progress, no_progress, c);
	mailimap_set_msg_att_handler(c->imap, on_message, c);
	mailimap_set_msg_body_handler(c->imap, on_body, c);
	return mailimap_connect(c->imap, transport_stream(c->t, 8192));
}

static void end(struct conversation *c)
{
	transport_poison(c->t);
	mailimap_free(c->imap);
	transport_free(&c->t);
	assert_true(script_finish(&c->script));
	script_free(&c->script);
	buf_free(&c->taps);
	buf_free(&c->body);
}

static int ask(struct conversation *c)
{
	struct mailimap_response *response;
	int r;

	if (mailimap_send_current_tag(c->imap) != MAILIMAP_NO_ERROR ||
		mailstream_write(c->imap->imap_stream, "ASK\r\n", 5) != 5 ||
		mailstream_flush(c->imap->imap_stream) != 0 ||
		mailimap_read_line(c->imap) == NULL)
		return MAILIMAP_ERROR_STREAM;
	r = mailimap_parse_response(c->imap, &response);
	if (r == MAILIMAP_NO_ERROR)
		mailimap_response_free(response);
	return r;
}

/* One answer to one command. */
static int play(struct conversation *c, const char *answer)
{
	char *script = mem_printf("S: * OK hi\nC: $T ASK\nS<: %s\n", answer);
	int r = begin(c, script);

	free(script);
	assert_int_equal(r, MAILIMAP_NO_ERROR_NON_AUTHENTICATED);
	return ask(c);
}

static void assert_read(const char *items)
{
	struct conversation c;
	char *answer = mem_printf("* 1 FETCH (%s)\\r\\n$T OK x\\r\\n", items);
	int r = play(&c, answer);

	if (r != 0)
		fail_msg("%s: %d", items, r);
	if (c.messages != 1 || !c.uid7)
		fail_msg("%s: %d messages", items, c.messages);
	if (strcmp(buf_str(&c.body), "hello") != 0)
		fail_msg("%s: body `%s'", items, buf_str(&c.body));
	free(answer);
	end(&c);
}

static void assert_answer(const char *answer, int expected, const char *why)
{
	struct conversation c;
	struct err err;
	int r = play(&c, answer);

	if (r != expected)
		fail_msg("%s: %d", answer, r);
	if (why != NULL) {
		(void)transport_err(c.t, "(no cause)", &err);
		if (strstr(err.text, why) == NULL)
			fail_msg("%s: `%s'", answer, err.text);
	}
	end(&c);
}

#define B " BODY[] {5}\\r\\nhello"
#define U "UID 7 FLAGS (\\\\Seen)"
#define DONE "\\r\\n$T OK x\\r\\n"
#define GOOD "* 1 FETCH (" U B ")" DONE

static void reads_what_servers_send(void **state)
{
	(void)state;
	assert_read(U B);
	assert_read(U " BODY[] \"hello\"");
	assert_read(U " X-FOO (a (b c) \"d\")" B);
	assert_read(U " X-FOO ({4}\\r\\na)\"b {1}\\r\\nc)" B);
	assert_read(U " EMAILID (M6d99) THREADID NIL SAVEDATE NIL" B);
	assert_read(U " PREVIEW \"a \\\\\" ( b\"" B);
	assert_read(U " MODSEQ (366744470000000)" B);
	assert_read(U " INTERNALDATE \"00-Jan-0000 00:00:00 +0000\"" B);
	assert_read(U " INTERNALDATE NIL" B);
	assert_read(U " INTERNALDATE \"\"" B);
	assert_read(U B " ");
	assert_read(
		"UID 7 FLAGS (\\\\Seen $J a]b \\\\* \\\\X Caf\\xc3\\xa9)" B);
	assert_read("UID 7 FLAGS (\\\\Seen foo(bar) x{y)" B);
	assert_read("UID 7 FLAGS (\\\\Seen  \\\\Answered )" B);
	assert_read("UID 7 FLAGS ()" B);
	assert_read(U " RFC822.SIZE 5000000000" B);
	assert_read("BODY[] {5}\\r\\nhello " U);
}

static void odd_lines_around_are_skipped(void **state)
{
	(void)state;
	assert_answer("* FOO bar baz\\r\\n" GOOD, 0, NULL);
	assert_answer(
		"* FOO {3}\\r\\na)\" (b \"c\\\\\"\")\\r\\n" GOOD, 0, NULL);
	assert_answer("* OK\\r\\n" GOOD, 0, NULL);
	assert_answer("* OK\\n" GOOD, 0, NULL);
	assert_answer("* 1 FETCH ()" DONE, 0, NULL);
	assert_answer("* 1 FETCH (UID 7 FLAGS ())\\r\\n$T OK\\r\\n", 0, NULL);
	assert_answer("* -1 FETCH (" U B ")" DONE, 0, NULL);
	assert_answer("\\r\\n" GOOD, 0, NULL);
	assert_answer(
		"* QUOTA \"\" (STORAGE 10 99999999999)\\r\\n" GOOD, 0, NULL);
	assert_answer(
		"* OK [PERMANENTFLAGS (\\\\Seen \\\\*) x\\r\\n" GOOD, 0, NULL);
	assert_answer("* 1 FETCH (" U B ")\\r\\n$T NO [SERVERBUG] some\\r\\n",
		0, NULL);
	assert_answer("* 1 FETCH (" U B ")\\n$T OK x\\n", 0, NULL);
}

static void listings_are_tapped(void **state)
{
	struct conversation c;
	static const char answer[] =
		"* LIST (\\\\HasNoChildren \\\\) \".\" \"INBOX.ARCH\"\\r\\n"
		"* LIST () / [Gmail]/All Mail\\r\\n"
		"* LIST () \"/\" \"a\" (\"OLDNAME\" (\"b\"))\\r\\n"
		"* LIST () \"/\" {5}\\r\\na\"b\\\\c\\r\\n"
		"* STATUS a (MESSAGES 3 SIZE 4294967299)\\r\\n"
		"* VANISHED 9\\r\\n" GOOD;

	(void)state;
	assert_int_equal(play(&c, answer), 0);
	assert_int_equal(c.messages, 1);
	assert_string_equal(buf_str(&c.taps),
		"* LIST (\\HasNoChildren \\) \".\" \"INBOX.ARCH\"|"
		"* LIST () / [Gmail]/All Mail|"
		"* LIST () \"/\" \"a\" (\"OLDNAME\" (\"b\"))|"
		"* LIST () \"/\" {5}\r\na\"b\\c|"
		"* STATUS a (MESSAGES 3 SIZE 4294967299)|"
		"* VANISHED 9|");
	end(&c);
}

/* The body was handed over, its end was not: not a line to skip. */
static void a_broken_message_is_no_unknown_line(void **state)
{
	(void)state;
	assert_answer("* 1 FETCH (" U B " )x)\\r\\n" GOOD, MAILIMAP_ERROR_PARSE,
		NULL);
	assert_answer("* 1 FETCH (" U " BODY[] \"hello\" (\\r\\n" GOOD,
		MAILIMAP_ERROR_PARSE, NULL);
}

static void hostile_answers_are_refused(void **state)
{
	const int stream = MAILIMAP_ERROR_STREAM;

	(void)state;
	assert_answer("* 1 FETCH (BODYSTRUCTURE \nR: 100000 (\nS: \n", stream,
		"structure");
	assert_answer("* OK hi {100000000}\\r\\n* 1 FETCH (BODYSTRUCTURE \n"
		      "R: 100000 (\n",
		stream, "structure");
	assert_answer("* 1 FETCH (X \"{100000000}\\r\\n\")\\r\\n* 1 FETCH "
		      "(BODYSTRUCTURE \nR: 100000 (\n",
		MAILIMAP_ERROR_STREAM, "line end inside");
	assert_answer("* 1 FETCH (FLAGS (\"a\\r\\n* 2 FETCH (BODY[] {9}\\r\\n",
		stream, "line end inside");
	assert_answer(
		"* 1 FETCH (X \nR: 100000 (\nS: \n", stream, "nested too deep");
	assert_answer("* 1 FETCH (" U " BODY[] ~{5}\\r\\nhello)" DONE, stream,
		"binary literal");
	assert_answer("* 1 FETCH (" U " BODY[] {4294967295}\\r\\n", stream,
		"literal is too large");
	assert_answer("* 1 FETCH (" U " BODY[] {99999999999999}\\r\\n", stream,
		"literal is too large");
	assert_answer("* OK [FOO (bar \"baz\" {3}\\r\\nabc)] hm\\r\\n", stream,
		"literal in a response code");
	assert_answer("* OK [PERMANENTFLAGS ((] x" DONE, stream,
		"malformed response code");
	assert_answer("* 3 EX\\0ISTS" DONE, stream, "NUL byte");
	assert_answer("* 1 FETCH (UID 7 X \nR: 100000 0123456789abcdef\n",
		stream, "line is too long");
	assert_answer("* 1 EXISTS\\r\\n\nR: 500000 * 1 EXISTS\\r\\n\n", stream,
		"answer is too long");
	assert_answer("* 1 FETCH (UID 7 BODY[] {500000}\\r\\nabc\nCLOSE\n",
		stream, "closed the connection");
	assert_answer("* BYE too many\\r\\n\nCLOSE\n", stream, NULL);
}

static void hostile_greetings_are_refused(void **state)
{
	static const char *const greetings[] = {"* OK [BADCHARSET (\"x\")] hi",
		"* OK [BADCHARSET ()] hi", "* OK [CAPABILITY \"x\" ({5}",
		"hello there", "+OK pop", "* LIST () NIL x"};

	(void)state;
	for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
		struct conversation c;
		char *script = mem_printf("S: %s\nWAIT\n", greetings[i]);
		assert_int_equal(begin(&c, script), MAILIMAP_ERROR_STREAM);
		assert_true(transport_failed(c.t));
		free(script);
		end(&c);
	}
}

static void hostile_continuation_is_refused(void **state)
{
	static const char *const lines[] = {"+ [BADCHARSET (\"x\")] idling",
		"+[BADCHARSET ()] idling", "+ idling"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct conversation c;
		struct err err;
		char *script = mem_printf(
			"S: * OK hi\nC: 1 IDLE\nS: %s\nWAIT\n", lines[i]);
		int r;
		(void)begin(&c, script);
		c.imap->imap_selection_info = mailimap_selection_info_new();
		r = mailimap_idle(c.imap);
		assert_int_equal(r, i == 2 ? 0 : MAILIMAP_ERROR_STREAM);
		if (i < 2) {
			(void)transport_err(c.t, "", &err);
			assert_non_null(strstr(err.text, "continuation"));
		}
		free(script);
		end(&c);
	}
}

static void streams_a_large_body(void **state)
{
	struct conversation c;

	(void)state;
	assert_int_equal(play(&c, "* 1 FETCH (" U " BODY[] {1000000}\\r\\n\n"
				  "R: 100000 0123456789\nS<: )" DONE),
		0);
	assert_int_equal(c.messages, 1);
	assert_int_equal(c.body.len, 1000000);
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_servers_send),
		cmocka_unit_test(odd_lines_around_are_skipped),
		cmocka_unit_test(listings_are_tapped),
		cmocka_unit_test(a_broken_message_is_no_unknown_line),
		cmocka_unit_test(hostile_answers_are_refused),
		cmocka_unit_test(hostile_greetings_are_refused),
		cmocka_unit_test(hostile_continuation_is_refused),
		cmocka_unit_test(streams_a_large_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
