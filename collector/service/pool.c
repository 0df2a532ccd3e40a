/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run thread puts its slot on the `done` list and pokes the loop; the loop
 * joins it, reports it, and frees it. Nothing else is shared but what run.h
 * names.
 */
#include "pool.h"

#include "parked.h"

#include "../../storage/accounts.h"
#include "../../storage/secret.h"
#include "../base/clock.h"
#include "../base/mem.h"
#include "../base/task.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	struct slot *next;	/* in the list of runs */
	struct slot *next_done; /* in the list of those that have ended */
	struct pool *pool;
	struct run *run;
	struct dialer dialer;
	struct dialer *more; /* one for each session besides */
	struct run_dialer *more_dialers;
	size_t more_count; /* of those that are sound */
	size_t taken;	   /* sessions besides; under the pool's lock */
	struct generation *settings;
	struct budget_limits limits;
	int64_t began_ms; /* monotonic */
	struct task task;
};

struct pool {
	struct pool_needs needs;
	uv_async_t ended;
	pthread_mutex_t lock; /* done, taken; slots while they change */
	struct slot *done;
	struct slot *slots;
	size_t count;
};

/* ---- settings */

struct generation *generation_new(const struct settings *settings)
{
	struct generation *g = mem_alloc(sizeof *g);

	settings_init(&g->settings);
	for (const struct settings_key *k = settings_keys; k->key != NULL;
		k++) {
		char *value = settings_get(settings, k);
		(void)settings_set(&g->settings, k->key, value, NULL);
		free(value);
	}
	g->refs = 1;
	return g;
}

void generation_release(struct generation **g)
{
	if (*g != NULL && --(*g)->refs == 0) {
		settings_clear(&(*g)->settings);
		free(*g);
	}
	*g = NULL;
}

/* ---- the threads */

static void *run_thread(void *arg)
{
	struct slot *slot = arg;
	struct pool *pool = slot->pool;

	run_execute(slot->run);
	(void)pthread_mutex_lock(&pool->lock);
	slot->next_done = pool->done;
	pool->done = slot;
	(void)pthread_mutex_unlock(&pool->lock);
	(void)uv_async_send(&pool->ended);
	return NULL;
}

static void slot_free(struct slot *slot)
{
	parked_session_close(slot->dialer.envoys, &slot->dialer.offered);
	dialer_clear(&slot->dialer);
	for (size_t i = 0; i < slot->more_count; i++)
		dialer_clear(&slot->more[i]);
	free(slot->more);
	free(slot->more_dialers);
	run_free(&slot->run);
	generation_release(&slot->settings);
	free(slot);
}

static void take_out(struct pool *pool, struct slot *slot)
{
	struct slot **p = &pool->slots;

	(void)pthread_mutex_lock(&pool->lock);
	while (*p != slot)
		p = &(*p)->next;
	*p = slot->next;
	pool->count--;
	(void)pthread_mutex_unlock(&pool->lock);
}

/* The session that the run has left to wait. */
static void park(struct slot *slot)
{
	struct dialer *d = &slot->dialer;
	struct run *run = slot->run;

	if (d->left.inner == NULL)
		return;
	parked_put(d->parked, &run->job, d->left, d->news, run->moved);
	d->left.inner = NULL;
}

static void on_ended(uv_async_t *ended)
{
	struct pool *pool = ended->data;
	struct slot *slot, *next;

	(void)pthread_mutex_lock(&pool->lock);
	slot = pool->done;
	pool->done = NULL;
	(void)pthread_mutex_unlock(&pool->lock);
	for (; slot != NULL; slot = next) {
		next = slot->next_done;
		task_join(&slot->task);
		take_out(pool, slot);
		slot->run->result.spent_bytes =
			allowance_uncounted(&slot->run->allowance);
		pool->needs.on_finished(pool->needs.arg, slot->run);
		park(slot);
		slot_free(slot);
	}
	pool->needs.on_settled(pool->needs.arg);
	/* What a thousand runs have left free all over the heap. */
	if (pool->count == 0)
		(void)malloc_trim(0);
}

/* ---- loop thread */

