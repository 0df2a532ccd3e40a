/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe.h"

#include "lines.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BUFFER_BYTES 4096
#define HTTPS_PORT 443
#define LINE_BYTES 2048
#define LINES_MAX 200
#define BUDGET_BYTES ((uint64_t)64 * 1024) /* of a mail server, in all */
#define GET_SPARE ((uint64_t)512 * 1024)   /* headers, pieces, TLS */

struct probe {
	struct transport *transport;
	mailstream *stream;
	struct lines lines;
	bool imap;
	struct probe_result *result;
};

static ssize_t read_stream(void *arg, void *buf, size_t n)
{
	return mailstream_read(arg, buf, n);
}

static void begin(struct probe *p, int fd, uint64_t budget)
{
	const struct transport_config config = {
		.idle_ms = PROBE_MS, .deadline_ms = PROBE_MS, .hangup_fd = -1};

	p->transport = transport_new(fd, &config);
	transport_set_budget(p->transport, budget);
	p->stream = transport_stream(p->transport, BUFFER_BYTES);
	if (p->stream == NULL)
		abort(); /* out of memory, as in base/mem.h */
	p->lines.read = read_stream;
	p->lines.arg = p->stream;
}

static void end(struct probe *p)
{
	(void)mailstream_close(p->stream);
	transport_free(&p->transport);
}

static int say(struct probe *p, const char *text, struct err *err)
{
	size_t n = strlen(text);

	if (mailstream_write(p->stream, text, n) == (ssize_t)n &&
		mailstream_flush(p->stream) >= 0)
		return 0;
	return transport_err(p->transport, "the server takes no more", err);
}

static int hear(struct probe *p, char *line, struct err *err)
{
	ssize_t n = lines_next(&p->lines, line, LINE_BYTES);

	if (n >= 0)
		return 0;
	if (n == -2)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"the server sent a line that is too long");
	return transport_err(p->transport, "the server ended", err);
}

static void printable(const char *text, char *out, size_t bytes)
{
	size_t n = 0;

	for (; *text != '\0' && n + 1 < bytes; text++)
		out[n++] = *text >= ' ' && *text < 0x7f ? *text : '?';
	out[n] = '\0';
}

static bool is_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(line, word, n) == 0 &&
	       (line[n] == ' ' || line[n] == '\0');
}

static int greet(struct probe *p, struct err *err)
{
	char line[LINE_BYTES];

	if (hear(p, line, err) < 0)
		return -1;
	printable(line, p->result->greeting, sizeof p->result->greeting);
	/* PREAUTH would be no server to log in to */
	if (p->imap ? is_word(line, "* OK") : is_word(line, "+OK"))
		return 0;
	if (p->imap ? is_word(line, "* BYE") : is_word(line, "-ERR"))
		return err_set(err, ERR_REFUSED, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "the server refuses: %s",
			p->result->greeting);
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"this is no %s server: %s", p->imap ? "IMAP" : "POP3",
		p->result->greeting);
}

/* A line of `* CAPABILITY …` or of CAPA: its words. */
static void note(struct probe *p, const char *line)
{
	char *out = p->result->capabilities;
	size_t have = strlen(out), size = sizeof p->result->capabilities;

	line += strspn(line, " ");
	if (have + strlen(line) + 2 > size)
		return;
	if (have > 0)
		out[have++] = ' ';
	printable(line, out + have, size - have);
}

/* The answer to a command: 1 OK, 0 refused, -1. */
static int answer_imap(struct probe *p, const char *tag, struct err *err)
{
	char line[LINE_BYTES];
	size_t n = strlen(tag);

	for (int i = 0; i < LINES_MAX; i++) {
		if (hear(p, line, err) < 0)
			return -1;
		if (is_word(line, "* CAPABILITY"))
			note(p, line + strlen("* CAPABILITY"));
		else if (strncmp(line, tag, n) == 0 && line[n] == ' ')
			return is_word(line + n + 1, "OK");
		else if (line[0] != '*')
			break;
	}
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the server's answer makes no sense");
}

static int answer_pop3(struct probe *p, bool list, struct err *err)
{
	char line[LINE_BYTES];

	if (hear(p, line, err) < 0)
		return -1;
	if (is_word(line, "-ERR"))
		return 0;
	if (!is_word(line, "+OK"))
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "the server's answer makes no sense");
	for (int i = 0; list && i < LINES_MAX; i++) {
		if (hear(p, line, err) < 0)
			return -1;
		if (strcmp(line, ".") == 0)
			return 1;
		note(p, line);
	}
	return list ? err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			      ERR_RETRY_LATER, "the server's list has no end")
		    : 1;
}

