/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop in one page. Once a second: claim what is due, write progress,
 * look for cancelled accounts; every 30 s the heartbeat. What has ended is
 * written down at once and the places are filled: one turn (claims.h).
 *
 * Draining (SIGTERM, SIGINT): claim nothing more; runs end at a message
 * boundary; after SOFT_MS their sessions are taken away; after HARD_MS what
 * still hangs (a disk that does not answer) is left behind: leases are
 * released and the process ends, which the order of durability allows.
 */
#include "conductor.h"

#include "../../storage/budgets.h"
#include "../../storage/committer.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "claims.h"
#include "envoys.h"
#include "health.h"
#include "limits.h"
#include "meter.h"
#include "parked.h"
#include "pool.h"
#include "room.h"
#include "rounds.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define TICK_MS 1000
#define HEARTBEAT_TICKS 30
#define STALLED_TICKS 60
#define STUCK_TICKS 5 /* a daemon goes on; a single pass gives up */
#define SOFT_MS 5000
#define HARD_MS 8000
/* The loop asks for everything again with the next tick, and signals wait
 * while it waits. */
#define PATIENCE_MS 500

enum drain { RUNNING, SOFT, HARD };

struct conductor {
	uv_loop_t loop;
	uv_timer_t tick;
	uv_signal_t term, interrupt, hangup;
	struct state *state;
	const struct conductor_options *options;
	struct generation *settings;
	struct envoys *envoys;
	struct anchors *anchors;
	struct committer *committer;
	struct pool *pool;
	struct parked *parked; /* NULL: a single pass */
	struct results results;
	struct claims claims;
	struct rounds rounds;
	struct health *health;
	struct room *room; /* what is known only of a daemon's */
	size_t places;	   /* runs at once: pool.sessions, or what fits */
	unsigned ticks, stuck_ticks; /* the latter: the table failed us */
	size_t failed;
	enum drain drain;
	int64_t drain_since_ms;
};

/* ---- events */

static void finish(struct conductor *c, const struct job *job, const char *name,
	const struct job_progress *progress, struct job_result *result)
{
	const struct conductor_event event = {.kind = CONDUCTOR_FINISHED,
		.account = name,
		.progress = progress,
		.result = result};

	result->yielded &= c->drain == RUNNING;
	results_put(&c->results, job, name, result);
	if (result->yielded)
		claims_again(&c->claims, job->account_id);
	if (!result->ok && !result->cancelled)
		c->failed++;
	rounds_tell(c->options, &event);
}

/* A job whose run could not even begin. */
static void finish_unstarted(
	struct conductor *c, const struct job *job, const struct err *err)
{
	const struct job_progress progress = {.account_id = job->account_id};
	struct job_result result = {.ok = false, .err = *err};

	result.needs_person = err->retry == ERR_RETRY_CHANGE;
	result.next_due_s = clock_wall_s() + 60;
	log_err(LOG_LEVEL_ERROR, &(struct log_ctx){.run = job->run},
		"run_not_started", err);
	finish(c, job, "", &progress, &result);
}

/* ---- turns */

static void start(struct conductor *c, const struct job *job)
{
	struct job_progress progress = {.account_id = job->account_id,
		.fence = job->fence,
		.started_ms = clock_wall_us() / 1000};
	struct conductor_event event = {
		.kind = CONDUCTOR_STARTED, .progress = &progress};
	struct err err = {0};

	if (c->options->once)
		claims_note_seen(&c->claims, job->account_id);
	if (pool_start(c->pool, c->settings, job, &event.account, &err) < 0)
		finish_unstarted(c, job, &err);
	else
		rounds_tell(c->options, &event);
}

/* Whether something is left that has to come to an end here. */
static bool is_busy(const struct conductor *c)
{
	return pool_count(c->pool) != 0 || c->results.count != 0;
}

static size_t free_places(const struct conductor *c)
{
	size_t taken = pool_sessions(c->pool);

	if (c->drain != RUNNING || room_state_is_full(c->room))
		return 0;
	return taken >= c->places ? 0 : c->places - taken;
}

/* Writes what has ended and fills the places. False: the table could not be
 * asked. */
static bool turn(struct conductor *c)
{
	size_t running = pool_count(c->pool), room = free_places(c), count;
	const int64_t *waiting;
	size_t waiting_count = room_waiting(c->room, &waiting);
	int64_t *ids = mem_array(running + waiting_count, sizeof *ids);
	struct claims_turn t = {.per_host = c->settings->settings.pool_per_host,
		.settings = &c->settings->settings,
		.running = ids,
		.room = room,
		.jobs = mem_array(room, sizeof *t.jobs)};
	bool ok;

	t.running_count = pool_accounts(c->pool, ids, running);
	for (size_t i = 0; i < waiting_count; i++)
		ids[t.running_count++] = waiting[i];
	ok = claims_turn(&c->claims, &c->results, &t, &count);
	for (size_t i = 0; i < count; i++)
		start(c, &t.jobs[i]);
	if (count != 0)
		envoys_expect(c->envoys);
	free(t.jobs);
	free(ids);
	if (ok)
		results_retry(&c->results); /* of those that did not begin */
	return ok;
}

