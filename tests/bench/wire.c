/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WIRE_BYTES = 1 << 20 };

struct wire {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl; /* NULL: plain */
	char *bytes;
	size_t cap, start, end;
};

_Noreturn void limit_die(const char *what, const char *detail)
{
	(void)fprintf(stderr, "limit: %s: %s\n", what, detail);
	exit(1);
}

static void start_tls(struct wire *w, const char *ca_file)
{
	w->ctx = SSL_CTX_new(TLS_client_method());
	if (ca_file != NULL) {
		if (!SSL_CTX_load_verify_locations(w->ctx, ca_file, NULL))
			limit_die("CA", ca_file);
		SSL_CTX_set_verify(w->ctx, SSL_VERIFY_PEER, NULL);
	}
	SSL_CTX_set_read_ahead(w->ctx, 1);
	w->ssl = SSL_new(w->ctx);
	(void)SSL_set_fd(w->ssl, w->fd);
	(void)SSL_set_tlsext_host_name(w->ssl, "localhost");
	(void)SSL_set1_host(w->ssl, "localhost");
	if (SSL_connect(w->ssl) != 1)
		limit_die("TLS", "handshake failed");
}

struct wire *wire_dial(const struct limit *l)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)l->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct wire *w = calloc(1, sizeof *w);
	int one = 1;

	if (w == NULL || (w->bytes = malloc(WIRE_BYTES + 1)) == NULL)
		limit_die("memory", "none");
	w->cap = WIRE_BYTES;
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(w->fd, (const struct sockaddr *)&to, sizeof to) != 0)
		limit_die("connect", "refused");
	if (l->tls)
		start_tls(w, l->ca_file);
	return w;
}

void wire_close(struct wire **wire)
{
	struct wire *w = *wire;

	SSL_free(w->ssl);
	SSL_CTX_free(w->ctx);
	(void)close(w->fd);
	free(w->bytes);
	free(w);
	*wire = NULL;
}

void wire_send(struct wire *w, const char *bytes, size_t n)
{
	while (n != 0) {
		ssize_t k = w->ssl != NULL
				    ? SSL_write(w->ssl, bytes, (int)n)
				    : send(w->fd, bytes, n, MSG_NOSIGNAL);

		if (k <= 0)
			limit_die("send", "connection lost");
		bytes += k;
		n -= (size_t)k;
	}
}

void wire_sendf(struct wire *w, const char *format, ...)
{
	char line[4096];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line)
		limit_die("send", "line too long");
	wire_send(w, line, (size_t)n);
}

/* Makes room for `room` bytes from start on, in all. */
static void make_room(struct wire *w, size_t room)
{
	if (w->start != 0) {
		memmove(w->bytes, w->bytes + w->start, w->end - w->start);
		w->end -= w->start;
		w->start = 0;
	}
	if (room <= w->cap)
		return;
	w->cap = room * 2;
	w->bytes = realloc(w->bytes, w->cap + 1);
	if (w->bytes == NULL)
		limit_die("memory", "none");
}

static void fill(struct wire *w)
{
	ssize_t k;

	if (w->start == w->end)
		w->start = w->end = 0;
	if (w->end == w->cap)
		make_room(w, w->end - w->start + 1);
	k = w->ssl != NULL ? SSL_read(w->ssl, w->bytes + w->end,
				     (int)(w->cap - w->end))
			   : recv(w->fd, w->bytes + w->end, w->cap - w->end, 0);
	if (k <= 0)
		limit_die("read", "connection lost");
	w->end += (size_t)k;
}

char *wire_line(struct wire *w, size_t *ret_bytes)
{
	size_t seen = 0;

	for (;;) {
		char *line = w->bytes + w->start, *lf;
		size_t n;

		lf = memchr(line + seen, '\n', w->end - w->start - seen);
		if (lf == NULL) {
			seen = w->end - w->start;
			fill(w);
			continue;
		}
		n = (size_t)(lf - line);
		w->start += n + 1;
		if (n != 0 && line[n - 1] == '\r')
			n--;
		line[n] = '\0';
		*ret_bytes = n;
		return line;
	}
}

const char *wire_take(struct wire *w, size_t n)
{
	const char *bytes;

	if (w->start + n > w->cap)
		make_room(w, n);
	while (w->end - w->start < n)
		fill(w);
	bytes = w->bytes + w->start;
	w->start += n;
	return bytes;
}
