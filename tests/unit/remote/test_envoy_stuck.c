/* SPDX-License-Identifier: BSD-2-Clause */
/* A parser that a server's bytes have sent round in circles: when the
 * conductor has let go of the session, or when its thread has computed for too
 * long, its process ends, so that no processor is kept busy for good. recv is
 * taken over here, and the clocks go faster. */
#include "envoy_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

#define FASTER 20

/* Of an envoy that is forked while they are set. */
static atomic_bool circles, fast;

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	while (atomic_load(&circles))
		(void)sched_yield();
	return syscall(SYS_recvfrom, fd, buf, n, flags, NULL, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);

	/* below 0: of a thread's processor */
	if (r == 0 && (clock == CLOCK_MONOTONIC || clock < 0) &&
		atomic_load(&fast)) {
		t->tv_sec =
			t->tv_sec * FASTER + t->tv_nsec * FASTER / 1000000000;
		t->tv_nsec = t->tv_nsec * FASTER % 1000000000;
	}
	return r;
}

static void start(struct envoy_peer *e, bool in_circles)
{
	atomic_store(&circles, in_circles);
	atomic_store(&fast, true);
	envoy_peer_start(e);
	atomic_store(&circles, false);
	atomic_store(&fast, false);
}

/* Somebody who has a session opened there and waits for it. */
static pid_t ask(const struct envoy_peer *e, int socket_fd)
{
	struct session *s = NULL;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	(void)envoy_peer_open(e, socket_fd, -1, "secret", TLS_NONE, &s, NULL);
	_exit(0);
}

/* And dies while he does. */
static void ask_and_die(const struct envoy_peer *e, int socket_fd)
{
	int status;
	pid_t pid = ask(e, socket_fd);

	(void)usleep(500000);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static int wait_seconds(pid_t pid, int seconds)
{
	int status = -1;

	for (int i = 0; i < seconds * 10; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		(void)usleep(100000);
	}
	return -1;
}

static void a_session_that_does_not_end_ends_its_process(void **state)
{
	struct envoy_peer e;
	int server[2], status;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, server), 0);
	start(&e, true);
	ask_and_die(&e, server[1]);
	(void)close(server[1]);
	/* it still holds the connection */
	assert_int_equal(send(server[0], "+OK\r\n", 5, MSG_NOSIGNAL), 5);
	status = wait_seconds(e.pid, 120);
	(void)close(e.control_fd);
	(void)close(server[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
}

/* The conductor still waits for it: it would for as long as a server may. */
static void a_session_that_computes_for_good_ends_its_process(void **state)
{
	struct envoy_peer e;
	int server[2], status, asker;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, server), 0);
	start(&e, true);
	pid = ask(&e, server[1]);
	(void)close(server[1]);
	status = wait_seconds(e.pid, 120);
	(void)close(e.control_fd);
	(void)close(server[0]);
	/* who has asked is told: the channel has ended */
	assert_int_equal(waitpid(pid, &asker, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
}

/* One that waits for its server in peace ends, and its process lives on. */
static void a_session_that_ends_does_not(void **state)
{
	struct envoy_peer e;
	int server[2];
	char byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, server), 0);
	start(&e, false);
	ask_and_die(&e, server[1]);
	(void)close(server[1]);
	/* let go of */
	assert_int_equal(read(server[0], &byte, 1), 0);
	assert_int_equal(wait_seconds(e.pid, 12), -1);
	assert_int_equal(envoy_peer_stop(&e), 0);
	(void)close(server[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_that_does_not_end_ends_its_process),
		cmocka_unit_test(
			a_session_that_computes_for_good_ends_its_process),
		cmocka_unit_test(a_session_that_ends_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
