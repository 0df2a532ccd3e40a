/* SPDX-License-Identifier: BSD-2-Clause */
/* accounts: rows of enrolled accounts. Reads into memory, holds nothing. */
#ifndef MAILHAUL_STORAGE_ACCOUNTS_H
#define MAILHAUL_STORAGE_ACCOUNTS_H

#include "../collector/base/err.h"
#include "../collector/base/mem.h"
#include "../collector/model/account.h"
#include "state.h"

#include <stddef.h>

void account_clear(struct account *a);

/* In one transaction: account, its job (due at once, or paused), its sealed
 * password. Fills id, uuid, created_at. A name that exists: ERR_CONFIG. */
int accounts_add(struct state *state, struct account *a,
	const struct secret *password, struct err *err);
/* Writes many in one transaction: all of them, or none and -1. next gives one
 * after the other: 1, 0 at the end, -1 to give up; without an id it is added,
 * else updated. A password without bytes is none. Both are cleared here. */
typedef int accounts_next_fn(void *arg, struct account *ret_account,
	struct secret *ret_password, struct err *err);
int accounts_enrol(struct state *state, accounts_next_fn *next, void *arg,
	struct err *err);
/* Calls fn, which only reads, with one picture of the state. */
int accounts_look(struct state *state, int (*fn)(void *arg, struct err *err),
	void *arg, struct err *err);
/* 1 found, 0 not, -1. */
int accounts_find(struct state *state, const char *name,
	struct account *ret_account, struct err *err);
int accounts_by_id(struct state *state, int64_t id, struct account *ret_account,
	struct err *err);
/* Ordered by name. Caller clears each and frees the array. */
int accounts_all(struct state *state, struct account **ret_accounts,
	size_t *ret_count, struct err *err);
/* The same of one group; a group without accounts is no group: count 0. */
int accounts_in_group(struct state *state, const char *group,
	struct account **ret_accounts, size_t *ret_count, struct err *err);
/* Writes all changeable columns of a (by id). password NULL = unchanged.
 * A changed password, URL or a cleared fault makes the job due at once. */
int accounts_update(struct state *state, const struct account *a,
	const struct secret *password, struct err *err);
/* Not paused: what was finished is open again, and due. */
int accounts_set_paused(
	struct state *state, int64_t id, bool paused, struct err *err);
/* Removes account, job, progress, secret rows and the ledger file. Refused
 * (ERR_CONFIG) while a run of it is under way: the caller cancels first. */
int accounts_remove(struct state *state, int64_t id, struct err *err);

#endif
