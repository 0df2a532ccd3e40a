/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rename here is two steps, in the store and in the ledger. A note of the
 * first one is in the ledger before it is made, so that a run that was killed
 * between them is followed by one that finds the folder. A name that has
 * become free may be another's now (Old.1 → Old.2 → Old.3): so the list is
 * gone through until nothing moves any more.
 */
#include "moves.h"

#include "sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE "rename" /* "ID\nFROM\nTO" */

struct moves {
	struct work *w;
	struct ledger_mailbox *rows;
	size_t count;
	bool *gone; /* rows whose mailbox is not listed any more */
	size_t gone_count;
	bool mailboxids; /* one of these has one */
};

/* ---- a rename that was broken off */

static const struct ledger_mailbox *row_of(const struct moves *m, int64_t id)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->rows[i].id == id)
			return &m->rows[i];
	return NULL;
}

static int finish_noted(struct moves *m, const char *note, struct err *err)
{
	struct work *w = m->w;
	const char *from = strchr(note, '\n');
	const char *to = from != NULL ? strchr(from + 1, '\n') : NULL;
	const struct ledger_mailbox *row;
	char *from_dir;
	int rc = 0;

	if (to == NULL)
		return 0;
	row = row_of(m, strtoll(note, NULL, 10));
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

static int load(struct moves *m, struct err *err)
{
	return ledger_mailboxes(m->w->ledger, &m->rows, &m->count, err);
}

static int finish(struct moves *m, struct err *err)
{
	struct ledger *l = m->w->ledger;
	char *note = ledger_note_get(l, NOTE, err);
	int rc = note == NULL ? -1 : 0;

	if (rc == 0 && note[0] != '\0') {
		rc = finish_noted(m, note, err);
		if (rc == 0)
			rc = ledger_note(l, NOTE, "", err);
		free(m->rows);
		m->rows = NULL;
		m->count = 0;
		if (rc == 0)
			rc = load(m, err);
	}
	free(note);
	return rc;
}

/* ---- who is who */

/* Whether the mailbox of a row has gone from the list: not there, or there for
 * its children only, or another one has its name now, as the list tells. Not
 * so INBOX, whose name does not move. */
static bool is_gone(const struct ledger_mailbox *row,
	const struct mailbox_info *listed, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t now = listed[i].status.uidvalidity;
		if ((listed[i].attrs & MAILBOX_NOSELECT) != 0 ||
			strcmp(listed[i].name, row->name) != 0)
			continue;
		return now != 0 && now != row->uidvalidity &&
		       row->dir[0] != '\0';
	}
	return true;
}

static void find_gone(
	struct moves *m, const struct mailbox_info *listed, size_t count)
{
	if (m->rows == NULL)
		return;
	m->gone = mem_array(m->count, sizeof *m->gone);
	for (size_t i = 0; i < m->count; i++) {
		const struct ledger_mailbox *row = &m->rows[i];
		m->gone[i] = row->stored != 0 && row->uidvalidity != 0 &&
			     is_gone(row, listed, count);
		m->gone_count += m->gone[i];
		m->mailboxids = m->mailboxids ||
				(m->gone[i] && row->mailboxid[0] != '\0');
	}
}

static bool is_known(const struct moves *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->rows[i].name, name) == 0)
			return true;
	return false;
}

/* By what the list says: is it worth a look? */
static bool may_be_old(const struct moves *m, const struct mailbox_state *s)
{
	if (s->uidvalidity == 0 || m->mailboxids)
		return true;
	for (size_t i = 0; m->gone != NULL && i < m->count; i++)
		if (m->gone[i] && m->rows[i].uidvalidity == s->uidvalidity)
			return true;
	return false;
}

/* 1 and which row; 0: none. The mailbox is selected. */
static int identify(struct moves *m, const struct mailbox_state *s,
	size_t *ret_row, struct err *err)
{
	enum sample_verdict verdict;

	if (m->gone == NULL || m->rows == NULL)
		return 0;
	for (size_t i = 0; i < m->count; i++)
		if (m->gone[i] && s->mailboxid[0] != '\0' &&
			strcmp(m->rows[i].mailboxid, s->mailboxid) == 0) {
			*ret_row = i;
			return 1;
		}
	for (size_t i = 0; i < m->count; i++) {
		const struct ledger_mailbox *row = &m->rows[i];
		if (!m->gone[i] || row->uidvalidity != s->uidvalidity ||
			(row->mailboxid[0] != '\0' &&
				s->mailboxid[0] != '\0') ||
			(s->uidnext != 0 && s->uidnext < row->uidnext))
			continue;
		if (sample_compare(m->w, row, &verdict, err) != 0)
			return -1;
		if (verdict == SAMPLE_SAME) {
			*ret_row = i;
			return 1;
		}
	}
	return 0;
}

