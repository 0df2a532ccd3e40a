/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop in one page. Once a second: claim what is due, write progress,
 * look for cancelled accounts; every 30 s the heartbeat. What has ended is
 * written down at once and the places are filled: one turn (claims.h). How it
 * ends stands in conductor_ending.c.
 */
#include "conductor_state.h"

#include "../../storage/budgets.h"
#include "../../storage/committer.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "envoys.h"
#include "health.h"
#include "limits.h"
#include "meter.h"
#include "observer.h"
#include "parked.h"
#include "pool.h"
#include "room.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_TICKS 30
#define STALLED_TICKS 60
#define STUCK_TICKS 5 /* a daemon goes on; a single pass gives up */
/* The loop asks for everything again with the next tick, and signals wait
 * while it waits. */
#define PATIENCE_MS 500
/* A predecessor that was killed leaves its address to us soon. */
#define LISTEN_PATIENCE_MS 3000

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
	/* after its last run has collected, it compares */
	if (result->yielded || (job->finish == FINISH_COLLECTS && result->ok &&
				       !result->cancelled))
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
	if (pool_start(c->pool, c->settings, job, &event.account, &err) < 0) {
		finish_unstarted(c, job, &err);
		return;
	}
	observer_started(c->observer, job);
	rounds_tell(c->options, &event);
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
	observer_ended(c->observer, run->account.url.protocol,
		&run->progress.now, &run->result);
	finish(c, &run->job, run->account.name, &run->progress.now,
		&run->result);
}

/* All that had ended by now are finished. */
static void on_settled(void *arg)
{
	struct conductor *c = arg;

	(void)turn(c);
	/* the last one: what follows need not wait for the next tick */
	if (c->options->once && !conductor_is_busy(c))
		(void)uv_timer_start(&c->tick, on_tick, 0, CONDUCTOR_TICK_MS);
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

/* asked: the job table was, and answered. */
static void tell_watchers(struct conductor *c, bool asked)
{
	const struct observer_facts facts = {.pool = c->pool,
		.envoys = c->envoys,
		.committer = c->committer,
		.parked = c->parked != NULL ? parked_count(c->parked) : 0,
		.places = c->places,
		.asked = asked,
		.state_full = room_state_is_full(c->room),
		.draining = c->drain != RUNNING};

	tell_health(c);
	observer_tick(c->observer, &facts);
}

static void on_tick(uv_timer_t *tick)
{
	struct conductor *c = tick->data;
	bool asked;

	if (c->drain != RUNNING) {
		tell_watchers(c, c->results.count == 0);
		conductor_drain_tick(c);
		return;
	}
	rounds_progress(&c->rounds);
	rounds_until(&c->rounds);
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
		tell_watchers(c, asked);
		return;
	}
	c->stuck_ticks =
		asked && c->results.count == 0 ? 0 : c->stuck_ticks + 1;
	if ((asked && !conductor_is_busy(c) && c->claims.pending_count == 0 &&
		    !meter_is_waited_for(&c->claims, &c->settings->settings)) ||
		(c->stuck_ticks > STUCK_TICKS && pool_count(c->pool) == 0))
		conductor_end_loop(c);
}

static void on_term(uv_signal_t *handle, int number)
{
	struct conductor *c = handle->data;

	(void)number;
	conductor_drain(c, c->drain == RUNNING ? SOFT : HARD);
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
	if (observer_listen(c->observer, c->settings->settings.serve_listen, 0,
		    &err) < 0)
		log_err(LOG_LEVEL_ERROR, NULL, "not_listening", &err);
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
		observer_listen(c->observer,
			c->options->once ? "" : s->serve_listen,
			LISTEN_PATIENCE_MS, err) < 0 ||
		committer_start(s->state_dir,
			strcmp(s->store_durability, "fsync") == 0,
			&c->committer, err) < 0)
		return -1;
	c->places = limits_raise((size_t)s->pool_sessions);
	(void)uv_loop_init(&c->loop);
	observer_begin(c->observer, &c->loop);
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
	(void)uv_timer_start(&c->tick, on_tick, 0, CONDUCTOR_TICK_MS);
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
	c->observer = observer_new(state);
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
	observer_free(&c->observer);
	free(c);
	return r;
}
