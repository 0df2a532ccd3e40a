/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames and values, cancel, time-outs. */
#include "collector/base/mem.h"
#include "collector/remote/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct ends {
	struct channel *a;
	struct channel *b;
};

static void make_pair(int fds[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static struct ends ends_new(void)
{
	int fds[2];

	make_pair(fds);
	return (struct ends){channel_new(fds[0]), channel_new(fds[1])};
}

static void ends_free(struct ends *e)
{
	channel_free(&e->a);
	channel_free(&e->b);
}

static void values_come_back(void **state)
{
	struct ends e = ends_new();
	char text[16], small[4];
	const void *bytes;
	uint64_t v64 = 0;
	uint32_t v32 = 0;
	uint8_t v8 = 0, type = 0;
	size_t n = 0;

	(void)state;
	channel_begin(e.a, 7);
	channel_put_u8(e.a, 0xfe);
	channel_put_u32(e.a, 0xfffefdfc);
	channel_put_u64(e.a, UINT64_MAX - 1);
	channel_put_bytes(e.a, "a\0b", 3);
	channel_put_str(e.a, "hello");
	channel_put_str(e.a, "");
	assert_int_equal(channel_send(e.a, NULL), 0);
	channel_begin(e.a, 8);
	assert_int_equal(channel_send(e.a, NULL), 0);
	assert_int_equal(channel_flush(e.a, NULL), 0);

	assert_int_equal(channel_recv(e.b, 1000, &type, NULL), 1);
	assert_int_equal(type, 7);
	assert_false(channel_done(e.b));
	assert_true(channel_get_u8(e.b, &v8));
	assert_true(channel_get_u32(e.b, &v32));
	assert_true(channel_get_u64(e.b, &v64));
	assert_true(channel_get_bytes(e.b, &bytes, &n));
	assert_int_equal(v8, 0xfe);
	assert_int_equal(v32, 0xfffefdfc);
	assert_true(v64 == UINT64_MAX - 1);
	assert_int_equal(n, 3);
	assert_memory_equal(bytes, "a\0b", 3);
	assert_true(channel_get_str(e.b, text, sizeof text));
	assert_string_equal(text, "hello");
	assert_true(channel_get_str(e.b, small, sizeof small));
	assert_string_equal(small, "");
	assert_true(channel_done(e.b));
	assert_false(channel_get_u8(e.b, &v8));
	assert_false(channel_done(e.b)); /* one failure is for good */
	assert_int_equal(channel_recv(e.b, 1000, &type, NULL), 1);
	assert_int_equal(type, 8);
	assert_true(channel_done(e.b));
	ends_free(&e);
}

static void strings_are_refused_that_do_not_fit(void **state)
{
	struct ends e = ends_new();
	char text[6];
	uint8_t type;

	(void)state;
	for (int i = 0; i < 2; i++) {
		channel_begin(e.a, 1);
		if (i == 0)
			channel_put_str(e.a, "123456");
		else
			channel_put_bytes(e.a, "12\0", 3);
		channel_put_str(e.a, "ok");
		assert_int_equal(channel_send(e.a, NULL), 0);
		assert_int_equal(channel_flush(e.a, NULL), 0);
		assert_int_equal(channel_recv(e.b, 1000, &type, NULL), 1);
		assert_false(channel_get_str(e.b, text, sizeof text));
		assert_false(channel_get_str(e.b, text, sizeof text));
	}
	ends_free(&e);
}

/* Frames of all sizes round the edges of the buffers, from a thread, since
 * together they are more than a socket holds. */
static const size_t sizes[] = {0, 1, 5, 1023, 1024, 4096, 16383, 16384, 16385,
	32768, 65530, 65535, 65536, 3, 65536, 65536, 0, 40000, 30000, 20000};
#define ROUNDS 20

static void *send_sizes(void *arg)
{
	struct channel *c = arg;
	char *bytes = mem_alloc(CHANNEL_MAX);
	bool ok = true;

	for (size_t i = 0; i < CHANNEL_MAX; i++)
		bytes[i] = (char)(i * 7 + (i >> 8));
	for (size_t i = 0; i < COUNT(sizes) * ROUNDS; i++)
		ok = ok && channel_send_bytes(c, (uint8_t)(i % 200), bytes,
				   sizes[i % COUNT(sizes)], NULL) == 0;
	ok = ok && channel_flush(c, NULL) == 0;
	free(bytes);
	return ok ? c : NULL;
}

static void frames_of_all_sizes_arrive(void **state)
{
	struct ends e = ends_new();
	pthread_t thread;
	void *ok;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, send_sizes, e.a), 0);
	for (size_t i = 0; i < COUNT(sizes) * ROUNDS; i++) {
		const unsigned char *p;
		const void *bytes;
		uint8_t type;
		size_t n;

		assert_int_equal(channel_recv(e.b, 10000, &type, NULL), 1);
		assert_int_equal(type, i % 200);
		channel_rest(e.b, &bytes, &n);
		assert_int_equal(n, sizes[i % COUNT(sizes)]);
		p = bytes;
		for (size_t k = 0; k < n; k++)
			if (p[k] != (unsigned char)(k * 7 + (k >> 8)))
				fail_msg("frame %zu byte %zu", i, k);
		assert_true(channel_done(e.b));
	}
	assert_int_equal(pthread_join(thread, &ok), 0);
	assert_non_null(ok);
	ends_free(&e);
}

