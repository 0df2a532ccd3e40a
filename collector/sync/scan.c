/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * To compare flags, the ledger's are kept as a hash a message: 16 bytes
 * instead of a set of keywords. A difference is looked at again, exactly,
 * when it is applied.
 */
#include "scan.h"

#include "witness.h"

#include <stdlib.h>

#define TRIES 3

struct known_flags {
	uint32_t uid;
	uint32_t size, date; /* the low 32 bits */
	uint64_t hash;
	uint64_t emailid; /* its hash; 0 = none */
};

struct reading {
	struct visit *v;
	struct scan *scan;
	bool flags;
	bool dates;		   /* sizes alone say nothing here */
	struct known_flags *table; /* ascending by uid */
	size_t count, cap;
	size_t at; /* where the last message was found */
};

/* FNV-1a. */
static uint64_t hash_flags(const struct flags *f)
{
	uint64_t h = 1469598103934665603u ^ f->system;

	h *= 1099511628211u;
	for (const char *p = f->keywords; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	return h;
}

/* 0 for none, or one of another kind of server. */
static uint64_t hash_emailid(const char *id)
{
	uint64_t h = 1469598103934665603u;

	if (id[0] == '\0')
		return 0;
	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 1099511628211u;
	return h | 1;
}

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct reading *r = arg;

	(void)dir;
	(void)err;
	if (m->state != LEDGER_DONE && m->state != LEDGER_STAGED)
		return 0;
	if (r->count == r->cap) {
		r->cap = r->cap != 0 ? r->cap * 2 : 256;
		r->table = mem_grow(r->table, r->cap, sizeof *r->table);
	}
	r->table[r->count++] = (struct known_flags){.uid = m->uid,
		.size = (uint32_t)m->size_bytes,
		.date = (uint32_t)m->date_s,
		.hash = hash_flags(&m->source),
		.emailid = hash_emailid(m->emailid)};
	return 0;
}

static int by_uid(const void *key, const void *element)
{
	uint32_t uid = *(const uint32_t *)key;
	const struct known_flags *k = element;

	return uid < k->uid ? -1 : uid > k->uid;
}

static const struct known_flags *find(struct reading *r, uint32_t uid)
{
	/* servers list in ascending order: mostly it is the next one */
	while (r->at < r->count && r->table[r->at].uid < uid)
		r->at++;
	if (r->at < r->count && r->table[r->at].uid == uid)
		return &r->table[r->at];
	return r->count != 0 ? bsearch(&uid, r->table, r->count,
				       sizeof *r->table, by_uid)
			     : NULL;
}

/* Not the size, nor the date where that was asked for. */
static bool is_suspect(const struct reading *r, const struct known_flags *k,
	const struct message_meta *meta)
{
	if ((meta->has & MESSAGE_HAS_SIZE) == 0 ||
		k->size == (uint32_t)meta->size_bytes)
		return false;
	return !r->dates || ((meta->has & MESSAGE_HAS_DATE) != 0 &&
				    k->date != (uint32_t)meta->date_s);
}

static void compare(struct reading *r, const struct message_meta *meta)
{
	const struct known_flags *k;

	if (!r->flags)
		return;
	k = find(r, meta->uid);
	if (k != NULL && k->emailid != 0 &&
		(meta->has & MESSAGE_HAS_EMAILID) != 0 &&
		k->emailid != hash_emailid(meta->emailid))
		r->v->reused = true;
	if (k != NULL && is_suspect(r, k, meta))
		(void)uidset_add(&r->v->suspects, meta->uid);
	if ((meta->has & MESSAGE_HAS_FLAGS) == 0)
		return;
	if (k != NULL && k->hash != hash_flags(&meta->flags))
		changes_add(&r->v->changes, meta->uid, &meta->flags);
}

static void note_missing(struct reading *r, const struct message_meta *meta)
{
	const struct run *run = r->v->work->run;

	if (run->account.skip_deleted && (meta->has & MESSAGE_HAS_FLAGS) != 0 &&
		(meta->flags.system & FLAG_DELETED) != 0) {
		r->scan->deleted++;
		return;
	}
	if (!uidset_add(&r->scan->missing, meta->uid))
		return;
	if ((meta->has & MESSAGE_HAS_SIZE) != 0 &&
		meta->size_bytes > run->settings->limits_message_bytes)
		(void)uidset_add(&r->scan->too_big, meta->uid);
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct reading *r = arg;
	struct visit *v = r->v;

	if ((meta->has & MESSAGE_HAS_UID) == 0 || meta->uid == 0)
		return work_check_cancel(v->work, err);
	r->scan->listed++;
	if (meta->uid > r->scan->highest)
		r->scan->highest = meta->uid;
	if (uidset_has(&v->got, meta->uid))
		return work_check_cancel(v->work, err);
	if (uidset_has(&v->known, meta->uid)) {
		r->scan->known++;
		compare(r, meta);
	} else {
		note_missing(r, meta);
	}
	return work_check_cancel(v->work, err);
}

