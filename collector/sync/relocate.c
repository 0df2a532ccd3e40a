/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list is gone through until nothing moves any more; where what is left
 * goes round in a circle, one of them is put aside, under a name that no
 * mailbox has, and the others move up. Who is put aside when the run is
 * killed is recognised by the next one like any other.
 */
#include "relocate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE "rename" /* "ID\nFROM\nTO" */
#define TRIES_MAX 100

struct relocating {
	struct work *w;
	struct ledger_mailbox *rows;
	size_t row_count;
	struct relocation *list;
	size_t count; /* what is left of it */
};

/* ---- a rename that was broken off */

static const struct ledger_mailbox *row_of(
	const struct ledger_mailbox *rows, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

static int finish_noted(struct work *w, const struct ledger_mailbox *rows,
	size_t count, const char *note, struct err *err)
{
	const char *from = strchr(note, '\n');
	const char *to = from != NULL ? strchr(from + 1, '\n') : NULL;
	const struct ledger_mailbox *row;
	char *from_dir;
	int rc = 0;

	if (to == NULL)
		return 0;
	row = row_of(rows, count, strtoll(note, NULL, 10));
	from_dir = mem_strndup(from + 1, (size_t)(to - from - 1));
	if (row != NULL && strcmp(row->dir, from_dir) == 0 &&
		!store_has_dir(w->store, from_dir) &&
		store_has_dir(w->store, to + 1) &&
		ledger_rename_mailbox(w->ledger, row->id, row->name,
			row->folder, to + 1, err) < 0)
		rc = -1;
	free(from_dir);
	return rc;
}

int relocate_finish(struct work *w, const struct ledger_mailbox *rows,
	size_t count, bool *ret_changed, struct err *err)
{
	char *note = ledger_note_get(w->ledger, NOTE, err);
	int rc = note == NULL ? -1 : 0;

	*ret_changed = rc == 0 && note[0] != '\0';
	if (*ret_changed) {
		rc = finish_noted(w, rows, count, note, err);
		if (rc == 0)
			rc = ledger_note(w->ledger, NOTE, "", err);
	}
	free(note);
	return rc;
}

/* ---- one folder */

/* Folders that are other mailboxes' do not move with this one. */
static const char **other_dirs(const struct relocating *r)
{
	const char **dirs = mem_array(r->row_count, sizeof(char *));

	for (size_t i = 0; i < r->row_count; i++)
		dirs[i] = r->rows[i].dir;
	return dirs;
}

/* 1: the folder lies in `to` now; 0: somebody else's does. */
static int move_folder(const struct relocating *r,
	const struct ledger_mailbox *row, const char *to, struct err *err)
{
	struct work *w = r->w;
	const char **stay;
	char *note;
	int rc;

	if (strcmp(to, row->dir) == 0)
		return 1;
	if (store_has_dir(w->store, to))
		return 0;
	note = mem_printf("%" PRId64 "\n%s\n%s", row->id, row->dir, to);
	rc = ledger_note(w->ledger, NOTE, note, err);
	free(note);
	if (rc != 0)
		return -1;
	stay = other_dirs(r);
	rc = store_rename_folder(
		w->store, row->dir, to, stay, r->row_count, err);
	free(stay);
	return rc;
}

/* Its row is called `name` from now on. dir: row->dir, where it did not move.
 */
static int write_row(const struct relocating *r, struct ledger_mailbox *row,
	const char *name, const char *folder, const char *dir, struct err *err)
{
	struct ledger *l = r->w->ledger;

	if (ledger_rename_mailbox(l, row->id, name, folder, dir, err) < 0 ||
		ledger_note(l, NOTE, "", err) != 0)
		return -1;
	(void)snprintf(row->name, sizeof row->name, "%s", name);
	if (folder != row->folder)
		(void)snprintf(row->folder, sizeof row->folder, "%s", folder);
	if (dir != row->dir)
		(void)snprintf(row->dir, sizeof row->dir, "%s", dir);
	return 0;
}

static int follow(const struct relocating *r, struct ledger_mailbox *row,
	const struct plan_pair *pair, struct err *err)
{
	char to[NAME_DIR_MAX];
	bool moved = false;
	int rc = 0;

	if (row->dir[0] != '\0' && name_folder_dir(pair->folder, 0, to) == 0 &&
		to[0] != '\0')
		rc = move_folder(r, row, to, err);
	if (rc < 0)
		return -1;
	moved = rc == 1;
	LOG(LOG_LEVEL_INFO, &r->w->log, "mailbox_renamed",
		LOG_STR("from", row->name), LOG_STR("to", pair->name),
		LOG_STR("folder", moved ? pair->folder : row->folder));
	return write_row(r, row, pair->mailbox,
		moved ? pair->folder : row->folder, moved ? to : row->dir, err);
}

/* No server has a mailbox of such a name. */
static int put_aside(
	const struct relocating *r, struct ledger_mailbox *row, struct err *err)
{
	char *folder = mem_printf("%.200s (being renamed)", row->folder);
	char *name = mem_printf("\001%" PRId64, row->id);
	char to[NAME_DIR_MAX];
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < TRIES_MAX; i++) {
		if (name_folder_dir(folder, i, to) != 0)
			break;
		rc = move_folder(r, row, to, err);
	}
	LOG(LOG_LEVEL_DEBUG, &r->w->log, "folder_put_aside",
		LOG_STR("folder", row->folder), LOG_NUM("moved", rc == 1));
	if (rc >= 0)
		rc = write_row(r, row, name, rc == 1 ? folder : row->folder,
			rc == 1 ? to : row->dir, err);
	free(folder);
	free(name);
	return rc;
}