struct pool *pool_new(uv_loop_t *loop, const struct pool_needs *needs)
{
	struct pool *pool = mem_alloc(sizeof *pool);

	pool->needs = *needs;
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)uv_async_init(loop, &pool->ended, on_ended);
	pool->ended.data = pool;
	return pool;
}

static void on_closed(uv_handle_t *handle)
{
	struct pool *pool = handle->data;

	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void pool_free(struct pool **pool)
{
	if (*pool == NULL)
		return;
	uv_close((uv_handle_t *)&(*pool)->ended, on_closed);
	*pool = NULL;
}

/* What the claim has said, and what holds for the account besides. */
static void fill_allowance(struct slot *slot)
{
	const struct settings *s = &slot->settings->settings;
	struct run *run = slot->run;
	struct budget budget = run->job.budget;

	budget_limits_of(s->limits_hosts, s->limits_known,
		run->account.url.host, run->account.url.protocol,
		&slot->limits);
	budget.account_bytes =
		budget_lower(budget.account_bytes, slot->limits.account_bytes);
	run->allowance.logins_limited = run->job.logins_limited;
	allowance_set_rate(&run->allowance, run->account.max_rate);
	allowance_refresh(&run->allowance, &budget);
}

static int fill_run(struct pool *pool, struct slot *slot, const struct job *job,
	struct err *err)
{
	struct run *run = slot->run;
	int r;

	run->settings = &slot->settings->settings;
	run->committer = pool->needs.committer;
	run->job = *job;
	run->dialer.open = dialer_open;
	run->dialer.arg = &slot->dialer;
	slot->dialer.parked = pool->needs.parked;
	if (pool->needs.parked != NULL) {
		run->dialer.may_park = dialer_may_park;
		run->dialer.park = dialer_park;
		(void)parked_take(
			pool->needs.parked, job, &slot->dialer.offered);
	}
	r = accounts_by_id(
		pool->needs.state, job->account_id, &run->account, err);
	if (r == 0)
		return err_set(err, ERR_CANCELLED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "the account was removed");
	if (r < 0)
		return -1;
	run->task_path = mem_printf("%s/results/%s.verify",
		pool->needs.state->dir, run->account.uuid);
	fill_allowance(slot);
	run->ledger_path =
		state_ledger_path(pool->needs.state, run->account.uuid);
	/* base names need the ring also where no password is stored; a token is
	 * read when a session needs it */
	if (secret_need_keys(pool->needs.state, err) < 0)
		return -1;
	if (run->account.token_file[0] == '\0' &&
		secret_load(pool->needs.state, run->account.uuid,
			&run->password, err) < 0)
		return -1;
	run->keys = pool->needs.state->keys;
	return 0;
}

/* Under the lock. */
static size_t count_sessions(const struct pool *pool)
{
	size_t n = 0;

	for (const struct slot *s = pool->slots; s != NULL; s = s->next)
		n += 1 + s->taken;
	return n;
}

static int make_dialer(struct slot *slot, struct dialer *d, struct err *err)
{
	d->envoys = slot->pool->needs.envoys;
	d->anchors = slot->pool->needs.anchors;
	d->settings = &slot->settings->settings;
	d->cancel = &slot->run->cancel;
	d->allowance = &slot->run->allowance;
	d->host = slot->run->account.url.host;
	return dialer_init(d, err);
}

/* Each job is claimed with the sessions that it may have, all of which count
 * for its host; so with this the host's limit is never passed. */
static bool take_session(void *arg)
{
	struct slot *slot = arg;
	const struct settings *s = &slot->settings->settings;
	struct pool *pool = slot->pool;
	bool may;

	(void)pthread_mutex_lock(&pool->lock);
	may = count_sessions(pool) < (size_t)s->pool_sessions &&
	      1 + slot->taken < (size_t)slot->run->job.sessions;
	slot->taken += may;
	(void)pthread_mutex_unlock(&pool->lock);
	return may;
}

static void give_session(void *arg)
{
	struct slot *slot = arg;

	(void)pthread_mutex_lock(&slot->pool->lock);
	slot->taken--;
	(void)pthread_mutex_unlock(&slot->pool->lock);
}

static int make_more(struct slot *slot, struct err *err)
{
	size_t n = slot->run->account.connections > 1
			   ? (size_t)slot->run->account.connections - 1
			   : 0;

	if (slot->limits.account_sessions != 0 &&
		n > (size_t)slot->limits.account_sessions - 1)
		n = (size_t)slot->limits.account_sessions - 1;
	slot->more = mem_alloc((n + 1) * sizeof *slot->more);
	slot->more_dialers = mem_alloc((n + 1) * sizeof *slot->more_dialers);
	for (; slot->more_count < n; slot->more_count++) {
		struct dialer *d = &slot->more[slot->more_count];
		if (make_dialer(slot, d, err) < 0)
			return -1;
		slot->more_dialers[slot->more_count] =
			(struct run_dialer){.open = dialer_open, .arg = d};
	}
	slot->run->more = (struct run_more){.dialers = slot->more_dialers,
		.count = n,
		.take = take_session,
		.give = give_session,
		.arg = slot};
	return 0;
}

static void cancel_hard(struct slot *slot)
{
	dialer_cancel(&slot->dialer);
	for (size_t i = 0; i < slot->more_count; i++)
		dialer_cancel(&slot->more[i]);
}

int pool_start(struct pool *pool, struct generation *settings,
	const struct job *job, const char **ret_account_name, struct err *err)
{
	struct slot *slot = mem_alloc(sizeof *slot);

	slot->pool = pool;
	slot->run = run_new();
	slot->settings = settings;
	slot->began_ms = clock_mono_ms();
	settings->refs++;
	if (make_dialer(slot, &slot->dialer, err) < 0 ||
		fill_run(pool, slot, job, err) < 0 ||
		make_more(slot, err) < 0) {
		slot_free(slot);
		return -1;
	}
	(void)pthread_mutex_lock(&pool->lock);
	slot->next = pool->slots;
	pool->slots = slot;
	pool->count++;
	(void)pthread_mutex_unlock(&pool->lock);
	if (task_start(&slot->task, run_thread, slot, err) < 0) {
		take_out(pool, slot);
		slot_free(slot);
		return -1;
	}
	*ret_account_name = slot->run->account.name;
	return 0;
}

size_t pool_sessions(struct pool *pool)
{
	size_t n;

	(void)pthread_mutex_lock(&pool->lock);
	n = count_sessions(pool);
	(void)pthread_mutex_unlock(&pool->lock);
	return n;
}

size_t pool_count(const struct pool *pool)
{
	return pool->count;
}

size_t pool_accounts(const struct pool *pool, int64_t *ids, size_t max)
{
	size_t n = 0;

	for (struct slot *s = pool->slots; s != NULL && n < max; s = s->next)
		ids[n++] = s->run->job.account_id;
	return n;
}

void pool_cancel(struct pool *pool, int64_t account_id, bool hard)
{
	for (struct slot *s = pool->slots; s != NULL; s = s->next) {
		if (account_id != 0 && s->run->job.account_id != account_id)
			continue;
		atomic_store(&s->run->cancel, true);
		if (hard)
			cancel_hard(s);
	}
}

void pool_each(struct pool *pool, pool_fn *fn, void *arg)
{
	int64_t now_ms = clock_mono_ms();

	for (const struct slot *s = pool->slots; s != NULL; s = s->next)
		fn(arg, &(struct pool_run){.run = s->run,
				.limits = s->limits,
				.age_ms = now_ms - s->began_ms});
}

size_t pool_progress(struct pool *pool, struct job_progress **ret_progress,
	const char ***ret_names)
{
	size_t n = 0;

	*ret_progress = mem_array(pool->count, sizeof **ret_progress);
	*ret_names = mem_array(pool->count, sizeof **ret_names);
	for (struct slot *s = pool->slots; s != NULL; s = s->next) {
		struct run_progress *p = &s->run->progress;
		(void)pthread_mutex_lock(&p->lock);
		(*ret_progress)[n] = p->now;
		(void)pthread_mutex_unlock(&p->lock);
		(*ret_progress)[n].account_id = s->run->job.account_id;
		(*ret_progress)[n].fence = s->run->job.fence;
		(*ret_names)[n] = s->run->account.name;
		n++;
	}
	return n;
}
