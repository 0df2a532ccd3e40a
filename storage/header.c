/* SPDX-License-Identifier: BSD-2-Clause */
#include "header.h"

#include "../collector/base/mem.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER_BYTES ((size_t)64 * 1024)

/* Those of Dovecot's pop3-migration, and Mozilla's. */
static const struct {
	const char *name;
	enum header_line line;
} server_fields[] = {
	{"Content-Length", HEADER_LINE_FLAGS},
	{"Return-Path", HEADER_LINE_SERVER},
	{"Status", HEADER_LINE_FLAGS},
	{"X-IMAP", HEADER_LINE_FLAGS},
	{"X-IMAPbase", HEADER_LINE_FLAGS},
	{"X-Keywords", HEADER_LINE_FLAGS},
	{"X-Message-Flag", HEADER_LINE_FLAGS},
	{"X-Mozilla-Keys", HEADER_LINE_FLAGS},
	{"X-Mozilla-Status", HEADER_LINE_FLAGS},
	{"X-Mozilla-Status2", HEADER_LINE_FLAGS},
	{"X-Status", HEADER_LINE_FLAGS},
	{"X-UID", HEADER_LINE_FLAGS},
	{"X-UIDL", HEADER_LINE_FLAGS},
	{"X-Yahoo-Newman-Property", HEADER_LINE_SERVER},
};

void header_begin(struct header *h)
{
	h->n = 0;
	h->over = false;
	h->line_empty = true;
}

/* How much of a piece belongs to the header. */
static size_t header_part(struct header *h, const char *bytes, size_t n)
{
	const char *p = bytes, *end = bytes + n;

	while (p < end && !h->over) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t line = (size_t)((nl != NULL ? nl : end) - p);
		bool empty = line == 0 || (line == 1 && *p == '\r');

		h->over = nl != NULL && empty && h->line_empty;
		h->line_empty = nl != NULL || (empty && h->line_empty);
		p = nl != NULL ? nl + 1 : end;
	}
	return (size_t)(p - bytes);
}

size_t header_add(struct header *h, const char *bytes, size_t n)
{
	size_t left = HEADER_BYTES - h->n;

	n = header_part(h, bytes, n < left ? n : left);
	if (n == 0)
		return 0;
	h->bytes = mem_grow(h->bytes, h->n + n, 1);
	memcpy(h->bytes + h->n, bytes, n);
	h->n += n;
	return n;
}

bool header_is_whole(const struct header *h)
{
	return h->over || h->n == HEADER_BYTES;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Behind the line's end. */
static size_t line_end(const struct header *h, size_t at)
{
	const char *nl = memchr(h->bytes + at, '\n', h->n - at);

	return nl != NULL ? (size_t)(nl - h->bytes) + 1 : h->n;
}

/* Without line end. */
static size_t text_of(const struct header *h, size_t at, size_t end)
{
	while (end > at &&
		(h->bytes[end - 1] == '\n' || h->bytes[end - 1] == '\r'))
		end--;
	return end - at;
}

/* A line without a name is no field: one protocol shows it and another does
 * not (Yahoo); and "From " is a mailbox file's. */
static enum header_line judge(const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);
	size_t name = colon != NULL ? (size_t)(colon - line) : 0;

	while (name > 0 && is_blank(line[name - 1]))
		name--;
	for (size_t i = 0; i < name; i++)
		if (line[i] <= 0x20 || line[i] >= 0x7f)
			return HEADER_LINE_SERVER;
	if (name == 0)
		return HEADER_LINE_SERVER;
	for (size_t i = 0; i < sizeof server_fields / sizeof *server_fields;
		i++)
		if (strlen(server_fields[i].name) == name &&
			strncasecmp(server_fields[i].name, line, name) == 0)
			return server_fields[i].line;
	return HEADER_LINE_OWN;
}

static bool is_named(const char *line, size_t n, const char *name)
{
	size_t len = strlen(name);

	return n > len && strncasecmp(line, name, len) == 0;
}

static bool is_telling(const char *line, size_t n)
{
	return is_named(line, n, "Message-ID:") ||
	       is_named(line, n, "Received:") || is_named(line, n, "Date:");
}

bool header_next(const struct header *h, size_t at, size_t *ret_end,
	enum header_line *ret_line)
{
	size_t end;

	if (at >= h->n)
		return false;
	end = line_end(h, at);
	if (text_of(h, at, end) == 0)
		return false;
	*ret_line = judge(h->bytes + at, text_of(h, at, end));
	while (end < h->n && is_blank(h->bytes[end]))
		end = line_end(h, end);
	*ret_end = end;
	return true;
}

/* Lines of one field, their ends as LF, but for those that are blank (Zimbra
 * leaves them out over one protocol). */
static size_t copy_lines(struct header *h, size_t at, size_t end, size_t to,
	struct header_bare *bare)
{
	size_t next;

	for (; at < end; at = next) {
		size_t n, blank = 0;

		next = line_end(h, at);
		n = text_of(h, at, next);
		while (blank < n && is_blank(h->bytes[at + blank]))
			blank++;
		if (blank == n) {
			bare->dropped += (uint32_t)(next - at);
			continue;
		}
		memcpy(h->scratch + to, h->bytes + at, n);
		to += n;
		h->scratch[to++] = '\n';
	}
	return to;
}

void header_make_bare(struct header *h, struct header_bare *ret_bare)
{
	struct header_bare bare = {.dropped = 0};
	unsigned char sha256[EVP_MAX_MD_SIZE];
	enum header_line line;
	size_t at = 0, end, n = 0;

	/* a last line without its end gets one */
	h->scratch = mem_grow(h->scratch, h->n + 1, 1);
	for (; header_next(h, at, &end, &line); at = end) {
		if (line == HEADER_LINE_OWN) {
			bare.telling |= is_telling(h->bytes + at, end - at);
			n = copy_lines(h, at, end, n, &bare);
			continue;
		}
		bare.dropped += (uint32_t)(end - at);
		bare.flags |= line == HEADER_LINE_FLAGS;
	}
	if ((h->over || h->n < HEADER_BYTES) && n != 0 &&
		EVP_Digest(h->scratch, n, sha256, NULL, EVP_sha256(), NULL) ==
			1)
		memcpy(bare.hash, sha256, sizeof bare.hash);
	*ret_bare = bare;
}

void header_clear(struct header *h)
{
	free(h->bytes);
	free(h->scratch);
	*h = (struct header){.bytes = NULL};
}
