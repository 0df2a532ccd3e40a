/* SPDX-License-Identifier: BSD-2-Clause */
/* The body reader alone: every byte as it was, in pieces of any size. */
#include "collector/base/mem.h"
#include "collector/remote/pop3_transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "pop3_sink.h"

/* The rule said slowly: lines end with LF, a lone dot (and CR) ends all, any
 * other dot at the start of a line goes. Returns bytes used, 0 if no end. */
static size_t reference(const char *in, size_t n, struct buf *out)
{
	size_t from = 0;

	while (from < n) {
		const char *lf = memchr(in + from, '\n', n - from);
		size_t line;

		if (lf == NULL)
			return 0;
		line = (size_t)(lf - in) - from + 1;
		if (in[from] == '.' &&
			(line == 2 || (line == 3 && in[from + 1] == '\r')))
			return from + line;
		if (in[from] == '.')
			(void)buf_add(out, in + from + 1, line - 1);
		else
			(void)buf_add(out, in + from, line);
		from += line;
	}
	return 0;
}

/* Feeds in pieces cut at a and b; true if as the reference says. */
static void feed_cut(const char *in, size_t n, size_t a, size_t b)
{
	size_t cuts[] = {a, b, n}, at = 0, used;
	struct pop3_body body = {0};
	struct got got = {0};
	struct session_sink sink = sink_of(&got);
	struct buf want;
	size_t want_end;
	int r = 1;

	buf_init(&want, (size_t)8 << 20);
	want_end = reference(in, n, &want);
	assert_true(want_end > 0);
	for (size_t i = 0; i < 3 && r > 0; i++) {
		if (cuts[i] == at)
			continue;
		/* exact, so that reading past the piece is seen */
		char *piece = mem_alloc(cuts[i] - at);
		memcpy(piece, in + at, cuts[i] - at);
		r = pop3_body_feed(
			&body, piece, cuts[i] - at, &sink, &used, NULL);
		free(piece);
		assert_true(r >= 0);
		assert_true(used <= cuts[i] - at);
		if (r > 0)
			assert_int_equal(used, cuts[i] - at);
		at += used;
	}
	assert_int_equal(r, 0);
	assert_int_equal(at, want_end);
	assert_int_equal(got.bytes.len, want.len);
	assert_int_equal(body.bytes, want.len);
	assert_memory_equal(buf_str(&got.bytes), buf_str(&want), want.len);
	buf_free(&got.bytes);
	buf_free(&want);
}

#define BODY(s)                    \
	{                          \
		(s), sizeof(s) - 1 \
	}

static const struct {
	const char *in;
	size_t n;
} bodies[] = {
	BODY(".\r\n"),
	BODY(".\n"),
	BODY("\r\n.\r\n"),
	BODY("\n.\n"),
	BODY("a\r\n.\r\n+OK next"),
	BODY("..\r\n.\r\n"),
	BODY("...\r\n..\r\n..a\r\n.\r\n"),
	BODY(".a\r\n.\r\n"),
	BODY(".\ra\r\n.\r\n"),
	BODY(".\r\r\n.\r\n"),
	BODY(".\r.\r\n.\r\n"),
	BODY(".\r"
	     "\0\r\n.\r\n"),
	BODY("a.\r\nb.\r\n.\r\n"),
	BODY("a\r.\r\n.\r\n"),
	BODY("a\rb\rc\r\r\n.\r\n"),
	BODY("a\nb\n..c\n.\n"),
	BODY("a\n.\r\nrest"),
	BODY("a\r\n.\nrest"),
	BODY("\0\0\r\n\0.\r\n.\0\r\n.\r\n"),
	BODY("\r\n\r\n\r\n.\r\n"),
	BODY("x\r\n..\r\n...\r\n.\r\n"),
	BODY("text with . and .. and\r\n.. and\r\n.\r\n"),
	BODY("\xff\xfe..\xff\r\n.\xff\r\n.\r\n"),
	BODY(".\0.\r\n.\r\n"),
};

/* Every way to cut each of them into three. */
static void test_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
		for (size_t a = 0; a <= bodies[i].n; a++)
			for (size_t b = a; b <= bodies[i].n; b++)
				feed_cut(bodies[i].in, bodies[i].n, a, b);
}

/* Byte by byte, and cut short everywhere: no end without the end. */
static void test_every_byte(void **state)
{
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
		struct pop3_body body = {0};
		struct got got = {0};
		struct session_sink sink = sink_of(&got);
		struct buf want;
		size_t end, at = 0;

		buf_init(&want, 4096);
		end = reference(bodies[i].in, bodies[i].n, &want);
		for (; at < end; at++) {
			int r = pop3_body_feed(&body, bodies[i].in + at, 1,
				&sink, &used, NULL);
			assert_int_equal(used, 1);
			assert_int_equal(r, at + 1 == end ? 0 : 1);
		}
		assert_int_equal(got.bytes.len, want.len);
		assert_memory_equal(
			buf_str(&got.bytes), buf_str(&want), want.len);
		buf_free(&got.bytes);
		buf_free(&want);
	}
}

/* All texts of seven characters over the five that matter. */
static void test_every_text(void **state)
{
	static const char chars[] = {'.', '\r', '\n', 'a', '\0'};
	char text[12];

	(void)state;
	for (int code = 0; code < 78125; code++) {
		for (int i = 0, c = code; i < 7; i++, c /= 5)
			text[i] = chars[c % 5];
		memcpy(text + 7, "\r\n.\r\n", 5);
		feed_cut(text, sizeof text, (size_t)code % 7,
			7 + (size_t)code % 5);
	}
}

static void test_large_pieces(void **state)
{
	struct pop3_body body = {0};
	struct got got = {.count_only = true};
	struct session_sink sink = sink_of(&got);
	char *in = mem_alloc(65536);
	size_t used;

	(void)state;
	for (size_t i = 0; i < 65536; i++)
		in[i] = i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : 'A';
	assert_int_equal(
		pop3_body_feed(&body, in, 65536, &sink, &used, NULL), 1);
	assert_int_equal(got.largest_piece, 65536);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_every_text),
		cmocka_unit_test(test_large_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
