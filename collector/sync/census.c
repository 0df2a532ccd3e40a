/* SPDX-License-Identifier: BSD-2-Clause */
#include "census.h"

#include <stdlib.h>
#include <string.h>

/* Most sets of keywords repeat the one before, or are empty. */
static const char *keep(struct census *l, const struct message_meta *meta)
{
	const char *keywords = meta->flags.keywords;

	if ((meta->has & MESSAGE_HAS_FLAGS) == 0 || keywords[0] == '\0')
		return "";
	if (l->count != 0 &&
		strcmp(l->list[l->count - 1].keywords, keywords) == 0)
		return l->list[l->count - 1].keywords;
	return arena_strdup(l->arena, keywords);
}

static void add(struct census *l, const struct message_meta *meta)
{
	const char *keywords = keep(l, meta);
	struct listed *new;

	if (l->count == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 256;
		l->list = mem_grow(l->list, l->cap, sizeof *l->list);
	}
	new = &l->list[l->count++];
	*new = (struct listed){.uid = meta->uid,
		.has_flags = (meta->has & MESSAGE_HAS_FLAGS) != 0,
		.has_size = (meta->has & MESSAGE_HAS_SIZE) != 0,
		.size_bytes = meta->size_bytes,
		.seeker = {.has_date = (meta->has & MESSAGE_HAS_DATE) != 0,
			.date_s = meta->date_s},
		.keywords = keywords};
	if (new->has_flags)
		new->system = meta->flags.system;
	if ((meta->has & MESSAGE_HAS_EMAILID) != 0)
		new->emailid = arena_strdup(l->arena, meta->emailid);
}

void census_init(struct census *c, struct visit *v)
{
	*c = (struct census){.v = v, .arena = arena_new()};
}

int census_add(
	struct census *c, const struct message_meta *meta, struct err *err)
{
	const struct visit *v = c->v;

	if ((meta->has & MESSAGE_HAS_UID) != 0 && meta->uid != 0 &&
		(c->count == 0 || meta->uid > c->list[c->count - 1].uid) &&
		!uidset_has(&v->known, meta->uid) &&
		!uidset_has(&v->got, meta->uid))
		add(c, meta);
	return work_check_cancel(v->work, err);
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	return census_add(arg, meta, err);
}

int census_load(struct visit *v, struct census *ret_census, struct err *err)
{
	uint32_t items =
		SESSION_SCAN_SIZE | SESSION_SCAN_DATE | SESSION_SCAN_FLAGS;

	census_init(ret_census, v);
	if (visit_load_known(v, err) != 0 || visit_ensure_session(v, err) != 0)
		return -1;
	if (v->work->link.info.emailid)
		items |= SESSION_SCAN_EMAILID;
	return session_scan(
		v->work->link.session, items, on_message, ret_census, err);
}

void census_clear(struct census *l)
{
	if (l->arena != NULL)
		arena_free(&l->arena);
	free(l->list);
	*l = (struct census){.list = NULL};
}

static int by_uid(const void *key, const void *element)
{
	uint32_t uid = *(const uint32_t *)key;
	const struct listed *l = element;

	return uid < l->uid ? -1 : uid > l->uid;
}

struct listed *census_find(const struct census *l, uint32_t uid)
{
	if (l->count == 0)
		return NULL;
	return bsearch(&uid, l->list, l->count, sizeof *l->list, by_uid);
}

void listed_flags(const struct listed *l, struct flags *ret_flags)
{
	memset(ret_flags, 0, sizeof *ret_flags);
	ret_flags->system = l->system;
	memcpy(ret_flags->keywords, l->keywords, strlen(l->keywords) + 1);
}
