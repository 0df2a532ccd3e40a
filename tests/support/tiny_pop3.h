/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tiny_pop3: a POP3 server on loopback that a whole chain (scout, dial,
 * envoy) can be tested against: no TLS, no capabilities, any password but
 * "wrong", n messages of one size. One thread a connection.
 */
#ifndef MAILHAUL_TESTS_TINY_POP3_H
#define MAILHAUL_TESTS_TINY_POP3_H

#include "collector/base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TINY_POP3_CONNECTIONS 32
#define TINY_POP3_LINE "0123456789abcdef0123456789abcdef\r\n"

struct tiny_pop3 {
	/* in */
	unsigned messages;
	unsigned lines;	   /* of TINY_POP3_LINE in each message */
	unsigned stall_at; /* this message stops in the middle; 0 = none */
	/* out */
	struct sockaddr_storage address;
	atomic_uint quits;
	/* own */
	int listener;
	pthread_t acceptor;
	pthread_t threads[TINY_POP3_CONNECTIONS];
	unsigned count;
};

struct tiny_pop3_connection {
	struct tiny_pop3 *server;
	FILE *in;
	FILE *out;
};

static inline void tiny_pop3_list(struct tiny_pop3_connection *c, bool uidl)
{
	(void)fputs("+OK\r\n", c->out);
	for (unsigned i = 1; i <= c->server->messages; i++) {
		if (uidl)
			(void)fprintf(c->out, "%u uidl-%u\r\n", i, i);
		else
			(void)fprintf(c->out, "%u %zu\r\n", i,
				c->server->lines * strlen(TINY_POP3_LINE));
	}
	(void)fputs(".\r\n", c->out);
}

/* False once the client has gone. */
static inline bool tiny_pop3_retr(struct tiny_pop3_connection *c, unsigned n)
{
	(void)fputs("+OK\r\n", c->out);
	for (unsigned i = 0; i < c->server->lines; i++) {
		if (n == c->server->stall_at && i == c->server->lines / 2) {
			(void)fflush(c->out);
			return getc(c->in) != EOF;
		}
		(void)fputs(TINY_POP3_LINE, c->out);
	}
	(void)fputs(".\r\n", c->out);
	return fflush(c->out) == 0;
}

/* False at the end of the conversation. */
static inline bool tiny_pop3_command(
	struct tiny_pop3_connection *c, const char *line)
{
	if (strncmp(line, "RETR ", 5) == 0)
		return tiny_pop3_retr(c, (unsigned)strtoul(line + 5, NULL, 10));
	if (strncmp(line, "LIST", 4) == 0)
		tiny_pop3_list(c, false);
	else if (strncmp(line, "UIDL", 4) == 0)
		tiny_pop3_list(c, true);
	else if (strncmp(line, "STAT", 4) == 0)
		(void)fprintf(c->out, "+OK %u %zu\r\n", c->server->messages,
			c->server->messages * c->server->lines *
				strlen(TINY_POP3_LINE));
	else if (strncmp(line, "USER ", 5) == 0)
		(void)fputs("+OK\r\n", c->out);
	else if (strncmp(line, "PASS wrong", 10) == 0)
		(void)fputs("-ERR [AUTH] no\r\n", c->out);
	else if (strncmp(line, "PASS ", 5) == 0 ||
		 strncmp(line, "NOOP", 4) == 0)
		(void)fputs("+OK\r\n", c->out);
	else if (strncmp(line, "QUIT", 4) != 0)
		(void)fputs("-ERR what?\r\n", c->out);
	else {
		(void)fputs("+OK\r\n", c->out);
		(void)fflush(c->out);
		atomic_fetch_add(&c->server->quits, 1);
		return false;
	}
	return fflush(c->out) == 0;
}

static inline void *tiny_pop3_serve(void *arg)
{
	struct tiny_pop3_connection *c = arg;
	char line[512];

	(void)fputs("+OK tiny\r\n", c->out);
	(void)fflush(c->out);
	while (fgets(line, sizeof line, c->in) != NULL &&
		tiny_pop3_command(c, line))
		;
	(void)fclose(c->in);
	(void)fclose(c->out);
	free(c);
	return NULL;
}

static inline void *tiny_pop3_accept(void *arg)
{
	struct tiny_pop3 *s = arg;

	while (s->count < TINY_POP3_CONNECTIONS) {
		struct tiny_pop3_connection *c;
		int fd = accept(s->listener, NULL, NULL);

		if (fd < 0)
			break;
		c = mem_alloc(sizeof *c);
		(void)setsockopt(
			fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		c->server = s;
		c->in = fdopen(dup(fd), "r");
		c->out = fdopen(fd, "w");
		if (c->in == NULL || c->out == NULL ||
			pthread_create(&s->threads[s->count], NULL,
				tiny_pop3_serve, c) != 0)
			abort();
		s->count++;
	}
	return NULL;
}

/* The caller has set what goes in. */
static inline void tiny_pop3_start(struct tiny_pop3 *s)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof in;

	(void)signal(SIGPIPE, SIG_IGN);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 ||
		bind(s->listener, (struct sockaddr *)&in, n) < 0 ||
		listen(s->listener, TINY_POP3_CONNECTIONS) < 0 ||
		getsockname(s->listener, (struct sockaddr *)&in, &n) < 0)
		abort();
	memset(&s->address, 0, sizeof s->address);
	memcpy(&s->address, &in, sizeof in);
	if (pthread_create(&s->acceptor, NULL, tiny_pop3_accept, s) != 0)
		abort();
}

/* After all clients have gone. */
static inline void tiny_pop3_stop(struct tiny_pop3 *s)
{
	(void)shutdown(s->listener, SHUT_RDWR);
	(void)pthread_join(s->acceptor, NULL);
	(void)close(s->listener);
	for (unsigned i = 0; i < s->count; i++)
		(void)pthread_join(s->threads[i], NULL);
}

static inline unsigned tiny_pop3_port(const struct tiny_pop3 *s)
{
	struct sockaddr_in in;

	memcpy(&in, &s->address, sizeof in);
	return ntohs(in.sin_port);
}

#endif
