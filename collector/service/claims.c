/* SPDX-License-Identifier: BSD-2-Clause */
#include "claims.h"

#include "../../storage/budgets.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void claims_init(struct claims *c, struct state *state, const int64_t *accounts,
	size_t count)
{
	memset(c, 0, sizeof *c);
	c->state = state;
	(void)snprintf(c->owner, sizeof c->owner, "%ld:%lld", (long)getpid(),
		(long long)clock_wall_us());
	c->named = count != 0;
	c->pending = mem_array(count, sizeof *c->pending);
	for (size_t i = 0; i < count; i++)
		c->pending[i] = accounts[i];
	c->pending_count = count;
}

void claims_clear(struct claims *c)
{
	free(c->pending);
	free(c->seen);
	c->pending = c->seen = NULL;
	c->pending_count = c->seen_count = 0;
}

void claims_note_seen(struct claims *c, int64_t account_id)
{
	c->seen = mem_grow(c->seen, c->seen_count + 1, sizeof *c->seen);
	c->seen[c->seen_count++] = account_id;
}

void claims_again(struct claims *c, int64_t account_id)
{
	size_t kept = 0;

	if (c->named) {
		c->pending = mem_grow(
			c->pending, c->pending_count + 1, sizeof *c->pending);
		c->pending[c->pending_count++] = account_id;
	}
	for (size_t i = 0; i < c->seen_count; i++)
		if (c->seen[i] != account_id)
			c->seen[kept++] = c->seen[i];
	c->seen_count = kept;
}

void claims_give_up(struct claims *c)
{
	c->pending_count = 0;
}

/* Everybody who must not be claimed: those running here, and, in a single
 * pass, those that had their turn. Caller frees. */
static int64_t *excepted(const struct claims *c, const struct claims_turn *turn,
	size_t *ret_count)
{
	size_t n = turn->running_count;
	int64_t *ids = mem_array(n + c->seen_count, sizeof *ids);

	for (size_t i = 0; i < n; i++)
		ids[i] = turn->running[i];
	for (size_t i = 0; i < c->seen_count; i++)
		ids[n++] = c->seen[i];
	*ret_count = n;
	return ids;
}

struct attempt {
	const struct claims_turn *turn;
	const int64_t *except;
	size_t except_count;
	size_t count; /* jobs claimed */
};

static int claim_one(struct claims *c, struct attempt *a, int64_t only)
{
	int r = jobs_claim(c->state, c->owner, clock_wall_s(),
		a->turn->per_host, only, a->except, a->except_count,
		&a->turn->jobs[a->count], &c->fault);

	if (r == 1)
		a->count++;
	return r;
}

static int claim_named(struct claims *c, struct attempt *a)
{
	for (size_t i = 0; i < c->pending_count; i++)
		if (a->count < a->turn->room &&
			claim_one(c, a, c->pending[i]) < 0)
			return -1;
	return 0;
}

static int claim_due(struct claims *c, struct attempt *a)
{
	int r = 1;

	while (r == 1 && a->count < a->turn->room)
		r = claim_one(c, a, 0);
	return r < 0 ? -1 : 0;
}

/* Who was named and has been claimed waits no longer. */
static void settle_named(struct claims *c, const struct attempt *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->pending_count; i++) {
		bool claimed = false;
		for (size_t j = 0; j < a->count && !claimed; j++)
			claimed = a->turn->jobs[j].account_id == c->pending[i];
		if (!claimed)
			c->pending[kept++] = c->pending[i];
	}
	c->pending_count = kept;
}

static void limits_of(
	const void *arg, const char *host, struct budget_limits *ret_limits)
{
	const struct settings *s = arg;

	/* what differs by protocol is the account's, not the host's */
	budget_limits_of(s->limits_hosts, s->limits_known, host, PROTOCOL_IMAP,
		ret_limits);
}

static int tell_hosts(struct claims *c, const struct attempt *a)
{
	if (a->turn->settings == NULL)
		return 0;
	return budgets_tell(c->state, clock_wall_s(), limits_of,
		a->turn->settings, &c->fault);
}

static int write_all(
	struct claims *c, struct results *results, struct attempt *a)
{
	if (jobs_begin(c->state, &c->fault) != 0)
		return -1;
	if (tell_hosts(c, a) == 0 && results_write(results, &c->fault) == 0 &&
		(c->named ? claim_named(c, a) : claim_due(c, a)) == 0)
		return jobs_commit(c->state, &c->fault);
	jobs_rollback(c->state);
	return -1;
}

bool claims_turn(struct claims *c, struct results *results,
	const struct claims_turn *turn, size_t *ret_count)
{
	struct attempt a = {.turn = turn};
	int64_t *except;
	int r;

	*ret_count = 0;
	if (results->count == 0 &&
		(turn->room == 0 || (c->named && c->pending_count == 0)))
		return true;
	except = excepted(c, turn, &a.except_count);
	a.except = except;
	r = write_all(c, results, &a);
	free(except);
	if (r == 0) {
		results_clear(results);
		settle_named(c, &a);
		*ret_count = a.count;
		return true;
	}
	log_err(LOG_LEVEL_ERROR, NULL, "claim_failed", &c->fault);
	results_retry(results);
	return false;
}
