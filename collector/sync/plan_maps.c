/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --map MAILBOX=FOLDER. A mailbox is named as it is listed, or readably, with
 * the personal prefix or without; what lies below it follows, whether or not
 * it is in the list itself. Only INBOX goes alone, since on many servers
 * everything lies below it. The last '=' parts the two, so that the name of a
 * mailbox may hold one.
 */
#include "../base/buf.h"
#include "../base/mem.h"
#include "plan_draft.h"

#include <stdlib.h>
#include <string.h>

struct map {
	char *folder;
	bool used;
};

struct maps {
	struct map *rows;
	size_t count;
	struct dict *by_name; /* composed MAILBOX → row */
};

/* NFC where there is such a thing, else as it is. Caller frees. */
static char *composed(const char *name)
{
	char out[PLAN_FOLDER_BYTES];

	if (name_is_inbox(name))
		return mem_strdup("INBOX");
	if (name_compose(name, out, sizeof out) == 0)
		return mem_strdup(out);
	return mem_strdup(name);
}

static void read_line(struct maps *maps, const char *line, size_t n)
{
	char *text = mem_strndup(line, n), *equals = strrchr(text, '='), *name;
	struct map *map = &maps->rows[maps->count++];

	if (equals != NULL) {
		*equals = '\0';
		map->folder = plan_typed_folder(equals + 1);
		name = composed(text);
		if (map->folder != NULL)
			(void)dict_add(maps->by_name, name, maps->count - 1);
		free(name);
	}
	free(text);
}

static size_t count_lines(const char *lines)
{
	size_t n = 0;

	for (; *lines != '\0'; n++) {
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
	return n;
}

static void read_all(struct maps *maps, const char *lines)
{
	maps->rows = mem_alloc(count_lines(lines) * sizeof *maps->rows);
	maps->by_name = dict_new();
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		read_line(maps, lines, n);
		lines += n + (lines[n] == '\n');
	}
}

static struct map *find_text(struct maps *maps, char *text)
{
	char *name = composed(text);
	size_t at;
	bool found = dict_get(maps->by_name, name, &at);

	free(name);
	return found ? &maps->rows[at] : NULL;
}

/* octets: a name of the list, or of a parent. */
static struct map *find(
	struct maps *maps, const struct draft *d, const char *octets)
{
	size_t prefix = (size_t)(d->bare - d->m->name);
	char *raw = mem_strdup(octets);
	char *whole = plan_readable(octets, d->m->delimiter);
	char *rest = plan_readable(octets + prefix, d->m->delimiter);
	struct map *map = find_text(maps, raw);

	if (map == NULL)
		map = find_text(maps, whole);
	if (map == NULL)
		map = find_text(maps, rest);
	free(raw);
	free(whole);
	free(rest);
	return map;
}

static void apply(struct maps *maps, struct draft *d)
{
	char octets[NAME_MAILBOX_MAX];
	struct map *map = find(maps, d, d->m->name);
	unsigned up = 0;

	while (map == NULL && plan_parent(d, ++up, octets))
		if (!name_is_inbox(octets))
			map = find(maps, d, octets);
	if (map == NULL)
		return;
	map->used = true;
	if (d->folder != NULL)
		return; /* known: its mail is there */
	plan_settle(d,
		up == 0 ? mem_strdup(map->folder)
			: mem_printf(
				  "%s/%s", map->folder, plan_tail(d->own, up)),
		PLAN_MAP);
}

static char *unused_lines(const struct maps *maps, const char *lines)
{
	struct buf out;
	char *text;

	buf_init(&out, strlen(lines) + 1);
	for (size_t i = 0; i < maps->count; i++) {
		size_t n = strcspn(lines, "\n");
		n += lines[n] == '\n';
		if (!maps->rows[i].used)
			(void)buf_add(&out, lines, n);
		lines += n;
	}
	text = mem_strdup(buf_str(&out));
	buf_free(&out);
	return text;
}

char *plan_maps_apply(struct drafts *all)
{
	const char *lines = all->account->maps;
	struct maps maps = {0};
	char *unused;

	if (lines == NULL || lines[0] == '\0')
		return mem_strdup("");
	read_all(&maps, lines);
	for (size_t i = 0; i < all->count; i++)
		apply(&maps, &all->rows[i]);
	unused = unused_lines(&maps, lines);
	for (size_t i = 0; i < maps.count; i++)
		free(maps.rows[i].folder);
	free(maps.rows);
	dict_free(&maps.by_name);
	return unused;
}
