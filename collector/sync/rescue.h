/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rescue: a message that cannot be had as a whole, not even alone, in other
 * ways (IMAP only): its header and its text, each by itself; pieces of the
 * whole, one after the other. It is taken only if there is as much of it as
 * the server has announced.
 */
#ifndef MAILHAUL_SYNC_RESCUE_H
#define MAILHAUL_SYNC_RESCUE_H

#include "fetch.h"

/* After so many on end that could not be had in any way, no other way is
 * tried for the rest of the run: it is the server, not the message. */
#define RESCUES_IN_VAIN 20

/* 1: it has come; 0: it has not; -1: going on is of no use. What fails here
 * does not count against the link, but for the network. */
int rescue_message(struct intake *in, const struct fetch_owner *owner,
	uint32_t uid, struct err *err);

#endif
