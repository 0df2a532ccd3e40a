/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/base/buf.h"
#include "collector/base/clock.h"
#include "collector/base/err.h"
#include "collector/base/mem.h"
#include "collector/base/task.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_err_set(void **state)
{
	struct err err = {.retry_after_s = 7, .hint = "old"};

	(void)state;
	assert_int_equal(err_set(&err, ERR_QUOTA, ERR_SCOPE_MAILBOX,
				 ERR_RETRY_LATER, "%s: %d", "x", 5),
		-1);
	assert_int_equal(err.class, ERR_QUOTA);
	assert_int_equal(err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(err.retry, ERR_RETRY_LATER);
	assert_int_equal(err.retry_after_s, 0);
	assert_string_equal(err.text, "x: 5");
	assert_string_equal(err.hint, "");
	assert_int_equal(err_hint(&err, "do %s\n", "this"), -1);
	assert_string_equal(err.hint, "do this?");
	assert_int_equal(err_where(&err, "mailbox %s", "A\nB"), -1);
	assert_int_equal(err_where(&err, "account joe"), -1);
	assert_string_equal(err.text, "account joe: mailbox A?B: x: 5");
	assert_int_equal(err.class, ERR_QUOTA);
}

static void test_err_null(void **state)
{
	(void)state;
	assert_int_equal(
		err_set(NULL, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_NOW, "x"),
		-1);
	assert_int_equal(err_set_sys(NULL, ERR_AUTH, ERR_SCOPE_ACCOUNT,
				 ERR_RETRY_NOW, ENOENT, "x"),
		-1);
	assert_int_equal(err_set_file(NULL, ENOENT, "x"), -1);
	assert_int_equal(err_where(NULL, "x"), -1);
	assert_int_equal(err_hint(NULL, "x"), -1);
}

static void test_err_one_line(void **state)
{
	struct err err;

	(void)state;
	(void)err_set(&err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"%s", "BAD\r\n2026 error forged\t\x1b[31m\x7f");
	assert_string_equal(err.text, "BAD??2026 error forged??[31m?");
}

/* Texts that are too long are cut, whichever call made them so. */
static void test_err_long(void **state)
{
	char longer[2000];
	struct err err;

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	(void)err_set_sys(&err, ERR_DISK, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		ENOSPC, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	(void)err_hint(&err, "%s", longer);
	assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
	(void)err_set(
		&err, ERR_DISK, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER, "short");
	(void)err_where(&err, "%.505s", longer);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	assert_string_equal(err.text + 505, ": shor");
	(void)err_where(&err, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	assert_int_equal(err.text[0], 'x');
}

static void test_err_errno(void **state)
{
	static const struct {
		int errnum;
		enum err_class class;
		enum err_retry retry;
	} rows[] = {
		{ENOSPC, ERR_DISK, ERR_RETRY_LATER},
		{EDQUOT, ERR_DISK, ERR_RETRY_LATER},
		{EROFS, ERR_DISK, ERR_RETRY_LATER},
		{EIO, ERR_DISK, ERR_RETRY_LATER},
		{EMFILE, ERR_DISK, ERR_RETRY_LATER},
		{EACCES, ERR_STORE, ERR_RETRY_CHANGE},
		{ENOENT, ERR_STORE, ERR_RETRY_CHANGE},
		{ENOTDIR, ERR_STORE, ERR_RETRY_CHANGE},
		{ELOOP, ERR_STORE, ERR_RETRY_CHANGE},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
			err_set_file(&err, rows[i].errnum, "open %s", "f"), -1);
		assert_int_equal(err.class, rows[i].class);
		assert_int_equal(err.retry, rows[i].retry);
		assert_int_equal(err.scope, ERR_SCOPE_ACCOUNT);
		assert_memory_equal(err.text, "open f: ", 8);
		assert_string_equal(err.text + 8, strerror(rows[i].errnum));
	}
}

static void test_err_class(void **state)
{
	static const char *const names[] = {"auth", "refused", "throttled",
		"quota", "network", "timeout", "tls", "protocol", "limit",
		"disk", "store", "config", "crash", "policy"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		enum err_class class = err_class_parse(names[i]);
		assert_int_equal(class, i + 1);
		assert_string_equal(err_class_name(class), names[i]);
	}
	assert_string_equal(err_class_name(ERR_NONE), "");
	assert_string_equal(err_class_name((enum err_class)99), "");
	assert_int_equal(err_class_parse(""), ERR_NONE);
	assert_int_equal(err_class_parse("Auth"), ERR_NONE);
}

static void test_buf(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_add(&b, "", 0), 0);
	assert_int_equal(buf_add_str(&b, "12345"), 0);
	assert_int_equal(buf_printf(&b, "%d", 678), 0);
	assert_string_equal(buf_str(&b), "12345678");
	assert_int_equal(buf_add_str(&b, "abc"), -1); /* 11 */
	assert_true(b.full);
	assert_int_equal(buf_add_str(&b, "a"), -1); /* stays full */
	assert_int_equal(buf_printf(&b, "a"), -1);
	assert_string_equal(buf_str(&b), "12345678");
	buf_reset(&b);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_add(&b, "a\0b4567890", 10), 0);
	assert_int_equal(b.len, 10);
	assert_int_equal(b.data[10], '\0');
	assert_int_equal(buf_add_str(&b, "x"), -1);
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.max, 10);
	assert_int_equal(buf_add_str(&b, "again"), 0);
	buf_free(&b);
}

