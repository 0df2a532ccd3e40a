/* SPDX-License-Identifier: BSD-2-Clause */
#include "work.h"

#include "../base/clock.h"

int work_check_cancel(const struct work *w, struct err *err)
{
	if (!work_cancelled(w))
		return 0;
	return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"cancelled");
}

int work_may_receive(const struct work *w, struct err *err)
{
	struct run *run = w->run;

	if (work_check_cancel(w, err) != 0)
		return -1;
	/* a turn in which nothing came would be one in vain */
	if (w->arrived + w->rekeyed != 0 && atomic_load(&run->allowance.yield))
		return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "others are waiting");
	if (run->job.closes_at != 0 && clock_wall_s() >= run->job.closes_at)
		return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "its hours are over");
	return allowance_check(
		&run->allowance, run->account.url.host, clock_wall_s(), err);
}

void work_receive(struct work *w, uint64_t bytes)
{
	w->progress.now.bytes_done += bytes;
	progress_tick(&w->progress);
	allowance_receive(&w->run->allowance, bytes);
	allowance_keep_rate(&w->run->allowance, bytes, &w->run->cancel);
}

int work_presence(
	struct work *w, const struct presence **ret_presence, struct err *err)
{
	if (w->presence == NULL &&
		store_presence(w->store, &w->presence, err) != 0)
		return -1;
	*ret_presence = w->presence;
	return 0;
}
