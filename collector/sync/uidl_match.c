/* SPDX-License-Identifier: BSD-2-Clause */
#include "uidl_match.h"

#include "../base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES 16 /* spread over the list */
#define LAST 8	   /* at its end */

static bool is_known(const unsigned char hash[LEDGER_HEADER_HASH])
{
	static const unsigned char none[LEDGER_HEADER_HASH];

	return memcmp(hash, none, sizeof none) != 0;
}

static void pair(struct uidl_match *m, size_t drop, size_t mail)
{
	m->drops[drop].mail = mail;
	m->mails[mail].drop = drop;
}

/* ---- by size and order */

static bool lists_agree(const struct uidl_match *m)
{
	if (m->drop_count != m->mail_count)
		return false;
	for (size_t i = 0; i < m->drop_count; i++)
		if (m->drops[i].size_bytes != m->mails[i].size_bytes)
			return false;
	return true;
}

static bool has_twin_near(const struct uidl_match *m, size_t at)
{
	size_t from = at > UIDL_NEAR ? at - UIDL_NEAR : 0;

	for (size_t i = from; i < m->drop_count && i <= at + UIDL_NEAR; i++)
		if (i != at &&
			m->drops[i].size_bytes == m->drops[at].size_bytes)
			return true;
	return false;
}

void uidl_match_begin(struct uidl_match *m)
{
	bool sizes = !m->no_sizes &&
		     (m->drop_count > UIDL_FEW || m->no_headers) &&
		     lists_agree(m);

	for (size_t i = 0; i < m->mail_count; i++)
		m->mails[i].drop = UIDL_NONE;
	for (size_t i = 0; i < m->drop_count; i++) {
		struct uidl_drop *d = &m->drops[i];
		d->mail = UIDL_NONE;
		d->by_size = sizes && !d->unusable && !has_twin_near(m, i);
		if (d->by_size)
			pair(m, i, i);
	}
}

/* ---- headers */

static bool is_sample(const struct uidl_match *m, size_t at)
{
	size_t step = m->drop_count / SAMPLES + 1;

	return at % step == 0 || at + LAST >= m->drop_count;
}

size_t uidl_match_ask(struct uidl_match *m)
{
	size_t n = 0;

	if (m->no_headers || m->mail_count == 0)
		return 0;
	for (size_t i = 0; i < m->drop_count; i++) {
		struct uidl_drop *d = &m->drops[i];
		if (d->asked || d->unusable || (d->by_size && !is_sample(m, i)))
			continue;
		d->asked = true;
		n++;
	}
	return n;
}

bool uidl_match_check(struct uidl_match *m)
{
	bool good = true;

	for (size_t i = 0; i < m->drop_count; i++) {
		const struct uidl_drop *d = &m->drops[i];
		if (d->by_size && is_known(d->hash) &&
			is_known(m->mails[d->mail].hash) &&
			memcmp(d->hash, m->mails[d->mail].hash,
				sizeof d->hash) != 0)
			good = false;
	}
	for (size_t i = 0; i < m->drop_count && !good; i++) {
		struct uidl_drop *d = &m->drops[i];
		if (d->by_size) {
			m->mails[d->mail].drop = UIDL_NONE;
			d->mail = UIDL_NONE;
			d->by_size = false;
		}
	}
	return good;
}

/* ---- by header */

/* Of one side; those without partner whose header is known. */
struct entry {
	const unsigned char *hash;
	uint64_t size_bytes;
	size_t at;
};

struct side {
	struct entry *all;
	size_t count;
};

static int by_hash(const struct entry *a, const struct entry *b)
{
	return memcmp(a->hash, b->hash, LEDGER_HEADER_HASH);
}

static int by_hash_and_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = by_hash(x, y);

	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

static int by_hash_and_size(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = by_hash(x, y);

	if (c == 0)
		c = (x->size_bytes > y->size_bytes) -
		    (x->size_bytes < y->size_bytes);
	return c != 0 ? c : (x->at > y->at) - (x->at < y->at);
}

