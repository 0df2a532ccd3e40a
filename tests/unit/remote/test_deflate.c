/* SPDX-License-Identifier: BSD-2-Clause */
/* COMPRESS=DEFLATE below everything that reads: any cuts, damage, bombs. */
#include "collector/base/mem.h"
#include "collector/base/task.h"
#include "collector/remote/transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

struct peer {
	int fd;
	struct transport *t;
	mailstream *stream;
	pthread_t thread;
	/* the thread sends these, so many at a time, then hangs up */
	unsigned char *bytes;
	size_t count, slice;
};

static void *send_all(void *arg)
{
	struct peer *p = arg;

	for (size_t at = 0; at < p->count;) {
		size_t n = p->count - at < p->slice ? p->count - at : p->slice;
		ssize_t r = send(p->fd, p->bytes + at, n, MSG_NOSIGNAL);
		if (r <= 0)
			break;
		at += (size_t)r;
	}
	(void)shutdown(p->fd, SHUT_WR);
	return NULL;
}

static unsigned char *pack(const void *plain, size_t n, size_t *ret_n)
{
	z_stream z = {0};
	uLong bound;
	unsigned char *out;

	assert_int_equal(
		deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY),
		Z_OK);
	bound = deflateBound(&z, (uLong)n) + 64;
	out = mem_alloc(bound);
	z.next_in = (Bytef *)plain;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)bound;
	assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	*ret_n = bound - z.avail_out;
	(void)deflateEnd(&z);
	return out;
}

static void begin(struct peer *p, uint64_t spare_bytes)
{
	struct transport_config config = {.idle_ms = 10000, .hangup_fd = -1};
	int fds[2];
	struct err err;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	p->fd = fds[0];
	p->t = transport_new(fds[1], &config);
	p->stream = transport_stream(p->t, 8192);
	assert_int_equal(transport_start_deflate(p->t, spare_bytes, &err), 0);
	if (p->count != 0)
		assert_int_equal(
			pthread_create(&p->thread, NULL, send_all, p), 0);
}

static void end(struct peer *p)
{
	(void)mailstream_close(p->stream);
	transport_free(&p->t);
	if (p->count != 0)
		(void)pthread_join(p->thread, NULL);
	(void)close(p->fd);
	free(p->bytes);
}

/* All that comes, up to n bytes. */
static size_t read_all(struct peer *p, char *out, size_t n)
{
	size_t at = 0;

	while (at < n) {
		ssize_t r = mailstream_read(p->stream, out + at, n - at);
		if (r <= 0)
			break;
		at += (size_t)r;
	}
	return at;
}

static char *make_text(size_t n)
{
	char *text = mem_alloc(n);
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245u + 12345u;
		text[i] = (char)("abcdefghijklmnop\r\n"[(x >> 16) % 18]);
	}
	return text;
}

static void comes_whole_in_any_slices(void **state)
{
	static const size_t slices[] = {1, 2, 7, 1000, 1 << 20};
	const size_t n = 200000;
	char *text = make_text(n), *got = mem_alloc(n + 1);

	(void)state;
	for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
		struct peer p = {.slice = slices[i]};
		struct err err;
		p.bytes = pack(text, n, &p.count);
		assert_true(p.count < n * 3 / 4);
		begin(&p, 0);
		assert_int_equal(read_all(&p, got, n + 1), n);
		assert_memory_equal(got, text, n);
		assert_int_equal(transport_err(p.t, "", &err), -1);
		assert_int_equal(err.class, ERR_NETWORK); /* then it ends */
		assert_int_equal(transport_bytes_in(p.t), p.count);
		end(&p);
	}
	free(text);
	free(got);
}

static void what_we_say_can_be_unpacked(void **state)
{
	const size_t n = 20000;
	char *text = make_text(n), *got = mem_alloc(n + 1);
	unsigned char raw[65536];
	struct peer p = {0};
	z_stream z = {0};

	(void)state;
	begin(&p, 0);
	/* longer than any buffer, then one short command, at once there */
	for (int i = 0; i < 2; i++) {
		size_t want = i == 0 ? n : 10;
		assert_int_equal(mailstream_write(p.stream, text, want), want);
		assert_int_equal(mailstream_flush(p.stream), 0);
		if (i == 0)
			assert_int_equal(inflateInit2(&z, -15), Z_OK);
		z.next_out = (Bytef *)got;
		z.avail_out = (uInt)n + 1;
		while (n + 1 - z.avail_out < want) {
			ssize_t r = recv(p.fd, raw, sizeof raw, 0);
			assert_true(r > 0);
			z.next_in = raw;
			z.avail_in = (uInt)r;
			assert_int_equal(inflate(&z, Z_SYNC_FLUSH), Z_OK);
		}
		assert_int_equal(n + 1 - z.avail_out, want);
		assert_memory_equal(got, text, want);
	}
	(void)inflateEnd(&z);
	end(&p);
	free(text);
	free(got);
}

static void fails_with(
	struct peer *p, uint64_t spare, enum err_class class, const char *words)
{
	const size_t n = (size_t)64 << 20;
	char *got = mem_alloc(n);
	struct err err;

	p->slice = 4096;
	begin(p, spare);
	(void)read_all(p, got, n);
	assert_int_equal(transport_err(p->t, "", &err), -1);
	assert_int_equal(err.class, class);
	if (strstr(err.text, words) == NULL)
		fail_msg("%s", err.text);
	/* sticky: not another byte either way */
	assert_true(mailstream_read(p->stream, got, 1) <= 0);
	end(p);
	free(got);
}

static void damage_is_an_error(void **state)
{
	struct peer p = {0};
	char *text = make_text(5000);

	(void)state;
	p.bytes = pack(text, 5000, &p.count);
	memset(p.bytes + p.count / 2, 0xff, 64);
	fails_with(&p, 0, ERR_PROTOCOL, "compressed bytes are damaged");
	free(text);
}

static void an_end_within_is_an_error(void **state)
{
	struct peer p = {0};

	(void)state;
	p.count = 2;
	p.bytes = mem_alloc(2);
	p.bytes[0] = 0x03; /* a last, empty block */
	fails_with(&p, 0, ERR_PROTOCOL, "compressed bytes have ended");
}

static void a_bomb_is_stopped(void **state)
{
	const size_t n = (size_t)32 << 20;
	char *zeros = mem_alloc(n);
	struct peer p = {0}, q = {0};

	(void)state;
	p.bytes = pack(zeros, n, &p.count);
	assert_true(p.count < n / 500);
	fails_with(&p, 1 << 20, ERR_LIMIT, "unpack to more");
	/* one message of zeros is mail all the same */
	q.bytes = pack(zeros, n, &q.count);
	fails_with(&q, n, ERR_NETWORK, "closed");
	free(zeros);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_whole_in_any_slices),
		cmocka_unit_test(what_we_say_can_be_unpacked),
		cmocka_unit_test(damage_is_an_error),
		cmocka_unit_test(an_end_within_is_an_error),
		cmocka_unit_test(a_bomb_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
