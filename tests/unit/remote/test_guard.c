/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard's rules, each on every way to cut its input in two and byte by
 * byte: what is kept, what is tapped, what is refused and why.
 */
#include "collector/base/buf.h"
#include "collector/base/mem.h"
#include "collector/remote/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GREETING "* OK hi\r\n"

struct run {
	struct buf kept, taps;
	const char *why;
	bool limit;
	bool at_rest;
};

static const struct guard_limits small = {.line_bytes = 200,
	.nesting = 4,
	.literal_bytes = 1000,
	.command_bytes = 2000,
	.greeting_bytes = 60};

static int on_tap(void *arg, const char *line, size_t n)
{
	struct buf *taps = arg;

	assert_int_equal(line[n], '\0');
	(void)buf_add(taps, line, n);
	(void)buf_add_str(taps, "|");
	return strstr(line, "refuse-me") != NULL ? -1 : 0;
}

static bool feed(struct guard *g, struct run *r, const char *bytes, size_t n)
{
	char *piece = mem_alloc(n); /* exact, for ASan */
	char rest[3];
	long kept;
	size_t some;

	memcpy(piece, bytes, n);
	kept = guard_feed(g, piece, n);
	assert_true(kept <= (long)n);
	if (kept > 0)
		(void)buf_add(&r->kept, piece, (size_t)kept);
	free(piece);
	while (kept >= 0 && (some = guard_drain(g, rest, sizeof rest)) > 0)
		(void)buf_add(&r->kept, rest, some);
	return kept >= 0;
}

/* cut 0: whole; SIZE_MAX: byte by byte; else in two. */
static void play(struct run *r, const struct guard_limits *limits,
	const char *bytes, size_t n, size_t cut)
{
	struct guard *g;
	size_t at = 0, step = cut == 0 ? n : cut == SIZE_MAX ? 1 : cut;

	memset(r, 0, sizeof *r);
	buf_init(&r->kept, (size_t)1 << 24);
	buf_init(&r->taps, (size_t)1 << 24);
	g = guard_new(limits, on_tap, &r->taps);
	while (at < n) {
		if (step > n - at)
			step = n - at;
		if (!feed(g, r, bytes + at, step))
			break;
		at += step;
		if (cut != SIZE_MAX)
			step = n - at;
	}
	r->why = guard_why(g, &r->limit);
	r->at_rest = guard_at_rest(g);
	if (r->why != NULL)
		assert_int_equal(guard_feed(g, (char[]){'x'}, 1), -1);
	guard_free(&g);
	assert_null(g);
}

static void clear(struct run *r)
{
	buf_free(&r->kept);
	buf_free(&r->taps);
}

/* why NULL: kept and tapped must be exactly these. */
static void expect_n(const struct guard_limits *limits, const char *in,
	size_t n, const char *kept, size_t kept_n, const char *taps,
	const char *why)
{
	size_t cuts = n < 400 ? n : 400;

	for (size_t i = 0; i <= cuts; i++) {
		struct run r;
		play(&r, limits, in, n, i == cuts ? SIZE_MAX : i);
		if (why != NULL &&
			(r.why == NULL || strstr(r.why, why) == NULL))
			fail_msg("cut %zu of `%.60s': %s, wanted %s", i, in,
				r.why != NULL ? r.why : "accepted", why);
		if (why == NULL && r.why != NULL)
			fail_msg("cut %zu of `%.60s': %s", i, in, r.why);
		if (why == NULL) {
			assert_string_equal(buf_str(&r.taps), taps);
			assert_int_equal(r.kept.len, kept_n);
			assert_memory_equal(buf_str(&r.kept), kept, kept_n);
		}
		clear(&r);
	}
}

static void accepts(const char *in, const char *kept, const char *taps)
{
	char *all = mem_printf(GREETING "%s", in);
	char *out = mem_printf(GREETING "%s", kept);

	expect_n(&small, all, strlen(all), out, strlen(out), taps, NULL);
	free(all);
	free(out);
}

static void passes(const char *in)
{
	accepts(in, in, "");
}

static void refuses(const char *in, const char *why)
{
	char *all = mem_printf(GREETING "%s", in);

	expect_n(&small, all, strlen(all), NULL, 0, NULL, why);
	free(all);
}

static void greets(const char *in, const char *why)
{
	expect_n(&small, in, strlen(in), in, strlen(in), "", why);
}

static char *repeat(
	const char *before, const char *s, size_t times, const char *behind)
{
	struct buf b;

	buf_init(&b, (size_t)1 << 24);
	(void)buf_add_str(&b, before);
	for (size_t i = 0; i < times; i++)
		(void)buf_add_str(&b, s);
	(void)buf_add_str(&b, behind);
	return b.data;
}

