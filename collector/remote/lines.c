/* SPDX-License-Identifier: BSD-2-Clause */
#include "lines.h"

#include <string.h>

/* False at the end. */
static bool fill(struct lines *l)
{
	ssize_t n;

	if (l->at < l->have)
		return true;
	n = l->read(l->arg, l->buffer, sizeof l->buffer);
	l->at = 0;
	l->have = n > 0 ? (size_t)n : 0;
	return n > 0;
}

ssize_t lines_next(struct lines *l, char *out, size_t out_bytes)
{
	size_t len = 0;

	for (;;) {
		char c;
		if (!fill(l))
			return -1;
		c = l->buffer[l->at++];
		if (c == '\n')
			break;
		if (c == '\0' || len + 1 >= out_bytes)
			return -2;
		out[len++] = c;
	}
	if (len > 0 && out[len - 1] == '\r')
		len--;
	out[len] = '\0';
	return (ssize_t)len;
}

size_t lines_bytes(struct lines *l, char *out, size_t n)
{
	if (!fill(l))
		return 0;
	if (n > l->have - l->at)
		n = l->have - l->at;
	memcpy(out, l->buffer + l->at, n);
	l->at += n;
	return n;
}

bool lines_pending(const struct lines *l)
{
	return l->at < l->have;
}
