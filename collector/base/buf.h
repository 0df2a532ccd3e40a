/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf: bytes that grow up to a named bound. Once an append would pass the
 * bound, `full` stays true and nothing more is added.
 */
#ifndef MAILHAUL_BASE_BUF_H
#define MAILHAUL_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* always NUL-terminated once anything was added */
	size_t len;
	size_t cap;
	size_t max; /* bytes */
	bool full;
};

void buf_init(struct buf *b, size_t max_bytes);
/* 0, or -1 when the bound would be passed (full is set then). */
int buf_add(struct buf *b, const void *bytes, size_t n);
int buf_add_str(struct buf *b, const char *s);
int buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Empties, keeps the memory. */
void buf_reset(struct buf *b);
void buf_free(struct buf *b);
/* The text, "" when nothing was added. Borrowed. */
const char *buf_str(const struct buf *b);

#endif
