/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and addresses: the real scout in a process of its own, and scouts
 * that lie. Nothing is asked of a name server: localhost is in a file. */
#include "collector/remote/channel.h"
#include "collector/remote/scout.h"
#include "collector/remote/scout_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct sockaddr_storage found[SCOUT_ADDRESSES_MAX];
static size_t found_count;

static int resolve(int control_fd, const char *host, struct err *err)
{
	const struct scout_host asked = {host, 993, "system"};

	found_count = 0;
	return scout_resolve(
		control_fd, &asked, 10000, found, &found_count, err);
}

static const char *text_of(
	const struct sockaddr_storage *a, char out[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in6 *in6 = (const void *)a;
	const struct sockaddr_in *in = (const void *)a;

	assert_int_equal(
		ntohs(a->ss_family == AF_INET ? in->sin_port : in6->sin6_port),
		993);
	return inet_ntop(a->ss_family,
		a->ss_family == AF_INET ? (const void *)&in->sin_addr
					: (const void *)&in6->sin6_addr,
		out, INET6_ADDRSTRLEN);
}

static void literals_need_no_scout(void **state)
{
	static const char *const literals[] = {
		"127.0.0.1", "8.8.8.8", "::1", "2001:db8::25", "fe80::1"};
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < COUNT(literals); i++) {
		assert_int_equal(resolve(-1, literals[i], NULL), 0);
		assert_int_equal(found_count, 1);
		assert_string_equal(text_of(&found[0], text), literals[i]);
	}
}

/* What getaddrinfo would take for an address, or would choke on. */
static void other_spellings_are_refused(void **state)
{
	static const char *const hosts[] = {"", ".", "127.1", "127.0.1",
		"2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
		"127.0.0.1.", "017700000001", "1.2.3", "1.2.3.4.5", "256.1.1.1",
		"127.0.0.1 ", " 127.0.0.1", "127.0.0.1\n", "fe80::1%lo",
		"[::1]", "::1]", "12345::", "a b", "a..b", ".example.org",
		"-a.example", "a-.example", "a/b", "a:1",
		"b\xc3\xbc"
		"cher.example",
		"mail.example.1", "a.0x7f", "a@b.example", "*.example", "a\tb",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaa.example"};
	char lengthy[300];
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		memset(&err, 0, sizeof err);
		if (resolve(-1, hosts[i], &err) != -1 ||
			err.class != ERR_CONFIG)
			fail_msg("\"%s\": %s", hosts[i], err.text);
	}
	for (size_t i = 0; i < sizeof lengthy; i++)
		lengthy[i] = i % 2 == 0 ? 'a' : '.';
	lengthy[254] = 'a';
	lengthy[255] = '\0';
	assert_int_equal(resolve(-1, lengthy, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
}

/* ---- the real one */

static pid_t start_scout(int *ret_control_fd)
{
	int control[2];
	pid_t pid;

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control),
		0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Where it is 3 already, its close-on-exec harms nobody. */
		if (dup2(control[1], 3) < 0)
			_exit(9);
		_exit(scout_main());
	}
	assert_int_equal(close(control[1]), 0);
	*ret_control_fd = control[0];
	return pid;
}

