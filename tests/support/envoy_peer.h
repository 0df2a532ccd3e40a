/* SPDX-License-Identifier: BSD-2-Clause */
/* envoy_peer: an envoy in a process of its own, and sessions through it. */
#ifndef MAILHAUL_TESTS_ENVOY_PEER_H
#define MAILHAUL_TESTS_ENVOY_PEER_H

#include "collector/remote/envoy.h"
#include "collector/remote/session_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct envoy_peer {
	pid_t pid;
	int control_fd;
};

/* Before any thread is started. */
static inline void envoy_peer_start(struct envoy_peer *e)
{
	int control[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) <
			0 ||
		(e->pid = fork()) < 0)
		abort();
	if (e->pid == 0) {
		if (dup2(control[1], ENVOY_CONTROL_FD) < 0)
			_exit(9);
		_exit(envoy_main());
	}
	(void)close(control[1]);
	e->control_fd = control[0];
}

/* Hangs up; what waitpid says. */
static inline int envoy_peer_stop(struct envoy_peer *e)
{
	int status = -1;

	(void)close(e->control_fd);
	if (waitpid(e->pid, &status, 0) != e->pid)
		abort();
	return status;
}

static inline struct session_config envoy_peer_config(
	const char *password, enum tls_mode tls)
{
	struct session_config c;

	memset(&c, 0, sizeof c);
	c.url.protocol = PROTOCOL_POP3;
	c.url.tls = tls;
	c.url.port = 110;
	(void)snprintf(c.url.user, sizeof c.url.user, "u@x");
	(void)snprintf(c.url.host, sizeof c.url.host, "mail.test");
	secret_set(&c.secret, password, strlen(password));
	c.limits = (struct session_limits){.message_bytes = (uint64_t)64 << 20,
		.line_bytes = 1 << 20,
		.nesting = 100,
		.command_bytes = 4 << 20,
		.pop3_line_bytes = 64 << 10,
		.messages = 100000,
		.mailboxes = 100,
		.idle_ms = 20000};
	return c;
}

/* Takes socket_fd and the config's secret. anchors_fd -1: none. */
static inline int envoy_peer_open_as(const struct envoy_peer *e, int socket_fd,
	int anchors_fd, struct session_config *config,
	struct session **ret_session, struct err *err)
{
	int channel[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
		abort();
	r = envoy_hand_over(
		e->control_fd, channel[1], socket_fd, anchors_fd, err);
	(void)close(channel[1]);
	(void)close(socket_fd);
	if (r == 0)
		r = session_channel_open(channel[0], config, ret_session, err);
	else
		(void)close(channel[0]);
	secret_clear(&config->secret);
	return r;
}

/* POP3. Takes socket_fd. */
static inline int envoy_peer_open(const struct envoy_peer *e, int socket_fd,
	int anchors_fd, const char *password, enum tls_mode tls,
	struct session **ret_session, struct err *err)
{
	struct session_config config = envoy_peer_config(password, tls);

	return envoy_peer_open_as(
		e, socket_fd, anchors_fd, &config, ret_session, err);
}

#endif
