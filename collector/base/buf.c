/* SPDX-License-Identifier: BSD-2-Clause */
#include "buf.h"

#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max_bytes)
{
	memset(b, 0, sizeof *b);
	b->max = max_bytes;
}

int buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (b->full || n > b->max - b->len) {
		b->full = true;
		return -1;
	}
	if (b->len + n + 1 > b->cap) {
		size_t cap = b->cap != 0 ? b->cap : 64;
		while (cap < b->len + n + 1)
			cap *= 2;
		b->data = mem_grow(b->data, cap, 1);
		b->cap = cap;
	}
	if (n != 0)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

int buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[256];
	char *large = NULL;
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -1;
	if ((size_t)n < sizeof small)
		return buf_add(b, small, (size_t)n);
	large = mem_alloc((size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(large, (size_t)n + 1, fmt, ap);
	va_end(ap);
	r = buf_add(b, large, (size_t)n);
	free(large);
	return r;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void buf_free(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

const char *buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}
