/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trust: how far a server's HIGHESTMODSEQ is believed when it says that no
 * flag has changed. Some offer CONDSTORE and never move it. So all flags are
 * compared now and then although nothing seems to have changed:
 *     each day    until a change of flags was told by MODSEQ: it works here
 *     each week   from then on
 * and where such a comparison finds a change that MODSEQ did not tell, MODSEQ
 * is not believed any more, for the whole account. Without MODSEQ flags are
 * compared whenever a mailbox is selected, and a mailbox whose STATUS has not
 * changed is selected once an hour.
 */
#ifndef MAILHAUL_SYNC_TRUST_H
#define MAILHAUL_SYNC_TRUST_H

#include "work.h"

/* At the beginning of a run. */
int trust_load(struct work *w, struct err *err);
/* The state without what is not believed. */
void trust_filter(const struct work *w, struct mailbox_state *state);
/* It is time to compare all flags of this mailbox, changed or not. */
bool trust_flags_due(const struct work *w, const struct ledger_mailbox *m,
	const struct mailbox_state *state);
/* MODSEQ has told a change; it has concealed one. */
int trust_prove(struct work *w, struct err *err);
int trust_deny(struct work *w, struct err *err);

#endif
