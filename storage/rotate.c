/* SPDX-License-Identifier: BSD-2-Clause */
/*
 *     BEGIN IMMEDIATE         nobody else seals or rotates
 *     key file + new key      durable; it seals nothing yet
 *     UPDATE every secret     with the new key
 *     COMMIT                  durable (synchronous=FULL)
 *     BEGIN IMMEDIATE         key file without the keys that seal nothing
 * A kill before COMMIT leaves old rows and both keys; one after it new rows
 * and both keys.
 */
#include "rotate.h"

#include "secret.h"

#include <stdlib.h>
#include <string.h>

struct count {
	const struct keys *keys;
	size_t *sealed, other;
};

static int count_one(void *arg, const char *uuid, const char *field,
	const unsigned char *row, size_t n, struct err *err)
{
	struct count *c = arg;

	(void)uuid;
	(void)field;
	(void)err;
	for (size_t i = 0; n > KEYS_ID_BYTES && i < keys_count(c->keys); i++)
		if (memcmp(row + 1, keys_id(c->keys, i), KEYS_ID_BYTES) == 0) {
			c->sealed[i]++;
			return 0;
		}
	c->other++;
	return 0;
}

int rotate_count(struct state *state, size_t ret_sealed[KEYS_MAX],
	size_t *ret_other, struct err *err)
{
	struct count c = {.sealed = ret_sealed};

	memset(ret_sealed, 0, KEYS_MAX * sizeof *ret_sealed);
	if (secret_need_keys(state, err) != 0)
		return -1;
	c.keys = state->keys;
	if (secret_each(state, count_one, &c, err) != 0)
		return -1;
	*ret_other = c.other;
	return 0;
}

/* The keys that no row names. *ret_dropped says how many there were. */
static int drop_idle(struct state *state, const char *path, size_t *ret_dropped,
	struct err *err)
{
	size_t sealed[KEYS_MAX], other;
	bool wanted[KEYS_MAX] = {false};

	if (keys_refresh(state->keys, path, err) != 0 ||
		rotate_count(state, sealed, &other, err) != 0)
		return -1;
	for (size_t i = 0; i < KEYS_MAX; i++)
		wanted[i] = sealed[i] > 0;
	return keys_drop(path, state->keys, wanted, ret_dropped, err) != 0
		       ? -1
		       : keys_refresh(state->keys, path, err);
}

static int refuse_credential(const char *path, struct err *err)
{
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"the key ring is the systemd credential %s, which cannot be "
		"written",
		path);
	return err_hint(err,
		"add 32 random bytes at the end of the file that it is made "
		"of, restart the service, and repeat this with "
		"CREDENTIALS_DIRECTORY set to that file's directory");
}

/* Inside the transaction. */
static int reseal(struct state *state, const char *path, bool credential,
	struct rotation *x, struct err *err)
{
	size_t idle = 0;

	if (secret_reseal(state, &x->sealed, &x->unopened, err) != 0)
		return -1;
	if (x->sealed == 0 && !credential &&
		drop_idle(state, path, &idle, err) != 0)
		return -1;
	x->dropped += idle;
	x->resumed = x->sealed > 0 || idle > 0;
	if (x->resumed)
		return 0;
	if (credential)
		return refuse_credential(path, err);
	if (keys_append(path, err) != 0)
		return -1;
	return secret_reseal(state, &x->sealed, &x->unopened, err);
}

static int in_transaction(struct state *state, const char *path,
	bool credential, struct rotation *x, bool drop, struct err *err)
{
	size_t dropped = 0;
	int r;

	if (db_begin(state->db, err) != 0)
		return -1;
	r = drop ? drop_idle(state, path, &dropped, err)
		 : reseal(state, path, credential, x, err);
	if (r != 0) {
		db_rollback(state->db);
		return -1;
	}
	x->dropped += dropped;
	return db_commit(state->db, err);
}

int rotate(struct state *state, struct rotation *ret, struct err *err)
{
	struct rotation x = {.sealed = 0};
	bool credential;
	char *path = keys_path(state->dir, &credential);
	int r = secret_need_keys(state, err);

	if (r == 0)
		r = in_transaction(state, path, credential, &x, false, err);
	if (r == 0 && !credential)
		r = in_transaction(state, path, credential, &x, true, err);
	free(path);
	if (r == 0)
		*ret = x;
	return r;
}