/* Of no use but for what it has shown: the server announced more. */
static bool is_cut(const struct reading *r, const struct err *err)
{
	return err->scope == ERR_SCOPE_MAILBOX && err->class == ERR_PROTOCOL &&
	       err->retry != ERR_RETRY_NOW && r->scan->listed != 0;
}

/* Messages that are expunged meanwhile make a list useless: once more. What
 * has been found to differ may be found again. */
static int read_all(struct reading *r, uint32_t items, struct err *err)
{
	struct session *session = r->v->work->link.session;

	for (int tries = 1;; tries++) {
		if (session_scan(session, items, on_message, r, err) == 0)
			return 0;
		if (err->scope > ERR_SCOPE_MAILBOX ||
			err->retry != ERR_RETRY_NOW || tries == TRIES)
			break;
		scan_clear(r->scan);
		*r->scan = (struct scan){0};
		r->at = 0;
	}
	if (!is_cut(r, err))
		return -1;
	log_err(LOG_LEVEL_INFO, &r->v->log, "list_cut_short", err);
	r->scan->cut = r->v->cut = true;
	r->v->shown = r->scan->listed;
	return 0;
}

static int on_range(void *arg, const struct uid_range *range, struct err *err)
{
	struct message_meta *meta = mem_alloc(sizeof *meta);
	int rc = 0;

	meta->has = MESSAGE_HAS_UID;
	for (uint64_t uid = range->first; rc == 0 && uid <= range->last;
		uid++) {
		meta->uid = (uint32_t)uid;
		rc = on_message(arg, meta, err);
	}
	free(meta);
	return rc;
}

int scan_uids(struct visit *v, struct scan *ret_scan, struct err *err)
{
	struct reading r = {.v = v, .scan = ret_scan};

	*ret_scan = (struct scan){0};
	if (session_uids(v->work->link.session, on_range, &r, err) != 0) {
		scan_clear(ret_scan);
		if (err->scope > ERR_SCOPE_MAILBOX || work_cancelled(v->work))
			return -1;
		return scan_mailbox(v, false, ret_scan, err);
	}
	LOG(LOG_LEVEL_DEBUG, &v->log, "listed_uids",
		LOG_NUM("listed", ret_scan->listed),
		LOG_NUM("missing", ret_scan->missing.count));
	return 0;
}

int scan_mailbox(
	struct visit *v, bool flags, struct scan *ret_scan, struct err *err)
{
	struct reading r = {.v = v, .scan = ret_scan, .flags = flags};
	uint32_t items = SESSION_SCAN_SIZE;
	int rc = 0;

	*ret_scan = (struct scan){0};
	if (flags || v->work->run->account.skip_deleted)
		items |= SESSION_SCAN_FLAGS;
	if (flags)
		rc = witness_needs_dates(v, &r.dates, err);
	if (r.dates)
		items |= SESSION_SCAN_DATE;
	if (flags && rc == 0)
		rc = ledger_each(v->work->ledger, v->m.id, v->m.uidvalidity,
			on_row, &r, err);
	if (flags && v->work->link.info.emailid)
		items |= SESSION_SCAN_EMAILID;
	if (rc == 0)
		rc = read_all(&r, items, err);
	if (rc == 0)
		rc = witness_judge(v, err);
	free(r.table);
	if (rc != 0) {
		scan_clear(ret_scan);
		return -1;
	}
	if (flags)
		v->scanned_flags = true;
	LOG(LOG_LEVEL_DEBUG, &v->log, "scanned",
		LOG_NUM("listed", ret_scan->listed),
		LOG_NUM("missing", ret_scan->missing.count),
		LOG_NUM("flags_differ", v->changes.count));
	return 0;
}

void scan_clear(struct scan *s)
{
	uidset_clear(&s->missing);
	uidset_clear(&s->too_big);
}
