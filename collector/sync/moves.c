/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. rows whose mailbox is gone: not listed, or another one has its name
 * 2. mailboxes of the plan that may be one of these, each looked at once
 * 3. those recognised are followed: relocate.c
 * 4. INBOX, where it has lost all that it had, and something is new
 */
#include "moves.h"

#include "likeness.h"
#include "relocate.h"
#include "sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than so many with another UIDVALIDITY: the server counts anew, and
 * their contents are compared when they are visited. */
#define RENUMBERED_MAX 8

struct moves {
	struct work *w;
	const struct plan *plan;
	struct ledger_mailbox *rows;
	size_t count;
	bool *gone;	 /* rows whose mailbox is not listed any more … */
	bool *displaced; /* … or whose name means another one now */
	size_t gone_count, displaced_count;
	bool mailboxids;		    /* one of these has one */
	const struct ledger_mailbox *inbox; /* it has lost something; or NULL */
	struct relocation *found;
	size_t found_count;
};

static int load(struct moves *m, struct err *err)
{
	bool changed;

	if (ledger_mailboxes(m->w->ledger, &m->rows, &m->count, err) != 0 ||
		relocate_finish(m->w, m->rows, m->count, &changed, err) != 0)
		return -1;
	if (!changed)
		return 0;
	free(m->rows);
	m->rows = NULL;
	m->count = 0;
	return ledger_mailboxes(m->w->ledger, &m->rows, &m->count, err);
}

/* ---- 1 */

static const struct mailbox_info *find_listed(
	const struct mailbox_info *listed, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if ((listed[i].attrs & MAILBOX_NOSELECT) == 0 &&
			strcmp(listed[i].name, name) == 0)
			return &listed[i];
	return NULL;
}

/* Not so INBOX, whose name does not move. */
static bool is_displaced(
	const struct ledger_mailbox *row, const struct mailbox_info *now)
{
	return now != NULL && now->status.uidvalidity != 0 &&
	       now->status.uidvalidity != row->uidvalidity &&
	       row->dir[0] != '\0' && !name_is_inbox(row->name);
}

static bool may_have_lost_all(
	const struct ledger_mailbox *row, const struct mailbox_info *now)
{
	return now != NULL && row->stored != 0 &&
	       (now->status.uidvalidity == 0 ||
		       now->status.exists < row->stored);
}

static void find_gone(
	struct moves *m, const struct mailbox_info *listed, size_t count)
{
	if (m->rows == NULL)
		return;
	m->gone = mem_array(m->count, sizeof *m->gone);
	m->displaced = mem_array(m->count, sizeof *m->displaced);
	for (size_t i = 0; i < m->count; i++) {
		const struct ledger_mailbox *row = &m->rows[i];
		const struct mailbox_info *now =
			find_listed(listed, count, row->name);
		if (row->uidvalidity == 0)
			continue;
		if (name_is_inbox(row->name) && may_have_lost_all(row, now))
			m->inbox = row;
		m->displaced[i] = is_displaced(row, now);
		m->gone[i] =
			m->displaced[i] || (now == NULL && row->stored != 0);
		m->displaced_count += m->displaced[i];
		m->gone_count += m->gone[i];
		m->mailboxids = m->mailboxids ||
				(m->gone[i] && row->mailboxid[0] != '\0');
	}
}

/* ---- 2 */

enum standing {
	STANDING_KNOWN,	    /* its row is its own */
	STANDING_NEW,	    /* it has none, or has not been read to the end */
	STANDING_DISPLACED, /* its name was another's */
};

static enum standing standing_of(
	const struct moves *m, const char *name, size_t *ret_row)
{
	for (size_t i = 0; m->rows != NULL && i < m->count; i++) {
		if (strcmp(m->rows[i].name, name) != 0)
			continue;
		*ret_row = i;
		if (m->displaced[i])
			return STANDING_DISPLACED;
		return STANDING_KNOWN;
	}
	return STANDING_NEW;
}

static bool has_validity(const struct moves *m, uint32_t uidvalidity)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->gone[i] && m->rows[i].uidvalidity == uidvalidity)
			return true;
	return false;
}

