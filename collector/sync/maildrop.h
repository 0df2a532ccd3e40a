/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildrop: import over POP3. Which messages are here already: drop_known.h.
 * Numbers are good for one session only (RFC 1939 5).
 */
#ifndef MAILHAUL_SYNC_MAILDROP_H
#define MAILHAUL_SYNC_MAILDROP_H

#include "visit.h"

int maildrop_import(struct visit *v, struct err *err);

#endif