static void on_tick(uv_timer_t *tick);

static void on_finished(void *arg, struct run *run)
{
	struct conductor *c = arg;

	if (!c->options->once && !run->result.ok)
		rounds_failed(run, c->room, &c->settings->settings);
	finish(c, &run->job, run->account.name, &run->progress.now,
		&run->result);
}

/* All that had ended by now are finished. */
static void on_settled(void *arg)
{
	struct conductor *c = arg;

	(void)turn(c);
	/* the last one: what follows need not wait for the next tick */
	if (c->options->once && !is_busy(c))
		(void)uv_timer_start(&c->tick, on_tick, 0, TICK_MS);
}

static void on_due(void *arg)
{
	struct conductor *c = arg;

	if (c->drain == RUNNING)
		(void)turn(c);
}

/* As many as pool.parked says, or as find descriptors. */
static size_t parked_max(const struct conductor *c)
{
	return limits_parked(
		(size_t)c->settings->settings.pool_parked, c->places);
}

/* ---- ending */

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void end_loop(struct conductor *c)
{
	if (uv_is_closing((uv_handle_t *)&c->tick))
		return;
	close_handle((uv_handle_t *)&c->tick);
	close_handle((uv_handle_t *)&c->term);
	close_handle((uv_handle_t *)&c->interrupt);
	close_handle((uv_handle_t *)&c->hangup);
	parked_free(&c->parked);
	envoys_stop(c->envoys);
	pool_free(&c->pool);
}

static void drain(struct conductor *c, enum drain how)
{
	if (how <= c->drain)
		return;
	if (c->drain == RUNNING) {
		c->drain_since_ms = clock_mono_ms();
		LOG(LOG_LEVEL_INFO, NULL, "draining",
			LOG_NUM("runs", pool_count(c->pool)));
	}
	c->drain = how;
	health_stopping(c->health);
	if (c->parked != NULL)
		parked_close(c->parked);
	claims_give_up(&c->claims);
	pool_cancel(c->pool, 0, how == HARD);
	uv_timer_set_repeat(&c->tick, TICK_MS / 10);
	(void)uv_timer_again(&c->tick);
}

/* The last resort: a thread hangs where no descriptor can wake it. */
static void leave_behind(struct conductor *c)
{
	struct err err = {0};

	LOG(LOG_LEVEL_ERROR, NULL, "runs_left_behind",
		LOG_NUM("runs", pool_count(c->pool)));
	(void)jobs_release_all(c->state, clock_wall_s(), &err);
	_exit(1);
}

static void drain_tick(struct conductor *c)
{
	int64_t since_ms = clock_mono_ms() - c->drain_since_ms;

	results_retry(&c->results);
	if (!is_busy(c))
		end_loop(c);
	else if (since_ms > HARD_MS)
		leave_behind(c);
	else if (since_ms > SOFT_MS)
		drain(c, HARD);
}

/* ---- the tick */

static void tell_health(struct conductor *c)
{
	health_tick(c->health,
		&(struct health_facts){.runs = pool_count(c->pool),
			.parked =
				c->parked != NULL ? parked_count(c->parked) : 0,
			.committer_busy_ms = committer_busy_ms(c->committer),
			.trouble = c->drain != RUNNING
					   ? "ending: runs stop at the next "
					     "message"
					   : room_trouble(c->room)});
}

static void on_tick(uv_timer_t *tick)
{
	struct conductor *c = tick->data;
	bool asked;

	if (c->drain != RUNNING) {
		tell_health(c);
		drain_tick(c);
		return;
	}
	rounds_progress(&c->rounds);
	rounds_cancelled(&c->rounds);
	if (++c->ticks % HEARTBEAT_TICKS == 0)
		rounds_heartbeat(&c->rounds);
	if (!c->options->once) {
		room_look(c->room, &c->settings->settings);
		if (c->ticks % STALLED_TICKS == 1)
			rounds_stalled(&c->rounds);
	}
	envoys_reap_idle(c->envoys);
	if (c->parked != NULL)
		parked_check(c->parked);
	asked = turn(c);
	meter_make_way(&c->claims, c->pool, &c->settings->settings,
		free_places(c) == 0);
	if (!c->options->once) {
		tell_health(c);
		return;
	}
	c->stuck_ticks =
		asked && c->results.count == 0 ? 0 : c->stuck_ticks + 1;
	if ((asked && !is_busy(c) && c->claims.pending_count == 0 &&
		    !meter_is_waited_for(&c->claims, &c->settings->settings)) ||
		(c->stuck_ticks > STUCK_TICKS && pool_count(c->pool) == 0))
		end_loop(c);
}

