/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Deleting exactly these messages and no other. With UIDPLUS (RFC 4315), both
 * in one round trip, since the second can do no more than the first allows:
 *     UID STORE 4:7,9 +FLAGS.SILENT (\Deleted)
 *     UID EXPUNGE 4:7,9
 * Without it EXPUNGE takes all that is \Deleted, so it is said only where
 * that is our set to the number:
 *     UID SEARCH DELETED       ours at most, or nothing is done
 *     UID STORE 4:7,9 +FLAGS.SILENT (\Deleted)
 *     UID SEARCH DELETED       exactly ours, or the flags are taken off again
 *     EXPUNGE
 * CLOSE is never said. What the server does not report as expunged does not
 * count as done.
 */
#include "imap_command.h"
#include "range_list.h"

#include <string.h>

#define EXPUNGE_MESSAGES 1000 /* a round trip */
#define EXPUNGE_LINE_BYTES 7900
#define EXPUNGE_SHORT_BYTES 900
#define EXPUNGE_TAIL_BYTES 64 /* what else a command takes */

struct expunge {
	struct imap *im;
	const struct uid_range *ranges;
	size_t count;
	size_t at;		   /* range that comes next */
	uint32_t first;		   /* what is left of it begins here */
	struct buf set;		   /* of the present round trip */
	struct range_list now;	   /* the same */
	struct range_list deleted; /* by the last SEARCH */
	bool unreadable;	   /* its answer */
	session_range_fn *fn;
	void *arg;
};

static void expunge_put(struct expunge *e, uint32_t first, uint32_t last)
{
	if (e->set.len != 0)
		(void)buf_add_str(&e->set, ",");
	if (first == last)
		(void)buf_printf(&e->set, "%lu", (unsigned long)first);
	else
		(void)buf_printf(&e->set, "%lu:%lu", (unsigned long)first,
			(unsigned long)last);
	(void)range_list_add(&e->now, first, last, EXPUNGE_MESSAGES);
}

/* The next set; false at the end. */
static bool expunge_next(struct expunge *e, size_t line_bytes)
{
	uint64_t left = EXPUNGE_MESSAGES;

	buf_reset(&e->set);
	range_list_clear(&e->now);
	while (e->at < e->count && left > 0 &&
		e->set.len + EXPUNGE_TAIL_BYTES < line_bytes) {
		const struct uid_range *r = &e->ranges[e->at];
		uint64_t from = e->first != 0 ? e->first : r->first;
		uint64_t last = r->last;

		if (last - from >= left)
			last = from + left - 1;
		expunge_put(e, (uint32_t)from, (uint32_t)last);
		left -= last - from + 1;
		e->first = last == r->last ? 0 : (uint32_t)last + 1;
		e->at += last == r->last;
	}
	return e->set.len != 0;
}

/* ---- with UIDPLUS */

static void expunge_say(struct expunge *e, const char *what, const char *tail)
{
	imap_begin(e->im);
	imap_put(e->im, what);
	imap_put(e->im, buf_str(&e->set));
	imap_put(e->im, tail);
}

static int expunge_answer(struct expunge *e, const char *what,
	bool *ret_refused, struct imap_answer *answer, struct err *err)
{
	struct imap_answer mine = {.status = IMAP_BAD};

	if (imap_wait(e->im, what, &mine, err) < 0)
		return -1;
	if (mine.status != IMAP_OK && !*ret_refused) {
		*ret_refused = true;
		*answer = mine;
	}
	return 0;
}

#define STORE_TAIL " +FLAGS.SILENT (\\Deleted)"
#define UNSTORE_TAIL " -FLAGS.SILENT (\\Deleted)"

static int expunge_store(struct expunge *e, const char *tail, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	bool refused = false;

	expunge_say(e, "UID STORE ", tail);
	if (imap_end(e->im, err) < 0 ||
		expunge_answer(e, "STORE", &refused, &answer, err) < 0)
		return -1;
	return refused ? imap_refused(&answer, "STORE", ERR_SCOPE_MAILBOX, err)
		       : 0;
}

static int expunge_plus(struct expunge *e, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	bool one_by_one = imap_has_quirk(e->im, QUIRK_NO_PIPELINING) ||
			  imap_is_worn(e->im, 2);
	bool refused = false;

	if (one_by_one) {
		if (expunge_store(e, STORE_TAIL, err) < 0)
			return -1;
	} else {
		expunge_say(e, "UID STORE ", STORE_TAIL "\r\n");
	}
	expunge_say(e, "UID EXPUNGE ", "");
	if (imap_end(e->im, err) < 0)
		return -1;
	if (!one_by_one &&
		expunge_answer(e, "STORE", &refused, &answer, err) < 0)
		return -1;
	if (expunge_answer(e, "EXPUNGE", &refused, &answer, err) < 0)
		return -1;
	if (refused)
		return imap_refused(
			&answer, "UID EXPUNGE", ERR_SCOPE_MAILBOX, err);
	return 1;
}

