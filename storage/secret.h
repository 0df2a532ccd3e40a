/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret: sealed passwords. AES-256-GCM; a row is
 *     version 1 byte | key id 4 | nonce 12 | ciphertext | tag 16
 * bound by its AAD to account uuid, field and key id, so that a row swapped
 * or altered is refused.
 */
#ifndef MAILHAUL_STORAGE_SECRET_H
#define MAILHAUL_STORAGE_SECRET_H

#include "../collector/base/err.h"
#include "../collector/base/mem.h"
#include "keys.h"
#include "state.h"

/* Reads the key ring where that could not be done before. ERR_CONFIG, scope
 * account: it is missing, or another's. */
int secret_need_keys(struct state *state, struct err *err);
/* Stores the sealed password of an account (replaces). */
int secret_store(struct state *state, const char *account_uuid,
	const struct secret *plain, struct err *err);
/* ret_plain: caller clears. Wrong or missing key, altered row: ERR_CONFIG,
 * scope account. No row: ERR_CONFIG naming `set NAME --password-file`. */
int secret_load(struct state *state, const char *account_uuid,
	struct secret *ret_plain, struct err *err);
int secret_remove(
	struct state *state, const char *account_uuid, struct err *err);

/* Opens one sealed row of a field ("password"), which may have been altered by
 * anybody: what secret_load does, without a database. As there. */
int keys_open_row(const struct keys *keys, const char *uuid, const char *field,
	const unsigned char *row, size_t n, struct secret *ret_plain,
	struct err *err);

/* Each row, in the order of the primary key; fn may write. row: n bytes, or
 * as many as a good row can have. -1 from fn ends it. */
typedef int secret_row_fn(void *arg, const char *account_uuid,
	const char *field, const unsigned char *row, size_t n, struct err *err);
int secret_each(
	struct state *state, secret_row_fn *fn, void *arg, struct err *err);
/* Inside a write transaction: seals with the last key what others have sealed.
 * *ret_unopened: rows that no key opens; they stay as they are. */
int secret_reseal(struct state *state, size_t *ret_moved, size_t *ret_unopened,
	struct err *err);

#endif
