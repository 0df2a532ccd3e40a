/* SPDX-License-Identifier: BSD-2-Clause */
/* What is logged is read back from a pipe and parsed: no value may add a
 * line or a field to it, in either format. */
#include "collector/base/log.h"
#include "collector/base/task.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TIME_BYTES 20 /* 2026-11-23T15:28:36Z */

static int pipe_fds[2];

static int open_pipe(void **state)
{
	(void)state;
	return pipe(pipe_fds);
}

static int close_pipe(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, STDERR_FILENO);
	(void)close(pipe_fds[0]);
	return close(pipe_fds[1]);
}

/* What one event wrote, "" for nothing. */
static const char *read_line(char line[PIPE_BUF + 2])
{
	ssize_t n;

	assert_int_equal(write(pipe_fds[1], "", 1), 1); /* marks the end */
	n = read(pipe_fds[0], line, PIPE_BUF + 1);
	assert_true(n >= 1);
	assert_int_equal(line[n - 1], '\0');
	return line;
}

/* Behind the time, which is checked for its form. */
static const char *skip_time(const char *line)
{
	assert_true(strlen(line) > TIME_BYTES);
	assert_int_equal(line[10], 'T');
	assert_int_equal(line[TIME_BYTES - 1], 'Z');
	return line + TIME_BYTES;
}

static void test_text(void **state)
{
	const struct log_ctx ctx = {"00ff", "joe", "INBOX"};
	char line[PIPE_BUF + 2];

	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, pipe_fds[1]);
	assert_int_equal(log_level(), LOG_LEVEL_INFO);
	LOG(LOG_LEVEL_INFO, &ctx, "imported", LOG_NUM("messages", 12),
		LOG_STR("folder", "Sent Items"), LOG_STR("empty", ""),
		LOG_STR("none", (const char *)NULL), LOG_NUM("n", -1));
	assert_string_equal(skip_time(read_line(line)),
		" info run=00ff account=joe mailbox=INBOX imported messages=12"
		" folder=\"Sent Items\" empty=\"\" none=\"\" n=-1\n");
	log_event(LOG_LEVEL_ERROR, NULL, "bare", NULL);
	assert_string_equal(skip_time(read_line(line)), " error bare\n");
}

static void test_json(void **state)
{
	const struct log_ctx ctx = {NULL, "joe", NULL};
	char line[PIPE_BUF + 2];

	(void)state;
	log_setup(LOG_LEVEL_WIRE, LOG_FORMAT_JSON, pipe_fds[1]);
	LOG(LOG_LEVEL_WIRE, &ctx, "said", LOG_STR("text", "a\"b\\c\n"),
		LOG_NUM("n", INT64_MIN));
	(void)read_line(line);
	assert_memory_equal(line, "{\"time\":\"", 9);
	assert_string_equal(skip_time(line + 9),
		"\",\"level\":\"wire\",\"account\":\"joe\",\"event\":\"said\","
		"\"text\":\"a\\\"b\\\\c\\u000a\",\"n\":-9223372036854775808}"
		"\n");
}

static void test_levels(void **state)
{
	char line[PIPE_BUF + 2];

	(void)state;
	for (int set = LOG_LEVEL_ERROR; set <= LOG_LEVEL_WIRE; set++) {
		log_setup((enum log_level)set, LOG_FORMAT_TEXT, pipe_fds[1]);
		for (int l = LOG_LEVEL_ERROR; l <= LOG_LEVEL_WIRE; l++) {
			log_event((enum log_level)l, NULL, "x", NULL);
			assert_int_equal(strlen(read_line(line)) > 0, l <= set);
		}
	}
}

static void test_log_err(void **state)
{
	char line[PIPE_BUF + 2];
	struct err err;

	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, pipe_fds[1]);
	(void)err_set(
		&err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE, "refused");
	log_err(LOG_LEVEL_ERROR, NULL, "failed", &err);
	assert_string_equal(skip_time(read_line(line)),
		" error failed class=auth error=refused\n");
	(void)err_hint(&err, "set a password");
	log_err(LOG_LEVEL_ERROR, NULL, "failed", &err);
	assert_string_equal(skip_time(read_line(line)),
		" error failed class=auth error=refused"
		" hint=\"set a password\"\n");
}

