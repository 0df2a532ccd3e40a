/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list is asked for as a whole. After a failure:
 *     something had come   the first one that did not is the suspect: it is
 *                          asked for alone
 *     nothing had come     half of it, or, where just the connection was
 *                          lost, the first one alone
 *     one alone failed     it is given up; where just the connection was lost
 *                          it is put off, and given up when it fails again
 *                          after others have come; where the envoy died it
 *                          is asked for again at once, twice: a process may
 *                          die of something else
 * and after each success twice as many. A large message that has come on by
 * some way before its connection was lost is gone on with at once, in the
 * next session (resume.h): that is no failure. So each round settles a message
 * or halves the search; link counts the rounds that do neither.
 */
#include "fetch.h"

#include "rescue.h"
#include "resume.h"

#include "uidset.h"

#include <stdlib.h>

#define DEATHS 3 /* of envoys at one message alone, running: it is to blame */

struct round {
	struct intake *in;
	const struct fetch_owner *owner;
	uint32_t *ids; /* not asked for yet, or not settled, from head on */
	size_t count;
	size_t head;
	size_t batch;  /* at most so many at once */
	size_t deaths; /* of envoys, at the one at head and alone */
	struct uidset put_off;
};

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The numbers of ids, ascending. Caller frees. */
static uint32_t *numbers_of(const struct fetch_owner *owner,
	const uint32_t *ids, size_t count, size_t *ret_count)
{
	uint32_t *numbers = mem_array(count, sizeof *numbers);
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t number = ids[i];
		if (owner->number != NULL)
			number = owner->number(owner->arg, ids[i]);
		if (number != 0)
			numbers[n++] = number;
	}
	if (owner->number != NULL)
		qsort(numbers, n, sizeof *numbers, by_number);
	*ret_count = n;
	return numbers;
}

int fetch_ensure_session(
	struct link *link, const struct fetch_owner *owner, struct err *err)
{
	while (link->session == NULL) {
		if (link_open(link, err) != 0)
			return -1;
		if (owner->renew(owner->arg, err) == 0)
			return 0;
		if (err->scope <= ERR_SCOPE_MAILBOX ||
			!link_survives(link, err))
			return -1;
	}
	return 0;
}

static int ensure_session(struct round *r, struct err *err)
{
	return fetch_ensure_session(&r->in->work->link, r->owner, err);
}

/* What is kept of a message, in as many sessions as it takes to know what it
 * is worth. 1: it has come; 0: it has to be asked for as a whole; -1. */
static int resume(struct round *r, uint32_t id, struct err *err)
{
	int rc;

	while ((rc = resume_message(r->in, id, err)) == RESUME_AGAIN)
		if (!link_survives(&r->in->work->link, err) ||
			ensure_session(r, err) != 0)
			return -1;
	return rc;
}

/* One command (the session cuts long ranges itself). */
static int ask_whole(
	struct round *r, const uint32_t *ids, size_t count, struct err *err)
{
	struct session_sink sink;
	struct uid_range *ranges;
	uint32_t *numbers;
	size_t n, range_count;
	int rc = 0;

	numbers = numbers_of(r->owner, ids, count, &n);
	ranges = uid_ranges(numbers, n, &range_count);
	intake_sink(r->in, &sink);
	if (range_count != 0)
		rc = session_fetch(r->in->work->link.session, ranges,
			range_count, &sink, err);
	free(ranges);
	free(numbers);
	return rc;
}

/* *ret_grew: a large message was cut off, later than before. */
static int ask(struct round *r, const uint32_t *ids, size_t count,
	bool *ret_grew, struct err *err)
{
	int rc = 0;

	r->in->broken = false;
	if (count != 1)
		intake_put_by(r->in);
	else if (r->in->keeps)
		rc = resume(r, ids[0], err);
	if (rc == 0)
		rc = ask_whole(r, ids, count, err);
	if (count == 1)
		intake_ask(r->in, ids[0]);
	/* whatever scope our own refusal had, it has ended the session */
	if (rc < 0 && r->in->broken && err->scope < ERR_SCOPE_SESSION)
		err->scope = ERR_SCOPE_SESSION;
	*ret_grew = intake_break_off(r->in);
	return rc < 0 ? -1 : 0;
}

/* Drops what is settled from the n ids at head; the rest moves up behind. */
static size_t compact(struct round *r, size_t n)
{
	size_t keep = r->head + n;

	for (size_t i = r->head + n; i-- > r->head;)
		if (!r->owner->settled(r->owner->arg, r->ids[i]))
			r->ids[--keep] = r->ids[i];
	n = r->head + n - keep;
	r->head = keep;
	return n;
}

/* One that comes on from time to time, over a line that breaks, needs time. */
static bool is_worth_another_way(
	const struct round *r, uint32_t id, const struct err *why)
{
	if (why->class == ERR_NETWORK && resume_knows(r->in, id))
		return false;
	return why->class != ERR_LIMIT;
}

