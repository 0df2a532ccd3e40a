/* SPDX-License-Identifier: BSD-2-Clause */
/* connect(2) on loopback: what is reached, what is refused, what hangs. */
#include "collector/base/clock.h"
#include "collector/remote/dial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const struct dial_policy open_policy = {
	.allow_private = true, .ports = "any", .allow = ""};

static struct sockaddr_storage loopback(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage out;

	memset(&out, 0, sizeof out);
	memcpy(&out, &in, sizeof in);
	return out;
}

static uint16_t port_of(const struct sockaddr_storage *a)
{
	return ntohs(((const struct sockaddr_in *)a)->sin_port);
}

/* A listener on a port of the kernel's choice. */
static int listener(int backlog, struct sockaddr_storage *ret_address)
{
	struct sockaddr_storage a = loopback(0);
	socklen_t n = sizeof(struct sockaddr_in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, backlog), 0);
	n = sizeof a;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*ret_address = a;
	return fd;
}

static void a_listener_is_reached(void **state)
{
	struct sockaddr_storage a, peer;
	int fd = -1, on = 0, server = listener(4, &a), accepted;
	struct err err = {0};
	socklen_t n = sizeof on;
	char byte;

	(void)state;
	assert_int_equal(dial_connect(&open_policy, "mail.test", &a, 1, 5000,
				 -1, &fd, &peer, &err),
		0);
	assert_int_equal(port_of(&peer), port_of(&a));
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &n), 0);
	assert_true(on != 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &n), 0);
	assert_true(on != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	accepted = accept(server, NULL, NULL);
	assert_true(accepted >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(accepted, &byte, 1), 1);
	assert_int_equal(close(accepted), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(server), 0);
}

static void a_closed_port_is_a_network_fault(void **state)
{
	struct sockaddr_storage a, peer;
	int fd = -1, server = listener(1, &a);
	struct err err = {0};
	char wanted[64];

	(void)state;
	assert_int_equal(close(server), 0);
	assert_int_equal(dial_connect(&open_policy, "mail.test", &a, 1, 5000,
				 -1, &fd, &peer, &err),
		-1);
	assert_int_equal(fd, -1);
	assert_int_equal(err.class, ERR_NETWORK);
	assert_int_equal(err.retry, ERR_RETRY_LATER);
	(void)snprintf(wanted, sizeof wanted,
		"nothing answers on mail.test port %u", port_of(&a));
	assert_non_null(strstr(err.text, wanted));
	assert_non_null(strstr(err.text, "Connection refused"));
	assert_true(err.hint[0] != '\0');
}

static void the_next_address_is_tried(void **state)
{
	struct sockaddr_storage a[3], peer;
	int fd = -1, server, dead = listener(1, &a[1]);
	struct err err = {0};

	(void)state;
	assert_int_equal(close(dead), 0);
	server = listener(1, &a[2]);
	a[0] = a[2]; /* refused by policy: not even tried */
	((struct sockaddr_in *)&a[0])->sin_addr.s_addr = htonl(0xe0000001);
	assert_int_equal(dial_connect(&open_policy, "mail.test", a, 3, 5000, -1,
				 &fd, &peer, &err),
		0);
	assert_int_equal(port_of(&peer), port_of(&a[2]));
	assert_int_equal(close(fd), 0);
	assert_int_equal(close(server), 0);
}

/* The default refuses loopback, and nothing arrives at the listener. */
static void a_refused_address_sees_no_packet(void **state)
{
	static const struct dial_policy closed = {.ports = "any", .allow = ""};
	struct sockaddr_storage a, peer;
	int fd = -1, server = listener(1, &a);
	struct err err = {0};

	(void)state;
	assert_int_equal(dial_connect(&closed, "mail.test", &a, 1, 5000, -1,
				 &fd, &peer, &err),
		-1);
	assert_int_equal(err.class, ERR_POLICY);
	assert_int_equal(err.retry, ERR_RETRY_CHANGE);
	assert_non_null(strstr(err.text, "mail.test"));
	assert_non_null(strstr(err.hint, "network.allow_private"));
	assert_int_equal(fcntl(server, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(accept(server, NULL, NULL), -1);
	assert_int_equal(dial_connect(&open_policy, "mail.test", &a, 0, 5000,
				 -1, &fd, &peer, &err),
		-1);
	assert_int_equal(err.class, ERR_NETWORK);
	assert_int_equal(close(server), 0);
}

/* A listener whose queue is full answers no SYN. */
static int silent_listener(struct sockaddr_storage *ret_address, int fill[4])
{
	int server = listener(0, ret_address);

	for (int i = 0; i < 4; i++) {
		fill[i] = socket(
			AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		assert_true(fill[i] >= 0);
		(void)connect(fill[i], (struct sockaddr *)ret_address,
			sizeof(struct sockaddr_in));
	}
	return server;
}

static void silence_ends_in_a_timeout(void **state)
{
	struct sockaddr_storage a, peer;
	int fill[4], fd = -1, server = silent_listener(&a, fill);
	int64_t began_ms = clock_mono_ms();
	struct err err = {0};

	(void)state;
	assert_int_equal(dial_connect(&open_policy, "mail.test", &a, 1, 100, -1,
				 &fd, &peer, &err),
		-1);
	assert_int_equal(err.class, ERR_TIMEOUT);
	assert_true(clock_mono_ms() - began_ms >= 100);
	assert_true(clock_mono_ms() - began_ms < 9000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(close(fill[i]), 0);
	assert_int_equal(close(server), 0);
}

static void cancel_ends_a_connect(void **state)
{
	struct sockaddr_storage a, peer;
	int fill[4], fd = -1, server = silent_listener(&a, fill);
	int cancel = eventfd(1, EFD_CLOEXEC);
	int64_t began_ms = clock_mono_ms();
	struct err err = {0};

	(void)state;
	assert_true(cancel >= 0);
	assert_int_equal(dial_connect(&open_policy, "mail.test", &a, 1, 9000,
				 cancel, &fd, &peer, &err),
		-1);
	assert_int_equal(err.class, ERR_CANCELLED);
	assert_true(clock_mono_ms() - began_ms < 5000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(close(fill[i]), 0);
	assert_int_equal(close(cancel), 0);
	assert_int_equal(close(server), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_reached),
		cmocka_unit_test(a_closed_port_is_a_network_fault),
		cmocka_unit_test(the_next_address_is_tried),
		cmocka_unit_test(a_refused_address_sees_no_packet),
		cmocka_unit_test(silence_ends_in_a_timeout),
		cmocka_unit_test(cancel_ends_a_connect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
