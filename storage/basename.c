/* SPDX-License-Identifier: BSD-2-Clause */
#include "basename.h"

#include "../collector/base/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 64
#define DIGITS 26 /* of 5 bits: 130 bits of the HMAC */
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

static void base32(const unsigned char *in, char out[DIGITS + 1])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < DIGITS; i++) {
		if (have < 5) {
			bits = bits << 8 | *in++;
			have += 8;
		}
		have -= 5;
		out[i] = digits[bits >> have & 31];
	}
	out[DIGITS] = '\0';
}

void basename_make(const struct keys *keys, const struct basename_parts *parts,
	char out[LEDGER_BASE_MAX])
{
	const struct ledger_message *key = parts->key;
	unsigned char mac[32];
	char digits[DIGITS + 1];
	struct buf id;
	int n;

	buf_init(&id, IDENTITY_MAX);
	(void)buf_printf(&id, "%s\n%s\n%" PRIu32 "\n%" PRIu32 "\n%s\n%" PRIu32,
		parts->account, parts->dir, key->uidvalidity, key->uid,
		key->uidl, key->occurrence);
	assert(!id.full);
	keys_hmac(keys, id.data, id.len, mac);
	buf_free(&id);
	base32(mac, digits);
	n = snprintf(out, LEDGER_BASE_MAX,
		"%" PRId64 ".M%06" PRId64 "K%s.%s,S=%" PRIu64 ",W=%" PRIu64,
		parts->time_us / 1000000, parts->time_us % 1000000, digits,
		parts->host, parts->file_bytes, parts->virtual_bytes);
	assert(n > 0 && n < LEDGER_BASE_MAX);
	(void)n;
}
