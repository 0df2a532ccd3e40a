/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step A of the order of durability: one message, from its first byte to the
 * committer. delivery_file.c is what becomes of the bytes on the way.
 */
#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "../collector/model/date.h"
#include "basename.h"
#include "batch.h"
#include "delivery_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void free_delivery(struct delivery *d)
{
	free(d->small);
	content_clear(&d->content);
	free(d);
}

void delivery_drop_spare(struct store *store)
{
	if (store->spare != NULL)
		free_delivery(store->spare);
	store->spare = NULL;
}

/* Its buffers are kept: most messages are smaller than what they cost. */
void delivery_end_use(struct delivery *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	lender_take_back(committer_lender(d->store->committer), d->large);
	d->large = NULL;
	if (d->store->spare != NULL) {
		free_delivery(d);
		return;
	}
	d->store->spare = d;
}

static struct delivery *new_delivery(struct store *store)
{
	struct delivery *d = store->spare;

	store->spare = NULL;
	if (d == NULL) {
		d = mem_alloc(sizeof *d);
		d->small = mem_array(DELIVERY_GATHER_BYTES, 1);
	}
	*d = (struct delivery){.store = store,
		.fd = -1,
		.to_lf = store->eol_lf,
		.gather = d->small,
		.gather_bytes = DELIVERY_GATHER_BYTES,
		.small = d->small,
		.content = d->content};
	eol_init(&d->eol);
	return d;
}

int delivery_begin(
	struct store *store, struct delivery **ret_delivery, struct err *err)
{
	struct delivery *d = new_delivery(store);

	if (content_begin(&d->content, err) != 0) {
		free_delivery(d);
		return -1;
	}
	if (delivery_file_create(store, &d->seq, &d->fd, err) != 0) {
		delivery_end_use(d);
		return -1;
	}
	*ret_delivery = d;
	return 0;
}

void delivery_abort(struct delivery **delivery)
{
	struct delivery *d = *delivery;

	if (d == NULL)
		return;
	*delivery = NULL;
	delivery_file_remove(d->store, d->seq);
	/* a note that stays is found to be without its file */
	if (d->noted_seq != 0)
		(void)ledger_part_drop(d->store->ledger, &d->key, NULL);
	delivery_end_use(d);
}

int64_t delivery_date(const struct delivery *d)
{
	const struct header *h = &d->content.header;
	int64_t date_s;

	if (h->n > 0 && date_of_header(h->bytes, h->n, &date_s) == 0)
		return date_s;
	return clock_wall_s();
}

static int64_t date_of(
	const struct delivery *d, const struct ledger_message *key)
{
	return key->date_s != 0 ? key->date_s : delivery_date(d);
}

/* Grows with every message, so that Dovecot numbers them as they came. */
int64_t delivery_time_us(struct store *store)
{
	int64_t now_us = clock_wall_us();

	store->last_us = now_us > store->last_us ? now_us : store->last_us + 1;
	return store->last_us;
}

/* Which keywords get a letter here; the letters come with the batch. */
int delivery_plan_keywords(struct folder *folder, const struct flags *source,
	struct flags *kept, struct err *err)
{
	int fd, rc;

	kept->keywords[0] = '\0';
	if (source->keywords[0] == '\0')
		return 0;
	if (keywords_knows(&folder->keywords, source->keywords))
		return keywords_plan(
			&folder->keywords, -1, source->keywords, kept, err);
	if (maildir_open_dir(folder->store, folder->dir, &fd, err) != 0)
		return -1;
	rc = keywords_plan(&folder->keywords, fd, source->keywords, kept, err);
	(void)close(fd);
	if (rc != 0)
		(void)err_where(err, "store %s folder \"%s\"",
			folder->store->root, folder->dir);
	return rc;
}

struct staged *delivery_staged(
	const struct ledger_message *key, const struct flags *kept)
{
	size_t uidl = strlen(key->uidl) + 1;
	size_t words = strlen(key->source.keywords) + 1;
	size_t kepts = strlen(kept->keywords) + 1;
	struct staged *s = mem_alloc(sizeof *s + uidl + words + kepts);

	memcpy(s->strings, key->uidl, uidl);
	s->uidl = s->strings;
	memcpy(s->strings + uidl, key->source.keywords, words);
	s->keywords = s->strings + uidl;
	memcpy(s->strings + uidl + words, kept->keywords, kepts);
	s->kept = s->strings + uidl + words;
	s->mailbox_id = key->mailbox_id;
	s->uidvalidity = key->uidvalidity;
	s->uid = key->uid;
	s->occurrence = key->occurrence;
	s->pop3_order = key->pop3_order;
	s->system = key->source.system;
	return s;
}

static void name_it(struct delivery *d, struct folder *folder,
	const struct ledger_message *key, struct staged *s)
{
	struct store *store = d->store;
	const struct basename_parts parts = {.time_us = delivery_time_us(store),
		.account = ledger_account(store->ledger),
		.dir = folder->dir,
		.key = key,
		.host = store->host,
		.file_bytes = d->written,
		.virtual_bytes =
			d->written + (d->to_lf ? d->eol.lf : d->eol.bare_lf)};

	basename_make(store->keys, &parts, s->base);
	s->store = store;
	s->folder = folder;
	s->seq = d->seq;
	s->size_bytes = d->received;
	s->file_bytes = d->written;
	s->to_new = s->system == 0 && s->kept[0] == '\0';
	s->part = d->noted_seq != 0;
	s->listed_bytes = key->listed_bytes;
	content_end(&d->content, &s->id);
	memcpy(s->emailid, key->emailid, sizeof s->emailid);
}

int delivery_end(struct delivery **delivery, struct folder *folder,
	const struct ledger_message *key, struct err *err)
{
	struct delivery *d = *delivery;
	int64_t date_s = date_of(d, key);
	struct flags kept;
	struct staged *s;

	if ((d->noted_seq != 0 && part_note(d, err) != 0) ||
		delivery_plan_keywords(folder, &key->source, &kept, err) != 0 ||
		delivery_file_finish(d, date_s, err) != 0) {
		delivery_abort(delivery);
		return -1;
	}
	s = delivery_staged(key, &kept);
	s->date_s = date_s;
	name_it(d, folder, key, s);
	*delivery = NULL;
	delivery_end_use(d);
	return committer_hand_over(folder->store->committer, s, err);
}
