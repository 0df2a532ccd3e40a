/* SPDX-License-Identifier: BSD-2-Clause */
#include "manifest_match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void match_init(struct match *m)
{
	*m = (struct match){.arena = arena_new(), .file_arena = arena_new()};
}

void match_clear(struct match *m)
{
	arena_free(&m->arena);
	arena_free(&m->file_arena);
	free(m->messages);
	free(m->files);
	*m = (struct match){.count = 0};
}

/* Neighbours share mailbox and folder. */
static const char *keep(struct match *m, const char *last, const char *text)
{
	return last != NULL && strcmp(last, text) == 0
		       ? last
		       : arena_strdup(m->arena, text);
}

void match_add(struct match *m, const struct manifest_message *message)
{
	const struct match_message *last =
		m->count != 0 ? &m->messages[m->count - 1] : NULL;
	struct match_message *x;
	const char *mailbox =
		keep(m, last != NULL ? last->mailbox : NULL, message->mailbox);
	const char *dir =
		keep(m, last != NULL ? last->dir : NULL, message->dir);

	if (m->count == m->cap) {
		m->cap = m->cap != 0 ? m->cap * 2 : 256;
		m->messages =
			mem_grow(m->messages, m->cap, sizeof *m->messages);
	}
	assert(m->messages != NULL);
	x = &m->messages[m->count++];
	*x = (struct match_message){.mailbox = mailbox,
		.dir = dir,
		.key = arena_strdup(m->arena, message->key),
		.file = arena_strdup(m->arena, message->file)};
	memcpy(x->sha256, message->sha256, sizeof x->sha256);
}

static int by_file(const void *a, const void *b)
{
	const struct match_message *x = a, *y = b;
	int c = strcmp(x->file, y->file);

	if (c == 0)
		c = strcmp(x->mailbox, y->mailbox);
	return c != 0 ? c : strcmp(x->key, y->key);
}

void match_seal(struct match *m)
{
	if (m->count != 0)
		qsort(m->messages, m->count, sizeof *m->messages, by_file);
}

void match_again(struct match *m)
{
	m->file_count = 0;
	arena_free(&m->file_arena);
	m->file_arena = arena_new();
	for (size_t i = 0; i < m->count; i++)
		if (m->messages[i].state == MATCH_CHANGED)
			m->messages[i].state = MATCH_MISSING;
}

static int by_name(const void *key, const void *element)
{
	const struct match_message *x = element;

	return strcmp(key, x->file);
}

/* The first with that name; *ret_count: so many have it. */
static struct match_message *find(
	const struct match *m, const char *base, size_t *ret_count)
{
	struct match_message *x = NULL;
	size_t n = 0;

	if (m->count != 0)
		x = bsearch(base, m->messages, m->count, sizeof *x, by_name);
	while (x != NULL && x > m->messages && strcmp(x[-1].file, base) == 0)
		x--;
	while (x != NULL && (size_t)(x - m->messages) + n < m->count &&
		strcmp(x[n].file, base) == 0)
		n++;
	*ret_count = n;
	return x;
}

bool match_wants(const struct match *m, const char *base)
{
	size_t n;
	const struct match_message *x = find(m, base, &n);

	for (size_t i = 0; i < n; i++)
		if (x[i].state != MATCH_SAME)
			return true;
	return n == 0;
}

static bool is_content(
	const struct match_message *x, const struct stock_file *f)
{
	return memcmp(x->sha256, f->sha256, 32) == 0 ||
	       memcmp(x->sha256, f->crlf_sha256, 32) == 0;
}

static void keep_file(struct match *m, const struct stock_file *file)
{
	struct match_file *f;

	if (m->file_count == m->file_cap) {
		m->file_cap = m->file_cap != 0 ? m->file_cap * 2 : 64;
		m->files = mem_grow(m->files, m->file_cap, sizeof *m->files);
	}
	f = &m->files[m->file_count++];
	*f = (struct match_file){.dir = arena_strdup(m->file_arena, file->dir),
		.base = arena_strdup(m->file_arena, file->base)};
	memcpy(f->sha256, file->sha256, 32);
	memcpy(f->crlf_sha256, file->crlf_sha256, 32);
}

void match_file(struct match *m, const struct stock_file *file)
{
	size_t n;
	struct match_message *x = find(m, file->base, &n);

	for (size_t i = 0; i < n; i++) {
		if (x[i].state == MATCH_SAME || !is_content(&x[i], file))
			continue;
		x[i].state = MATCH_SAME;
		x[i].moved = strcmp(x[i].dir, file->dir) != 0;
		x[i].now_dir = arena_strdup(m->arena, file->dir);
		return;
	}
	/* A copy of what was found, or other bytes under a known name. */
	for (size_t i = 0; i < n; i++) {
		if (x[i].state != MATCH_MISSING)
			continue;
		x[i].state = MATCH_CHANGED;
		x[i].now_dir = arena_strdup(m->arena, file->dir);
		return;
	}
	if (n == 0)
		keep_file(m, file);
}

/* ---- by content */

struct content {
	unsigned char sha256[32];
	struct match_file *file;
};

static int by_content(const void *a, const void *b)
{
	const struct content *x = a, *y = b;

	return memcmp(x->sha256, y->sha256, 32);
}

/* Of the files with that content one that is not used. */
static struct match_file *find_content(
	struct content *all, size_t count, const unsigned char sha256[32])
{
	struct content key = {.file = NULL}, *x;

	memcpy(key.sha256, sha256, 32);
	x = bsearch(&key, all, count, sizeof *all, by_content);
	while (x != NULL && x > all && by_content(x - 1, &key) == 0)
		x--;
	for (; x != NULL && x < all + count && by_content(x, &key) == 0; x++)
		if (!x->file->used)
			return x->file;
	return NULL;
}

void match_finish(struct match *m)
{
	size_t n = m->file_count * 2;
	struct content *all = n != 0 ? mem_array(n, sizeof *all) : NULL;

	for (size_t i = 0; all != NULL && i < m->file_count; i++) {
		struct match_file *f = &m->files[i];
		all[2 * i].file = all[2 * i + 1].file = f;
		memcpy(all[2 * i].sha256, f->sha256, 32);
		memcpy(all[2 * i + 1].sha256, f->crlf_sha256, 32);
	}
	if (all != NULL)
		qsort(all, n, sizeof *all, by_content);
	for (size_t i = 0; all != NULL && i < m->count; i++) {
		struct match_message *x = &m->messages[i];
		struct match_file *f;
		if (x->state == MATCH_SAME)
			continue;
		f = find_content(all, n, x->sha256);
		if (f == NULL)
			continue;
		f->used = true;
		x->state = MATCH_SAME;
		x->moved = true;
		x->now_dir = arena_strdup(m->arena, f->dir);
	}
	free(all);
}

size_t match_count(const struct match *m, enum match_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += m->messages[i].state == state;
	return n;
}
