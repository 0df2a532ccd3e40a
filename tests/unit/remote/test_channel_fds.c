/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors over a control socket, of either kind. */
#include "collector/remote/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static void pass_descriptors(int kind)
{
	int control[2], pipes[2], got[CHANNEL_FDS_MAX];
	const int many[] = {0, 0, 0, 0};
	struct err err = {0};
	size_t n = 0, count = 0;
	char what = 0, byte = 0;

	assert_int_equal(
		socketpair(AF_UNIX, kind | SOCK_CLOEXEC, 0, control), 0);
	assert_int_equal(pipe(pipes), 0);
	/* Two messages at once: they must not run together. */
	assert_int_equal(
		channel_send_fds(control[0], "A", 1, pipes, 2, &err), 0);
	assert_int_equal(
		channel_send_fds(control[0], "B", 1, many, 4, &err), 0);
	assert_int_equal(
		channel_send_fds(control[0], "C", 1, NULL, 0, &err), 0);
	assert_int_equal(
		channel_recv_fds(control[1], &what, 1, &n, got, &count, &err),
		1);
	assert_int_equal(what, 'A');
	assert_int_equal(n, 1);
	assert_int_equal(count, 2);
	assert_true((fcntl(got[0], F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(write(got[1], "x", 1), 1);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	for (size_t i = 0; i < count; i++)
		assert_int_equal(close(got[i]), 0);
	assert_int_equal(
		channel_recv_fds(control[1], &what, 1, &n, got, &count, &err),
		1);
	assert_int_equal(what, 'B');
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(close(got[i]), 0);
	assert_int_equal(
		channel_recv_fds(control[1], &what, 1, &n, got, &count, &err),
		1);
	assert_int_equal(what, 'C');
	assert_int_equal(count, 0);
	assert_int_equal(close(control[0]), 0);
	assert_int_equal(
		channel_recv_fds(control[1], &what, 1, &n, got, &count, &err),
		0);
	assert_int_equal(
		channel_send_fds(control[1], "A", 1, pipes, 2, &err), -1);
	assert_int_equal(err.class, ERR_CRASH);
	assert_int_equal(close(control[1]), 0);
	assert_int_equal(close(pipes[0]), 0);
	assert_int_equal(close(pipes[1]), 0);
}

static void descriptors_pass(void **state)
{
	(void)state;
	pass_descriptors(SOCK_STREAM);
	pass_descriptors(SOCK_SEQPACKET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_pass),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
