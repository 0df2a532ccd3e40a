/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rotate: a new key for all secrets. Beside a running daemon, too: it reads
 * the key file again when it meets a key that it does not know.
 */
#ifndef MAILHAUL_STORAGE_ROTATE_H
#define MAILHAUL_STORAGE_ROTATE_H

#include "keys.h"
#include "state.h"

struct rotation {
	bool resumed;	 /* no new key: an earlier rotation was finished */
	size_t sealed;	 /* secrets sealed anew */
	size_t unopened; /* that no key opens: they stay as they are */
	size_t dropped;	 /* old keys that seal nothing any more */
};

/*
 * Makes a key, seals all secrets with it in one transaction, and drops the
 * old ones when that is durable (never the first: it names messages). Killed
 * at any step, the key file opens what the database holds; a rotation that
 * was begun is finished by calling this again, without another new key.
 * From a systemd credential only the second half can be done: ERR_CONFIG
 * says how to give it the new key.
 */
int rotate(struct state *state, struct rotation *ret, struct err *err);

/* How many secrets each key of the ring seals; *ret_other: those of none. */
int rotate_count(struct state *state, size_t ret_sealed[KEYS_MAX],
	size_t *ret_other, struct err *err);

#endif
