/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole chain against a server on loopback: the address is judged, the
 * conductor connects, an envoy in its sandbox speaks. Also envoys that die. */
#include "collector/base/clock.h"
#include "collector/remote/channel.h"
#include "collector/remote/dial.h"
#include "envoy_peer.h"
#include "tiny_pop3.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#define LINES 10000 /* 340 KB: more than is gathered */
#define BODY_BYTES (LINES * strlen(TINY_POP3_LINE))

static int dial(const struct tiny_pop3 *server)
{
	static const struct dial_policy policy = {
		.ports = "143", .allow = "10.0.0.0/8 127.0.0.0/8:1"};
	char allow[64];
	struct dial_policy open_policy = policy;
	struct sockaddr_storage peer;
	struct err err = {0};
	int fd = -1;

	assert_int_equal(dial_connect(&policy, "mail.test", &server->address, 1,
				 5000, -1, &fd, &peer, &err),
		-1);
	assert_int_equal(err.class, ERR_POLICY);
	(void)snprintf(
		allow, sizeof allow, "127.0.0.1/32:%u", tiny_pop3_port(server));
	open_policy.allow = allow;
	if (dial_connect(&open_policy, "mail.test", &server->address, 1, 5000,
		    -1, &fd, &peer, &err) < 0)
		fail_msg("%s", err.text);
	return fd;
}

static struct session *open_session(
	const struct envoy_peer *e, const struct tiny_pop3 *server)
{
	struct session *s = NULL;
	struct err err = {0};

	if (envoy_peer_open(e, dial(server), -1, "s3cret", TLS_NONE, &s, &err) <
		0)
		fail_msg("%s", err.text);
	return s;
}

struct seen {
	uint64_t bytes; /* of the message under way */
	unsigned messages;
	unsigned scanned;
	pid_t kill_pid; /* once a byte has come */
	struct session *cancel;
};

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	static const char line[] = TINY_POP3_LINE;
	const char *p = bytes;
	struct seen *v = arg;

	(void)err;
	for (size_t i = 0; i < n; i++)
		if (p[i] != line[(v->bytes + i) % (sizeof line - 1)])
			fail_msg("byte %zu", (size_t)v->bytes + i);
	v->bytes += n;
	if (v->kill_pid != 0)
		assert_int_equal(kill(v->kill_pid, SIGKILL), 0);
	if (v->cancel != NULL)
		session_channel_cancel(v->cancel);
	return 0;
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *v = arg;

	(void)err;
	v->messages++;
	assert_true((meta->has & MESSAGE_HAS_BODY) != 0);
	assert_int_equal(meta->uid, v->messages);
	assert_int_equal(v->bytes, BODY_BYTES);
	v->bytes = 0;
	return 0;
}

static int on_scanned(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *v = arg;
	char uidl[32];

	(void)err;
	v->scanned++;
	(void)snprintf(uidl, sizeof uidl, "uidl-%u", v->scanned);
	assert_string_equal(meta->uidl, uidl);
	assert_int_equal(meta->size_bytes, BODY_BYTES);
	return 0;
}

static int fetch_all(struct session *s, struct seen *v, struct err *err)
{
	const struct uid_range all = {1, 50};
	const struct session_sink sink = {
		.body = on_body, .message = on_message, .arg = v};
	struct mailbox_state box;

	assert_int_equal(session_select(s, "INBOX", &box, err), 0);
	assert_int_equal(box.exists, 50);
	assert_int_equal(
		session_scan(s, SESSION_SCAN_SIZE, on_scanned, v, err), 0);
	assert_int_equal(v->scanned, 50);
	return session_fetch(s, &all, 1, &sink, err);
}