/* ---- all of them */

static const struct ledger_mailbox *holder_of(
	const struct relocating *r, const char *name)
{
	for (size_t i = 0; i < r->row_count; i++)
		if (strcmp(r->rows[i].name, name) == 0)
			return &r->rows[i];
	return NULL;
}

static void drop(struct relocating *r, size_t i)
{
	memmove(&r->list[i], &r->list[i + 1],
		(--r->count - i) * sizeof *r->list);
}

static int follow_free(
	struct relocating *r, size_t *ret_followed, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count;) {
		struct ledger_mailbox *row = &r->rows[r->list[i].row];
		if (holder_of(r, r->list[i].to->mailbox) != NULL) {
			i++;
			continue;
		}
		if (follow(r, row, r->list[i].to, err) != 0)
			return -1;
		drop(r, i);
		n++;
	}
	*ret_followed = n;
	return 0;
}

static bool is_leaving(
	const struct relocating *r, const struct ledger_mailbox *row)
{
	for (size_t i = 0; i < r->count; i++)
		if (&r->rows[r->list[i].row] == row)
			return true;
	return false;
}

/* Those whose name is kept by one that goes nowhere, and whoever waits for
 * theirs. */
static void drop_kept(struct relocating *r)
{
	for (size_t i = 0; i < r->count;) {
		if (is_leaving(r, holder_of(r, r->list[i].to->mailbox))) {
			i++;
			continue;
		}
		drop(r, i);
		i = 0;
	}
}

int relocate(struct work *w, struct ledger_mailbox *rows, size_t row_count,
	struct relocation *list, size_t count, size_t *ret_followed,
	struct err *err)
{
	struct relocating r = {.w = w,
		.rows = rows,
		.row_count = row_count,
		.list = list,
		.count = count};
	size_t all = 0, n;

	while (r.count != 0) {
		if (follow_free(&r, &n, err) != 0)
			return -1;
		all += n;
		if (n != 0)
			continue;
		drop_kept(&r);
		if (r.count != 0 &&
			put_aside(&r, &rows[r.list[0].row], err) != 0)
			return -1;
	}
	*ret_followed = all;
	return 0;
}
