/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify_rows.h"

#include "../../storage/basename.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Up to the flags: where names of one file end alike. */
static int compare_bases(const char *a, const char *b)
{
	size_t m = strcspn(a, ":"), n = strcspn(b, ":");
	int c = strncmp(a, b, m < n ? m : n);

	if (c != 0)
		return c;
	return m < n ? -1 : m > n;
}

static int by_base(const void *a, const void *b)
{
	const struct verify_file *x = a, *y = b;

	return compare_bases(x->base, y->base);
}

static int on_file(void *arg, const char *dir, const char *name, int64_t bytes,
	struct err *err)
{
	struct verify *v = arg;
	struct verify_file *last = NULL, *f;

	if (v->file_count == v->file_cap) {
		v->file_cap = v->file_cap != 0 ? v->file_cap * 2 : 256;
		v->files = mem_grow(v->files, v->file_cap, sizeof *v->files);
	}
	assert(v->files != NULL);
	if (v->file_count != 0)
		last = &v->files[v->file_count - 1];
	f = &v->files[v->file_count++];
	*f = (struct verify_file){.base = arena_strdup(v->arena, name),
		.dir = last != NULL && strcmp(last->dir, dir) == 0
			       ? last->dir
			       : arena_strdup(v->arena, dir),
		.whole = bytes < 0 || basename_file_bytes(name) == 0 ||
			 (uint64_t)bytes == basename_file_bytes(name)};
	return work_check_cancel(v->w, err);
}

int verify_files_load(struct verify *v, struct err *err)
{
	struct salvage *s = NULL;
	int rc;

	progress_phase(&v->w->progress, "looking through the store", NULL);
	if (salvage_open(v->w->store, &s, err) != 0)
		return -1;
	rc = s == NULL ? 0 : salvage_each(s, on_file, v, err);
	salvage_close(&s);
	if (rc == 0 && v->file_count != 0)
		qsort(v->files, v->file_count, sizeof *v->files, by_base);
	return rc;
}

/* The first of those with that base name: a reader may have copied it. */
static struct verify_file *find(const struct verify *v, const char *base)
{
	struct verify_file key = {.base = base}, *f = NULL;

	if (v->file_count != 0)
		f = bsearch(&key, v->files, v->file_count, sizeof key, by_base);
	while (f != NULL && f > v->files && by_base(f - 1, &key) == 0)
		f--;
	return f;
}

static bool is_next(const struct verify *v, const struct verify_file *f)
{
	return f + 1 < v->files + v->file_count && by_base(f, f + 1) == 0;
}

void verify_file_is_known(struct verify *v, const char *base)
{
	struct verify_file *f = find(v, base);

	for (; f != NULL; f = is_next(v, f) ? f + 1 : NULL)
		f->known = true;
}

static void add(struct verify *v, enum difference kind,
	const struct ledger_mailbox *m, const char *mailbox,
	const struct verify_row *r, const char *text)
{
	differences_add(v->found, kind,
		&(struct difference_at){.mailbox = mailbox,
			.uid = r->uid,
			.uidl = r->uidl,
			.folder = m->folder,
			.file = r->base,
			.text = text});
}

/* Not among the files: a listing that was true in one moment decides. */
static int look_again(struct verify *v, const struct ledger_mailbox *m,
	const char *mailbox, const struct verify_row *r, struct err *err)
{
	const struct presence *p;
	const char *dir = "";

	if (work_presence(v->w, &p, err) != 0)
		return -1;
	switch (presence_find(p, r->base, &dir)) {
	case PRESENCE_HERE:
		if (strcmp(dir, m->dir) != 0)
			add(v, DIFFERENCE_MOVED, m, mailbox, r, dir);
		break;
	case PRESENCE_ABSENT:
		add(v, DIFFERENCE_NOT_HERE, m, mailbox, r, "");
		break;
	case PRESENCE_UNSURE:
		add(v, DIFFERENCE_UNSURE, m, mailbox, r, "");
		break;
	}
	return 0;
}

int verify_here(struct verify *v, const struct ledger_mailbox *m,
	const char *mailbox, const struct verify_rows *rows, struct err *err)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct verify_row *r = &rows->list[i];
		const struct verify_file *f, *own;

		if (r->state > LEDGER_DONE || r->removed)
			continue;
		own = f = find(v, r->base);
		while (own != NULL && strcmp(own->dir, m->dir) != 0)
			own = is_next(v, own) ? own + 1 : NULL;
		if (f == NULL && look_again(v, m, mailbox, r, err) != 0)
			return -1;
		if (f != NULL && own == NULL)
			add(v, DIFFERENCE_MOVED, m, mailbox, r, f->dir);
		if (own != NULL && !own->whole)
			add(v, DIFFERENCE_CUT, m, mailbox, r, "");
		if (work_check_cancel(v->w, err) != 0)
			return -1;
	}
	return 0;
}

void verify_unknown(struct verify *v)
{
	if (v->w->run->account.shares_store)
		return;
	for (size_t i = 0; i < v->file_count; i++)
		if (!v->files[i].known)
			differences_add(v->found, DIFFERENCE_UNKNOWN_HERE,
				&(struct difference_at){
					.folder = v->files[i].dir,
					.file = v->files[i].base});
}