static void on_term(uv_signal_t *handle, int number)
{
	struct conductor *c = handle->data;

	(void)number;
	drain(c, c->drain == RUNNING ? SOFT : HARD);
}

static void on_hangup(uv_signal_t *handle, int number)
{
	struct conductor *c = handle->data;
	struct settings fresh;
	struct err err = {0};

	(void)number;
	if (c->options->reload == NULL)
		return;
	health_reloading(c->health);
	if (c->options->reload(c->options->arg, &fresh, &err) < 0) {
		log_err(LOG_LEVEL_ERROR, NULL, "settings_not_reloaded", &err);
		health_ready(c->health);
		return;
	}
	generation_release(&c->settings);
	c->settings = generation_new(&fresh);
	settings_clear(&fresh);
	if (budgets_begin(c->state, clock_wall_s(), &err) < 0)
		log_err(LOG_LEVEL_ERROR, NULL, "budgets_not_told", &err);
	envoys_set_max(c->envoys, (size_t)c->settings->settings.pool_envoys);
	c->places = limits_raise((size_t)c->settings->settings.pool_sessions);
	if (c->parked != NULL)
		parked_set_max(c->parked, parked_max(c));
	LOG(LOG_LEVEL_INFO, NULL, "settings_reloaded", LOG_END);
	health_ready(c->health);
}

/* ---- the whole */

static void watch_signals(struct conductor *c)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)uv_signal_init(&c->loop, &c->term);
	(void)uv_signal_init(&c->loop, &c->interrupt);
	(void)uv_signal_init(&c->loop, &c->hangup);
	c->term.data = c->interrupt.data = c->hangup.data = c;
	(void)uv_signal_start(&c->term, on_term, SIGTERM);
	(void)uv_signal_start(&c->interrupt, on_term, SIGINT);
	(void)uv_signal_start(&c->hangup, on_hangup, SIGHUP);
}

static int prepare(struct conductor *c, struct err *err)
{
	const struct settings *s = &c->settings->settings;
	struct pool_needs needs = {.state = c->state,
		.on_finished = on_finished,
		.on_settled = on_settled,
		.arg = c};
	struct parked_needs parked_needs = {
		.state = c->state, .on_due = on_due, .arg = c};

	if (rounds_restored(c->state, err) < 0 ||
		jobs_release_all(c->state, clock_wall_s(), err) < 0 ||
		budgets_begin(c->state, clock_wall_s(), err) < 0 ||
		committer_start(s->state_dir,
			strcmp(s->store_durability, "fsync") == 0,
			&c->committer, err) < 0)
		return -1;
	c->places = limits_raise((size_t)s->pool_sessions);
	(void)uv_loop_init(&c->loop);
	c->anchors = anchors_new();
	c->envoys = envoys_new(&c->loop, (size_t)s->pool_envoys);
	needs.envoys = parked_needs.envoys = c->envoys;
	needs.anchors = c->anchors;
	needs.committer = c->committer;
	if (!c->options->once) {
		c->parked = parked_new(&c->loop, &parked_needs, parked_max(c));
		envoys_on_evict(c->envoys, parked_evict, c->parked);
	}
	needs.parked = c->parked;
	c->pool = pool_new(&c->loop, &needs);
	db_set_patience(c->state->db, PATIENCE_MS);
	watch_signals(c);
	(void)uv_timer_init(&c->loop, &c->tick);
	c->tick.data = c;
	(void)uv_timer_start(&c->tick, on_tick, 0, TICK_MS);
	c->rounds = (struct rounds){.state = c->state,
		.pool = c->pool,
		.owner = c->claims.owner,
		.options = c->options};
	health_ready(c->health);
	return 0;
}

int conductor_run(struct state *state, const struct conductor_options *options,
	size_t *ret_failed, struct err *err)
{
	struct conductor *c = mem_alloc(sizeof *c);
	int r = -1;

	c->state = state;
	c->options = options;
	c->health = health_new(!options->once);
	c->room = room_new(state);
	results_init(&c->results, state);
	c->settings = generation_new(options->settings);
	claims_init(
		&c->claims, state, options->accounts, options->account_count);
	if (state_lock(state, err) == 0 && prepare(c, err) == 0) {
		(void)uv_run(&c->loop, UV_RUN_DEFAULT);
		(void)uv_loop_close(&c->loop);
		committer_stop(&c->committer);
		envoys_free(&c->envoys);
		anchors_free(&c->anchors);
		*ret_failed = c->failed;
		r = c->stuck_ticks > STUCK_TICKS ? -1 : 0;
		if (r != 0)
			*err = c->results.count != 0 ? c->results.fault
						     : c->claims.fault;
	}
	results_clear(&c->results);
	generation_release(&c->settings);
	claims_clear(&c->claims);
	health_free(&c->health);
	room_free(&c->room);
	free(c);
	return r;
}
