/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * resync: flags of messages that are here already, merged three ways. What
 * has changed is asked by MODSEQ where the server keeps one (RFC 7162), else
 * found in a scan of all flags.
 */
#ifndef MAILHAUL_SYNC_RESYNC_H
#define MAILHAUL_SYNC_RESYNC_H

#include "visit.h"

int resync_mailbox(struct visit *v, struct err *err);

#endif
