/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list → what is known → fetch the rest → what did not come, once more alone
 *      → still listed: quarantine
 * With UIDLs missing, such messages are all fetched, and those whose content
 * is known (the nth equal one, where n of them are known) are dropped before
 * they are handed to the store.
 */
#include "maildrop.h"

#include "contents.h"
#include "digest.h"
#include "drop_table.h"
#include "fetch.h"
#include "order.h"
#include "reclaim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct maildrop {
	struct visit *v;
	struct drop_table table;
	struct intake intake;
	struct fetch_owner owner;
	struct contents contents;   /* of the nameless, seen in this run */
	struct ledger_message *row; /* room for look-ups */
	uint64_t unnamed_lost;	    /* could not be had, and have no name */
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

static int look_up(struct maildrop *md, struct drop *d, struct err *err)
{
	struct ledger_message *row = md->row;
	struct visit *v = md->v;
	int found;

	if (d->uidl[0] == '\0')
		return 0;
	found = ledger_find_uidl(
		v->work->ledger, v->m.id, d->uidl, d->occurrence, row, err);
	if (found == 0) {
		found = reclaim_uidl(
			v, d->uidl, d->occurrence, d->size_bytes, err);
		d->known = found == 1;
		return found < 0 ? -1 : 0;
	}
	if (found < 0)
		return -1;
	d->due = row->state == LEDGER_QUARANTINED &&
		 row->next_try_at <= work_due_s(v->work);
	d->tries = row->tries;
	d->order = row->pop3_order;
	d->known = !d->due;
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
	key->occurrence = d->occurrence;
	key->pop3_order = d->order;
	rc = visit_quarantine(md->v, key, d->tries, why, err);
	free(key);
	return rc;
}

/* A message without a name is named by its content. */
static enum intake_verdict accept_nameless(struct maildrop *md,
	const struct intake_message *message, struct ledger_message *key,
	struct err *err)
{
	struct visit *v = md->v;
	char hex[DIGEST_BYTES * 2 + 1];
	int found;

	digest_hex(message->sha256, hex);
	(void)snprintf(key->uidl, sizeof key->uidl, "sha256:%s", hex);
	key->occurrence = contents_count(&md->contents, message->sha256);
	found = ledger_find_uidl(v->work->ledger, v->m.id, key->uidl,
		key->occurrence, md->row, err);
	if (found < 0)
		return INTAKE_FAIL;
	if (found > 0) {
		link_progress(&v->work->link);
		return INTAKE_DROP;
	}
	v->came++;
	return INTAKE_TAKE;
}

static enum intake_verdict accept(void *arg,
	const struct intake_message *message, struct ledger_message *key,
	struct err *err)
{
	struct maildrop *md = arg;
	struct drop *d;
	long at = -1;

	if ((message->meta->has & MESSAGE_HAS_UID) != 0)
		at = drop_table_find(&md->table, message->meta->uid);
	if (at < 0)
		return INTAKE_DROP;
	d = &md->table.drops[at];
	if (d->known || d->settled)
		return INTAKE_DROP;
	d->settled = true;
	key->pop3_order = d->order;
	if (d->uidl[0] == '\0')
		return accept_nameless(md, message, key, err);
	(void)snprintf(key->uidl, sizeof key->uidl, "%s", d->uidl);
	key->occurrence = d->occurrence;
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

	int rc = 0;

	for (size_t i = 0; rc == 0 && i < md->table.count; i++)
		rc = look_up(md, &md->table.drops[i], err);
	if (rc != 0 || put_in_order(md, err) != 0) {
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
		choose(md, &ids, &count, err) != 0)
		return -1;
	v->expected = count;
	v->work->progress.now.messages_new += count;
	md->intake.hash = md->table.nameless;
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
	md.row = mem_alloc(sizeof *md.row);
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
	contents_clear(&md.contents);
	drop_table_clear(&md.table);
	free(md.row);
	return rc;
}
