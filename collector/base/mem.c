/* SPDX-License-Identifier: BSD-2-Clause */
#include "mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_BYTES 16384

struct block {
	struct block *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

struct arena {
	struct block *blocks;
};

static void out_of_memory(void)
{
	static const char text[] = "mailhaul: out of memory\n";
	(void)fputs(text, stderr);
	abort();
}

void *mem_alloc(size_t bytes)
{
	void *p = calloc(1, bytes != 0 ? bytes : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *mem_array(size_t n, size_t bytes)
{
	return mem_grow(NULL, n, bytes);
}

void *mem_grow(void *p, size_t n, size_t bytes)
{
	void *q = reallocarray(p, n != 0 ? n : 1, bytes != 0 ? bytes : 1);

	if (q == NULL)
		out_of_memory();
	return q;
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = mem_alloc(len + 1);

	memcpy(p, s, len);
	return p;
}

char *mem_printf(const char *fmt, ...)
{
	char *p = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return p;
}

struct arena *arena_new(void)
{
	return mem_alloc(sizeof(struct arena));
}

void arena_free(struct arena **arena)
{
	if (*arena == NULL)
		return;
	for (struct block *b = (*arena)->blocks, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(*arena);
	*arena = NULL;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	const size_t align = sizeof(max_align_t);
	struct block *b = arena->blocks;
	size_t need = (bytes + align - 1) / align * align;
	char *p;

	if (need < bytes || need > SIZE_MAX - sizeof *b)
		out_of_memory();
	if (b == NULL || b->size - b->used < need) {
		size_t size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
		b = mem_alloc(sizeof *b + size);
		b->size = size;
		b->next = arena->blocks;
		arena->blocks = b;
	}
	p = (char *)b->data + b->used;
	b->used += need;
	return p;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return arena_strndup(arena, s, strlen(s));
}

char *arena_strndup(struct arena *arena, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = arena_alloc(arena, len + 1);

	memcpy(p, s, len);
	return p;
}

/* Pages of its own, locked where RLIMIT_MEMLOCK allows, in no core dump: a
 * password never lies between other things, nor in swap. */
static char *secret_pages(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		out_of_memory();
	(void)mlock(p, bytes);
	(void)madvise(p, bytes, MADV_DONTDUMP);
	return p;
}

void secret_set(struct secret *s, const void *bytes, size_t len)
{
	char *p = secret_pages(len + 1);

	if (len != 0)
		memcpy(p, bytes, len);
	secret_clear(s);
	s->bytes = p;
	s->len = len;
}

void secret_clear(struct secret *s)
{
	if (s->bytes != NULL) {
		explicit_bzero(s->bytes, s->len);
		(void)munmap(s->bytes, s->len + 1);
	}
	s->bytes = NULL;
	s->len = 0;
}
