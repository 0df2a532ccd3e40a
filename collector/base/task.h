/* SPDX-License-Identifier: BSD-2-Clause */
/* task: a thread with a small stack, all signals blocked. */
#ifndef MAILHAUL_BASE_TASK_H
#define MAILHAUL_BASE_TASK_H

#include "err.h"

#include <pthread.h>
#include <stddef.h>

#define TASK_STACK_BYTES ((size_t)512 * 1024)

struct task {
	pthread_t thread;
};

/* Starts fn(arg). The caller joins it with task_join. */
int task_start(
	struct task *task, void *(*fn)(void *), void *arg, struct err *err);
/* The same, detached: nobody joins. */
int task_detach(void *(*fn)(void *), void *arg, struct err *err);
void task_join(struct task *task);

#endif
