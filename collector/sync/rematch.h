/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rematch: after UIDVALIDITY has changed, the same messages come again under
 * new UIDs. One whose bytes are those of a message of an older epoch of the
 * same mailbox is only given its new key, once for each that was there: true
 * duplicates survive, a renumbering adds none, and what a person has deleted
 * here does not come back.
 */
#ifndef MAILHAUL_SYNC_REMATCH_H
#define MAILHAUL_SYNC_REMATCH_H

#include "intake.h"
#include "visit.h"

struct rematch;
/* *ret_rematch stays NULL where no older epoch has messages. */
int rematch_open(
	struct visit *v, struct rematch **ret_rematch, struct err *err);
void rematch_close(struct rematch **r);
/* Gives their new keys to those that are recognised without being fetched;
 * they are in v->got then. */
int rematch_listed(struct rematch *r, struct err *err);
/* After the last message: what was recognised and lies in another folder goes
 * to this mailbox's. */
int rematch_end(struct rematch *r, struct err *err);
/* 1: was here before, has key now; its flags are noted as a change.
 * 0: a new one. */
int rematch_message(struct rematch *r, const struct intake_message *message,
	const struct ledger_message *key, struct err *err);

#endif
