/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a first import: what has the source's UID here is counted, by
 * the file itself, and the next UID goes beyond what the source will give
 * out. A client that was at the source until today knows its newest UIDs;
 * given to other messages here they would show it the wrong ones.
 */
#include "numbering.h"

#include "../collector/base/mem.h"
#include "publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expected {
	uint32_t uid;
	char *base;
};

struct tally {
	struct expected *all; /* ascending */
	size_t count, cap, kept;
};

static void on_number(void *arg, uint32_t uid, const char *base)
{
	struct tally *t = arg;

	if (t->count == t->cap) {
		t->cap = t->cap != 0 ? t->cap * 2 : 256;
		t->all = mem_grow(t->all, t->cap, sizeof *t->all);
	}
	t->all[t->count++] =
		(struct expected){.uid = uid, .base = mem_strdup(base)};
}

static int by_uid(const void *key, const void *element)
{
	const uint32_t *uid = key;
	const struct expected *e = element;

	return *uid < e->uid ? -1 : *uid > e->uid;
}

static int on_record(void *arg, const struct uidlist_record *r)
{
	struct tally *t = arg;
	const struct expected *e =
		bsearch(&r->uid, t->all, t->count, sizeof *t->all, by_uid);

	if (e != NULL && strcmp(e->base, r->name) == 0)
		t->kept++;
	return 0;
}

static void tally_clear(struct tally *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->all[i].base);
	free(t->all);
}

/* An empty folder has its UIDVALIDITY, too. */
static void set_empty(struct numbering_turn *turn,
	const struct publish_dirs *dirs, uint32_t uidvalidity)
{
	uint32_t next = atomic_load(&turn->folder->numbering.source_next);

	if (uidvalidity != 0 &&
		(turn->list.fd < 0 ||
			turn->list.head.uidvalidity != uidvalidity) &&
		numbering_only_ours(turn, dirs->new_fd, dirs->cur_fd))
		(void)uidlist_replace(
			&turn->list, uidvalidity, next != 0 ? next : 1, NULL);
}

static void seal(struct numbering_turn *turn, const struct publish_dirs *dirs,
	const struct ledger_mailbox *m, struct tally *t)
{
	struct uidlist *list = &turn->list;
	uint32_t next;

	if (uidlist_open(list, dirs->dir_fd, &turn->config, NULL) < 0)
		return;
	if (t->count == 0)
		set_empty(turn, dirs, m->uidvalidity);
	if (list->fd >= 0 && list->head.uidvalidity == m->uidvalidity) {
		(void)uidlist_each(list, on_record, t);
		next = numbering_beyond(&turn->folder->numbering, list);
		if (next > list->next)
			(void)uidlist_raise(list, next, NULL);
	}
	uidlist_close(list);
}

int store_seal_numbers(struct store *store, struct folder *folder,
	struct ledger_mailbox *m, struct err *err)
{
	struct dotlock_config config = {.file = UIDLIST_FILE,
		.stale_s = DOTLOCK_STALE_S,
		.wait_s = NUMBERING_WAIT_S};
	struct numbering_turn turn;
	struct publish_dirs dirs;
	struct tally t = {.all = NULL};

	if (ledger_each_number(store->ledger, m->id, m->uidvalidity, on_number,
		    &t, err) != 0 ||
		publish_open(store, folder->dir, &dirs, err) != 0) {
		tally_clear(&t);
		return -1;
	}
	numbering_prepare(&turn, store, folder);
	/* the committer may hold this account's other name */
	(void)snprintf(turn.tag, sizeof turn.tag, "%s.s",
		ledger_account(store->ledger));
	config.tag = turn.tag;
	config.stage_fd = store->stage_fd;
	config.uid = store->owner.uid;
	config.gid = store->owner.gid;
	if (dotlock_take(&turn.lock, dirs.dir_fd, &config, NULL) == 0) {
		seal(&turn, &dirs, m, &t);
		dotlock_drop(&turn.lock);
	}
	publish_close(&dirs);
	m->uids_kept = (int64_t)t.kept;
	m->uids_wanted = (int64_t)t.count;
	tally_clear(&t);
	return 0;
}