/* ---- what goes through ---- */

static void passes_what_is_sound(void **state)
{
	(void)state;
	passes("* 3 EXISTS\r\n1 OK done\r\n");
	passes("* 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] {5}\r\nhello)\r\n");
	passes("* 1 FETCH (BODY[HEADER.FIELDS (A B)]<0> {2}\r\nab X NIL)\r\n");
	passes("* 1 FETCH (X \"a(b{9}\\\"c\\\\\" Y {0}\r\n)\r\n");
	passes("* 1 FETCH (BODY[] {5}\nhello)\n1 OK\n");
	passes("* 1 FETCH (FLAGS (foo(bar) x{y Envelope Body))\r\n");
	passes("* FLAGS (Envelope BODY BODYSTRUCTURE)\r\n");
	passes("* OK hi {100000000}\r\n* OK (((((((((( \"\r\n");
	passes("* OK [PERMANENTFLAGS (\\Seen x \\*)] ok\r\n");
	passes("* OK [PERMANENTFLAGS ()] ok\r\n");
	passes("* NO [X (\"a]b\" c)] \"text\r\n* NO [BADCHARSET] t\r\n");
	passes("* OK [MAILBOXID (F22)] ok\r\n");
	passes("* BYE [ALERT] so long\r\n");
	passes("* X-NEWS (a \"b\" {3}\r\nxyz) c\r\n");
	passes("* LISTX a\r\n* STATUSES\r\n* 12345678901234567890 EXISTS\r\n");
	passes("+ idling\r\n+ [ALERT] hm\r\n+ YWJj\r\n");
	passes("A1 OK [COPYUID 1 2:3 4,5] moved\r\n");
	passes("* -1 FETCH (UID 7)\r\n");
}

static void nul_in_a_literal_passes(void **state)
{
	static const char in[] = GREETING "* 1 FETCH (BODY[] {7}\r\n"
					  "h\0l\0\n\"()\r\n";

	(void)state;
	expect_n(&small, in, sizeof in - 1, in, sizeof in - 1, "", NULL);
}

/* ---- what is changed ---- */

static void blanks_and_empty_lines_go(void **state)
{
	(void)state;
	accepts("\r\n \t\r\n\n *  3 EXISTS\r\n  1 OK x\r\n",
		"* 3 EXISTS\r\n1 OK x\r\n", "");
}

static void status_without_text(void **state)
{
	(void)state;
	accepts("* OK\r\n", "* OK \n", "");
	accepts("A1 OK\r\n", "A1 OK \n", "");
	accepts("* OK [ALERT]\r\n", "* OK [ALERT].\n", "");
	accepts("A1 OK [ALERT]  \r\n", "A1 OK [ALERT]  .\n", "");
	passes("A1 OK \r\n");
	passes("+\r\n+ \r\n");
	refuses("* OK [ALERT]\n", "response code without text");
	passes("A1 OK\n");
	passes("* BAD\n");
}

/* ---- the tap ---- */

static void taps_listings(void **state)
{
	(void)state;
	accepts("* LIST (\\Sent) \"/\" \"a\\\"b\"\r\n1 OK x\r\n", "1 OK x\r\n",
		"* LIST (\\Sent) \"/\" \"a\\\"b\"|");
	accepts("* lsub () NIL {4}\r\na\r\nb x\r\n1 OK x\r\n", "1 OK x\r\n",
		"* lsub () NIL {4}\r\na\r\nb x|");
	accepts("* STATUS a (SIZE 4294967299)\n* Search\r\n* 3 EXISTS\r\n",
		"* 3 EXISTS\r\n", "* STATUS a (SIZE 4294967299)|* Search|");
	accepts("* VANISHED (EARLIER) 1:3,5\r\n* ESEARCH (TAG \"1\") ALL 2\r\n"
		"* CAPABILITY IMAP4rev1\r\n* NAMESPACE ((\"\" \"/\")) NIL NIL"
		"\r\n* ID NIL\r\n",
		"",
		"* VANISHED (EARLIER) 1:3,5|* ESEARCH (TAG \"1\") ALL 2|"
		"* CAPABILITY IMAP4rev1|* NAMESPACE ((\"\" \"/\")) NIL NIL|"
		"* ID NIL|");
	accepts("* LIST(\\X) \"/\" a\r\n", "", "* LIST(\\X) \"/\" a|");
	accepts("*  LIST () NIL a\r\n", "", "* LIST () NIL a|");
}

static void tap_may_refuse(void **state)
{
	(void)state;
	refuses("* LIST () NIL refuse-me\r\n1 OK\r\n", "its reader refused");
}

