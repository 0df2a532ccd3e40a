/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: the key ring. A file of 32 random bytes a key, 0400: the last key
 * seals, every key opens what carries its id, the first one names messages
 * for ever and is never dropped. The file is STATE/mailhaul.key, or the
 * systemd credential of that name, which is only ever read.
 * What it says changes only inside a write transaction of the job table
 * (rotate), so that two processes never write it at once. A ring in
 * memory is used by the thread that has the state; keys_hmac by any.
 */
#ifndef MAILHAUL_STORAGE_KEYS_H
#define MAILHAUL_STORAGE_KEYS_H

#include "../collector/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define KEYS_MAX 64
#define KEYS_ID_BYTES 4
#define KEYS_BYTES 32 /* of a key */

struct keys;

/* The path of the ring for a state.dir: $CREDENTIALS_DIRECTORY/mailhaul.key
 * where that is a file, else DIR/mailhaul.key. Caller frees. */
char *keys_path(const char *dir, bool *ret_credential);

int keys_create(const char *path, struct err *err); /* 0400, O_EXCL, synced */
/* Refused: another's file, one that others can read, one of no sensible
 * size: ERR_CONFIG, scope account, with what to do. */
int keys_load(const char *path, struct keys **ret_keys, struct err *err);
/* Reads the file again where it has changed. One with another first key is
 * another state's: ERR_CONFIG, and the ring stays as it was. */
int keys_refresh(struct keys *keys, const char *path, struct err *err);
void keys_free(struct keys **keys);

size_t keys_count(const struct keys *keys);
/* The last one seals. */
const unsigned char *keys_id(const struct keys *keys, size_t i);
/* KEYS_BYTES for AES-256; NULL if no key has this id. */
const unsigned char *keys_find(
	const struct keys *keys, const unsigned char id[KEYS_ID_BYTES]);

/* One more key behind the others, durable when this returns. A kill leaves
 * the file as it was or as it is to be. */
int keys_append(const char *path, struct err *err);
/* Drops the keys that are not wanted; the first and the last one stay.
 * *ret_dropped: how many went. */
int keys_drop(const char *path, const struct keys *keys,
	const bool wanted[KEYS_MAX], size_t *ret_dropped, struct err *err);

/* HMAC-SHA256 by a key derived from the first key (HKDF, purpose "base
 * name"); for deterministic base names. out: 32 bytes. */
void keys_hmac(const struct keys *keys, const void *data, size_t n,
	unsigned char out[32]);

#endif