static struct side drops_left(const struct uidl_match *m)
{
	struct side s = {.all = mem_array(m->drop_count, sizeof *s.all)};

	for (size_t i = 0; i < m->drop_count; i++)
		if (m->drops[i].mail == UIDL_NONE && is_known(m->drops[i].hash))
			s.all[s.count++] =
				(struct entry){.hash = m->drops[i].hash,
					.size_bytes = m->drops[i].size_bytes,
					.at = i};
	return s;
}

static struct side mails_left(const struct uidl_match *m)
{
	struct side s = {.all = mem_array(m->mail_count, sizeof *s.all)};

	for (size_t i = 0; i < m->mail_count; i++)
		if (m->mails[i].drop == UIDL_NONE && is_known(m->mails[i].hash))
			s.all[s.count++] =
				(struct entry){.hash = m->mails[i].hash,
					.size_bytes = m->mails[i].size_bytes,
					.at = i};
	return s;
}

/* Entries from the first on that are like it. */
static size_t group(const struct entry *e, size_t count, bool sizes)
{
	size_t n = 1;

	while (n < count && by_hash(&e[n], e) == 0 &&
		(!sizes || e[n].size_bytes == e->size_bytes))
		n++;
	return n;
}

static bool same_size(const struct entry *e, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (e[i].size_bytes != e->size_bytes)
			return false;
	return true;
}

/* True copies: it makes no difference which is which. */
static bool same_content(
	const struct uidl_match *m, const struct entry *e, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (memcmp(m->mails[e[i].at].content, m->mails[e->at].content,
			    sizeof m->mails->content) != 0)
			return false;
	return true;
}

typedef void group_fn(struct uidl_match *m, const struct entry *d, size_t dn,
	const struct entry *e, size_t en, void *arg);

/* fn for each header (and size) that both sides have. */
static void join(struct uidl_match *m, struct side *d, struct side *e,
	bool sizes, group_fn *fn, void *arg)
{
	int (*order)(const void *, const void *) =
		sizes ? by_hash_and_size : by_hash_and_place;
	size_t i = 0, j = 0;

	qsort(d->all, d->count, sizeof *d->all, order);
	qsort(e->all, e->count, sizeof *e->all, order);
	while (i < d->count && j < e->count) {
		size_t dn = group(&d->all[i], d->count - i, sizes);
		size_t en = group(&e->all[j], e->count - j, sizes);
		int c = by_hash(&d->all[i], &e->all[j]);
		if (c == 0 && sizes)
			c = (d->all[i].size_bytes > e->all[j].size_bytes) -
			    (d->all[i].size_bytes < e->all[j].size_bytes);
		if (c == 0)
			fn(m, &d->all[i], dn, &e->all[j], en, arg);
		if (c <= 0)
			i += dn;
		if (c >= 0)
			j += en;
	}
}

/* Fewer copies in the listing: some are hidden there. More: one that was not
 * collected may be another message. */
static void settle(struct uidl_match *m, const struct entry *d, size_t dn,
	const struct entry *e, size_t en, void *arg)
{
	(void)arg;
	if (dn > en || !same_size(d, dn) || !same_content(m, e, en))
		return;
	for (size_t i = 0; i < dn; i++)
		pair(m, d[i].at, e[i].at);
}

struct votes {
	size_t same, other;
};

static void vote(struct uidl_match *m, const struct entry *d, size_t dn,
	const struct entry *e, size_t en, void *arg)
{
	struct votes *v = arg;

	(void)m;
	if (dn != 1 || en != 1)
		return;
	if (d->size_bytes == e->size_bytes)
		v->same++;
	else
		v->other++;
}

/* Where most sizes agree one that does not is another message. Exchange
 * estimates; others do not count line ends. */
void uidl_match_end(struct uidl_match *m)
{
	struct side d = drops_left(m), e = mails_left(m);
	struct votes v = {0};

	join(m, &d, &e, false, vote, &v);
	join(m, &d, &e, v.same >= v.other, settle, NULL);
	free(d.all);
	free(e.all);
}