static void tap_is_bounded(void **state)
{
	char *line = repeat("* LIST () NIL ", "x", 300, "\r\n");
	char *many = repeat("", "* SEARCH 1 2 3 4 5 6 7\r\n", 400, "1 OK\r\n");

	(void)state;
	refuses(line, "a line is too long");
	refuses("* LIST () NIL {500}\r\n", "a line is too long");
	refuses("* LIST () NIL {4097}\r\n", "too large");
	refuses(many, "an answer is too long");
	free(line);
	free(many);
}

/* ---- what is refused ---- */

static void refuses_strings_that_mislead(void **state)
{
	(void)state;
	refuses("* 1 FETCH (X \"a\r\n\")\r\n", "line end inside");
	refuses("* 1 FETCH (X \"a\\\n\")\r\n", "line end inside");
	refuses("* LIST () \"/\" \"a\r\n\"\r\n", "line end inside");
	refuses("* OK [FOO (\"a\r\n", "line end inside");
	refuses("* 1 FETCH (BODY[] ~{5}\r\nhello)\r\n", "binary literal");
	refuses("* 1 FETCH (BODY[] {5} \r\nhello)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] {5}  hello)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] { 5}\r\nhello)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] {-5}\r\n)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] {5+}\r\nhello)\r\n", "malformed literal");
	refuses("* 1 FETCH (BODY[] {5}\r\r\nhello)\r\n", "malformed literal");
	refuses("* OK [FOO (bar {3}\r\nabc)] hm\r\n", "literal in a response");
	refuses("* NO [BADCHARSET (a)] x\r\n", "character sets");
	refuses("* NO [ badcharset (a)] x\r\n", "character sets");
	refuses("* OK [PERMANENTFLAGS ((] x\r\n", "malformed response code");
	refuses("* OK [PERMANENTFLAGS (\\(] x\r\n", "malformed response code");
	refuses("* OK [PERMANENTFLAGS ( %)] x\r\n", "malformed response code");
	refuses("* OK [PERMANENTFLAGS (a] \"x\r\n", "line end inside");
}

static void refuses_strings_without_context(void **state)
{
	(void)state;
	greets("* OK [BADCHARSET (\"x\")] hi\r\n", "a greeting");
	greets("* OK [BADCHARSET ()] hi\r\n", "a greeting");
	greets("* ok   [FOO \"bar\"] x\r\n", "a greeting");
	greets("* PREAUTH [CAPABILITY \"x\" ({5}\r\n", "a greeting");
	greets("* OK [FOO {5}\r\n", "literal in a response code");
	refuses("+ [BADCHARSET (\"x\")]\r\n", "a greeting or of a cont");
	refuses("+[BADCHARSET ()] x\r\n", "a greeting or of a cont");
	greets("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] x (\"Debian\") {5}\r\n",
		NULL);
}

static void refuses_what_is_no_greeting(void **state)
{
	char *endless = repeat("* OK ", "x", 100, "");

	(void)state;
	greets("hello there\r\n", "none of IMAP");
	greets("+OK pop\r\n", "none of IMAP");
	greets("* LIST () NIL a\r\n", "none of IMAP");
	greets(endless, "greeting that is too long");
	free(endless);
}

static void refuses_structures(void **state)
{
	(void)state;
	refuses("* 1 FETCH (BODYSTRUCTURE (((((", "structure");
	refuses("* 1 FETCH (UID 7 bodystructure (", "structure");
	refuses("* 1 FETCH (UID 7BODYSTRUCTURE(", "structure");
	refuses("* 1 FETCH (BODY[] NILBODYSTRUCTURE (", "structure");
	refuses("* 1 FETCH (ENVELOPE (NIL", "structure");
	refuses("* 1 FETCH (BODY (", "structure");
	refuses("* 1 FETCH (UID 7BODY (", "structure");
	refuses("* 1 FETCH (BODY[] NILBODY (", "structure");
	refuses("* 1 FETCH (FLAGS (a) BODY\t(", "structure");
	refuses("* -1 FETCH (BODYSTRUCTURE (", "structure");
	refuses("* - 1 FETCH (BODYSTRUCTURE (", "structure");
	refuses("* 0000000000000000000001 FETCH (BODYSTRUCTURE (", "structure");
	refuses("*\t1\tFETCH (BODYSTRUCTURE (", "structure");
}

static void refuses_nul(void **state)
{
	static const char *const lines[] = {"* 3 EX@ISTS\r\n", "@\r\n",
		"* OK te@xt\r\n", "* OK [CO@DE] x\r\n", "A@1 OK x\r\n",
		"* LIST () \"@\" a\r\n", "* LIST () NIL a@b\r\n", "+ a@b\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		char *all = mem_printf(GREETING "%s", lines[i]);
		size_t n = strlen(all);
		*strchr(all, '@') = '\0';
		expect_n(&small, all, n, NULL, 0, NULL, "a NUL byte");
		free(all);
	}
}