/* ---- without */

static int expunge_on_line(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct expunge *e = arg;
	uint64_t n;

	(void)err;
	if (strcmp(word, "SEARCH") != 0)
		return 0;
	while (imap_line_number(rest, &n))
		if (n == 0 || n > UINT32_MAX ||
			!range_list_add(&e->deleted, (uint32_t)n, (uint32_t)n,
				(size_t)e->im->limits.messages))
			e->unreadable = true;
	while (imap_line_peek(rest) == ' ')
		rest->p++;
	if (!imap_line_at_end(rest) && imap_line_peek(rest) != '(')
		e->unreadable = true;
	return 0;
}

/* 1 the answer is there; 0 it is none; -1. */
static int expunge_search(struct expunge *e, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	int r;

	range_list_clear(&e->deleted);
	e->unreadable = false;
	e->im->tap = expunge_on_line;
	e->im->tap_arg = e;
	r = imap_command(e->im, "UID SEARCH DELETED", "SEARCH", &answer, err);
	e->im->tap = NULL;
	e->im->tap_arg = NULL;
	range_list_unite(&e->deleted);
	return r < 0 ? -1 : answer.status == IMAP_OK && !e->unreadable;
}

static bool expunge_is_ours(const struct expunge *e, uint32_t uid)
{
	for (size_t i = 0; i < e->now.count; i++)
		if (uid >= e->now.ranges[i].first &&
			uid <= e->now.ranges[i].last)
			return true;
	return false;
}

static bool expunge_all_ours(const struct expunge *e)
{
	for (size_t i = 0; i < e->deleted.count; i++) {
		const struct uid_range *r = &e->deleted.ranges[i];
		if (r->last - r->first >= EXPUNGE_MESSAGES)
			return false;
		for (uint64_t uid = r->first; uid <= r->last; uid++)
			if (!expunge_is_ours(e, (uint32_t)uid))
				return false;
	}
	return true;
}

static int expunge_alone(struct expunge *e, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	int r;

	if (imap_has_quirk(e->im, QUIRK_NO_SEARCH))
		return 0;
	r = expunge_search(e, err);
	if (r <= 0 || !expunge_all_ours(e))
		return r < 0 ? -1 : 0;
	if (expunge_store(e, STORE_TAIL, err) < 0)
		return -1;
	r = expunge_search(e, err);
	if (r < 0)
		return -1;
	if (r == 0 || !expunge_all_ours(e) ||
		range_list_total(&e->deleted) != range_list_total(&e->now))
		return expunge_store(e, UNSTORE_TAIL, err);
	if (imap_command(e->im, "EXPUNGE", "EXPUNGE", &answer, err) < 0)
		return -1;
	return answer.status == IMAP_OK ? 1
					: imap_refused(&answer, "EXPUNGE",
						  ERR_SCOPE_MAILBOX, err);
}

/* ---- both */

/* 1, 0, -1: as session_expunge. */
static int expunge_set(struct expunge *e, struct err *err)
{
	bool plus = (e->im->caps & IMAP_CAP_UIDPLUS) != 0;
	uint32_t before = e->im->expunged;
	int r = plus ? expunge_plus(e, err) : expunge_alone(e, err);

	if (r <= 0)
		return r;
	if (e->im->expunged - before < range_list_total(&e->now))
		return 1; /* done perhaps: the next listing tells */
	for (size_t i = 0; i < e->now.count; i++)
		if (e->fn(e->arg, &e->now.ranges[i], err) < 0)
			return -1;
	return 1;
}

int imap_expunge(struct session *session, const struct uid_range *ranges,
	size_t count, session_range_fn *fn, void *arg, struct err *err)
{
	struct imap *im = (struct imap *)session;
	struct expunge e = {.im = im,
		.ranges = ranges,
		.count = count,
		.fn = fn,
		.arg = arg};
	size_t line_bytes = imap_has_quirk(im, QUIRK_SHORT_LINES)
				    ? EXPUNGE_SHORT_BYTES
				    : EXPUNGE_LINE_BYTES;
	int r = 1;

	if (imap_need_selected(im, err) < 0 || imap_ahead_settle(im, err) < 0)
		return -1;
	buf_init(&e.set, EXPUNGE_LINE_BYTES);
	while (r > 0 && expunge_next(&e, line_bytes))
		r = expunge_set(&e, err);
	buf_free(&e.set);
	range_list_clear(&e.now);
	range_list_clear(&e.deleted);
	return r;
}
