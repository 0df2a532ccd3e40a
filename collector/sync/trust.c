/* SPDX-License-Identifier: BSD-2-Clause */
#include "trust.h"

#include <stdlib.h>
#include <string.h>

#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)
#define WEEK_S (7 * DAY_S)

#define NOTE "modseq"
#define PROVED "moves"
#define DENIED "lies"

int trust_load(struct work *w, struct err *err)
{
	char *note = ledger_note_get(w->ledger, NOTE, err);

	if (note == NULL)
		return -1;
	w->modseq_proved = strcmp(note, PROVED) == 0;
	w->modseq_lies = strcmp(note, DENIED) == 0;
	free(note);
	return 0;
}

void trust_filter(const struct work *w, struct mailbox_state *state)
{
	if (w->modseq_lies)
		state->highestmodseq = 0;
}

bool trust_flags_due(const struct work *w, const struct ledger_mailbox *m,
	const struct mailbox_state *state)
{
	int64_t age_s = w->now_s - m->flags_at;
	int64_t pace_s = w->modseq_proved ? WEEK_S : DAY_S;

	if (state->highestmodseq == 0 || w->modseq_lies)
		pace_s = HOUR_S;
	return age_s < 0 || age_s >= pace_s;
}

int trust_prove(struct work *w, struct err *err)
{
	if (w->modseq_proved || w->modseq_lies)
		return 0;
	w->modseq_proved = true;
	return ledger_note(w->ledger, NOTE, PROVED, err);
}

int trust_deny(struct work *w, struct err *err)
{
	LOG(LOG_LEVEL_WARN, &w->log, "modseq_not_believed",
		LOG_NUM("flags_every_s", HOUR_S));
	w->modseq_proved = false;
	w->modseq_lies = true;
	return ledger_note(w->ledger, NOTE, DENIED, err);
}
