/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_peer: a POP3 session on a scripted peer, for tests. User "u@x", secret
 * "s3cret", no TLS unless the test says so.
 */
#ifndef MAILHAUL_TESTS_POP3_PEER_H
#define MAILHAUL_TESTS_POP3_PEER_H

#include "collector/remote/pop3.h"
#include "script.h"

/* What a server says until the login is done, without and with pipelining. */
#define PEER_LOGIN_WITH(capa)                              \
	"S: +OK hi\nC: CAPA\nS: +OK\n" capa "S: .\n"       \
	"C: USER u@x\nS: +OK\nC: PASS s3cret\nS: +OK in\n" \
	"C: CAPA\nS: +OK\n" capa "S: .\n"
#define PEER_LOGIN PEER_LOGIN_WITH("S: USER\nS: UIDL\n")
#define PEER_LOGIN_PIPE PEER_LOGIN_WITH("S: USER\nS: UIDL\nS: PIPELINING\n")
/* The same, to a client that did not wait: it has asked three things more. */
#define PEER_LOGIN_PIPE_ASKED                              \
	"S: +OK hi\nC: CAPA\nS: +OK\nS: USER\nS: UIDL\n"   \
	"S: PIPELINING\nS: .\n"                            \
	"C: USER u@x\nS: +OK\nC: PASS s3cret\nS: +OK in\n" \
	"C: CAPA\nC: STAT\nC: LIST\nC: UIDL\n"             \
	"S: +OK\nS: USER\nS: UIDL\nS: PIPELINING\nS: .\n"

struct peer {
	struct script script;
	struct session_config config;
	struct tls_anchors *anchors;
	struct session *session;
	struct err err;
};

static inline void peer_init(struct peer *p)
{
	static const char user[] = "u@x", host[] = "mail.test";

	memset(p, 0, sizeof *p);
	p->config.url.protocol = PROTOCOL_POP3;
	p->config.url.tls = TLS_NONE;
	memcpy(p->config.url.user, user, sizeof user);
	memcpy(p->config.url.host, host, sizeof host);
	p->config.url.port = 110;
	secret_set(&p->config.secret, "s3cret", 6);
	p->config.limits = (struct session_limits){
		.message_bytes = (uint64_t)200 << 20,
		.line_bytes = (uint64_t)1 << 20,
		.nesting = 100,
		.command_bytes = (uint64_t)4 << 20,
		.pop3_line_bytes = 65536,
		.messages = 2000000,
		.mailboxes = 5000,
		.idle_ms = 10000,
	};
}

static inline int peer_open_fd(struct peer *p, int fd)
{
	struct transport_config tc = {
		.idle_ms = p->config.limits.idle_ms, .hangup_fd = -1};

	return pop3_open(transport_new(fd, &tc), &p->config, p->anchors,
		&p->session, &p->err);
}

/* Opens a session on the script. */
static inline int peer_open(struct peer *p, const char *text)
{
	return peer_open_fd(p, script_start(&p->script, text));
}

/* Closes; true if the script was played as written. */
static inline bool peer_close(struct peer *p)
{
	bool ok;

	if (p->session != NULL)
		p->session->ops->close(p->session);
	p->session = NULL;
	ok = script_finish(&p->script);
	script_free(&p->script);
	secret_clear(&p->config.secret);
	return ok;
}

#endif
