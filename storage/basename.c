/* SPDX-License-Identifier: BSD-2-Clause */
#include "basename.h"

#include "../collector/base/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 64
#define IDENTITY_MAX 1024

void basename_host(char *out, size_t out_bytes)
{
	char host[256] = "";
	size_t n = 0;

	if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
		(void)snprintf(host, sizeof host, "localhost");
	if (out_bytes > HOST_MAX + 1)
		out_bytes = HOST_MAX + 1;
	for (const char *p = host; *p != '\0' && n + 4 < out_bytes; p++) {
		unsigned char c = (unsigned char)*p;
		if (c <= 0x20 || c >= 0x7f || strchr("/:,\\", c) != NULL)
			n += (size_t)snprintf(
				out + n, out_bytes - n, "\\%03o", c);
		else
			out[n++] = (char)c;
	}
	out[n] = '\0';
}

static void base32(const unsigned char *in, char out[BASENAME_DIGITS + 1])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned bits = 0, have = 0;

	/* of 5 bits: 130 bits of the HMAC */
	for (size_t i = 0; i < BASENAME_DIGITS; i++) {
		if (have < 5) {
			bits = bits << 8 | *in++;
			have += 8;
		}
		have -= 5;
		out[i] = digits[bits >> have & 31];
	}
	out[BASENAME_DIGITS] = '\0';
}

void basename_digits(const struct keys *keys,
	const struct basename_parts *parts, char out[BASENAME_DIGITS + 1])
{
	const struct ledger_message *key = parts->key;
	unsigned char mac[32];
	struct buf id;

	buf_init(&id, IDENTITY_MAX);
	(void)buf_printf(&id, "%s\n%s\n%" PRIu32 "\n%" PRIu32 "\n%s\n%" PRIu32,
		parts->account, parts->dir, key->uidvalidity, key->uid,
		key->uidl, key->occurrence);
	assert(!id.full);
	keys_hmac(keys, id.data, id.len, mac);
	buf_free(&id);
	base32(mac, out);
}

const char *basename_find_digits(const char *name)
{
	size_t n = strspn(name, "0123456789");
	const char *p = name + n;

	if (n == 0 || p[0] != '.' || p[1] != 'M' ||
		strspn(p + 2, "0123456789") != 6 || p[8] != 'K')
		return NULL;
	p += 9;
	if (strspn(p, "abcdefghijklmnopqrstuvwxyz234567") != BASENAME_DIGITS ||
		p[BASENAME_DIGITS] != '.')
		return NULL;
	return p;
}

uint64_t basename_file_bytes(const char *name)
{
	const char *p = strstr(name, ",S=");

	return p != NULL ? strtoull(p + 3, NULL, 10) : 0;
}

void basename_make(const struct keys *keys, const struct basename_parts *parts,
	char out[LEDGER_BASE_MAX])
{
	char digits[BASENAME_DIGITS + 1];
	int n;

	basename_digits(keys, parts, digits);
	n = snprintf(out, LEDGER_BASE_MAX,
		"%" PRId64 ".M%06" PRId64 "K%s.%s,S=%" PRIu64 ",W=%" PRIu64,
		parts->time_us / 1000000, parts->time_us % 1000000, digits,
		parts->host, parts->file_bytes, parts->virtual_bytes);
	assert(n > 0 && n < LEDGER_BASE_MAX);
	(void)n;
}
