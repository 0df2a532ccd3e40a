/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * baton: a lock that is handed on in the order in which it was asked for.
 * Who has it may touch what the threads of a run share; nobody keeps it while
 * waiting for a server.
 */
#ifndef MAILHAUL_SYNC_BATON_H
#define MAILHAUL_SYNC_BATON_H

#include <pthread.h>
#include <stdint.h>

struct baton {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint64_t asked, serving;
};

void baton_init(struct baton *b);
void baton_clear(struct baton *b);
void baton_take(struct baton *b);
void baton_drop(struct baton *b);

#endif
