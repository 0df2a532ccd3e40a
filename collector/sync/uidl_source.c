/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. which delivered messages have no UIDL    → ledger
 * 2. any that no listing was compared with    → POP3 listing, partners
 *    (uidl_listing.c, uidl_match.c)           → ledger
 * 3. what does not stand in dovecot-uidlist   → under the reader's lock
 * The ledger comes first: a run that dies between goes on with 3.
 */
#include "uidl_source.h"

#include "../../storage/ledger_uidl.h"
#include "uidl_listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What had no partner, and a password that was refused: not before. */
#define AGAIN_S ((int64_t)24 * 60 * 60)

struct source {
	struct work *w;
	struct log_ctx log;
	struct ledger_mailbox m;
	struct url url;
	struct ledger_listing listing;
	struct uidl_match match;
	size_t cap;
	int64_t newest; /* id */
};

bool uidl_source_wanted(const struct account *a)
{
	return a->uidl_from != NULL && a->uidl_from[0] != '\0' &&
	       a->url.protocol == PROTOCOL_IMAP && !a->new_uids;
}

/* ---- 1 */

/* 1 found and complete, 0, -1. */
static int find_inbox(struct source *s, struct err *err)
{
	struct ledger_mailbox *all;
	size_t count;
	int found = 0;

	if (ledger_mailboxes(s->w->ledger, &all, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count && found == 0; i++)
		if (name_is_inbox(all[i].name) && all[i].uidnext != 0) {
			s->m = all[i];
			found = 1;
		}
	free(all);
	return found;
}

static void on_open(void *arg, const struct ledger_unnamed *row)
{
	struct source *s = arg;
	struct uidl_match *m = &s->match;
	struct uidl_mail *mail;

	if (m->mail_count == s->cap) {
		s->cap = s->cap != 0 ? s->cap * 2 : 256;
		m->mails = mem_grow(m->mails, s->cap, sizeof *m->mails);
	}
	mail = &m->mails[m->mail_count++];
	*mail = (struct uidl_mail){.id = row->id,
		.size_bytes = row->size_bytes,
		.drop = UIDL_NONE};
	memcpy(mail->hash, row->header_hash, sizeof mail->hash);
	memcpy(mail->content, row->sha256, sizeof mail->content);
	if (row->id > s->newest)
		s->newest = row->id;
}

/* ---- 2 */

static bool is_due(const struct source *s)
{
	const struct ledger_listing *l = &s->listing;
	int64_t age_s = s->w->now_s - l->asked_at;

	if (s->match.mail_count == 0)
		return false;
	if (age_s < 0 || age_s >= AGAIN_S || l->asked_at == 0)
		return true;
	return !l->refused && (l->why[0] != '\0' || s->newest > l->upto);
}

static int note_partners(struct source *s, size_t *ret_found, struct err *err)
{
	const struct uidl_match *m = &s->match;
	struct ledger *l = s->w->ledger;
	uint32_t order = 0;
	size_t found = 0;

	if (ledger_begin(l, err) != 0)
		return -1;
	if (ledger_uidl_last(l, &order, err) != 0)
		goto failed;
	for (size_t i = 0; i < m->drop_count; i++) {
		const struct uidl_drop *d = &m->drops[i];
		if (d->mail == UIDL_NONE || order == UINT32_MAX)
			continue;
		if (ledger_uidl_add(l, m->mails[d->mail].id, d->uidl, ++order,
			    err) != 0)
			goto failed;
		found++;
	}
	if (ledger_uidl_listed(l, &s->listing, err) != 0)
		goto failed;
	*ret_found = found;
	return ledger_commit(l, err);
failed:
	ledger_rollback(l);
	return -1;
}

/* Mail does not wait for that server. */
static int note_failed(struct source *s, const struct err *why, struct err *err)
{
	if (work_cancelled(s->w)) {
		*err = *why;
		return -1;
	}
	log_err(LOG_LEVEL_WARN, &s->log, "pop3_listing_failed", why);
	s->listing.refused = why->class == ERR_AUTH;
	(void)snprintf(s->listing.why, sizeof s->listing.why, "%s: %.200s",
		err_class_name(why->class), why->text);
	return ledger_uidl_listed(s->w->ledger, &s->listing, err);
}

static int ask(struct source *s, struct err *err)
{
	struct err why;
	size_t found = 0;

	s->listing.asked_at = s->w->now_s;
	if (uidl_listing_match(s->w, &s->url, s->m.exists, &s->match, &why) !=
		0)
		return note_failed(s, &why, err);
	s->listing.upto = s->newest;
	s->listing.why[0] = '\0';
	s->listing.refused = false;
	if (note_partners(s, &found, err) != 0)
		return -1;
	LOG(LOG_LEVEL_INFO, &s->log, "uidls_found",
		LOG_NUM("new_there", s->match.drop_count),
		LOG_NUM("new_here", s->match.mail_count),
		LOG_NUM("found", found));
	return 0;
}

/* ---- 3 */

struct pending {
	struct store_uidl *items;
	size_t count, cap;
};

static void on_pending(void *arg, int64_t id, const char *base,
	const char *uidl, uint32_t order)
{
	struct pending *p = arg;

	if (p->count == p->cap) {
		p->cap = p->cap != 0 ? p->cap * 2 : 256;
		p->items = mem_grow(p->items, p->cap, sizeof *p->items);
	}
	p->items[p->count++] = (struct store_uidl){.id = id,
		.base = mem_strdup(base),
		.uidl = mem_strdup(uidl),
		.order = order};
}

static int note_written(struct source *s, const struct pending *p,
	size_t *ret_written, struct err *err)
{
	struct ledger *l = s->w->ledger;
	size_t written = 0;

	if (ledger_begin(l, err) != 0)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		if (ledger_uidl_written(
			    l, p->items[i].id, p->items[i].written, err) != 0) {
			ledger_rollback(l);
			return -1;
		}
		written += p->items[i].written;
	}
	*ret_written = written;
	return ledger_commit(l, err);
}

