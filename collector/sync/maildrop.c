/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list → what is known by UIDL, by header (drop_known.h) → fetch the rest; what
 *      is known by its content is dropped before it is handed to the store
 *      → what did not come, once more alone → still listed: quarantine
 *      → Gmail, and nothing new: reread.c
 */
#include "maildrop.h"

#include "drop_known.h"
#include "fetch.h"
#include "order.h"
#include "reread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Older ones arrive as read, unless --pop3-seen says otherwise. */
#define OLD_S ((int64_t)14 * 24 * 3600)

struct maildrop {
	struct visit *v;
	struct drop_table table;
	struct intake intake;
	struct fetch_owner owner;
	struct drop_known known;
	uint64_t unnamed_lost; /* could not be had, and have no name */
};

static int on_listed(
	void *arg, const struct message_meta *meta, struct err *err)
{
	(void)err;
	if ((meta->has & MESSAGE_HAS_UID) != 0 && meta->uid != 0)
		drop_table_add(arg, meta);
	return 0;
}

static int list(struct maildrop *md, struct drop_table *t, struct err *err)
{
	if (session_scan(md->v->work->link.session, SESSION_SCAN_SIZE,
		    on_listed, t, err) != 0)
		return -1;
	drop_table_seal(t);
	return 0;
}

static int renew(void *arg, struct err *err)
{
	struct maildrop *md = arg;
	struct visit *v = md->v;
	struct drop_table now = {0};
	bool same;

	if (visit_select_again(v, err) != 0 || list(md, &now, err) != 0) {
		drop_table_clear(&now);
		return -1;
	}
	same = drop_table_renumber(&md->table, &now);
	drop_table_clear(&now);
	if (same)
		return 0;
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER,
		"the maildrop changed while it was read, and its messages "
		"have no UIDL");
}

static uint32_t number(void *arg, uint32_t id)
{
	const struct maildrop *md = arg;

	return md->table.drops[id].number;
}

static bool settled(void *arg, uint32_t id)
{
	const struct maildrop *md = arg;

	return md->table.drops[id].settled;
}

static int give_up(
	void *arg, uint32_t id, const struct err *why, struct err *err)
{
	struct maildrop *md = arg;
	struct drop *d = &md->table.drops[id];
	struct ledger_message *key;
	int rc;

	d->settled = true;
	if (d->uidl[0] == '\0') {
		md->unnamed_lost++;
		LOG(LOG_LEVEL_WARN, &md->v->log, "message_unreadable",
			LOG_NUM("number", d->number),
			LOG_STR("class", err_class_name(why->class)),
			LOG_STR("error", why->text));
		return 0;
	}
	key = mem_alloc(sizeof *key);
	(void)snprintf(key->uidl, sizeof key->uidl, "%s", d->uidl);
	key->occurrence = d->kept_as;
	key->pop3_order = d->order;
	rc = visit_quarantine(
		md->v, key, d->tries, why, intake_told(&md->intake, id), err);
	free(key);
	return rc;
}

static bool is_old(const struct maildrop *md, int64_t date_s)
{
	return date_s < md->v->work->now_s - OLD_S;
}

/* POP3 does not tell what was read there. */
static void set_flags(const struct maildrop *md,
	const struct intake_message *message, struct ledger_message *key)
{
	int seen = md->v->work->run->account.pop3_seen;

	if (seen > 0 || (seen < 0 && is_old(md, message->date_s)))
		key->source.system = FLAG_SEEN;
}

static enum intake_verdict accept(void *arg,
	const struct intake_message *message, struct ledger_message *key,
	struct err *err)
{
	struct maildrop *md = arg;
	struct drop *d;
	long at = -1;
	int here;

	if ((message->meta->has & MESSAGE_HAS_UID) != 0)
		at = drop_table_find(&md->table, message->meta->uid);
	if (at < 0)
		return INTAKE_DROP;
	d = &md->table.drops[at];
	if (d->known || d->settled)
		return INTAKE_DROP;
	d->settled = true;
	here = drop_known_message(&md->known, d, message, key, err);
	if (here != 0)
		return here < 0 ? INTAKE_FAIL : INTAKE_DROP;
	set_flags(md, message, key);
	md->v->came++;
	return INTAKE_TAKE;
}

/* Those that are new follow those that were listed before. */
static int put_in_order(struct maildrop *md, struct err *err)
{
	struct drop *drops = md->table.drops;
	uint32_t last = 0;

	if (ledger_last_order(md->v->work->ledger, md->v->m.id, &last, err) !=
		0)
		return -1;
	for (size_t i = 0; i < md->table.count; i++)
		if (drops[i].order == 0 && !drops[i].known && last < UINT32_MAX)
			drops[i].order = ++last;
	return 0;
}

