/* SPDX-License-Identifier: BSD-2-Clause */
/* session_rig: both ends of a session's channel in one process, with a fake
 * session behind the envoy's. Header only. */
#ifndef MAILHAUL_TESTS_SESSION_RIG_H
#define MAILHAUL_TESTS_SESSION_RIG_H

#include "collector/remote/session_channel.h"
#include "fake_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/socket.h>

struct rig {
	struct fake fake;
	pthread_t thread;
	int serve_fd;
	int remote_fd; /* the far end of the fake's socket */
	int socket_fd;
};

static inline void *rig_serve(void *arg)
{
	struct rig *r = arg;

	session_channel_serve(r->serve_fd, r->socket_fd, fake_open, &r->fake);
	return NULL;
}

static inline struct session_config rig_config(void)
{
	struct session_config c;

	memset(&c, 0, sizeof c);
	c.url.protocol = PROTOCOL_POP3;
	c.url.tls = TLS_STARTTLS;
	c.url.port = 110;
	(void)snprintf(c.url.user, sizeof c.url.user, "bob@x");
	(void)snprintf(c.url.host, sizeof c.url.host, "mail.test");
	secret_set(&c.secret, "pass word", 9);
	c.limits = (struct session_limits){.message_bytes = 1 << 20,
		.line_bytes = 2,
		.nesting = 3,
		.command_bytes = 4,
		.pop3_line_bytes = 5,
		.messages = 100000,
		.mailboxes = 1000,
		.idle_ms = 20000,
		.session_ms = 8};
	c.tls13_only = true;
	c.quirks.on = QUIRK_NO_EXAMINE;
	c.quirks.off = QUIRK_TEN_ERRORS;
	(void)snprintf(c.fingerprint, sizeof c.fingerprint, "SHA256:00");
	return c;
}

static inline int rig_open(
	struct rig *r, struct session **ret_session, struct err *err)
{
	struct session_config c = rig_config();
	int channel[2], remote[2], result;

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, remote), 0);
	r->serve_fd = channel[1];
	r->socket_fd = remote[1];
	r->remote_fd = remote[0];
	assert_int_equal(pthread_create(&r->thread, NULL, rig_serve, r), 0);
	result = session_channel_open(channel[0], &c, ret_session, err);
	secret_clear(&c.secret);
	return result;
}

/* Closes, joins, and sees that the far end has let go of everything. */
static inline void rig_close(struct rig *r, struct session **s)
{
	char byte;

	session_close(s);
	assert_null(*s);
	assert_int_equal(pthread_join(r->thread, NULL), 0);
	assert_int_equal(
		atomic_load(&r->fake.opened), atomic_load(&r->fake.closed));
	assert_int_equal(read(r->remote_fd, &byte, 1), 0);
	assert_int_equal(close(r->remote_fd), 0);
}

#endif
