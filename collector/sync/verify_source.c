/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of a mailbox and the rows that the ledger has of it, both in
 * order, side by side. */
#include "verify_rows.h"

#include "census.h"
#include "drop_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void add(struct verify *v, enum difference kind,
	const struct plan_pair *pair, const struct verify_row *r,
	const char *text)
{
	differences_add(v->found, kind,
		&(struct difference_at){.mailbox = pair->name,
			.uid = r->uid,
			.uidl = r->uidl,
			.folder = pair->folder,
			.file = r->base,
			.text = text});
}

static void not_collected(struct verify *v, const struct plan_pair *pair,
	uint32_t uid, const char *uidl)
{
	const struct verify_row none = {.uid = uid, .uidl = uidl, .base = ""};

	add(v, DIFFERENCE_NOT_COLLECTED, pair, &none, "");
}

/* A row of a message that the source has. */
static void compare_listed(struct verify *v, const struct plan_pair *pair,
	const struct verify_row *r)
{
	switch (r->state) {
	case LEDGER_QUARANTINED:
		add(v, DIFFERENCE_QUARANTINED, pair, r, r->why);
		return;
	case LEDGER_SKIPPED:
		add(v, DIFFERENCE_LEFT_OUT, pair, r, r->why);
		return;
	case LEDGER_STAGED:
	case LEDGER_DONE:
		return;
	}
}

/* A row of one that it has not. What we deleted there is no difference. */
static void compare_unlisted(struct verify *v, const struct plan_pair *pair,
	const struct verify_row *r)
{
	if (r->state <= LEDGER_DONE && !r->removed)
		add(v, DIFFERENCE_GONE_THERE, pair, r, "");
}

static void compare_flags(struct verify *v, const struct plan_pair *pair,
	const struct verify_row *r, const struct listed *l, struct flags *now,
	struct flags *then)
{
	if (!l->has_flags || r->state > LEDGER_DONE)
		return;
	listed_flags(l, now);
	memset(then, 0, sizeof *then);
	then->system = r->source.system;
	(void)snprintf(then->keywords, sizeof then->keywords, "%s",
		r->source.keywords);
	if (!flags_equal(now, then))
		add(v, DIFFERENCE_FLAGS, pair, r, l->keywords);
}

static void compare_uids(struct verify *v, const struct plan_pair *pair,
	const struct census *there, const struct verify_rows *rows)
{
	struct flags *now = mem_alloc(sizeof *now);
	struct flags *then = mem_alloc(sizeof *then);
	size_t i = 0, j = 0;

	while (i < there->count || j < rows->count) {
		const struct listed *l =
			i < there->count ? &there->list[i] : NULL;
		const struct verify_row *r =
			j < rows->count ? &rows->list[j] : NULL;
		if (r == NULL || (l != NULL && l->uid < r->uid)) {
			assert(l != NULL); /* one of the two is there */
			not_collected(v, pair, l->uid, "");
			i++;
		} else if (l == NULL || r->uid < l->uid) {
			compare_unlisted(v, pair, r);
			j++;
		} else {
			compare_listed(v, pair, r);
			compare_flags(v, pair, r, l, now, then);
			i++;
			j++;
		}
	}
	free(now);
	free(then);
}

static void renumbered(struct verify *v, const struct plan_pair *pair,
	uint32_t then, uint32_t now)
{
	char text[80];

	(void)snprintf(text, sizeof text, "UIDVALIDITY was %lu and is %lu",
		(unsigned long)then, (unsigned long)now);
	differences_add(v->found, DIFFERENCE_RENUMBERED,
		&(struct difference_at){.mailbox = pair->name,
			.folder = pair->folder,
			.text = text});
}

int verify_imap(struct verify *v, const struct plan_pair *pair,
	const struct ledger_mailbox *m, const struct verify_rows *rows,
	struct err *err)
{
	/* to whom nothing is known: all is listed */
	struct visit visit = {.work = v->w,
		.pair = pair,
		.log = v->w->log,
		.known_loaded = true};
	struct census there = {.list = NULL};
	int rc;

	if (link_open(&v->w->link, err) != 0 ||
		session_select(v->w->link.session, pair->mailbox, &visit.state,
			err) != 0)
		return -1;
	if (m->uidvalidity != 0 && m->uidvalidity != visit.state.uidvalidity) {
		renumbered(v, pair, m->uidvalidity, visit.state.uidvalidity);
		return 0;
	}
	if (visit.state.exists == 0) {
		compare_uids(v, pair, &there, rows);
		return 0;
	}
	rc = census_load(&visit, &there, err);
	if (rc == 0)
		compare_uids(v, pair, &there, rows);
	census_clear(&there);
	return rc;
}

/* ---- POP3 */

static int on_drop(void *arg, const struct message_meta *meta, struct err *err)
{
	(void)err;
	drop_table_add(arg, meta);
	return 0;
}

static int by_uidl(const void *a, const void *b)
{
	const struct drop *x = a, *y = b;
	int c = strcmp(x->uidl, y->uidl);

	if (c != 0)
		return c;
	return x->occurrence < y->occurrence ? -1
					     : x->occurrence > y->occurrence;
}

/* Below 0: the row comes first. */
static int compare_keys(const struct verify_row *r, const struct drop *d)
{
	int c = strcmp(r->uidl, d->uidl);

	if (c != 0)
		return c;
	return r->occurrence < d->occurrence ? -1
					     : r->occurrence > d->occurrence;
}

/* Rows by content, or whose UIDL has gone to another message. */
static bool has_no_uidl(const struct verify_row *r)
{
	return strchr(r->uidl, ' ') != NULL || strlen(r->uidl) > 70;
}

static void compare_uidls(struct verify *v, const struct plan_pair *pair,
	const struct drop_table *there, const struct verify_rows *rows)
{
	size_t i = 0, j = 0;

	while (i < there->count || j < rows->count) {
		const struct drop *d =
			i < there->count ? &there->drops[i] : NULL;
		const struct verify_row *r =
			j < rows->count ? &rows->list[j] : NULL;
		int c = r == NULL ? 1 : d == NULL ? -1 : compare_keys(r, d);
		if (c > 0) {
			assert(d != NULL); /* one of the two is there */
			not_collected(v, pair, 0, d->uidl);
		} else if (c < 0 && !has_no_uidl(r)) {
			compare_unlisted(v, pair, r);
		} else if (c == 0) {
			compare_listed(v, pair, r);
		}
		i += c >= 0;
		j += c <= 0;
	}
}

int verify_pop3(struct verify *v, const struct plan_pair *pair,
	const struct verify_rows *rows, struct err *err)
{
	struct drop_table there = {.drops = NULL};
	struct mailbox_state state;
	int rc = -1;

	if (link_open(&v->w->link, err) != 0 ||
		session_select(
			v->w->link.session, pair->mailbox, &state, err) != 0)
		return -1;
	if (state.exists == 0 ||
		session_scan(v->w->link.session, SESSION_SCAN_SIZE, on_drop,
			&there, err) == 0)
		rc = 0;
	if (rc == 0)
		drop_table_seal(&there);
	if (rc == 0 && (there.nameless || there.numbered)) {
		differences_add(v->found, DIFFERENCE_NOT_COMPARED,
			&(struct difference_at){.mailbox = pair->name,
				.text = "the server gives its messages no "
					"UIDLs that could be believed"});
	} else if (rc == 0) {
		if (there.count != 0)
			qsort(there.drops, there.count, sizeof *there.drops,
				by_uidl);
		compare_uidls(v, pair, &there, rows);
	}
	drop_table_clear(&there);
	return rc;
}