static void a_frame_too_long_is_not_sent(void **state)
{
	struct ends e = ends_new();
	char *bytes = mem_alloc(CHANNEL_MAX + 1);
	struct err err = {0};
	uint8_t type;

	(void)state;
	channel_begin(e.a, 1);
	channel_put_bytes(e.a, bytes, CHANNEL_MAX + 1);
	assert_int_equal(channel_send(e.a, &err), -1);
	assert_int_equal(err.class, ERR_LIMIT);
	channel_begin(e.a, 2);
	for (int i = 0; i < 100; i++)
		channel_put_bytes(e.a, bytes, CHANNEL_MAX / 2);
	assert_int_equal(channel_send(e.a, &err), -1);
	channel_begin(e.a, 3); /* the channel stays of use */
	assert_int_equal(channel_send(e.a, &err), 0);
	assert_int_equal(channel_flush(e.a, &err), 0);
	assert_int_equal(channel_recv(e.b, 1000, &type, &err), 1);
	assert_int_equal(type, 3);
	free(bytes);
	ends_free(&e);
}

/* Raw bytes into one end, what does the other make of them? */
static int recv_raw(const void *bytes, size_t n, struct err *err)
{
	int fds[2], r;
	uint8_t type;
	struct channel *c;

	make_pair(fds);
	c = channel_new(fds[0]);
	assert_int_equal(write(fds[1], bytes, n), (ssize_t)n);
	assert_int_equal(close(fds[1]), 0);
	r = channel_recv(c, 1000, &type, err);
	channel_free(&c);
	return r;
}

static void the_end_is_told_from_the_middle(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(recv_raw("", 0, &err), 0);
	assert_int_equal(recv_raw("\0\0\0\0x", 5, &err), 1);
	for (size_t n = 1; n < 8; n++) {
		assert_int_equal(recv_raw("\3\0\0\0xyzq", n, &err), -1);
		assert_int_equal(err.class, ERR_CRASH);
		assert_int_equal(err.scope, ERR_SCOPE_SESSION);
		assert_int_equal(err.retry, ERR_RETRY_NOW);
	}
	assert_int_equal(recv_raw("\3\0\0\0xyzq", 8, &err), 1);
	assert_int_equal(recv_raw("\1\0\1\0x", 5, &err), -1); /* 65537 */
	assert_int_equal(err.class, ERR_CRASH);
	assert_int_equal(recv_raw("\377\377\377\377x", 5, &err), -1);
	assert_int_equal(err.class, ERR_CRASH);
}

static void silence_is_a_timeout(void **state)
{
	struct ends e = ends_new();
	struct err err = {0};
	uint8_t type;

	(void)state;
	assert_int_equal(channel_recv(e.a, 30, &type, &err), -1);
	assert_int_equal(err.class, ERR_TIMEOUT);
	ends_free(&e);
}

static void a_peer_that_takes_nothing_is_a_timeout(void **state)
{
	struct ends e = ends_new();
	char *bytes = mem_alloc(CHANNEL_MAX);
	struct err err = {0};
	int r = 0;

	(void)state;
	channel_set_send_timeout(e.a, 30);
	for (int i = 0; i < 1000 && r == 0; i++)
		r = channel_send_bytes(e.a, 1, bytes, CHANNEL_MAX, &err);
	assert_int_equal(r, -1);
	assert_int_equal(err.class, ERR_TIMEOUT);
	free(bytes);
	ends_free(&e);
}

static void writing_to_a_dead_peer_is_a_crash(void **state)
{
	struct ends e = ends_new();
	struct err err = {0};

	(void)state;
	channel_free(&e.b);
	channel_begin(e.a, 1);
	assert_int_equal(channel_send(e.a, &err), 0);
	assert_int_equal(channel_flush(e.a, &err), -1);
	assert_int_equal(err.class, ERR_CRASH);
	channel_free(&e.a);
}

