/* SPDX-License-Identifier: BSD-2-Clause */
/* USER, PASS; STAT, UIDL; RETRs, up to a window of them unanswered. */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 1000, COMMAND_BYTES = 32 };

static char *expect_ok(struct wire *w)
{
	size_t n;
	char *line = wire_line(w, &n);

	if (line[0] != '+')
		limit_die("command", line);
	return line;
}

/* One message, dots removed, into *buf. Returns its size. */
static size_t read_message(struct wire *w, char **buf, size_t *cap)
{
	size_t out = 0;

	for (;;) {
		size_t n;
		const char *line = wire_line(w, &n);

		if (n != 0 && line[0] == '.') {
			if (n == 1)
				return out;
			line++;
			n--;
		}
		if (out + n + 2 > *cap) {
			*cap = (out + n) * 2 + 4096;
			*buf = realloc(*buf, *cap);
			if (*buf == NULL)
				limit_die("memory", "none");
		}
		memcpy(*buf + out, line, n);
		out += n;
		(*buf)[out++] = '\r';
		(*buf)[out++] = '\n';
	}
}

static void send_window(struct wire *w, unsigned long *sent, unsigned long got,
	unsigned long total)
{
	char commands[WINDOW * COMMAND_BYTES];
	size_t n = 0;

	if (*sent == total || *sent - got > WINDOW / 2)
		return;
	while (*sent < total && *sent - got < WINDOW)
		n += (size_t)snprintf(
			commands + n, COMMAND_BYTES, "RETR %lu\r\n", ++*sent);
	wire_send(w, commands, n);
}

static unsigned long begin(struct limit *l, struct wire *w)
{
	unsigned long total;
	size_t n;
	const char *line;

	(void)expect_ok(w);
	wire_sendf(w, "USER %s\r\nPASS %s\r\n", l->user, l->password);
	(void)expect_ok(w);
	(void)expect_ok(w);
	wire_sendf(w, "STAT\r\nUIDL\r\n");
	total = strtoul(expect_ok(w) + 4, NULL, 10);
	(void)expect_ok(w);
	do
		line = wire_line(w, &n);
	while (n != 1 || *line != '.');
	return total;
}

void limit_pop3(struct limit *l)
{
	struct wire *w = wire_dial(l);
	unsigned long total = begin(l, w), sent = 0;
	struct folder *f = folder_open(l, "INBOX");
	char *buf = NULL;
	size_t cap = 0;

	while (l->messages < total) {
		size_t n;

		send_window(w, &sent, l->messages, total);
		(void)expect_ok(w);
		n = read_message(w, &buf, &cap);
		l->messages++;
		l->bytes += n;
		if (f != NULL)
			folder_save(f, buf, n, l->messages, "", 0);
	}
	if (f != NULL)
		folder_close(&f);
	wire_sendf(w, "QUIT\r\n");
	(void)expect_ok(w);
	wire_close(&w);
	free(buf);
}
