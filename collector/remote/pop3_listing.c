/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conversations that fill a listing. Where PIPELINING is offered STAT,
 * LIST and UIDL leave together, as early as the login, and the answers are
 * read when somebody asks for them: `awaited` says which are still to come.
 */
#include "pop3_list.h"

#include <string.h>

static int no_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	(void)arg;
	(void)meta;
	(void)err;
	return 0;
}

static int report_without_uidl(const struct pop3_listing *l,
	session_message_fn *fn, void *arg, struct err *err)
{
	for (uint32_t i = 1; i <= l->top; i++) {
		struct message_meta meta;

		if (!pop3_listing_has(l, i))
			continue;
		pop3_listing_meta(l, i, &meta);
		if (fn(arg, &meta, err) < 0)
			return -1;
	}
	return 0;
}

int pop3_listing_ahead(
	struct pop3_wire *w, struct pop3_listing *l, struct err *err)
{
	if (pop3_put(w, "STAT", err) < 0 || pop3_put(w, "LIST", err) < 0 ||
		pop3_put(w, "UIDL", err) < 0)
		return -1;
	l->awaited = POP3_AWAITS_ALL;
	return 0;
}

static int read_count(
	struct pop3_wire *w, struct pop3_listing *l, struct err *err)
{
	struct pop3_answer answer;
	const char *p = answer.text;
	uint64_t count;

	if (pop3_read_answer(w, &answer, err) < 0)
		return -1;
	if (answer.status != POP3_OK)
		return pop3_refused(&answer, "STAT", err);
	if (!pop3_parse_number(&p, p + strlen(p), &count) ||
		(*p != ' ' && *p != '\0'))
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "STAT answered without a number: %s",
			answer.text);
	if (count > l->max)
		return pop3_listing_too_many(l, err);
	l->expected = (uint32_t)count;
	return 0;
}

/* Reads the answer to LIST. An empty maildrop may be refused. */
static int read_list_answer(
	struct pop3_wire *w, struct pop3_listing *l, struct err *err)
{
	struct pop3_answer answer;

	pop3_expect(w, (uint64_t)l->expected * POP3_LINE_GUESS_BYTES);
	if (pop3_read_answer(w, &answer, err) < 0)
		return -1;
	if (answer.status == POP3_OK)
		return pop3_list_read(w, l, err);
	if (l->expected != 0)
		return pop3_refused(&answer, "LIST", err);
	pop3_listing_reset(l);
	l->loaded = true;
	return 0;
}

/* Without CAPA, or without UIDL in it, an -ERR says that there are none; a
 * server that has promised them has failed. */
static int read_uidl_answer(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, session_message_fn *fn, void *arg,
	struct err *err)
{
	struct pop3_answer answer;

	pop3_expect(w, (uint64_t)l->count * POP3_LINE_GUESS_BYTES);
	if (pop3_read_answer(w, &answer, err) < 0)
		return -1;
	if (answer.status == POP3_OK)
		return pop3_uidl_read(w, l, fn, arg, err);
	if (capa->uidl && l->count != 0)
		return pop3_refused(&answer, "UIDL", err);
	return report_without_uidl(l, fn, arg, err);
}

/* What was asked for before this question, and nobody wants to know. */
static int skip_awaited(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, struct err *err)
{
	switch (l->awaited) {
	case POP3_AWAITS_NOTHING:
		return 0;
	case POP3_AWAITS_ALL:
		pop3_expect(w, 0);
		if (read_count(w, l, err) < 0)
			return -1;
		l->awaited = POP3_AWAITS_LISTS;
		break;
	case POP3_AWAITS_LISTS:
		break;
	}
	return pop3_listing_scan(w, capa, l, no_message, NULL, err);
}

int pop3_listing_count(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, struct err *err)
{
	bool fresh = l->awaited == POP3_AWAITS_ALL;

	if (!fresh && skip_awaited(w, capa, l, err) < 0)
		return -1;
	pop3_expect(w, 0);
	if (!fresh && (pop3_put(w, "STAT", err) < 0 || pop3_flush(w, err) < 0))
		return -1;
	if (read_count(w, l, err) < 0)
		return -1;
	if (fresh)
		l->awaited = POP3_AWAITS_LISTS;
	return 0;
}

int pop3_listing_load(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, struct err *err)
{
	if (l->awaited != POP3_AWAITS_NOTHING)
		return skip_awaited(w, capa, l, err);
	pop3_expect(w, 0);
	if (pop3_put(w, "LIST", err) < 0 || pop3_flush(w, err) < 0)
		return -1;
	return read_list_answer(w, l, err);
}

/* LIST and UIDL leave; the answer to LIST is read. */
static int ask_lists(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, struct err *err)
{
	pop3_expect(w, 0);
	if (pop3_put(w, "LIST", err) < 0)
		return -1;
	if (capa->pipelining && pop3_put(w, "UIDL", err) < 0)
		return -1;
	if (pop3_flush(w, err) < 0 || read_list_answer(w, l, err) < 0)
		return -1;
	if (capa->pipelining)
		return 0;
	if (pop3_put(w, "UIDL", err) < 0)
		return -1;
	return pop3_flush(w, err);
}

int pop3_listing_scan(struct pop3_wire *w, const struct pop3_capa *capa,
	struct pop3_listing *l, session_message_fn *fn, void *arg,
	struct err *err)
{
	if (l->awaited == POP3_AWAITS_ALL &&
		pop3_listing_count(w, capa, l, err) < 0)
		return -1;
	if (l->awaited == POP3_AWAITS_NOTHING) {
		if (ask_lists(w, capa, l, err) < 0)
			return -1;
	} else {
		l->awaited = POP3_AWAITS_NOTHING;
		if (read_list_answer(w, l, err) < 0)
			return -1;
	}
	return read_uidl_answer(w, capa, l, fn, arg, err);
}
