/* SPDX-License-Identifier: BSD-2-Clause */
/* The scripted peer itself: a test tool that never fails proves nothing. */
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* All bytes until the peer closes. */
static size_t take(int fd, char *out, size_t max)
{
	size_t n = 0;
	ssize_t r;

	while ((r = read(fd, out + n, max - 1 - n)) > 0)
		n += (size_t)r;
	out[n] = '\0';
	return n;
}

static void plays_and_captures_tags(void **state)
{
	struct script s;
	char got[256];
	int fd = script_start(&s, "# a comment\n"
				  "S: * OK hi\n"
				  "C: $T NOOP\n"
				  "C: $T2 FETCH 1:\\* *\n"
				  "S: $T OK a\\x41\\\\\n"
				  "S<: $T2 \\0\n"
				  "R: 3 ab\n");

	(void)state;
	put(fd, "x1 NOOP\r\nx2 FETCH 1:* (UID)\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(take(fd, got, sizeof got), 30);
	assert_memory_equal(got, "* OK hi\r\nx1 OK aA\\\r\nx2 \0ababab", 30);
	(void)close(fd);
	assert_true(script_finish(&s));
	assert_true(script_heard(&s, "FETCH 1:*"));
	assert_false(script_heard(&s, "LOGIN"));
	script_free(&s);
}

static void tells_a_mismatch(void **state)
{
	struct script s;
	char got[64];
	int fd = script_start(&s, "C: $T NOOP\nS: $T OK\n");

	(void)state;
	put(fd, "x1 NOPE\r\n");
	assert_int_equal(take(fd, got, sizeof got), 0);
	(void)close(fd);
	assert_false(script_finish(&s));
	assert_string_equal(s.why,
		"script line 1: mismatch: wanted `$T NOOP', got `x1 NOPE'");
	script_free(&s);
}

static void tells_a_missing_line(void **state)
{
	struct script s;
	int fd = script_start(&s, "S: hi\n\nC: QUIT\n");

	(void)state;
	(void)close(fd);
	assert_false(script_finish(&s));
	assert_string_equal(
		s.why, "script line 3: no line from the client, wanted: QUIT");
	script_free(&s);
}

static void eof_means_silence(void **state)
{
	struct script s;
	int fd = script_start(&s, "C: A\nEOF\n");

	(void)state;
	put(fd, "A\r\nB\r\n");
	(void)close(fd);
	assert_false(script_finish(&s));
	script_free(&s);
	fd = script_start(&s, "C: A\nWAIT\n");
	put(fd, "A\r\nB\r\n");
	(void)close(fd);
	assert_true(script_finish(&s));
	script_free(&s);
}

static void gate_and_bytes(void **state)
{
	struct script s;
	char got[8];
	int fd = script_start(&s, "B: 5\nC: C\nGATE\nS: go\nCLOSE\n");

	(void)state;
	put(fd, "12345C\r\n");
	script_go(&s);
	assert_int_equal(take(fd, got, sizeof got), 4);
	assert_string_equal(got, "go\r\n");
	(void)close(fd);
	assert_true(script_finish(&s));
	script_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays_and_captures_tags),
		cmocka_unit_test(tells_a_mismatch),
		cmocka_unit_test(tells_a_missing_line),
		cmocka_unit_test(eof_means_silence),
		cmocka_unit_test(gate_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
