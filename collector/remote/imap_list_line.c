/* SPDX-License-Identifier: BSD-2-Clause */
#include "imap_list.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	uint32_t attr;
} list_attrs[] = {
	{"\\NOSELECT", MAILBOX_NOSELECT},
	{"\\NONEXISTENT", MAILBOX_NOSELECT},
	{"\\SUBSCRIBED", MAILBOX_SUBSCRIBED},
	{"\\ALL", MAILBOX_ALL},
	{"\\ALLMAIL", MAILBOX_ALL}, /* XLIST's spelling */
	{"\\ARCHIVE", MAILBOX_ARCHIVE},
	{"\\DRAFTS", MAILBOX_DRAFTS},
	{"\\FLAGGED", MAILBOX_FLAGGED},
	{"\\STARRED", MAILBOX_FLAGGED},
	{"\\JUNK", MAILBOX_JUNK},
	{"\\SPAM", MAILBOX_JUNK},
	{"\\SENT", MAILBOX_SENT},
	{"\\TRASH", MAILBOX_TRASH},
	{"\\IMPORTANT", MAILBOX_IMPORTANT},
};

static uint32_t list_read_attrs(struct imap_line *rest)
{
	uint32_t attrs = 0;
	char word[64];

	if (!imap_line_eat(rest, '('))
		return 0;
	while (!imap_line_eat(rest, ')')) {
		if (!imap_line_word(rest, word, sizeof word)) {
			if (!imap_line_skip(rest))
				break;
			continue;
		}
		for (size_t i = 0; i < sizeof list_attrs / sizeof *list_attrs;
			i++)
			if (strcmp(word, list_attrs[i].name) == 0)
				attrs |= list_attrs[i].attr;
	}
	return attrs;
}

/* Up to the last quote of the line, so that a stray one in the middle stays
 * part of the name; extended data " (…)" behind it is cut off first. */
static int list_read_loose_quoted(
	const struct imap_line *rest, char *out, size_t out_bytes)
{
	const char *p = rest->p, *end = rest->end;
	size_t n = 0;

	for (const char *q = p; q + 2 < end; q++)
		if (q[0] == '"' && q[1] == ' ' && q[2] == '(') {
			end = q + 1;
			break;
		}
	while (end > p && end[-1] != '"')
		end--;
	if (end <= p + 1)
		return -1;
	for (p++, end--; p < end; p++) {
		if (*p == '\\' && p + 1 < end && (p[1] == '"' || p[1] == '\\'))
			p++;
		if (*p == '\0' || n + 1 >= out_bytes)
			return -1;
		out[n++] = *p;
	}
	out[n] = '\0';
	return 0;
}

/* The rest of the line, spaces and all, without extended data. */
static int list_read_bare(
	const struct imap_line *rest, char *out, size_t out_bytes)
{
	const char *p = rest->p, *end = rest->end;

	while (p < end && *p == ' ')
		p++;
	for (const char *q = p; q + 2 < end; q++)
		if (q[0] == ' ' && q[1] == '(' &&
			(q[2] == '"' || q[2] == '(')) {
			end = q;
			break;
		}
	while (end > p && end[-1] == ' ')
		end--;
	if (end == p || (size_t)(end - p) >= out_bytes ||
		memchr(p, '\0', (size_t)(end - p)) != NULL)
		return -1;
	memcpy(out, p, (size_t)(end - p));
	out[end - p] = '\0';
	return 0;
}

static int list_read_name(struct imap_line *rest, char *out, size_t out_bytes)
{
	struct imap_line at = *rest;

	while (!imap_line_at_end(&at) && *at.p == ' ')
		at.p++;
	switch (imap_line_peek(&at)) {
	case '"':
		*rest = at;
		/* Well formed: what follows is nothing, or extended data. */
		if (imap_line_string(&at, out, out_bytes) == 1 &&
			(imap_line_at_end(&at) || *at.p == ' '))
			return 0;
		return list_read_loose_quoted(rest, out, out_bytes);
	case '{':
		return imap_line_string(&at, out, out_bytes) == 1 ? 0 : -1;
	default:
		return list_read_bare(rest, out, out_bytes);
	}
}

int imap_list_read(struct imap_line *rest, struct mailbox_info *ret_info)
{
	char delimiter[8];
	int r;

	memset(ret_info, 0, sizeof *ret_info);
	ret_info->attrs = list_read_attrs(rest);
	r = imap_line_string(rest, delimiter, sizeof delimiter);
	if (r < 0)
		return -1;
	if (r > 0)
		ret_info->delimiter = delimiter[0];
	if (list_read_name(rest, ret_info->name, sizeof ret_info->name) < 0)
		return -1;
	if (strcasecmp(ret_info->name, "INBOX") == 0)
		memcpy(ret_info->name, "INBOX", sizeof "INBOX");
	return 0;
}

static int list_read_astring(
	struct imap_line *rest, char *out, size_t out_bytes)
{
	const char *start;
	size_t n;

	while (!imap_line_at_end(rest) && *rest->p == ' ')
		rest->p++;
	if (imap_line_peek(rest) == '"' || imap_line_peek(rest) == '{')
		return imap_line_string(rest, out, out_bytes) == 1 ? 0 : -1;
	start = rest->p;
	while (!imap_line_at_end(rest) && *rest->p != ' ')
		rest->p++;
	n = (size_t)(rest->p - start);
	if (n == 0 || n >= out_bytes || memchr(start, '\0', n) != NULL)
		return -1;
	memcpy(out, start, n);
	out[n] = '\0';
	return 0;
}

static void list_note_status(
	struct mailbox_info *m, const char *word, uint64_t n, bool *exists)
{
	struct mailbox_state *s = &m->status;

	if (strcmp(word, "SIZE") == 0) {
		m->bytes = n;
		m->bytes_known = true;
	}
	if (strcmp(word, "HIGHESTMODSEQ") == 0)
		s->highestmodseq = n;
	if (n > UINT32_MAX)
		return;
	if (strcmp(word, "UIDVALIDITY") == 0)
		s->uidvalidity = (uint32_t)n;
	if (strcmp(word, "UIDNEXT") == 0)
		s->uidnext = (uint32_t)n;
	if (strcmp(word, "MESSAGES") == 0) {
		s->exists = (uint32_t)n;
		*exists = true;
	}
}

int imap_list_read_status(struct imap_line *rest, struct mailbox_info *ret_info)
{
	struct mailbox_info *m = ret_info;
	struct mailbox_state *s = &m->status;
	bool exists = false;
	char word[32];
	uint64_t n;

	memset(m, 0, sizeof *m);
	if (list_read_astring(rest, m->name, sizeof m->name) < 0 ||
		!imap_line_eat(rest, '('))
		return -1;
	while (!imap_line_eat(rest, ')')) {
		if (!imap_line_word(rest, word, sizeof word) ||
			!imap_line_number(rest, &n))
			return -1;
		list_note_status(m, word, n, &exists);
	}
	if (s->uidvalidity == 0 || s->uidnext == 0 || !exists)
		return -1;
	if (strcasecmp(m->name, "INBOX") == 0)
		memcpy(m->name, "INBOX", sizeof "INBOX");
	return 0;
}