static int start_tls(struct probe *p, const char *host,
	struct tls_anchors *anchors, struct err *err)
{
	/* CVE-2020-15953: nothing that came in the clear is believed. */
	if (lines_pending(&p->lines) || p->stream->read_buffer_len != 0)
		return err_set(err, ERR_TLS, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
			"the server sent more in the clear before TLS");
	return transport_start_tls(p->transport, anchors, host, "", err);
}

static int upgrade(struct probe *p, const char *host,
	struct tls_anchors *anchors, struct err *err)
{
	int r;

	if (say(p, p->imap ? "a STARTTLS\r\n" : "STLS\r\n", err) < 0)
		return -1;
	r = p->imap ? answer_imap(p, "a", err) : answer_pop3(p, false, err);
	if (r == 0)
		return err_set(err, ERR_TLS, ERR_SCOPE_SESSION,
			ERR_RETRY_CHANGE, "the server refuses %s",
			p->imap ? "STARTTLS" : "STLS");
	p->result->capabilities[0] = '\0';
	return r < 0 ? -1 : start_tls(p, host, anchors, err);
}

/* What it can do; a POP3 server need not know CAPA. */
static int ask(struct probe *p, struct err *err)
{
	int r;

	if (say(p, p->imap ? "b CAPABILITY\r\n" : "CAPA\r\n", err) < 0)
		return -1;
	r = p->imap ? answer_imap(p, "b", err) : answer_pop3(p, true, err);
	if (r == 0 && p->imap)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "the server knows no CAPABILITY");
	return r < 0 ? -1 : 0;
}

static int converse(struct probe *p, const struct url *url,
	struct tls_anchors *anchors, struct err *err)
{
	if (url->tls == TLS_IMPLICIT &&
		start_tls(p, url->host, anchors, err) < 0)
		return -1;
	if (greet(p, err) < 0)
		return -1;
	if (url->tls == TLS_STARTTLS && upgrade(p, url->host, anchors, err) < 0)
		return -1;
	if (ask(p, err) < 0)
		return -1;
	(void)snprintf(p->result->tls, sizeof p->result->tls, "%s",
		transport_tls_name(p->transport));
	return say(p, p->imap ? "c LOGOUT\r\n" : "QUIT\r\n", err);
}

int probe_server(int fd, const struct url *url, struct tls_anchors *anchors,
	struct probe_result *ret_result, struct err *err)
{
	struct probe_result result = {0};
	struct probe p = {
		.imap = url->protocol == PROTOCOL_IMAP, .result = &result};
	int r;

	begin(&p, fd, BUDGET_BYTES);
	if (url->tls == TLS_NONE)
		r = err_set(err, ERR_TLS, ERR_SCOPE_SESSION, ERR_RETRY_CHANGE,
			"it has no TLS");
	else
		r = converse(&p, url, anchors, err);
	if (r == 0)
		*ret_result = result;
	end(&p);
	return r;
}

int probe_get(int fd, const struct http_place *place,
	struct tls_anchors *anchors, size_t body_max,
	struct http_answer *ret_answer, struct err *err)
{
	char request[HTTP_PATH_MAX + URL_HOST_MAX + 256], port[8] = "";
	struct probe p = {0};
	struct err why = {0};
	int r;

	begin(&p, fd, body_max + GET_SPARE);
	if (place->port != HTTPS_PORT)
		(void)snprintf(port, sizeof port, ":%u", place->port);
	(void)snprintf(request, sizeof request,
		"GET %s HTTP/1.1\r\nHost: %s%s\r\n"
		"User-Agent: mailhaul/" MAILHAUL_VERSION "\r\n"
		"Accept: text/xml, application/xml, */*;q=0.1\r\n"
		"Accept-Encoding: identity\r\nConnection: close\r\n\r\n",
		place->path, place->host, port);
	r = start_tls(&p, place->host, anchors, err);
	if (r == 0)
		r = say(&p, request, err);
	if (r == 0)
		r = http_read(&p.lines, body_max, ret_answer, &why);
	if (r < 0 && why.class != ERR_NONE) {
		/* the connection's own fault comes first, but for its end,
		 * which every answer has */
		if (!transport_failed(p.transport) ||
			transport_err(p.transport, why.text, err) == 0 ||
			err->class == ERR_NETWORK)
			*err = why;
	}
	end(&p);
	return r;
}
