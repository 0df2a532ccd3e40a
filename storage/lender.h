/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lender: a few large buffers that all deliveries share. One write a message
 * costs half of four, but a thousand sessions cannot have a large buffer
 * each: who finds none goes on with its own small one. Any thread.
 */
#ifndef MAILHAUL_STORAGE_LENDER_H
#define MAILHAUL_STORAGE_LENDER_H

#include <pthread.h>
#include <stddef.h>

#define LENDER_BYTES ((size_t)64 * 1024) /* a buffer */
#define LENDER_BUFFERS 8

struct lender {
	pthread_mutex_t lock;
	char *spare[LENDER_BUFFERS];
	size_t spares, made;
};

void lender_init(struct lender *l);
/* All have been given back. */
void lender_clear(struct lender *l);
/* LENDER_BYTES, or NULL: all are out. */
char *lender_lend(struct lender *l);
void lender_take_back(struct lender *l, char *buffer);

#endif
