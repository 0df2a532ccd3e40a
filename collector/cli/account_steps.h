/* SPDX-License-Identifier: BSD-2-Clause */
/* account_steps: what a person does to an account, by a command or by a key:
 * the same rules for both. Errors name what to do first. */
#ifndef MAILHAUL_CLI_ACCOUNT_STEPS_H
#define MAILHAUL_CLI_ACCOUNT_STEPS_H

#include "../../storage/state.h"
#include "../base/err.h"
#include "../model/account.h"

typedef int account_step(
	struct state *state, const struct account *a, struct err *err);

/* Its run ends. */
int account_pause(
	struct state *state, const struct account *a, struct err *err);
int account_resume(
	struct state *state, const struct account *a, struct err *err);
/* Due now, with what is quarantined. */
int account_retry(
	struct state *state, const struct account *a, struct err *err);
/* Due now. */
int account_sync(struct state *state, const struct account *a, struct err *err);

#endif