static void localhost_is_found_in_the_sandbox(void **state)
{
	char text[INET6_ADDRSTRLEN];
	int control = -1, status = 0;
	pid_t pid = start_scout(&control);
	struct err err = {0};

	(void)state;
	for (int round = 0; round < 20; round++) {
		if (resolve(control, round % 2 == 0 ? "localhost" : "LocalHost",
			    &err) != 0)
			fail_msg("%s", err.text);
		assert_true(found_count >= 1);
		for (size_t i = 0; i < found_count; i++) {
			(void)text_of(&found[i], text);
			if (strcmp(text, "127.0.0.1") != 0 &&
				strcmp(text, "::1") != 0)
				fail_msg("%s", text);
		}
	}
	assert_int_equal(close(control), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- scouts that lie */

struct liar {
	int control_fd;
	const char *says; /* 4: an IPv4 address, 6: IPv6, 5: five bytes, D F:
			     DONE, FAIL, x: an unknown frame, e: an empty
			     ADDRESS, s: silence until the other side closes */
};

static void say(struct channel *c, char what)
{
	struct err err = {0};

	if (what == 'D' || what == 'x') {
		channel_begin(c, what == 'D' ? SCOUT_DONE : 99);
	} else if (what == 'F') {
		(void)err_set(&err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "there is no host x");
		channel_begin(c, SCOUT_FAIL);
		channel_put_err(c, &err);
	} else {
		channel_begin(c, SCOUT_ADDRESS);
		if (what != 'e')
			channel_put_bytes(c, "\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7",
				what == '4'   ? 4
				: what == '6' ? 16
					      : 5);
	}
	assert_int_equal(channel_send(c, NULL), 0);
}

static void *lie(void *arg)
{
	struct liar *l = arg;
	struct channel *c;
	size_t n, count = 0;
	uint8_t type;
	char what;
	int fd;

	if (channel_recv_fds(l->control_fd, &what, 1, &n, &fd, &count, NULL) !=
		1)
		return NULL;
	c = channel_new(fd);
	if (channel_recv(c, 5000, &type, NULL) == 1)
		for (const char *s = l->says; *s != '\0'; s++) {
			if (*s == 's')
				(void)channel_recv(c, 5000, &type, NULL);
			else
				say(c, *s);
		}
	(void)channel_flush(c, NULL);
	channel_free(&c);
	return NULL;
}

static int ask_liar(const char *says, int64_t timeout_ms, struct err *err)
{
	const struct scout_host asked = {"mail.test", 993, "system"};
	struct liar l = {.says = says};
	pthread_t thread;
	int control[2], r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, control), 0);
	l.control_fd = control[1];
	assert_int_equal(pthread_create(&thread, NULL, lie, &l), 0);
	found_count = 0;
	r = scout_resolve(
		control[0], &asked, timeout_ms, found, &found_count, err);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(close(control[0]), 0);
	assert_int_equal(close(control[1]), 0);
	return r;
}

static void a_scout_is_not_trusted(void **state)
{
	static const struct {
		const char *says;
		size_t count;
		enum err_class class;
	} cases[] = {
		{"4D", 1, ERR_NONE},
		{"46D", 2, ERR_NONE},
		{"4444444444444444D", 16, ERR_NONE},
		{"44444444444444444D", 0, ERR_CRASH},
		{"5D", 0, ERR_CRASH},
		{"eD", 0, ERR_CRASH},
		{"D", 0, ERR_CRASH},
		{"4", 0, ERR_CRASH},
		{"", 0, ERR_CRASH},
		{"x", 0, ERR_CRASH},
		{"F", 0, ERR_NETWORK},
		{"4F", 0, ERR_NETWORK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = {0};
		int r = ask_liar(cases[i].says, 5000, &err);
		if ((r == 0) != (cases[i].class == ERR_NONE) ||
			err.class != cases[i].class ||
			found_count != cases[i].count)
			fail_msg("\"%s\": %d %s", cases[i].says, r, err.text);
	}
}

static void patience_ends(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(ask_liar("s", 50, &err), -1);
	assert_int_equal(err.class, ERR_TIMEOUT);
	assert_non_null(strstr(err.text, "mail.test"));
}

static void a_dead_scout_is_a_crash(void **state)
{
	struct err err = {0};
	int control[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
	assert_int_equal(close(control[1]), 0);
	assert_int_equal(resolve(control[0], "mail.test", &err), -1);
	assert_int_equal(err.class, ERR_CRASH);
	assert_int_equal(close(control[0]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_need_no_scout),
		cmocka_unit_test(other_spellings_are_refused),
		cmocka_unit_test(localhost_is_found_in_the_sandbox),
		cmocka_unit_test(a_scout_is_not_trusted),
		cmocka_unit_test(patience_ends),
		cmocka_unit_test(a_dead_scout_is_a_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
