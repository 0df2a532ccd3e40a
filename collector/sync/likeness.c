/* SPDX-License-Identifier: BSD-2-Clause */
#include "likeness.h"

#include "headers.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES 16
/* Messages that look like one of a sample, whose headers are asked for. */
#define ALIKE_MAX 32

struct specimen {
	size_t of; /* in the list */
	char emailid[MESSAGE_EMAILID_MAX];
	uint64_t size_bytes, listed_bytes;
	int64_t date_s;
	unsigned char hash[LEDGER_HEADER_HASH];
	bool has_hash, found;
	size_t alike; /* whose headers are asked for */
};

struct finding {
	struct work *work;
	struct specimen *list;
	size_t count, cap;
	uint32_t *uids; /* to be asked for; ascending */
	size_t uid_count, uid_cap;
};

/* ---- what is known */

static bool is_zero(const unsigned char *bytes, size_t n)
{
	while (n > 0 && bytes[n - 1] == 0)
		n--;
	return n == 0;
}

static void add(struct finding *f, size_t of, const struct ledger_message *row)
{
	struct specimen *s;

	if (f->count == f->cap) {
		f->cap = f->cap != 0 ? f->cap * 2 : SAMPLES;
		f->list = mem_grow(f->list, f->cap, sizeof *f->list);
	}
	s = &f->list[f->count++];
	*s = (struct specimen){.of = of,
		.size_bytes = row->size_bytes,
		.listed_bytes = row->listed_bytes,
		.date_s = row->date_s};
	memcpy(s->emailid, row->emailid, sizeof s->emailid);
	memcpy(s->hash, row->header_hash, sizeof s->hash);
	s->has_hash = !is_zero(s->hash, sizeof s->hash);
}

/* Evenly spread; the newest is among them. */
static int choose(struct finding *f, size_t of, struct likeness *l,
	struct ledger_message *row, struct err *err)
{
	struct ledger *ledger = f->work->ledger;
	uint32_t *uids;
	size_t count, n;
	int r = ledger_uids(ledger, l->m->id, l->m->uidvalidity, f->work->now_s,
		&uids, &count, err);

	if (r != 0)
		return -1;
	n = count < SAMPLES ? count : SAMPLES;
	l->asked = l->same = 0;
	for (size_t i = 0; r >= 0 && i < n; i++) {
		r = ledger_find_uid(ledger, l->m->id, l->m->uidvalidity,
			uids[(i + 1) * count / n - 1], row, err);
		if (r != 1 || row->state > LEDGER_DONE)
			continue;
		add(f, of, row);
		l->asked++;
	}
	free(uids);
	return r < 0 ? -1 : 0;
}

/* ---- what is there */

static void want(struct finding *f, uint32_t uid)
{
	if (f->uid_count != 0 && f->uids[f->uid_count - 1] >= uid)
		return;
	if (f->uid_count == f->uid_cap) {
		f->uid_cap = f->uid_cap != 0 ? f->uid_cap * 2 : SAMPLES;
		f->uids = mem_grow(f->uids, f->uid_cap, sizeof *f->uids);
	}
	f->uids[f->uid_count++] = uid;
}

static bool looks_alike(
	const struct specimen *s, const struct message_meta *meta)
{
	return (meta->has & MESSAGE_HAS_SIZE) != 0 &&
	       (meta->has & MESSAGE_HAS_DATE) != 0 &&
	       meta->date_s == s->date_s &&
	       (meta->size_bytes == s->size_bytes ||
		       (s->listed_bytes != 0 &&
			       meta->size_bytes == s->listed_bytes));
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct finding *f = arg;

	if ((meta->has & MESSAGE_HAS_UID) == 0)
		return work_check_cancel(f->work, err);
	for (size_t i = 0; i < f->count; i++) {
		struct specimen *s = &f->list[i];
		if (s->found)
			continue;
		if ((meta->has & MESSAGE_HAS_EMAILID) != 0 &&
			s->emailid[0] != '\0' &&
			strcmp(s->emailid, meta->emailid) == 0) {
			s->found = true;
		} else if (s->has_hash && s->alike < ALIKE_MAX &&
			   looks_alike(s, meta)) {
			s->alike++;
			want(f, meta->uid);
		}
	}
	return work_check_cancel(f->work, err);
}

static int on_header(void *arg, const struct message_meta *meta,
	const struct header_bare *head, struct err *err)
{
	struct finding *f = arg;

	(void)err;
	for (size_t i = 0; i < f->count; i++) {
		struct specimen *s = &f->list[i];
		if (s->has_hash && looks_alike(s, meta) &&
			memcmp(s->hash, head->hash, sizeof s->hash) == 0)
			s->found = true;
	}
	return 0;
}

static int look(struct finding *f, struct err *err)
{
	uint32_t items = SESSION_SCAN_SIZE | SESSION_SCAN_DATE;

	if (f->count == 0)
		return 0;
	if (f->work->link.info.emailid)
		items |= SESSION_SCAN_EMAILID;
	if (session_scan(f->work->link.session, items, on_message, f, err) != 0)
		return -1;
	return headers_fetch(f->work, f->uids, f->uid_count, on_header, f, err);
}

int likeness_find(
	struct work *w, struct likeness *list, size_t count, struct err *err)
{
	struct finding f = {.work = w};
	struct ledger_message *row = mem_alloc(sizeof *row);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = choose(&f, i, &list[i], row, err);
	if (rc == 0)
		rc = look(&f, err);
	for (size_t i = 0; rc == 0 && i < f.count; i++)
		list[f.list[i].of].same += f.list[i].found;
	free(row);
	free(f.list);
	free(f.uids);
	return rc;
}

bool likeness_is_same(const struct likeness *l)
{
	return l->same * 2 > l->asked;
}