static void test_buf_grows(void **state)
{
	struct buf b;
	char longer[1000];

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	buf_init(&b, 100000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(buf_printf(&b, "%s|", longer), 0);
	assert_int_equal(b.len, 100000);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.data[i], i % 1000 == 999 ? '|' : 'x');
	assert_int_equal(buf_add_str(&b, "x"), -1);
	buf_free(&b);
}

static void test_mem(void **state)
{
	char *s = mem_strndup("abcdef", 3), *zeroed = mem_alloc(100);
	int *numbers = mem_array(4, sizeof *numbers);

	(void)state;
	assert_string_equal(s, "abc");
	free(s);
	s = mem_strndup("ab", 100); /* no byte behind the NUL is read */
	assert_string_equal(s, "ab");
	free(s);
	s = mem_printf("%s-%d", "x", 7);
	assert_string_equal(s, "x-7");
	free(s);
	s = mem_strdup("");
	assert_string_equal(s, "");
	free(s);
	for (int i = 0; i < 100; i++)
		assert_int_equal(zeroed[i], 0);
	free(zeroed);
	numbers[3] = 5;
	numbers = mem_grow(numbers, 1000, sizeof *numbers);
	assert_int_equal(numbers[3], 5);
	free(numbers);
	free(mem_alloc(0));
}

/* Sizes that overflow end the process instead of giving too little. */
static void check_aborts(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(STDERR_FILENO);
		(void)signal(SIGABRT, SIG_DFL);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

static volatile size_t huge = SIZE_MAX / 2;

static void overflow_array(void)
{
	(void)mem_array(huge, 4);
}

static void overflow_arena(void)
{
	(void)arena_alloc(arena_new(), huge * 2 + 1);
}

static void overflow_arena_block(void)
{
	(void)arena_alloc(arena_new(), huge * 2 - 32);
}

static void test_mem_overflow(void **state)
{
	(void)state;
	check_aborts(overflow_array);
	check_aborts(overflow_arena);
	check_aborts(overflow_arena_block);
}

static void test_arena(void **state)
{
	struct arena *arena = arena_new();
	char *pieces[2000];

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t n = i * 7 % 97 + (i == 1000 ? 50000 : 0) + 1;
		pieces[i] = arena_alloc(arena, n);
		assert_int_equal(
			(uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(pieces[i], (int)(i & 0xff), n);
	}
	for (size_t i = 0; i < COUNT(pieces); i++)
		assert_int_equal(
			(unsigned char)pieces[i][i * 7 % 97], i & 0xff);
	assert_string_equal(arena_strdup(arena, "text"), "text");
	assert_string_equal(arena_strndup(arena, "text", 2), "te");
	assert_string_equal(arena_strndup(arena, "te", 99), "te");
	arena_free(&arena);
	assert_null(arena);
	arena_free(&arena);
}

static void test_secret(void **state)
{
	struct secret s = {0};

	(void)state;
	secret_set(&s, "a\0b", 3);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.bytes, "a\0b", 4);
	secret_set(&s, s.bytes + 2, 1); /* from itself */
	assert_string_equal(s.bytes, "b");
	secret_set(&s, NULL, 0);
	assert_string_equal(s.bytes, "");
	secret_clear(&s);
	assert_null(s.bytes);
	assert_int_equal(s.len, 0);
	secret_clear(&s);
}

static void test_clock(void **state)
{
	char out[CLOCK_RFC3339_BYTES];
	int64_t a, b, s;

	(void)state;
	assert_string_equal(
		clock_rfc3339(1795447716, out), "2026-11-23T15:28:36Z");
	assert_ptr_equal(clock_rfc3339(1, out), out);
	assert_string_equal(out, "1970-01-01T00:00:01Z");
	assert_string_equal(clock_rfc3339(-1, out), "1969-12-31T23:59:59Z");
	assert_string_equal(clock_rfc3339(0, out), "");
	assert_string_equal(clock_rfc3339(INT64_MAX, out), "");
	a = clock_mono_ms();
	b = clock_mono_ms();
	assert_true(b >= a && a > 0);
	s = (int64_t)time(NULL);
	assert_in_range(clock_wall_s(), s - 2, s + 2);
	assert_in_range(clock_wall_us() / 1000000, s - 2, s + 2);
}

static void *look_at_signals(void *arg)
{
	sigset_t blocked;

	(void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	*(bool *)arg = sigismember(&blocked, SIGTERM) == 1 &&
		       sigismember(&blocked, SIGINT) == 1;
	return NULL;
}

static void test_task(void **state)
{
	struct task task;
	struct err err;
	sigset_t here;
	bool blocked = false;

	(void)state;
	assert_int_equal(task_start(&task, look_at_signals, &blocked, &err), 0);
	task_join(&task);
	assert_true(blocked);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &here);
	assert_int_equal(sigismember(&here, SIGTERM), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_set),
		cmocka_unit_test(test_err_null),
		cmocka_unit_test(test_err_one_line),
		cmocka_unit_test(test_err_long),
		cmocka_unit_test(test_err_errno),
		cmocka_unit_test(test_err_class),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_mem),
		cmocka_unit_test(test_mem_overflow),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_task),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
