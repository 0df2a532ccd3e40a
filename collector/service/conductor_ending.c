/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Draining (SIGTERM, SIGINT): claim nothing more; runs end at a message
 * boundary; after SOFT_MS their sessions are taken away; after HARD_MS what
 * still hangs (a disk that does not answer) is left behind: leases are
 * released and the process ends, which the order of durability allows.
 */
#include "../base/clock.h"
#include "../base/log.h"
#include "conductor_state.h"
#include "envoys.h"
#include "health.h"
#include "observer.h"
#include "parked.h"
#include "pool.h"

#include <unistd.h>

#define SOFT_MS 5000
#define HARD_MS 8000

bool conductor_is_busy(const struct conductor *c)
{
	return pool_count(c->pool) != 0 || c->results.count != 0;
}

static void close_handle(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void conductor_end_loop(struct conductor *c)
{
	if (uv_is_closing((uv_handle_t *)&c->tick))
		return;
	close_handle((uv_handle_t *)&c->tick);
	close_handle((uv_handle_t *)&c->term);
	close_handle((uv_handle_t *)&c->interrupt);
	close_handle((uv_handle_t *)&c->hangup);
	parked_free(&c->parked);
	envoys_stop(c->envoys);
	observer_stop(c->observer);
	pool_free(&c->pool);
}

void conductor_drain(struct conductor *c, enum drain how)
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
	uv_timer_set_repeat(&c->tick, CONDUCTOR_TICK_MS / 10);
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

void conductor_drain_tick(struct conductor *c)
{
	int64_t since_ms = clock_mono_ms() - c->drain_since_ms;

	results_retry(&c->results);
	if (!conductor_is_busy(c))
		conductor_end_loop(c);
	else if (since_ms > HARD_MS)
		leave_behind(c);
	else if (since_ms > SOFT_MS)
		conductor_drain(c, HARD);
}
