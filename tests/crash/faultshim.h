/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between what counts (faultshim.c) and the calls that are replaced
 * (faultcalls.c). Any thread may ask.
 */
#ifndef FAULTSHIM_H
#define FAULTSHIM_H

enum kind {
	LOOK = 1,  /* open to read */
	MAKE = 2,  /* open to write or create */
	WRITE = 4, /* and ftruncate */
	SYNC = 8,
	NAME = 16,  /* rename, link, unlink, mkdir, rmdir */
	MOVE = 32,  /* rename that replaces nothing */
	MARK = 64,  /* owner, mode, times */
	TALK = 128, /* an envoy's, on sockets */
};

#define CHANGE (MAKE | WRITE | SYNC | NAME | MOVE | MARK)

enum verdict { GO_ON, FAILED, HALF, PRETEND };

/* Counts this call, which is of that kind, and says what becomes of it; does
 * not return where the process is to be killed. */
enum verdict meet(enum kind kind, const char *name);

#endif