static int refuse_too_big(struct maildrop *md, uint32_t id, struct err *err)
{
	struct err why;

	(void)err_set(&why, ERR_LIMIT, ERR_SCOPE_MESSAGE, ERR_RETRY_CHANGE,
		"larger than limits.message");
	return give_up(md, id, &why, err);
}

/* Places of what is to be fetched in company. Caller frees. */
static int choose(struct maildrop *md, uint32_t **ret_ids, size_t *ret_count,
	struct err *err)
{
	uint64_t limit = md->v->work->run->settings->limits_message_bytes;
	uint32_t *ids = mem_array(md->table.count, sizeof *ids);
	size_t n = 0;

	if (put_in_order(md, err) != 0) {
		free(ids);
		return -1;
	}
	for (size_t i = 0; i < md->table.count; i++) {
		struct drop *d = &md->table.drops[i];
		if (!d->known && d->size_bytes > limit &&
			refuse_too_big(md, (uint32_t)i, err) != 0) {
			free(ids);
			return -1;
		}
		if (!d->known && !d->due && !d->settled)
			ids[n++] = (uint32_t)i;
	}
	*ret_ids = ids;
	*ret_count = n;
	return 0;
}

/* What did not come, and what was due: each alone. */
static int get_alone(struct maildrop *md, struct err *err)
{
	struct err why;

	(void)err_set(&why, ERR_PROTOCOL, ERR_SCOPE_MESSAGE, ERR_RETRY_LATER,
		"the server lists this message but does not deliver it");
	for (size_t i = 0; i < md->table.count; i++) {
		const struct drop *d = &md->table.drops[i];
		uint32_t id = (uint32_t)i;
		if (d->known || d->settled)
			continue;
		if (fetch_messages(
			    &md->intake, &md->owner, &id, 1, true, err) != 0)
			return -1;
		/* number 0: another client has taken it away */
		if (!d->settled && d->number != 0 &&
			give_up(md, id, &why, err) != 0)
			return -1;
	}
	return 0;
}

/* What was quarantined and is not in the maildrop any more. */
static int forget_gone(struct maildrop *md, struct err *err)
{
	struct visit *v = md->v;

	for (size_t i = 0; i < v->due_count; i++)
		if (!drop_table_has(
			    &md->table, v->due[i].uidl, v->due[i].occurrence) &&
			visit_forget(v, &v->due[i], err) != 0)
			return -1;
	return 0;
}

static int get_all(struct maildrop *md, struct err *err)
{
	struct visit *v = md->v;
	uint32_t *ids;
	size_t count;
	struct order order;
	size_t first, n;
	int rc = 0;

	if (list(md, &md->table, err) != 0 ||
		drop_known_open(&md->known, v, &md->table, err) != 0)
		return -1;
	if (v->work->list_only)
		return 0;
	if (drop_known_by_header(&md->known, err) != 0 ||
		choose(md, &ids, &count, err) != 0)
		return -1;
	v->expected = count;
	v->work->progress.now.messages_new += count;
	md->intake.hash = md->table.nameless || drop_known_has_more(&md->known);
	md->intake.date = v->work->run->account.pop3_seen < 0;
	LOG(LOG_LEVEL_DEBUG, &v->log, "maildrop_listed",
		LOG_NUM("listed", md->table.count), LOG_NUM("new", count),
		LOG_NUM("nameless", md->table.nameless));
	order_begin(&order, count, v->work->run->account.newest_first);
	while (rc == 0 && order_next(&order, &first, &n))
		rc = fetch_messages(
			&md->intake, &md->owner, ids + first, n, false, err);
	free(ids);
	if (rc == 0)
		rc = get_alone(md, err);
	if (rc == 0)
		rc = forget_gone(md, err);
	if (rc == 0)
		rc = reread_batch(v, &md->table, err);
	if (rc == 0 && md->unnamed_lost != 0)
		rc = err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER,
			"%llu messages cannot be read and have no UIDL",
			(unsigned long long)md->unnamed_lost);
	return rc;
}

int maildrop_import(struct visit *v, struct err *err)
{
	struct maildrop md = {.v = v};
	int rc;

	progress_phase(&v->work->progress, "importing", v->pair->name);
	md.intake = (struct intake){.work = v->work,
		.folder = v->folder,
		.accept = accept,
		.arg = &md,
		.mailbox_id = v->m.id};
	md.owner = (struct fetch_owner){.renew = renew,
		.number = number,
		.settled = settled,
		.give_up = give_up,
		.arg = &md};
	rc = get_all(&md, err);
	drop_known_close(&md.known);
	drop_table_clear(&md.table);
	return rc;
}