/* By what the list says: is it worth a look? A new one always: what it is
 * like, its contents tell. */
static bool may_be_old(const struct moves *m, enum standing standing,
	const struct mailbox_state *s)
{
	if (standing == STANDING_KNOWN || m->gone_count == 0)
		return false;
	return standing == STANDING_NEW || s->uidvalidity == 0 ||
	       m->mailboxids || has_validity(m, s->uidvalidity) ||
	       m->displaced_count <= RENUMBERED_MAX;
}

/* 1, 0, -1. An empty one is like any other: it has the number of one that was
 * empty before, or it is nobody. */
static int has_same_uids(struct moves *m, const struct ledger_mailbox *row,
	const struct mailbox_state *s, struct err *err)
{
	enum sample_verdict verdict;

	if (row->uidvalidity != s->uidvalidity ||
		(row->mailboxid[0] != '\0' && s->mailboxid[0] != '\0') ||
		(s->uidnext != 0 && s->uidnext < row->uidnext))
		return 0;
	if (s->exists == 0)
		return row->stored == 0;
	if (sample_compare(m->w, row, &verdict, err) != 0)
		return -1;
	return verdict == SAMPLE_SAME;
}

/* 1 and which row; 0: none. The mailbox is selected. */
static int identify(struct moves *m, const struct mailbox_state *s,
	size_t *ret_row, struct err *err)
{
	int r = 0;

	for (size_t i = 0; m->rows != NULL && i < m->count; i++)
		if (m->gone[i] && s->mailboxid[0] != '\0' &&
			strcmp(m->rows[i].mailboxid, s->mailboxid) == 0) {
			*ret_row = i;
			return 1;
		}
	for (size_t i = 0; r == 0 && i < m->count; i++) {
		if (!m->gone[i])
			continue;
		*ret_row = i;
		r = has_same_uids(m, &m->rows[i], s, err);
	}
	return r;
}

/* The same by contents. own: the row that has its name, which comes first: a
 * mailbox that has got new numbers; or NULL. */
static int resemble(struct moves *m, const struct mailbox_state *s,
	const struct ledger_mailbox *own, size_t *ret_row, struct err *err)
{
	struct likeness *list;
	size_t n = 0, best = 0;
	int r;

	if (s->exists == 0)
		return 0;
	list = mem_array(m->count, sizeof *list);
	for (size_t i = 0; i < m->count; i++)
		if (m->gone[i] && m->rows[i].stored != 0 &&
			(m->rows[i].mailboxid[0] == '\0' ||
				s->mailboxid[0] == '\0'))
			list[n++] = (struct likeness){.m = &m->rows[i]};
	r = likeness_find(m->w, list, n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (list[i].m == own && list[i].same != 0)
			n = 0;
		else if (list[i].same > list[best].same)
			best = i;
	}
	if (r == 0 && n != 0 && list[best].m != own &&
		likeness_is_same(&list[best])) {
		*ret_row = (size_t)(list[best].m - m->rows);
		r = 1;
	}
	free(list);
	return r;
}

static int compare(struct moves *m, const struct plan_pair *pair,
	const struct ledger_mailbox *own, size_t *ret_row, struct err *err)
{
	struct link *link = &m->w->link;
	struct mailbox_state state;
	int r;

	if (link_open(link, err) != 0 ||
		session_select(link->session, pair->mailbox, &state, err) != 0)
		return -1;
	r = identify(m, &state, ret_row, err);
	if (r == 0 && (own == NULL || m->displaced_count <= RENUMBERED_MAX))
		r = resemble(m, &state, own, ret_row, err);
	return r;
}

/* What cannot be read is told when it is visited. */
static int forgive(struct moves *m, struct err *err)
{
	log_err(LOG_LEVEL_WARN, &m->w->log, "rename_not_seen", err);
	return link_is_suspect(err) && link_survives(&m->w->link, err) ? 0 : -1;
}

