/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies that are none: what some servers send in the place of a message.
 * All of it is short, so what has not been gathered whole is a message.
 */
#include "imap_command.h"

#include <string.h>
#include <strings.h>

/* Courier, where the file is gone. */
static const char body_fake[] =
	"From: System Administrator <root@localhost>\r\n"
	"Subject: message unavailable\r\n"
	"\r\n"
	"This message is no longer available on the server.\r\n";

/* Whether the header has a Subject that begins so. */
static bool body_subject(const char *p, size_t n, const char *words)
{
	static const char field[] = "Subject:";
	const char *end = p + n, *nl;

	for (; p < end && *p != '\r' && *p != '\n'; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		if ((size_t)(nl - p) < sizeof field - 1 ||
			strncasecmp(p, field, sizeof field - 1) != 0)
			continue;
		for (p += sizeof field - 1; p < nl && *p == ' ';)
			p++;
		if ((size_t)(nl - p) >= strlen(words) &&
			strncasecmp(p, words, strlen(words)) == 0)
			return true;
	}
	return false;
}

uint32_t imap_body_judge(const struct imap *im)
{
	const struct imap_body *b = &im->body;
	size_t n = b->n;

	if (im->reader->section != SESSION_WHOLE || im->reader->piece != NULL)
		return MESSAGE_HAS_BODY;
	if (b->headless && !im->alone && imap_has_quirk(im, QUIRK_EMPTY_HEADER))
		return 0;
	if (b->flushed)
		return MESSAGE_HAS_BODY;
	if (imap_has_quirk(im, QUIRK_FAKE_EXPUNGED) &&
		n == sizeof body_fake - 1 &&
		memcmp(b->gathered, body_fake, n) == 0)
		return 0;
	if (imap_has_quirk(im, QUIRK_STUB_BODIES) &&
		body_subject(b->gathered, n,
			"Retrieval using the IMAP4 protocol failed"))
		return MESSAGE_IS_STUB;
	if (imap_has_quirk(im, QUIRK_FOLDER_DATA) &&
		body_subject(b->gathered, n,
			"DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA"))
		return MESSAGE_IS_INTERNAL;
	return MESSAGE_HAS_BODY;
}
