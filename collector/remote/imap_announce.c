/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose a large body is, before it comes: read from the part of its FETCH
 * answer that stands before the literal. Servers that put the UID behind the
 * body do not tell; then nobody is told.
 *
 *     * 12 FETCH (UID 12 FLAGS () RFC822.SIZE 30000000 BODY[] {30000000}
 */
#include "imap_command.h"

#include <string.h>

/* The number of the literal that the text ends with; 0: there is none. */
static uint64_t announce_literal(const char *p, size_t n)
{
	struct imap_line l;
	const char *open;
	uint64_t bytes;

	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	open = n > 0 && p[n - 1] == '}' ? memrchr(p, '{', n) : NULL;
	if (open == NULL)
		return 0;
	imap_line_init(&l, open + 1, (size_t)(p + n - 1 - open - 1));
	return imap_line_number(&l, &bytes) && imap_line_at_end(&l) ? bytes : 0;
}

/* The UID among the items of the answer; 0: none has come yet. */
static uint32_t announce_uid(const char *p, size_t n)
{
	struct imap_line l;
	char word[16];
	uint64_t number;

	imap_line_init(&l, p, n);
	if (!imap_line_eat(&l, '*') || !imap_line_number(&l, &number) ||
		!imap_line_word(&l, word, sizeof word) ||
		strcmp(word, "FETCH") != 0 || !imap_line_eat(&l, '('))
		return 0;
	while (imap_line_word(&l, word, sizeof word)) {
		if (strcmp(word, "UID") == 0)
			return imap_line_number(&l, &number) && number != 0 &&
					       number <= UINT32_MAX
				       ? (uint32_t)number
				       : 0;
		if (imap_line_peek(&l) == '[' || !imap_line_skip(&l))
			return 0; /* the body itself */
	}
	return 0;
}

int imap_message_announce(struct imap *im, struct err *err)
{
	const MMAPString *text = im->m->imap_stream_buffer;
	const char *line = text->str + im->body.line_at;
	size_t n = text->len - im->body.line_at;
	uint64_t bytes;
	uint32_t uid;

	if (im->reader->large == NULL)
		return 0;
	bytes = announce_literal(line, n);
	if (bytes < SESSION_LARGE_BYTES)
		return 0;
	uid = announce_uid(line, n);
	if (uid == 0)
		return 0;
	return im->reader->large(im->reader->arg, uid, bytes, err);
}
