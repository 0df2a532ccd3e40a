/* SPDX-License-Identifier: BSD-2-Clause */
#include "marks.h"

#include "../base/mem.h"
#include "../model/delete_rule.h"
#include "numbers.h"
#include "park.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Marks wait for so many deliveries at most: what a kill can make the next
 * run look at again. */
#define FLUSH_EVERY 2000

/* Complete; may be written once so many messages are durable. A row as small
 * as it can be: a thousand runs may be under way, and some have thousands. */
struct mark {
	struct folder *folder;
	uint64_t handed;
	int64_t id;
	uint64_t highestmodseq;
	int64_t exists, gone, flags_at;
	uint32_t uidvalidity, uidnext;
	int numbers;
	char mailboxid[MAILBOX_ID_MAX];
	char *name;
	char *notice; /* NULL = none */
};

static void keep(struct mark *mark, const struct ledger_mailbox *m)
{
	mark->id = m->id;
	mark->highestmodseq = m->highestmodseq;
	mark->exists = m->exists;
	mark->gone = m->gone;
	mark->flags_at = m->flags_at;
	mark->uidvalidity = m->uidvalidity;
	mark->uidnext = m->uidnext;
	mark->numbers = m->numbers;
	memcpy(mark->mailboxid, m->mailboxid, sizeof mark->mailboxid);
	mark->name = mem_strdup(m->name);
	if (m->notice[0] != '\0')
		mark->notice = mem_strdup(m->notice);
}

/* What was kept of a row: all that is written from here. */
static void recall(const struct mark *mark, struct ledger_mailbox *ret_mailbox)
{
	struct ledger_mailbox *m = ret_mailbox;

	*m = (struct ledger_mailbox){.id = mark->id,
		.highestmodseq = mark->highestmodseq,
		.exists = mark->exists,
		.gone = mark->gone,
		.flags_at = mark->flags_at,
		.uidvalidity = mark->uidvalidity,
		.uidnext = mark->uidnext,
		.numbers = mark->numbers};
	memcpy(m->mailboxid, mark->mailboxid, sizeof m->mailboxid);
	(void)snprintf(m->name, sizeof m->name, "%s", mark->name);
	if (mark->notice != NULL)
		(void)snprintf(m->notice, sizeof m->notice, "%s", mark->notice);
}

static void forget(struct mark *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].name);
		free(list[i].notice);
	}
}

static void note_done(struct marks *k, const struct visit *v)
{
	if (v->unchanged)
		return;
	if (k->count == k->cap) {
		k->cap = k->cap != 0 ? k->cap * 2 : 4;
		k->list = mem_grow(k->list, k->cap, sizeof *k->list);
	}
	k->list[k->count] = (struct mark){
		.folder = v->folder, .handed = store_handed(k->w->store)};
	keep(&k->list[k->count++], &v->m);
	k->w->left_out += v->left_out + v->left_out_late;
}

/* A folder is subscribed when it is first filled, and never again: a person
 * may have unsubscribed it since. */
static void note_folder(struct marks *k, const struct visit *v)
{
	if (!v->first || !v->pair->subscribe)
		return;
	k->dirs = mem_grow(k->dirs, k->dir_count + 1, sizeof *k->dirs);
	memcpy(k->dirs[k->dir_count++], v->m.dir, sizeof v->m.dir);
}

static int subscribe(struct marks *k, struct err *err)
{
	const char **dirs;
	int rc;

	if (k->dir_count == 0)
		return 0;
	dirs = mem_array(k->dir_count, sizeof *dirs);
	for (size_t i = 0; i < k->dir_count; i++)
		dirs[i] = k->dirs[i];
	rc = store_subscribe(k->w->store, dirs, k->dir_count, err);
	free(dirs);
	k->dir_count = 0;
	return rc;
}

/* The first n marks, in one transaction. */
static int put_marks(struct marks *k, size_t n, struct err *err)
{
	struct ledger *l = k->w->ledger;
	struct ledger_mailbox m;

	if (ledger_begin(l, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		recall(&k->list[i], &m);
		if (ledger_mailbox_mark(l, &m, err) != 0) {
			ledger_rollback(l);
			return -1;
		}
	}
	return ledger_commit(l, err);
}

static int settle_numbers(struct marks *k, struct mark *mark, struct err *err)
{
	struct ledger_mailbox m;

	recall(mark, &m);
	if (numbers_settle(k->w, mark->folder, &m, err) != 0)
		return -1;
	mark->numbers = m.numbers;
	return 0;
}

/* Those whose messages are durable; subscriptions come before. */
int marks_write(struct marks *k, struct err *err)
{
	struct work *w = k->w;
	uint64_t settled = store_settled(w->store);
	size_t n = 0;

	if (k->count == 0 || k->list[0].handed > settled)
		return 0;
	if (subscribe(k, err) != 0)
		return -1;
	for (; n < k->count && k->list[n].handed <= settled; n++)
		if (settle_numbers(k, &k->list[n], err) != 0)
			return -1;
	if (put_marks(k, n, err) != 0)
		return -1;
	k->count -= n;
	forget(k->list, n);
	memmove(k->list, k->list + n, k->count * sizeof *k->list);
	k->flushed_at = w->arrived;
	return 0;
}

static bool is_pop3(const struct work *w)
{
	return w->run->account.url.protocol == PROTOCOL_POP3;
}

/* The session waits for new mail; or it deletes: a POP3 server may not let in
 * another one so soon (LOGIN-DELAY). Gmail shows more to the next one only. */
static bool goes_on(const struct work *w)
{
	if (is_pop3(w) && (w->link.info.quirks & QUIRK_POP3_BATCHES) == 0)
		return delete_rule_deletes(w->run->account.delete_rule);
	return park_is_wanted(w);
}

/* Subscriptions, then durability, then marks. An IMAP session takes its leave
 * while the disk works; POP3 servers may do away with what was read when they
 * hear QUIT, so they hear it when all is safe. */
int marks_settle(struct marks *k, struct err *err)
{
	struct link *link = &k->w->link;
	bool stays = goes_on(k->w);

	store_hurry(k->w->store);
	if (!is_pop3(k->w) && !stays)
		link_close(link);
	if (subscribe(k, err) != 0 || store_flush(k->w->store, err) != 0) {
		link_drop(link);
		return -1;
	}
	if (!stays)
		link_close(link);
	return marks_write(k, err);
}

void marks_note(struct marks *k, const struct visit *v)
{
	note_done(k, v);
	note_folder(k, v);
}

int marks_write_now_and_then(struct marks *k, struct err *err)
{
	if (k->w->arrived - k->flushed_at < FLUSH_EVERY)
		return 0;
	return marks_write(k, err);
}

void marks_clear(struct marks *k)
{
	forget(k->list, k->count);
	free(k->list);
	free(k->dirs);
	*k = (struct marks){.w = k->w};
}
