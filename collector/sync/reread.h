/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reread: Gmail's POP3 shows the oldest 250 messages that no session which
 * ended with QUIT has read. What was read in one that was lost is here, is
 * shown for ever, and hides what comes behind it: it is read again, and QUIT
 * is said.
 */
#ifndef MAILHAUL_SYNC_REREAD_H
#define MAILHAUL_SYNC_REREAD_H

#include "drop_table.h"
#include "visit.h"

/*
 * Where all that the maildrop shows is here already. The session is open.
 * Never where the server shows the same again and again (`recent:`).
 */
int reread_batch(
	struct visit *v, const struct drop_table *table, struct err *err);

#endif