/* What cannot be had whole may be had in another way; else it is given up. */
static int give_up(struct round *r, uint32_t id, bool try,
	const struct err *why, struct err *err)
{
	int rc = 0;

	if (try && r->in->keeps && is_worth_another_way(r, id, why))
		rc = rescue_message(r->in, r->owner, id, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return r->owner->give_up(r->owner->arg, id, why, err);
}

/* The one at head, asked for alone, did not come. */
static int narrow_one(
	struct round *r, const struct err *why, bool goes_on, struct err *err)
{
	if (why->class == ERR_CRASH && goes_on && ++r->deaths < DEATHS)
		return 0;
	r->deaths = 0;
	r->batch = SIZE_MAX;
	if (link_is_suspect(why)) {
		if (give_up(r, r->ids[r->head], goes_on, why, err) != 0)
			return -1;
		r->head++;
	} else if (goes_on) {
		(void)uidset_add(&r->put_off, r->ids[r->head]);
		r->head++;
	}
	return 0;
}

/* After asking for n ids in vain: 0 if the round can go on. */
static int narrow(
	struct round *r, size_t n, bool came, bool grew, struct err *err)
{
	struct err why = *err;
	bool goes_on;
	size_t left = compact(r, n);

	if (grew)
		link_progress(&r->in->work->link);
	goes_on = link_survives(&r->in->work->link, err);
	if (grew) {
		r->batch = 1;
		return goes_on ? 0 : -1;
	}
	r->batch = came || !link_is_suspect(&why) ? 1 : (n + 1) / 2;
	if (n == 1 && left == 1 && narrow_one(r, &why, goes_on, err) != 0)
		return -1;
	*err = why;
	return goes_on ? 0 : -1;
}

static void widen(struct round *r)
{
	if (r->batch <= SIZE_MAX / 2)
		r->batch *= 2;
}

/* How many of the next n may be asked for at once: of what a part is kept, that
 * one alone. */
static size_t share(const struct round *r, size_t n)
{
	const uint32_t *ids = r->ids + r->head;
	size_t i = 0;

	if (n > r->batch)
		n = r->batch;
	if (!r->in->keeps || (r->in->kept.count == 0 && r->in->part == NULL))
		return n;
	while (i < n && !resume_knows(r->in, ids[i]))
		i++;
	return i == 0 ? 1 : i;
}

/* One was asked for alone, and left out without a word. */
static int ask_otherwise(struct round *r, struct err *err)
{
	uint32_t id = r->ids[r->head];

	if (!r->in->keeps || r->owner->settled(r->owner->arg, id))
		return 0;
	return rescue_message(r->in, r->owner, id, err) < 0 ? -1 : 0;
}

static int main_pass(struct round *r, bool alone, struct err *err)
{
	while (r->head < r->count) {
		size_t n = r->count - r->head;
		uint64_t before = r->in->work->arrived;
		bool grew;

		if (work_may_receive(r->in->work, err) != 0 ||
			ensure_session(r, err) != 0)
			return -1;
		n = alone ? 1 : share(r, n);
		if (ask(r, r->ids + r->head, n, &grew, err) == 0) {
			if (alone && ask_otherwise(r, err) != 0)
				return -1;
			r->head += n;
			r->deaths = 0;
			/* also where there is no such message: it is settled */
			link_progress(&r->in->work->link);
			widen(r);
		} else if (narrow(r, n, r->in->work->arrived != before, grew,
				   err) != 0) {
			return -1;
		}
	}
	return 0;
}

/* One of those at which the connection was lost, once more, alone. */
static int ask_again(struct round *r, uint32_t id, struct err *err)
{
	struct err why;
	bool grew, goes_on;

	if (work_may_receive(r->in->work, err) != 0 ||
		ensure_session(r, err) != 0)
		return -1;
	if (ask(r, &id, 1, &grew, err) == 0)
		return 0;
	why = *err;
	if (grew) {
		link_progress(&r->in->work->link);
		return link_survives(&r->in->work->link, &why) ? 1 : -1;
	}
	if (why.class != ERR_NETWORK && !link_is_suspect(&why))
		return -1;
	goes_on = link_survives(&r->in->work->link, &why);
	if (!r->owner->settled(r->owner->arg, id) &&
		give_up(r, id, goes_on, &why, err) != 0)
		return -1;
	*err = why;
	return goes_on ? 0 : -1;
}

static int second_pass(struct round *r, struct err *err)
{
	int rc = 0;

	/* each of them may have been the cause of the failures so far */
	r->in->work->link.network = 0;
	for (size_t i = 0; rc >= 0 && i < r->put_off.count; i++)
		while ((rc = ask_again(r, r->put_off.uids[i], err)) > 0)
			;
	return rc < 0 ? -1 : 0;
}

int fetch_messages(struct intake *in, const struct fetch_owner *owner,
	const uint32_t *ids, size_t count, bool alone, struct err *err)
{
	struct round r = {
		.in = in, .owner = owner, .count = count, .batch = SIZE_MAX};
	int rc;

	r.ids = mem_array(count, sizeof *ids);
	for (size_t i = 0; i < count; i++)
		r.ids[i] = ids[i];
	rc = main_pass(&r, alone, err);
	if (rc == 0)
		rc = second_pass(&r, err);
	intake_put_by(in);
	uidset_clear(&r.put_off);
	free(r.ids);
	return rc;
}
