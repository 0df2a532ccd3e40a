/* SPDX-License-Identifier: BSD-2-Clause */
#include "account_steps.h"

#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/clock.h"

int account_pause(struct state *state, const struct account *a, struct err *err)
{
	if (accounts_set_paused(state, a->id, true, err) < 0)
		return -1;
	return jobs_cancel(state, a->id, err);
}

int account_resume(
	struct state *state, const struct account *a, struct err *err)
{
	if (a->finish == FINISH_PURGED) {
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"it is being removed with its mail, some of which is "
			"gone");
		return err_hint(err,
			"go on: mailhaul remove --purge %s, or "
			"without --purge",
			a->name);
	}
	if (account_is_over(a, clock_wall_s())) {
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "its date (--until) has passed");
		return err_hint(err, "mailhaul set %s --until none", a->name);
	}
	return accounts_set_paused(state, a->id, false, err);
}

/* Nobody collects one that is paused or over. */
static int is_awake(const struct account *a, struct err *err)
{
	if (a->paused && a->finish != FINISH_UNTIL) {
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "the account is paused");
		return err_hint(err, "first: mailhaul resume %s", a->name);
	}
	if (account_is_over(a, clock_wall_s())) {
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "its date has passed");
		return err_hint(
			err, "first: mailhaul set %s --until none", a->name);
	}
	return 0;
}

int account_retry(struct state *state, const struct account *a, struct err *err)
{
	return is_awake(a, err) == 0 ? jobs_retry(state, a->id, err) : -1;
}

int account_sync(struct state *state, const struct account *a, struct err *err)
{
	return is_awake(a, err) == 0 ? jobs_due_now(state, a->id, err) : -1;
}
