/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret: sealed passwords. AES-256-GCM; a row is
 *     version 1 byte | key id 4 | nonce 12 | ciphertext | tag 16
 * bound by its AAD to account uuid, field and key id, so that a row swapped
 * or altered is refused. The key never leaves this module but for the
 * instance key of base names.
 */
#ifndef MAILHAUL_STORAGE_SECRET_H
#define MAILHAUL_STORAGE_SECRET_H

#include "../collector/base/err.h"
#include "../collector/base/mem.h"
#include "state.h"

int keys_create(const char *path, struct err *err); /* 0400, O_EXCL, synced */
int keys_load(const char *path, struct keys **ret_keys, struct err *err);
void keys_free(struct keys **keys);

/* Stores the sealed password of an account (replaces). */
int secret_store(struct state *state, const char *account_uuid,
	const struct secret *plain, struct err *err);
/* ret_plain: caller clears. Wrong or missing key, altered row: ERR_CONFIG,
 * scope account. No row: ERR_CONFIG naming `set NAME --password-file`. */
int secret_load(struct state *state, const char *account_uuid,
	struct secret *ret_plain, struct err *err);
int secret_remove(
	struct state *state, const char *account_uuid, struct err *err);

/* Opens one sealed row, which may have been altered by anybody: what
 * secret_load does, without a database. As there. */
int keys_open_row(const struct keys *keys, const char *uuid,
	const unsigned char *row, size_t n, struct secret *ret_plain,
	struct err *err);

/* HMAC-SHA256 by a key derived from the first key (HKDF, purpose "base
 * name"); for deterministic base names. out: 32 bytes. */
void keys_hmac(const struct keys *keys, const void *data, size_t n,
	unsigned char out[32]);

#endif