static void *recv_for_ever(void *arg)
{
	struct err *err = mem_alloc(sizeof *err);
	uint8_t type;

	if (channel_recv(arg, -1, &type, err) != -1)
		err->class = ERR_NONE;
	return err;
}

/* Cancelled before or while it blocks: the same; and the peer sees it. */
static void cancel_wakes_a_reader(void **state)
{
	struct ends e = ends_new();
	struct err *err;
	pthread_t thread;
	uint8_t type;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, recv_for_ever, e.a), 0);
	channel_cancel(e.a);
	assert_int_equal(pthread_join(thread, &result), 0);
	err = result;
	assert_int_equal(err->class, ERR_CANCELLED);
	free(err);
	assert_int_equal(channel_recv(e.b, 1000, &type, NULL), 0);
	channel_begin(e.a, 1);
	assert_int_equal(channel_send(e.a, NULL), 0);
	assert_int_equal(channel_flush(e.a, NULL), -1);
	ends_free(&e);
}

static void *send_for_ever(void *arg)
{
	struct err *err = mem_alloc(sizeof *err);
	char *bytes = mem_alloc(CHANNEL_MAX);

	while (channel_send_bytes(arg, 1, bytes, CHANNEL_MAX, err) == 0)
		;
	free(bytes);
	return err;
}

static void cancel_wakes_a_writer(void **state)
{
	struct ends e = ends_new();
	struct err *err;
	pthread_t thread;
	uint8_t type;
	void *result;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, send_for_ever, e.a), 0);
	assert_int_equal(channel_recv(e.b, 10000, &type, NULL), 1);
	channel_cancel(e.a);
	assert_int_equal(pthread_join(thread, &result), 0);
	err = result;
	assert_int_equal(err->class, ERR_CANCELLED);
	free(err);
	ends_free(&e);
}

/* What is gathered goes out before a reader blocks. */
static void *answer_one(void *arg)
{
	uint8_t type;

	if (channel_recv(arg, 10000, &type, NULL) != 1)
		return NULL;
	channel_begin(arg, (uint8_t)(type + 1));
	if (channel_send(arg, NULL) < 0 || channel_flush(arg, NULL) < 0)
		return NULL;
	return arg;
}

static void a_reader_flushes_first(void **state)
{
	struct ends e = ends_new();
	pthread_t thread;
	uint8_t type = 0;
	void *ok;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, answer_one, e.b), 0);
	channel_begin(e.a, 41);
	assert_int_equal(channel_send(e.a, NULL), 0);
	assert_int_equal(channel_recv(e.a, 10000, &type, NULL), 1);
	assert_int_equal(type, 42);
	assert_int_equal(pthread_join(thread, &ok), 0);
	assert_non_null(ok);
	ends_free(&e);
}

static void cleansing_leaves_nothing(void **state)
{
	static const char canary[] = "canary-in-the-coal-mine";
	struct ends e = ends_new();
	const void *at;
	uint8_t type;
	char *inside;
	size_t n;

	(void)state;
	channel_begin(e.a, 1);
	channel_put_str(e.a, canary);
	assert_int_equal(channel_send(e.a, NULL), 0);
	assert_int_equal(channel_flush(e.a, NULL), 0);
	assert_int_equal(channel_recv(e.b, 1000, &type, NULL), 1);
	assert_true(channel_get_bytes(e.b, &at, &n));
	inside = (char *)(uintptr_t)at; /* the channel's own buffer */
	assert_memory_equal(inside, canary, n);
	channel_cleanse(e.a);
	channel_cleanse(e.b);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(inside[i], 0);
	ends_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_back),
		cmocka_unit_test(strings_are_refused_that_do_not_fit),
		cmocka_unit_test(frames_of_all_sizes_arrive),
		cmocka_unit_test(a_frame_too_long_is_not_sent),
		cmocka_unit_test(the_end_is_told_from_the_middle),
		cmocka_unit_test(silence_is_a_timeout),
		cmocka_unit_test(a_peer_that_takes_nothing_is_a_timeout),
		cmocka_unit_test(writing_to_a_dead_peer_is_a_crash),
		cmocka_unit_test(cancel_wakes_a_reader),
		cmocka_unit_test(cancel_wakes_a_writer),
		cmocka_unit_test(a_reader_flushes_first),
		cmocka_unit_test(cleansing_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
