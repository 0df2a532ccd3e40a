/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildrop: import over POP3. A message is known by its UIDL and, where a
 * server gives the same one to several, by its place among those; where it
 * gives none, by its content, for which it has to be read each time. Numbers
 * are good for one session only (RFC 1939 5).
 */
#ifndef MAILHAUL_SYNC_MAILDROP_H
#define MAILHAUL_SYNC_MAILDROP_H

#include "visit.h"

int maildrop_import(struct visit *v, struct err *err);

#endif
