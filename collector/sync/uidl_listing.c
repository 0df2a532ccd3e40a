/* SPDX-License-Identifier: BSD-2-Clause */
#include "uidl_listing.h"

#include "../../storage/ledger_uidl.h"
#include "../../storage/uidlist.h"
#include "../base/dict.h"
#include "headers.h"

#include <stdlib.h>
#include <string.h>

struct listing {
	struct work *w;
	struct uidl_match *match;
	struct dict *uidls; /* to the drop's place */
	size_t cap;
};

static int on_listed(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct listing *l = arg;
	struct uidl_match *m = l->match;
	bool named = (meta->has & MESSAGE_HAS_UIDL) != 0 &&
		     uidlist_takes_uidl(meta->uidl);
	size_t first;

	if ((meta->has & MESSAGE_HAS_UID) == 0 || meta->uid == 0)
		return work_check_cancel(l->w, err);
	if (m->drop_count == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 256;
		m->drops = mem_grow(m->drops, l->cap, sizeof *m->drops);
	}
	m->drops[m->drop_count] =
		(struct uidl_drop){.uidl = mem_strdup(named ? meta->uidl : ""),
			.number = meta->uid,
			.size_bytes = meta->size_bytes,
			.unusable = !named,
			.mail = UIDL_NONE};
	if (named && !dict_add(l->uidls, meta->uidl, m->drop_count) &&
		dict_get(l->uidls, meta->uidl, &first)) {
		m->drops[m->drop_count].unusable = true;
		m->drops[first].unusable = true;
	}
	m->drop_count++;
	return work_check_cancel(l->w, err);
}

/* Without those whose UIDL a message has. */
static int leave_known(struct listing *l, struct err *err)
{
	struct uidl_match *m = l->match;
	size_t n = 0;

	for (size_t i = 0; i < m->drop_count; i++) {
		int known = m->drops[i].uidl[0] == '\0'
				    ? 0
				    : ledger_uidl_find(l->w->ledger,
					      m->drops[i].uidl, err);
		if (known < 0) {
			/* those between were moved or freed */
			while (i < m->drop_count)
				free(m->drops[i++].uidl);
			m->drop_count = n;
			return -1;
		}
		if (known > 0)
			free(m->drops[i].uidl);
		else
			m->drops[n++] = m->drops[i];
	}
	m->drop_count = n;
	return 0;
}

static int by_number(const void *key, const void *element)
{
	uint32_t number = *(const uint32_t *)key;
	const struct uidl_drop *d = element;

	return number < d->number ? -1 : number > d->number;
}

static int by_numbers(const void *a, const void *b)
{
	const struct uidl_drop *x = a;

	return by_number(&x->number, b);
}

static int list(struct listing *l, int64_t exists, struct err *err)
{
	struct uidl_match *m = l->match;
	struct mailbox_state state;

	if (session_select(l->w->link.session, "INBOX", &state, err) != 0 ||
		session_scan(l->w->link.session, SESSION_SCAN_SIZE, on_listed,
			l, err) != 0)
		return -1;
	m->no_sizes = m->drop_count != (uint64_t)exists;
	if (leave_known(l, err) != 0)
		return -1;
	if (m->drop_count != 0)
		qsort(m->drops, m->drop_count, sizeof *m->drops, by_numbers);
	return 0;
}

static int on_header(void *arg, const struct message_meta *meta,
	const struct header_bare *head, struct err *err)
{
	struct uidl_match *m = arg;
	struct uidl_drop *d = bsearch(&meta->uid, m->drops, m->drop_count,
		sizeof *m->drops, by_number);

	(void)err;
	if (d != NULL && d->asked)
		memcpy(d->hash, head->hash, sizeof d->hash);
	return 0;
}

/* Those marked as asked in this round. A server may refuse one message, or
 * not know TOP at all. */
static int get_headers(struct listing *l, size_t count, struct err *err)
{
	struct uidl_match *m = l->match;
	uint32_t *numbers = mem_array(count, sizeof *numbers);
	size_t n = 0;
	int rc;

	for (size_t i = 0; i < m->drop_count && n < count; i++)
		if (m->drops[i].asked && !m->drops[i].fetched) {
			m->drops[i].fetched = true;
			numbers[n++] = m->drops[i].number;
		}
	rc = headers_fetch(l->w, numbers, n, on_header, m, err);
	free(numbers);
	if (rc == 0 || err->scope > ERR_SCOPE_MAILBOX)
		return rc;
	log_err(LOG_LEVEL_INFO, &l->w->log, "pop3_headers_refused", err);
	m->no_headers = true;
	return 0;
}

static int tell_apart(struct listing *l, struct err *err)
{
	struct uidl_match *m = l->match;
	size_t count;

	uidl_match_begin(m);
	while ((count = uidl_match_ask(m)) != 0) {
		if (get_headers(l, count, err) != 0)
			return -1;
		if (m->no_headers)
			uidl_match_begin(m);
		else if (!uidl_match_check(m))
			LOG(LOG_LEVEL_INFO, &l->w->log, "sizes_not_believed",
				LOG_NUM("messages", m->drop_count));
	}
	uidl_match_end(m);
	return 0;
}

int uidl_listing_match(struct work *w, const struct url *url, int64_t exists,
	struct uidl_match *match, struct err *err)
{
	struct listing l = {.w = w, .match = match, .uidls = dict_new()};
	struct link own = w->link;
	int rc;

	link_close(&own);
	link_init(&w->link, w->run);
	w->link.url = url;
	progress_phase(&w->progress, "listing", "POP3");
	rc = link_open(&w->link, err);
	if (rc == 0)
		rc = list(&l, exists, err);
	if (rc == 0)
		rc = tell_apart(&l, err);
	link_close(&w->link);
	w->link = own;
	dict_free(&l.uidls);
	return rc;
}

void uidl_listing_clear(struct uidl_match *match)
{
	for (size_t i = 0; i < match->drop_count; i++)
		free(match->drops[i].uidl);
	free(match->drops);
	free(match->mails);
	*match = (struct uidl_match){.drops = NULL};
}
