/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LOGIN, LIST, then EXAMINE and one UID FETCH for each mailbox, all sent
 * ahead; the server answers them in order.
 */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAILBOXES = 4096 };

struct mailboxes {
	char *names[MAILBOXES];
	size_t count;
};

static struct wire *login(const struct limit *l)
{
	struct wire *w = wire_dial(l);
	size_t n;
	char *line = wire_line(w, &n);

	if (strncmp(line, "* OK", 4) != 0)
		limit_die("greeting", line);
	wire_sendf(w, "a LOGIN %s %s\r\n", l->user, l->password);
	do
		line = wire_line(w, &n);
	while (strncmp(line, "a ", 2) != 0);
	if (strncmp(line, "a OK", 4) != 0)
		limit_die("login", line);
	return w;
}

/* The name that ends a LIST line; only quoted or bare ones. */
static char *list_name(char *line)
{
	char *name = strstr(line, ") \""), *end;

	if (name == NULL || (name = strchr(name + 3, '"')) == NULL)
		limit_die("list", line);
	name += 2;
	if (*name != '"')
		return name;
	name++;
	end = strrchr(name, '"');
	if (end != NULL)
		*end = '\0';
	return name;
}

static void list(struct limit *l, struct wire *w, struct mailboxes *m,
	const char *command)
{
	size_t n;

	wire_sendf(w, "l %s\r\n", command);
	for (;;) {
		char *line = wire_line(w, &n);

		if (strncmp(line, "l ", 2) == 0) {
			if (strncmp(line, "l OK", 4) != 0)
				limit_die("list", line);
			return;
		}
		if (strncmp(line, "* STATUS", 8) == 0)
			l->messages++;
		if (strncmp(line, "* LIST", 6) != 0 ||
			strcasestr(line, "\\Noselect") != NULL ||
			m->count == MAILBOXES)
			continue;
		m->names[m->count] = strdup(list_name(line));
		if (m->names[m->count] == NULL)
			limit_die("memory", "none");
		m->count++;
	}
}

/* "dd-mmm-yyyy hh:mm:ss +zzzz" */
static time_t internal_date(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = {0};
	char month[4];
	const char *at;
	int zone;

	/* NOLINTNEXTLINE(cert-err34-c): a test server's own dates */
	if (sscanf(text, " %d-%3s-%d %d:%d:%d %d", &tm.tm_mday, month,
		    &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		    &zone) != 7 ||
		(at = strstr(months, month)) == NULL)
		limit_die("date", text);
	tm.tm_mon = (int)(at - months) / 3;
	tm.tm_year -= 1900;
	return timegm(&tm) - (zone / 100 * 60 + zone % 100) * 60L;
}

struct item {
	unsigned long uid;
	char flags[8];
	time_t when;
	size_t bytes;
};

static void read_item(const char *line, struct item *ret)
{
	static const struct {
		const char *name, letter;
	} flags[] = {{"\\Draft", 'D'}, {"\\Flagged", 'F'}, {"\\Answered", 'R'},
		{"\\Seen", 'S'}, {"\\Deleted", 'T'}};
	const char *p = strstr(line, "UID ");
	size_t n = 0;

	*ret = (struct item){0};
	if (p != NULL)
		ret->uid = strtoul(p + 4, NULL, 10);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strstr(line, flags[i].name) != NULL)
			ret->flags[n++] = flags[i].letter;
	p = strstr(line, "INTERNALDATE \"");
	if (p != NULL)
		ret->when = internal_date(p + 14);
	ret->bytes = strtoul(strrchr(line, '{') + 1, NULL, 10);
}

/* Until the tagged line. */
static void read_answer(struct limit *l, struct wire *w, struct folder *f,
	char letter, size_t number)
{
	char tag[32];
	struct item item;
	size_t n, tag_bytes;

	tag_bytes = (size_t)snprintf(tag, sizeof tag, "%c%zu ", letter, number);
	for (;;) {
		char *line = wire_line(w, &n);
		const char *bytes;

		if (strncmp(line, tag, tag_bytes) == 0) {
			if (strncmp(line + tag_bytes, "OK", 2) != 0)
				limit_die("command", line);
			return;
		}
		if (n < 3 || line[n - 1] != '}')
			continue;
		read_item(line, &item);
		bytes = wire_take(w, item.bytes);
		if (f != NULL)
			folder_save(f, bytes, item.bytes, item.uid, item.flags,
				item.when);
		l->messages++;
		l->bytes += item.bytes;
		(void)wire_line(w, &n);
	}
}

void limit_imap(struct limit *l)
{
	static struct mailboxes m;
	struct wire *w = login(l);

	list(l, w, &m, "LIST \"\" \"*\"");
	for (size_t i = 0; i < m.count; i++)
		wire_sendf(w,
			"s%zu EXAMINE \"%s\"\r\nf%zu UID FETCH 1:* "
			"(UID FLAGS INTERNALDATE BODY.PEEK[])\r\n",
			i, m.names[i], i);
	for (size_t i = 0; i < m.count; i++) {
		struct folder *f = folder_open(l, m.names[i]);

		read_answer(l, w, f, 's', i);
		read_answer(l, w, f, 'f', i);
		if (f != NULL)
			folder_close(&f);
		free(m.names[i]);
	}
	wire_sendf(w, "z LOGOUT\r\n");
	wire_close(&w);
}

void limit_imap_status(struct limit *l)
{
	static struct mailboxes m;
	struct wire *w = login(l);

	list(l, w, &m,
		"LIST \"\" \"*\" RETURN (STATUS (MESSAGES UIDNEXT "
		"UIDVALIDITY HIGHESTMODSEQ))");
	for (size_t i = 0; i < m.count; i++)
		free(m.names[i]);
	wire_sendf(w, "z LOGOUT\r\n");
	wire_close(&w);
}