static void mail_comes_through_the_sandbox(void **state)
{
	struct tiny_pop3 server = {.messages = 50, .lines = LINES};
	struct session *sessions[4];
	struct envoy_peer e;
	struct err err = {0};

	(void)state;
	envoy_peer_start(&e);
	tiny_pop3_start(&server);
	for (int i = 0; i < 4; i++)
		sessions[i] = open_session(&e, &server);
	for (int i = 0; i < 4; i++) {
		struct seen v = {0};
		if (fetch_all(sessions[i], &v, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(v.messages, 50);
	}
	for (int i = 0; i < 4; i++)
		session_close(&sessions[i]);
	tiny_pop3_stop(&server);
	assert_int_equal(atomic_load(&server.quits), 4);
	assert_int_equal(envoy_peer_stop(&e), 0);
}

static void a_refused_password_is_auth(void **state)
{
	struct tiny_pop3 server = {.messages = 1, .lines = 1};
	struct session *s = NULL;
	struct envoy_peer e;
	struct err err = {0};

	(void)state;
	envoy_peer_start(&e);
	tiny_pop3_start(&server);
	assert_int_equal(envoy_peer_open(&e, dial(&server), -1, "wrong",
				 TLS_NONE, &s, &err),
		-1);
	assert_int_equal(err.class, ERR_AUTH);
	assert_int_equal(err.retry, ERR_RETRY_CHANGE);
	tiny_pop3_stop(&server);
	assert_int_equal(envoy_peer_stop(&e), 0);
}

static void a_killed_envoy_is_a_crash(void **state)
{
	struct tiny_pop3 server = {
		.messages = 50, .lines = LINES, .stall_at = 2};
	struct envoy_peer e;
	struct seen v = {0};
	struct session *s;
	struct err err = {0};
	int status;

	(void)state;
	envoy_peer_start(&e);
	tiny_pop3_start(&server);
	s = open_session(&e, &server);
	v.kill_pid = e.pid;
	assert_int_equal(fetch_all(s, &v, &err), -1);
	assert_int_equal(err.class, ERR_CRASH);
	assert_int_equal(err.scope, ERR_SCOPE_SESSION);
	assert_int_equal(err.retry, ERR_RETRY_NOW);
	session_close(&s);
	status = envoy_peer_stop(&e);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* And nobody can hand it anything any more. */
	e.control_fd = -1;
	tiny_pop3_stop(&server);
	assert_int_equal(atomic_load(&server.quits), 0);
}

/* The envoy lets go of the server too, without QUIT. */
static void cancel_reaches_the_server(void **state)
{
	struct tiny_pop3 server = {
		.messages = 50, .lines = LINES, .stall_at = 2};
	int64_t began_ms = clock_mono_ms();
	struct envoy_peer e;
	struct seen v = {0};
	struct session *s;
	struct err err = {0};

	(void)state;
	envoy_peer_start(&e);
	tiny_pop3_start(&server);
	s = open_session(&e, &server);
	v.cancel = s;
	assert_int_equal(fetch_all(s, &v, &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
	session_close(&s);
	tiny_pop3_stop(&server); /* joins: the connection has ended */
	assert_int_equal(atomic_load(&server.quits), 0);
	assert_int_equal(envoy_peer_stop(&e), 0);
	assert_true(clock_mono_ms() - began_ms < 15000);
}

/* SIGTERM to all of the group, then the conductor closes its control socket:
 * sessions go on until they are closed. */
static void sessions_outlive_the_control_socket(void **state)
{
	struct tiny_pop3 server = {.messages = 50, .lines = LINES};
	struct envoy_peer e;
	struct seen v = {0};
	struct session *s;
	struct err err = {0};
	int status = -1;

	(void)state;
	envoy_peer_start(&e);
	tiny_pop3_start(&server);
	s = open_session(&e, &server);
	assert_int_equal(kill(e.pid, SIGTERM), 0);
	assert_int_equal(kill(e.pid, SIGINT), 0);
	assert_int_equal(close(e.control_fd), 0);
	if (fetch_all(s, &v, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(v.messages, 50);
	session_close(&s);
	assert_int_equal(waitpid(e.pid, &status, 0), e.pid);
	assert_int_equal(status, 0);
	tiny_pop3_stop(&server);
	assert_int_equal(atomic_load(&server.quits), 1);
}

/* The envoy survives a conductor that hands over nonsense. */
static void nonsense_ends_its_session_only(void **state)
{
	struct tiny_pop3 server = {.messages = 50, .lines = LINES};
	struct session *s = NULL;
	struct envoy_peer e;
	struct err err = {0};
	int channel[2], remote[2];
	char byte;

	(void)state;
	envoy_peer_start(&e);
	tiny_pop3_start(&server);
	assert_int_equal(
		channel_send_fds(e.control_fd, "S", 1, NULL, 0, &err), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, remote), 0);
	assert_int_equal(
		channel_send_fds(e.control_fd, "S", 1, &channel[1], 1, &err),
		0);
	assert_int_equal(
		envoy_hand_over(e.control_fd, channel[1], remote[1], -1, &err),
		0);
	assert_int_equal(close(channel[1]), 0);
	assert_int_equal(close(remote[1]), 0);
	assert_int_equal(write(channel[0], "\3\0\0\0\1abc", 8), 8);
	assert_int_equal(read(channel[0], &byte, 1), 0);
	assert_int_equal(read(remote[0], &byte, 1), 0);
	assert_int_equal(close(channel[0]), 0);
	assert_int_equal(close(remote[0]), 0);
	s = open_session(&e, &server);
	session_close(&s);
	tiny_pop3_stop(&server);
	assert_int_equal(envoy_peer_stop(&e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_comes_through_the_sandbox),
		cmocka_unit_test(a_refused_password_is_auth),
		cmocka_unit_test(a_killed_envoy_is_a_crash),
		cmocka_unit_test(cancel_reaches_the_server),
		cmocka_unit_test(sessions_outlive_the_control_socket),
		cmocka_unit_test(nonsense_ends_its_session_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
