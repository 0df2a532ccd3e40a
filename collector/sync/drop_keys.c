/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of a maildrop's messages in the ledger: UIDL and occurrence, or, for
 * one that has no UIDL, the SHA-256 that it was received with. Keys change
 * places where a server gives its messages new UIDLs: so all that change let
 * go of theirs first.
 */
#include "drop_known.h"

#include "digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BY_CONTENT "sha256:"

bool drop_keys_is_content(const struct old *row)
{
	return row->uidl != NULL &&
	       strncmp(row->uidl, BY_CONTENT, strlen(BY_CONTENT)) == 0;
}

static unsigned from_hex(char c)
{
	return (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

void drop_keys_note(struct drop_known *k, const struct old *row)
{
	const char *hex = row->uidl + strlen(BY_CONTENT);
	unsigned char sha256[DIGEST_BYTES];

	if (!drop_keys_is_content(row) ||
		strspn(hex, "0123456789abcdef") != sizeof sha256 * 2)
		return;
	for (size_t i = 0; i < sizeof sha256; i++)
		sha256[i] = (unsigned char)(from_hex(hex[2 * i]) << 4 |
					    from_hex(hex[2 * i + 1]));
	contents_raise(&k->contents, sha256, row->occurrence + 1);
}

void drop_keys_by_content(struct drop_known *k, const unsigned char sha256[32],
	struct ledger_message *key)
{
	char hex[DIGEST_BYTES * 2 + 1];

	digest_hex(sha256, hex);
	(void)snprintf(key->uidl, sizeof key->uidl, BY_CONTENT "%s", hex);
	key->occurrence = contents_count(&k->contents, sha256);
}

static bool is_left(const struct old *row)
{
	return strncmp(row->uidl, LEDGER_LEFT, strlen(LEDGER_LEFT)) == 0;
}

/* The key that the drop's old one has is not the drop's. */
static bool changes(const struct drop *d)
{
	const struct old *o = d->seeker.old;

	if (o->uidl == NULL)
		return true;
	if (d->uidl[0] == '\0')
		return !drop_keys_is_content(o);
	return o != d->row;
}

static int let_go(struct drop_known *k, const struct old *row, struct err *err)
{
	if (row->uidl == NULL || is_left(row))
		return 0;
	return ledger_leave_uidl(k->v->work->ledger, row->id, err);
}

static int compare_uidl(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The UIDLs that are not believed. Caller frees. */
static const char **doubtful(const struct drop_known *k, size_t *ret_count)
{
	const char **uidls = mem_array(k->table->count, sizeof *uidls);
	size_t n = 0;

	for (size_t i = 0; i < k->table->count; i++)
		if (k->table->drops[i].doubtful)
			uidls[n++] = k->table->drops[i].uidl;
	qsort(uidls, n, sizeof *uidls, compare_uidl);
	*ret_count = n;
	return uidls;
}

/* Rows whose UIDL names another message now, or may soon. */
static int let_go_of_doubtful(struct drop_known *k, struct err *err)
{
	size_t count;
	const char **uidls = doubtful(k, &count);
	int rc = 0;

	for (size_t i = 0; rc == 0 && count != 0 && i < k->by_key_count; i++) {
		const struct old *o = k->by_key[i];
		if (o->uidl == NULL || o->used || o->state > LEDGER_DONE ||
			drop_keys_is_content(o))
			continue;
		if (k->table->numbered ||
			bsearch(&o->uidl, uidls, count, sizeof *uidls,
				compare_uidl) != NULL)
			rc = let_go(k, o, err);
	}
	free(uidls);
	return rc;
}

static int take_key(struct drop_known *k, const struct drop *d,
	struct ledger_message *key, struct err *err)
{
	const struct old *o = d->seeker.old;

	memset(key, 0, sizeof *key);
	key->mailbox_id = k->v->m.id;
	key->pop3_order = d->order;
	key->listed_bytes = d->size_bytes;
	if (d->uidl[0] == '\0') {
		drop_keys_by_content(k, o->sha256, key);
	} else {
		(void)snprintf(key->uidl, sizeof key->uidl, "%s", d->uidl);
		key->occurrence = d->kept_as;
	}
	return ledger_rekey_uidl(k->v->work->ledger, o->id, key, err);
}

static int write_all(struct drop_known *k, struct err *err)
{
	struct ledger_message *key = mem_alloc(sizeof *key);
	int rc = let_go_of_doubtful(k, err);

	for (size_t i = 0; rc == 0 && i < k->table->count; i++) {
		const struct drop *d = &k->table->drops[i];
		if (d->seeker.old != NULL && changes(d))
			rc = let_go(k, d->seeker.old, err);
	}
	for (size_t i = 0; rc == 0 && i < k->table->count; i++) {
		const struct drop *d = &k->table->drops[i];
		if (d->seeker.old != NULL && changes(d))
			rc = take_key(k, d, key, err);
	}
	free(key);
	return rc;
}

static void note(struct drop_known *k)
{
	for (size_t i = 0; i < k->table->count; i++) {
		struct drop *d = &k->table->drops[i];
		if (d->seeker.old == NULL)
			continue;
		d->known = true;
		if (d->order == 0)
			d->order = d->seeker.old->order;
		if (changes(d))
			k->v->work->rekeyed++;
	}
	if (k->by_header != 0)
		link_progress(&k->v->work->link);
}

int drop_keys_write(struct drop_known *k, struct err *err)
{
	struct ledger *l = k->v->work->ledger;
	bool any = k->by_header != 0;

	for (size_t i = 0; !any && i < k->table->count; i++)
		any = k->table->drops[i].doubtful;
	if (!any)
		return 0;
	if (ledger_begin(l, err) != 0)
		return -1;
	if (write_all(k, err) != 0) {
		ledger_rollback(l);
		return -1;
	}
	if (ledger_commit(l, err) != 0)
		return -1;
	note(k);
	return 0;
}
