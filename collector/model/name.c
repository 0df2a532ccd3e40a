/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a server calls a mailbox is hostile octets. They are split at the
 * server's delimiter, decoded, and every level is written so that it can be
 * a level of a Maildir++ name: no "/", no ".", nothing that a shell, a
 * terminal or a mail server takes for something else. "%" is escaped too, so
 * that an escape of ours cannot be mistaken for theirs.
 */
#include "name.h"

#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

struct writer {
	char *out;
	size_t used;
	size_t max; /* NUL not counted */
};

static int put(struct writer *w, char c)
{
	if (w->used >= w->max)
		return -1;
	w->out[w->used++] = c;
	return 0;
}

static int put_escaped(struct writer *w, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";

	if (put(w, '%') < 0 || put(w, hex[c >> 4]) < 0)
		return -1;
	return put(w, hex[c & 15]);
}

bool name_is_inbox(const char *mailbox)
{
	return text_equal(mailbox, "INBOX");
}

/* Names that the store, its reader or a Maildir itself has a use for. */
static bool is_reserved(const char *level)
{
	return strcmp(level, "cur") == 0 || strcmp(level, "new") == 0 ||
	       strcmp(level, "tmp") == 0 || strncmp(level, "dovecot", 7) == 0 ||
	       strncmp(level, "mailhaul", 8) == 0;
}

/* Whether the byte at i has to be escaped. octets: the level is no UTF-8, and
 * any byte over 0x7e is just a byte. */
static bool is_escaped(const char *level, size_t i, bool octets)
{
	unsigned char c = (unsigned char)level[i];

	if (c < 0x20 || c == 0x7f || c == '/' || c == '.' || c == '%')
		return true;
	if (c == ' ')
		return strspn(level, " ") > i ||
		       level[i + strspn(level + i, " ")] == '\0';
	if (octets && c > 0x7f)
		return true;
	/* C1 controls: U+0080 to U+009F. */
	if (c == 0xc2 && (unsigned char)level[i + 1] < 0xa0)
		return true;
	if (i > 0 && c >= 0x80 && c < 0xa0 &&
		(unsigned char)level[i - 1] == 0xc2)
		return true;
	return i == 0 && (c == '~' || is_reserved(level));
}

static int put_level(struct writer *w, const char *level, bool octets)
{
	if (level[0] == '\0')
		return put(w, '%');
	for (size_t i = 0; level[i] != '\0'; i++) {
		int r = is_escaped(level, i, octets)
				? put_escaped(w, (unsigned char)level[i])
				: put(w, level[i]);
		if (r < 0)
			return -1;
	}
	return 0;
}

/* NFC of valid UTF-8, NULL for anything else. Caller frees. */
static char *compose(const char *utf8)
{
	return (char *)utf8proc_NFC((const utf8proc_uint8_t *)utf8);
}

static int add_level(struct writer *w, const char *octets, size_t n)
{
	char raw[NAME_MAILBOX_MAX], utf8[2 * NAME_MAILBOX_MAX];
	char *level;
	int r;

	memcpy(raw, octets, n);
	raw[n] = '\0';
	level = compose(
		name_from_mutf7(raw, utf8, sizeof utf8) == 0 ? utf8 : raw);
	r = put_level(w, level != NULL ? level : raw, level == NULL);
	free(level);
	return r;
}

int name_folder_of(
	const char *mailbox, char delimiter, char *out, size_t out_bytes)
{
	struct writer w = {.out = out, .max = out_bytes - 1};
	size_t left = strlen(mailbox), n;
	const char *end, *level;

	if (out_bytes == 0 || left >= NAME_MAILBOX_MAX)
		return -1;
	if (name_is_inbox(mailbox))
		return (size_t)snprintf(out, out_bytes, "INBOX") < out_bytes
			       ? 0
			       : -1;
	for (unsigned levels = 1;; levels++) {
		end = delimiter != '\0' && levels < NAME_LEVELS_MAX
			      ? memchr(mailbox, delimiter, left)
			      : NULL;
		n = end != NULL ? (size_t)(end - mailbox) : left;
		level = mailbox;
		if (levels == 1 && n == 5 && text_equal_n(mailbox, "INBOX", n))
			level = "INBOX";
		if (add_level(&w, level, n) < 0)
			return -1;
		if (end == NULL)
			break;
		if (put(&w, '/') < 0)
			return -1;
		mailbox += n + 1;
		left -= n + 1;
	}
	out[w.used] = '\0';
	return 0;
}