static const char *const hostile[] = {
	"x\r\n2026-11-23T15:28:36Z error forged=1",
	"x forged=1",
	"x\" forged=\"1",
	"x\\\" forged=1",
	"\\",
	"\"",
	"\\\\\"",
	"=",
	"x\tforged=1",
	"x\",\"forged\":\"1",
	"x\"}\n{\"forged\":1",
	"x\\",
	"\x1b[2J\x1b[31m",
	"\x07\x08\x7f",
	"\xe2\x80\xae"
	"drowssap", /* U+202E */
	"\xe2\x80\xa8"
	"forged=1", /* U+2028 */
	"\xc2\x85"
	"forged", /* U+0085, a line end to some */
	"\xc2\xa0"
	"forged=1", /* U+00A0, a blank to some */
	"\xc0\x8a"
	"forged", /* an overlong LF */
	"\xff\xfe",
	"\xe2\x80",
	"\xed\xa0\x80",
	"%s%n%d",
};

/* Fields of a logfmt line, blanks in quotes apart. */
static size_t count_text_fields(const char *s)
{
	bool quoted = false;
	size_t n = 1;

	for (; *s != '\n'; s++) {
		assert_true(*s != '\0');
		if (quoted && *s == '\\')
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (*s == ' ' && !quoted)
			n++;
	}
	assert_false(quoted);
	assert_int_equal(s[1], '\0');
	return n;
}

/* Members of a JSON object of strings and numbers. */
static size_t count_json_fields(const char *s)
{
	bool quoted = false;
	size_t n = 0;

	assert_int_equal(s[0], '{');
	for (; quoted || *s != '}'; s++) {
		assert_true(*s != '\0' && *s != '\n');
		if (quoted && *s == '\\') {
			s++;
			assert_non_null(strchr("\"\\u", *s));
		} else if (*s == '"') {
			quoted = !quoted;
		} else if (*s == ':' && !quoted) {
			n++;
		}
	}
	assert_string_equal(s, "}\n");
	return n;
}

static void check_line(const char *line, bool json, size_t fields)
{
	for (const char *p = line; *p != '\0'; p++)
		assert_true((*p >= 0x20 && *p < 0x7f) || p[1] == '\0');
	assert_true(strlen(line) <= PIPE_BUF);
	assert_int_equal(
		json ? count_json_fields(line) : count_text_fields(line),
		fields);
}

static void test_forging(void **state)
{
	char line[PIPE_BUF + 2];

	(void)state;
	for (int json = 0; json < 2; json++) {
		log_setup(LOG_LEVEL_INFO,
			json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT, pipe_fds[1]);
		for (size_t i = 0; i < COUNT(hostile); i++) {
			const struct log_ctx ctx = {
				hostile[i], hostile[i], hostile[i]};
			LOG(LOG_LEVEL_INFO, &ctx, "greeted",
				LOG_STR("text", hostile[i]), LOG_NUM("end", 7));
			check_line(read_line(line), json, 8);
			assert_non_null(strstr(
				line, json ? ",\"end\":7}\n" : " end=7\n"));
		}
	}
}

/* Every single byte, alone and behind something plain. */
static void test_every_byte(void **state)
{
	char line[PIPE_BUF + 2];

	(void)state;
	for (int json = 0; json < 2; json++) {
		log_setup(LOG_LEVEL_INFO,
			json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT, pipe_fds[1]);
		for (int c = 1; c < 256; c++) {
			const char text[] = {'a', (char)c, '\0'};
			LOG(LOG_LEVEL_INFO, NULL, "e", LOG_STR("a", text + 1),
				LOG_STR("b", text), LOG_NUM("end", 7));
			check_line(read_line(line), json, 6);
		}
	}
}

