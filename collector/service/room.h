/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * room: file systems that have none left. Where one is full nobody whose
 * store is on it is claimed, and where it is that of state.dir nobody at all:
 * each of them would fetch, fail, and fall behind by its own backoff. It is
 * over when there is room again, and more than a little of it; then those who
 * failed are due at once. Nobody fails for good. A quota (EDQUOT) is its
 * owner's, and pauses nobody else. Loop thread.
 */
#ifndef MAILHAUL_SERVICE_ROOM_H
#define MAILHAUL_SERVICE_ROOM_H

#include "../../storage/state.h"
#include "../base/err.h"
#include "../model/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is free of a file system, for whom has no privileges. */
struct room_facts {
	uint64_t bytes, bytes_all;
	uint64_t files, files_all; /* files_all 0: they are not counted */
};
/* So little that nothing is begun: the smaller of 64 MiB and 2 %; inodes: of
 * 1,000 and 1 %. Pure, as what follows. */
bool room_is_low(const struct room_facts *f);
/* Twice that, and, where more was free than that when a write failed (`then`,
 * as then the rest was not ours to have, or too little for one message),
 * something more than then; or so long after it that it is worth a try. */
bool room_is_back(const struct room_facts *now, const struct room_facts *then,
	int64_t since_ms);

#define ROOM_PROBE_MS (5 * 60 * 1000)

struct room;

struct room *room_new(struct state *state);
void room_free(struct room **r);

/* A run of the account to whom the store belongs has ended in err. */
void room_note(struct room *r, const struct settings *settings, const char *to,
	const struct err *err);
/* With every tick: looks at state.dir, and at what is full. */
void room_look(struct room *r, const struct settings *settings);
/* Nothing may be claimed. */
bool room_state_is_full(const struct room *r);
/* The accounts that wait for room; borrowed until the next call. */
size_t room_waiting(const struct room *r, const int64_t **ret_ids);
/* A line for a person; "" = there is room. */
const char *room_trouble(const struct room *r);

#endif