static void refuses_what_is_too_much(void **state)
{
	char *line = repeat("* OK ", "x", 300, "\r\n");
	char *data = repeat("* FOO ", "x ", 150, "\r\n");
	char *flood = repeat("", "* 1 EXISTS\r\n", 200, "1 OK\r\n");
	char *empty = repeat("", "\r\n", 1200, "1 OK\r\n");

	(void)state;
	refuses(line, "a line is too long");
	refuses(data, "a line is too long");
	refuses(flood, "an answer is too long");
	refuses(empty, "an answer is too long");
	refuses("* 1 FETCH (X (((((a)))))\r\n", "nested too deep");
	passes("* 1 FETCH (X (((a))))\r\n");
	refuses("* 1 FETCH (BODY[] {1001}\r\n", "a literal is too large");
	refuses("* 1 FETCH (BODY[] {99999999999999999999999}\r\n",
		"a literal is too large");
	free(line);
	free(data);
	free(flood);
	free(empty);
}

/* Bodies do not count, other literals do. */
static void bodies_are_free(void **state)
{
	char *body = repeat(
		"* 1 FETCH (UID 7 BODY[]<0> {1000}\r\n", "x", 1000, ")\r\n");
	char *odd =
		repeat("* 1 FETCH (UID 7 X-ODD {1000}\r\n", "x", 1000, ")\r\n");
	char *bodies = mem_printf("%s%s%s1 OK x\r\n", body, body, body);
	char *odds = mem_printf("%s%s1 OK x\r\n", odd, odd);

	(void)state;
	passes(bodies);
	refuses(odds, "an answer is too long");
	free(body);
	free(odd);
	free(bodies);
	free(odds);
}

static void a_new_command_has_a_new_budget(void **state)
{
	char *flood = repeat(GREETING, "* 1 EXISTS\r\n", 100, "");
	struct guard *g = guard_new(&small, NULL, NULL);

	(void)state;
	for (int i = 0; i < 5; i++) {
		char *copy = mem_strdup(flood);
		assert_int_equal(
			guard_feed(g, copy, strlen(copy)), (long)strlen(copy));
		guard_begin_command(g);
		free(copy);
	}
	free(flood);
	guard_free(&g);
}

static void says_whether_it_was_a_limit(void **state)
{
	struct run r;
	static const char deep[] = GREETING "* X ((((((";
	static const char nul[] = GREETING "* X \0";

	(void)state;
	play(&r, &small, deep, sizeof deep - 1, 0);
	assert_true(r.limit);
	clear(&r);
	play(&r, &small, nul, sizeof nul - 1, 0);
	assert_non_null(r.why);
	assert_false(r.limit);
	clear(&r);
}

/* What an injection before TLS would have to hide behind. */
static void knows_when_it_is_at_rest(void **state)
{
	static const struct {
		const char *in;
		bool at_rest;
	} cases[] = {
		{"", true},
		{GREETING, false},
		{GREETING "1 OK go\r\n", true},
		{GREETING "1 OK go\r\n*", false},
		{GREETING "1 OK go\r\n ", false},
		{GREETING "1 OK go\r\n\r\n", false},
		{GREETING "1 OK go\r\n* CAPABILITY AUTH=PLAIN\r\n", false},
		{GREETING "* CAPABILITY AUTH=PLAIN\r\n1 OK go\r\n", true},
		{GREETING "1 OK go\r\n1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct run r;
		play(&r, &small, cases[i].in, strlen(cases[i].in), 0);
		assert_int_equal(r.at_rest, cases[i].at_rest);
		clear(&r);
		play(&r, &small, cases[i].in, strlen(cases[i].in), SIZE_MAX);
		assert_int_equal(r.at_rest, cases[i].at_rest);
		clear(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_what_is_sound),
		cmocka_unit_test(nul_in_a_literal_passes),
		cmocka_unit_test(blanks_and_empty_lines_go),
		cmocka_unit_test(status_without_text),
		cmocka_unit_test(taps_listings),
		cmocka_unit_test(tap_may_refuse),
		cmocka_unit_test(tap_is_bounded),
		cmocka_unit_test(refuses_strings_that_mislead),
		cmocka_unit_test(refuses_strings_without_context),
		cmocka_unit_test(refuses_what_is_no_greeting),
		cmocka_unit_test(refuses_structures),
		cmocka_unit_test(refuses_nul),
		cmocka_unit_test(refuses_what_is_too_much),
		cmocka_unit_test(bodies_are_free),
		cmocka_unit_test(a_new_command_has_a_new_budget),
		cmocka_unit_test(says_whether_it_was_a_limit),
		cmocka_unit_test(knows_when_it_is_at_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