static int look_at(struct moves *m, const struct plan_pair *pair,
	const struct ledger_mailbox *own, struct err *err)
{
	size_t row = 0;
	int r = compare(m, pair, own, &row, err);

	if (r < 0)
		return forgive(m, err);
	if (r == 0)
		return 0;
	m->found[m->found_count++] =
		(struct relocation){.row = row, .to = pair};
	m->gone[row] = false;
	m->gone_count--;
	return 0;
}

static int look_at_all(struct moves *m, struct err *err)
{
	const struct plan *plan = m->plan;

	m->found = mem_array(plan->count, sizeof *m->found);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_pair *pair = &plan->pairs[i];
		size_t row = 0;
		enum standing standing = standing_of(m, pair->mailbox, &row);
		if (!may_be_old(m, standing, &pair->status))
			continue;
		if (look_at(m, pair,
			    standing == STANDING_DISPLACED ? &m->rows[row]
							   : NULL,
			    err) != 0)
			return -1;
	}
	return 0;
}

/* ---- 4 */

/* Nothing of what INBOX had is in it. 1, 0, -1. */
static int inbox_has_lost_all(struct moves *m, struct err *err)
{
	struct likeness l = {.m = m->inbox};
	struct link *link = &m->w->link;
	struct mailbox_state state;

	if (link_open(link, err) != 0 ||
		session_select(link->session, m->inbox->name, &state, err) != 0)
		return -1;
	if (state.exists == 0)
		return 1;
	if (likeness_find(m->w, &l, 1, err) != 0)
		return -1;
	return l.asked != 0 && l.same == 0;
}

static int holds_inbox(
	struct moves *m, const struct plan_pair *pair, struct err *err)
{
	struct likeness l = {.m = m->inbox};
	struct mailbox_state state;

	if (session_select(m->w->link.session, pair->mailbox, &state, err) != 0)
		return -1;
	if (state.exists == 0)
		return 0;
	if (likeness_find(m->w, &l, 1, err) != 0)
		return -1;
	return likeness_is_same(&l);
}

/* Also one whose import was broken off. */
static bool is_unread(const struct moves *m, const struct plan_pair *pair)
{
	if (name_is_inbox(pair->mailbox))
		return false;
	for (size_t i = 0; m->rows != NULL && i < m->count; i++)
		if (strcmp(m->rows[i].name, pair->mailbox) == 0)
			return m->rows[i].uidnext == 0;
	return true;
}

static int find_inbox(struct moves *m, struct err *err)
{
	int lost = -2, r;

	for (size_t i = 0; m->inbox != NULL && i < m->plan->count; i++) {
		const struct plan_pair *pair = &m->plan->pairs[i];
		if (!is_unread(m, pair))
			continue;
		if (lost == -2)
			lost = inbox_has_lost_all(m, err);
		r = lost <= 0 ? lost : holds_inbox(m, pair, err);
		if (r < 0)
			return forgive(m, err);
		if (lost == 0)
			return 0;
		if (r == 0)
			continue;
		LOG(LOG_LEVEL_INFO, &m->w->log, "inbox_renamed",
			LOG_STR("to", pair->name));
		m->w->inbox.id = m->inbox->id;
		m->w->inbox.uidvalidity = m->inbox->uidvalidity;
		(void)snprintf(m->w->inbox.to, sizeof m->w->inbox.to, "%s",
			pair->mailbox);
		return 0;
	}
	return 0;
}

int moves_follow(struct work *w, const struct mailbox_info *listed,
	size_t listed_count, const struct plan *plan, size_t *ret_moved,
	struct err *err)
{
	struct moves m = {.w = w, .plan = plan};
	size_t moved = 0;
	int rc = load(&m, err);

	if (rc == 0)
		find_gone(&m, listed, listed_count);
	if (rc == 0 && m.gone_count != 0)
		rc = look_at_all(&m, err);
	if (rc == 0 && w->run->job.task == JOB_COLLECT)
		rc = find_inbox(&m, err);
	if (rc == 0)
		rc = relocate(w, m.rows, m.count, m.found, m.found_count,
			&moved, err);
	free(m.found);
	free(m.displaced);
	free(m.gone);
	free(m.rows);
	*ret_moved = moved;
	return rc;
}