static int write_pending(struct source *s, struct err *err)
{
	struct pending p = {.items = NULL};
	struct err why;
	size_t written = 0;
	int rc = ledger_uidl_each_pending(
		s->w->ledger, s->m.id, on_pending, &p, err);

	if (rc == 0 && p.count != 0) {
		if (store_name_uidls(
			    s->w->store, s->m.dir, p.items, p.count, &why) != 0)
			log_err(LOG_LEVEL_WARN, &s->log, "uidls_not_written",
				&why);
		else
			rc = note_written(s, &p, &written, err);
	}
	if (rc == 0 && p.count != 0)
		LOG(LOG_LEVEL_INFO, &s->log, "uidls_written",
			LOG_NUM("written", written),
			LOG_NUM("waiting", p.count - written));
	for (size_t i = 0; i < p.count; i++) {
		free(p.items[i].base);
		free(p.items[i].uidl);
	}
	free(p.items);
	return rc;
}

/* The other server's UIDLs are others; those of the one before are forgotten,
 * and written over. */
static int check_source(struct source *s, struct err *err)
{
	struct ledger *l = s->w->ledger;
	const char *now = s->w->run->account.uidl_from;

	if (strcmp(s->listing.source, now) == 0)
		return 0;
	if (s->listing.source[0] != '\0' && ledger_uidl_forget(l, err) != 0)
		return -1;
	s->listing = (struct ledger_listing){.upto = 0};
	(void)snprintf(s->listing.source, sizeof s->listing.source, "%s", now);
	return ledger_uidl_listed(l, &s->listing, err);
}

static int run(struct source *s, struct err *err)
{
	struct ledger *l = s->w->ledger;

	if (ledger_uidl_listing(l, &s->listing, err) != 0 ||
		check_source(s, err) != 0 ||
		ledger_uidl_each_open(l, &s->m, on_open, s, err) != 0)
		return -1;
	if (is_due(s) && ask(s, err) != 0)
		return -1;
	return write_pending(s, err);
}

int uidl_source_run(struct work *w, struct err *err)
{
	struct source *s;
	int rc;

	if (!uidl_source_wanted(&w->run->account))
		return 0;
	s = mem_alloc(sizeof *s);
	s->w = w;
	s->log = w->log;
	rc = find_inbox(s, err);
	if (rc == 1) {
		s->log.mailbox = s->m.name;
		rc = url_parse(w->run->account.uidl_from, &s->url, err);
		if (rc == 0)
			rc = run(s, err);
	}
	uidl_listing_clear(&s->match);
	free(s);
	return rc;
}

/* ---- status */

char *uidl_source_tell(
	struct work *w, const struct ledger_mailbox *m, int64_t *ret_missing)
{
	struct ledger_listing listing;
	int64_t named, missing;

	*ret_missing = -1;
	if (!uidl_source_wanted(&w->run->account) || !name_is_inbox(m->name) ||
		ledger_uidl_count(w->ledger, m, &named, NULL) != 0 ||
		ledger_uidl_listing(w->ledger, &listing, NULL) != 0)
		return NULL;
	missing = m->stored > named ? m->stored - named : 0;
	*ret_missing = missing;
	if (missing == 0)
		return NULL;
	if (listing.why[0] != '\0')
		return mem_printf("%lld messages have no UIDL yet: the POP3 "
				  "server could not be asked (%s)",
			(long long)missing, listing.why);
	return mem_printf(
		"%lld messages have no UIDL: nothing in the POP3 listing is "
		"certainly the same message; POP clients fetch them again",
		(long long)missing);
}
