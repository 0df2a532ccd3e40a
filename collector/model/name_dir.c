/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Folder ↔ directory. A folder comes from name_folder_of, whose levels are
 * safe, but a part of it (--prefix) may have been typed by a person: so what
 * must not stand in a directory's name is escaped here once more. "%" is
 * left alone: name_folder_of has seen to it.
 *
 *     folder                  directory
 *     INBOX
 *     Archive/2024            .Archive.2024
 *     Entwürfe                .Entw&APw-rfe
 *     a/../b, typed           .a.%2E%2E.b
 *     inbox/x, typed          .INBOX.x (Dovecot looks for no other spelling)
 *     very long …             .very long ~mf2t4zqk7y
 */
#include "name.h"

#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define DIR_BYTES (NAME_DIR_MAX - 1)
/* No 200 bytes of modified UTF-7 hold more UTF-8 than this: eight digits of
 * base64 are at most nine bytes. */
#define CLEAN_MAX 240
#define HASH_DIGITS 10
#define TAIL_MAX 32 /* "~" hash "~" number */

struct clean {
	char text[CLEAN_MAX + 8];
	size_t len;
	bool cut; /* there was more of it */
};

/*
 * FNV-1a. It only has to tell apart the few long names of one account that
 * begin alike. Nobody gains by forging a collision: the ledger sees that the
 * directory is taken and asks again with the next number. So it needs no
 * cryptography, which this floor does without.
 */
static void hash_name(const char *folder, char out[HASH_DIGITS + 1])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t h = 14695981039346656037U;

	for (; *folder != '\0'; folder++)
		h = (h ^ (unsigned char)*folder) * 1099511628211U;
	h ^= h >> 50; /* ten digits are 50 bits; the upper ones count too */
	for (int i = 0; i < HASH_DIGITS; i++, h >>= 5)
		out[i] = digits[h & 31];
	out[HASH_DIGITS] = '\0';
}

static void clean_folder(const char *folder, struct clean *ret)
{
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)folder;
	size_t left = strlen(folder);
	bool empty = true; /* the level so far */
	unsigned levels = 1;

	memset(ret, 0, sizeof *ret);
	while (left > 0 && ret->len < CLEAN_MAX) {
		utf8proc_int32_t c;
		utf8proc_ssize_t r =
			utf8proc_iterate(p, (utf8proc_ssize_t)left, &c);
		size_t n = r > 0 ? (size_t)r : 1;
		bool split = *p == '/' && levels < NAME_LEVELS_MAX;

		if (split && empty)
			ret->text[ret->len++] = '%';
		if (split || (r > 0 && *p != '.' && *p != '/')) {
			memcpy(ret->text + ret->len, p, n);
			ret->len += n;
		} else {
			(void)snprintf(ret->text + ret->len, 4, "%%%02X", *p);
			ret->len += 3;
		}
		levels += split;
		empty = split;
		p += n;
		left -= n;
	}
	if (empty)
		ret->text[ret->len++] = '%';
	ret->text[ret->len] = '\0';
	if (text_equal_n(ret->text, "INBOX", 5) &&
		(ret->text[5] == '/' || ret->text[5] == '\0'))
		memcpy(ret->text, "INBOX", 5);
	ret->cut = left > 0;
}

/* The first n bytes as a directory of at most max bytes; -1: it is longer. */
static int encode(const struct clean *c, size_t n, char *out, size_t max)
{
	char level[sizeof c->text];
	size_t used = 0;

	for (size_t at = 0; at <= n;) {
		const char *slash = memchr(c->text + at, '/', n - at);
		size_t len =
			slash != NULL ? (size_t)(slash - c->text) - at : n - at;
		if (used >= max)
			return -1;
		out[used++] = '.';
		memcpy(level, c->text + at, len);
		level[len] = '\0';
		if (name_to_mutf7(level, out + used, max - used + 1) < 0)
			return -1;
		used += strlen(out + used);
		at += len + 1;
	}
	return 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* Whether the text may be cut before byte i: not inside a character or an
 * escape, and not so that an empty level is left. */
static bool is_boundary(const char *text, size_t i)
{
	if (((unsigned char)text[i] & 0xc0) == 0x80 || text[i - 1] == '/')
		return false;
	if (text[i - 1] == '%' && is_hex(text[i]))
		return false;
	return i < 2 || text[i - 2] != '%' || !is_hex(text[i - 1]) ||
	       !is_hex(text[i]);
}

int name_folder_dir(const char *folder, unsigned try, char *out)
{
	char tail[TAIL_MAX] = "", hash[HASH_DIGITS + 1];
	struct clean c;

	if (name_is_inbox(folder) && try == 0) {
		out[0] = '\0';
		return 0;
	}
	if (try > 0)
		(void)snprintf(tail, sizeof tail, "~%u", try);
	clean_folder(folder, &c);
	if (!c.cut && encode(&c, c.len, out, DIR_BYTES - strlen(tail)) == 0) {
		memcpy(out + strlen(out), tail, strlen(tail) + 1);
		return 0;
	}
	hash_name(folder, hash);
	if (try > 0)
		(void)snprintf(tail, sizeof tail, "~%s~%u", hash, try);
	else
		(void)snprintf(tail, sizeof tail, "~%s", hash);
	for (size_t n = c.len; n > 0; n--) {
		if (!is_boundary(c.text, n) ||
			encode(&c, n, out, DIR_BYTES - strlen(tail)) < 0)
			continue;
		memcpy(out + strlen(out), tail, strlen(tail) + 1);
		return 0;
	}
	return -1;
}

int name_folder_from_dir(const char *dir, char *out, size_t out_bytes)
{
	char level[NAME_DIR_MAX];
	size_t used = 0, n;

	if (dir[0] == '\0')
		return (size_t)snprintf(out, out_bytes, "INBOX") < out_bytes
			       ? 0
			       : -1;
	for (const char *p = dir + (dir[0] == '.');; p += n + 1) {
		n = strcspn(p, ".");
		if (n >= sizeof level || n >= out_bytes - used)
			return -1;
		memcpy(level, p, n);
		level[n] = '\0';
		if (name_from_mutf7(level, out + used, out_bytes - used) < 0)
			memcpy(out + used, level, n + 1);
		used += strlen(out + used);
		if (p[n] == '\0')
			return 0;
		if (out_bytes - used < 2)
			return -1;
		out[used++] = '/';
		out[used] = '\0';
	}
}
