/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * effort: how long a thread has computed without waiting for anything, on its
 * own processor clock: what it does not get on a busy machine does not count.
 * One thread makes the effort, any other may look.
 */
#ifndef MAILHAUL_BASE_EFFORT_H
#define MAILHAUL_BASE_EFFORT_H

#include <stdatomic.h>
#include <stdint.h>

struct effort {
	atomic_int on;	    /* the clock is a living thread's */
	atomic_int clock;   /* a clockid_t */
	atomic_llong since; /* ms of that clock */
};

/* The calling thread's, from now. Another's before: it has ended. */
void effort_begin(struct effort *e);
/* It has come to a place where it waits: counts from here. NULL is none. */
void effort_mark(struct effort *e);
/* Before the thread ends, or e goes to another. */
void effort_end(struct effort *e);
/* Milliseconds of its processor since the last mark; 0 when off. */
int64_t effort_ms(const struct effort *e);

#endif