/* JSON readers get the text back: code points, not bytes. */
static void test_json_unicode(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"\xc3\xbc", "\\u00fc"},
		{"\xe2\x80\xae", "\\u202e"},
		{"\xef\xbf\xbf", "\\uffff"},
		{"\xf0\x9f\x92\x8c", "\\ud83d\\udc8c"},
		{"\xf4\x8f\xbf\xbf", "\\udbff\\udfff"},
		{"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
		{"\xc0\xaf", "\\ufffd\\ufffd"},
		{"\xc1\xbf", "\\ufffd\\ufffd"},
		{"\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd"},
		{"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
		{"\xf0\x8f\xbf\xbf", "\\ufffd\\ufffd\\ufffd\\ufffd"},
		{"\xc3", "\\ufffd"},
		{"\xc3(", "\\ufffd("},
		{"\xe2\x80", "\\ufffd\\ufffd"},
	};
	char line[PIPE_BUF + 2], want[128];

	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON, pipe_fds[1]);
	for (size_t i = 0; i < COUNT(rows); i++) {
		LOG(LOG_LEVEL_INFO, NULL, "e", LOG_STR("t", rows[i].text));
		(void)snprintf(
			want, sizeof want, "\"t\":\"%s\"}", rows[i].json);
		if (strstr(read_line(line), want) == NULL)
			fail_msg("%s: %s", want, line);
	}
}

/* Long values are cut, and a field without room is left out as a whole. */
static void test_long(void **state)
{
	static char value[100000];
	const struct log_ctx ctx = {"r", value, "m"};
	char line[PIPE_BUF + 2];

	(void)state;
	for (int c = 0; c < 2; c++) {
		memset(value, c == 0 ? 'v' : '\x01', sizeof value - 1);
		for (int json = 0; json < 2; json++) {
			log_setup(LOG_LEVEL_INFO,
				json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT,
				pipe_fds[1]);
			LOG(LOG_LEVEL_INFO, NULL, "e", LOG_STR("t", value));
			check_line(read_line(line), json, 4);
			assert_non_null(strstr(line, "...\""));
			LOG(LOG_LEVEL_INFO, &ctx, "e", LOG_STR("a", value),
				LOG_STR("b", value), LOG_STR("c", value),
				LOG_STR("d", value), LOG_STR("f", value),
				LOG_STR("g", value), LOG_STR("h", value),
				LOG_STR("i", value), LOG_NUM("end", 7));
			(void)read_line(line);
			assert_true(strlen(line) <= PIPE_BUF);
			(void)(json ? count_json_fields(line)
				    : count_text_fields(line));
			assert_non_null(strstr(
				line, json ? ",\"end\":7}\n" : " end=7\n"));
			assert_null(strstr(line, json ? "\"i\":" : " i="));
		}
	}
}

#define WRITERS 4
#define LINES 200

static void *write_lines(void *arg)
{
	for (int i = 0; i < LINES; i++)
		LOG(LOG_LEVEL_INFO, NULL, "line", LOG_STR("text", arg));
	return NULL;
}

/* Lines of several threads stay whole. */
static void test_threads(void **state)
{
	static char texts[WRITERS][400];
	struct task tasks[WRITERS];
	char line[1000];
	size_t used = 0, lines = 0;

	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, pipe_fds[1]);
	for (int i = 0; i < WRITERS; i++) {
		memset(texts[i], 'A' + i, sizeof texts[i] - 1);
		assert_int_equal(
			task_start(&tasks[i], write_lines, texts[i], NULL), 0);
	}
	while (lines < (size_t)WRITERS * LINES) {
		char c;
		assert_int_equal(read(pipe_fds[0], &c, 1), 1);
		assert_true(used < sizeof line);
		line[used++] = c;
		if (c != '\n')
			continue;
		assert_int_equal(
			used, TIME_BYTES + strlen(" info line text=\n") + 399);
		for (size_t i = used - 300; i < used - 1; i++)
			assert_int_equal(line[i], line[used - 2]);
		used = 0;
		lines++;
	}
	for (int i = 0; i < WRITERS; i++)
		task_join(&tasks[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_log_err),
		cmocka_unit_test(test_forging),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_json_unicode),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests(tests, open_pipe, close_pipe);
}
