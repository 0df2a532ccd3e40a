/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem: allocation that cannot fail (it aborts), an arena for what lives as
 * long as a run, and secrets that are cleansed when they end.
 * An arena is used by one thread at a time.
 */
#ifndef MAILHAUL_BASE_MEM_H
#define MAILHAUL_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory. Caller frees with free(). */
void *mem_alloc(size_t bytes);
/* n elements of size bytes; aborts on overflow. */
void *mem_array(size_t n, size_t bytes);
void *mem_grow(void *p, size_t n, size_t bytes);
char *mem_strdup(const char *s);
/* At most n bytes of s. */
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

struct arena;
struct arena *arena_new(void);
void arena_free(struct arena **arena);
/* Zeroed, aligned for any type; freed with the arena. */
void *arena_alloc(struct arena *arena, size_t bytes);
char *arena_strdup(struct arena *arena, const char *s);
char *arena_strndup(struct arena *arena, const char *s, size_t n);

/* Any bytes, up to SECRET_MAX; bytes[len] is always NUL. */
#define SECRET_MAX 16384
struct secret {
	size_t len;
	char *bytes;
};
/* Copies; what s held before is cleansed. */
void secret_set(struct secret *s, const void *bytes, size_t len);
void secret_clear(struct secret *s);

#endif
