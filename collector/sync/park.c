/* SPDX-License-Identifier: BSD-2-Clause */
#include "park.h"

#include <stdlib.h>

bool park_is_wanted(const struct work *w)
{
	const struct run *run = w->run;

	return run->account.push && run->dialer.may_park != NULL &&
	       run->account.url.protocol == PROTOCOL_IMAP;
}

static const struct plan_pair *inbox_of(const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (name_is_inbox(plan->pairs[i].mailbox))
			return &plan->pairs[i];
	return NULL;
}

/* What came after INBOX was looked at and before IDLE would be told to
 * nobody. */
static bool has_news(struct work *w, const struct plan_pair *inbox,
	const struct mailbox_state *now)
{
	struct ledger_mailbox m;

	if (w->failed != 0 || ledger_mailbox(w->ledger, inbox->mailbox,
				      inbox->folder, &m, NULL) != 0)
		return false;
	return now->uidvalidity != m.uidvalidity || now->uidnext > m.uidnext ||
	       (int64_t)now->exists > m.exists ||
	       (m.highestmodseq != 0 && now->highestmodseq > m.highestmodseq);
}

static void cannot(struct work *w, const char *why)
{
	w->run->result.push = JOB_PUSH_CANNOT;
	LOG(LOG_LEVEL_INFO, &w->log, "push_not_possible",
		LOG_STR("error", why));
}

void park_session(struct work *w, const struct plan *plan)
{
	const struct plan_pair *inbox = inbox_of(plan);
	struct session *session = w->link.session;
	struct run *run = w->run;
	struct mailbox_state state;
	struct err err = {0};
	int r = -1;

	if (inbox == NULL) {
		LOG(LOG_LEVEL_INFO, &w->log, "push_not_possible",
			LOG_STR("error", "INBOX is not collected"));
		return;
	}
	if (session == NULL || work_cancelled(w) ||
		!run->dialer.may_park(run->dialer.arg))
		return;
	progress_phase(&w->progress, "parking", NULL);
	if (session_select(session, inbox->mailbox, &state, &err) == 0)
		r = session_idle(session, &err);
	if (r == 1) {
		run->result.push = JOB_PUSH_WAITS;
		w->link.session = NULL;
	} else if (r == 0) {
		cannot(w, "the server has no IDLE");
	} else {
		log_err(LOG_LEVEL_WARN, &w->log, "session_not_parked", &err);
	}
	run->dialer.park(run->dialer.arg, r == 1 ? session : NULL,
		r == 1 && has_news(w, inbox, &state));
}