/* ---- what follows */

/* Folders that are other mailboxes' do not move with this one. */
static const char **other_dirs(const struct moves *m, size_t *ret_count)
{
	const char **dirs = mem_array(m->count, sizeof(char *));

	for (size_t i = 0; i < m->count; i++)
		dirs[i] = m->rows[i].dir;
	*ret_count = m->count;
	return dirs;
}

/* 1: the folder lies in `to` now. */
static int move_folder(struct moves *m, const struct ledger_mailbox *row,
	const char *to, struct err *err)
{
	struct work *w = m->w;
	char *note = mem_printf("%" PRId64 "\n%s\n%s", row->id, row->dir, to);
	const char **stay;
	size_t count;
	int r;

	if (ledger_note(w->ledger, NOTE, note, err) != 0) {
		free(note);
		return -1;
	}
	free(note);
	stay = other_dirs(m, &count);
	r = store_rename_folder(w->store, row->dir, to, stay, count, err);
	free(stay);
	return r;
}

static int follow(struct moves *m, size_t i, const struct plan_pair *pair,
	struct err *err)
{
	struct ledger_mailbox *row = &m->rows[i];
	struct ledger *l = m->w->ledger;
	char to[NAME_DIR_MAX];
	const char *folder = row->folder, *dir = row->dir;
	int r = 0;

	if (row->dir[0] != '\0' && name_folder_dir(pair->folder, 0, to) == 0 &&
		to[0] != '\0') {
		r = strcmp(to, row->dir) == 0 ? 1
		    : store_has_dir(m->w->store, to)
			    ? 0
			    : move_folder(m, row, to, err);
		if (r < 0)
			return -1;
	}
	if (r == 1) {
		folder = pair->folder;
		dir = to;
	}
	LOG(LOG_LEVEL_INFO, &m->w->log, "mailbox_renamed",
		LOG_STR("from", row->name), LOG_STR("to", pair->name),
		LOG_STR("folder", folder));
	if (ledger_rename_mailbox(l, row->id, pair->mailbox, folder, dir, err) <
			0 ||
		ledger_note(l, NOTE, "", err) != 0)
		return -1;
	if (dir == to)
		memcpy(row->dir, to, sizeof to);
	(void)snprintf(row->name, sizeof row->name, "%s", pair->mailbox);
	m->gone[i] = false;
	m->gone_count--;
	return 0;
}

/* 1 moved, 0 it is a new one. */
static int look_at(
	struct moves *m, const struct plan_pair *pair, struct err *err)
{
	struct link *link = &m->w->link;
	struct mailbox_state state;
	size_t row = 0;
	int r;

	if (link_open(link, err) != 0)
		return -1;
	r = session_select(link->session, pair->mailbox, &state, err);
	if (r == 0 && state.exists != 0)
		r = identify(m, &state, &row, err);
	if (r < 0) {
		/* What cannot be read is told when it is visited. */
		log_err(LOG_LEVEL_WARN, &m->w->log, "rename_not_seen", err);
		if (link_is_suspect(err) && link_survives(link, err))
			return 0;
		return -1;
	}
	if (r == 1 && follow(m, row, pair, err) != 0)
		return -1;
	return r;
}

/* How many have moved, -1. */
static int look_at_all(
	struct moves *m, const struct plan *plan, struct err *err)
{
	int moved = 0;

	for (size_t i = 0; i < plan->count && m->gone_count > 0; i++) {
		const struct plan_pair *pair = &plan->pairs[i];
		int r;
		if (is_known(m, pair->mailbox) || !may_be_old(m, &pair->status))
			continue;
		r = look_at(m, pair, err);
		if (r < 0)
			return -1;
		moved += r;
	}
	return moved;
}

int moves_follow(struct work *w, const struct mailbox_info *listed,
	size_t listed_count, const struct plan *plan, size_t *ret_moved,
	struct err *err)
{
	struct moves m = {.w = w};
	size_t moved = 0;
	int r = load(&m, err);

	if (r == 0)
		r = finish(&m, err);
	if (r == 0)
		find_gone(&m, listed, listed_count);
	while (r >= 0 && (r = look_at_all(&m, plan, err)) > 0)
		moved += (size_t)r;
	free(m.gone);
	free(m.rows);
	*ret_moved = moved;
	return r < 0 ? -1 : 0;
}
