/* SPDX-License-Identifier: BSD-2-Clause */
#include "survey.h"

#include <stdlib.h>
#include <string.h>

struct survey {
	struct plan *plan;
	const char **names;
	size_t *pairs; /* whose name it is */
	size_t count, told;
};

static int by_name(const void *a, const void *b)
{
	const struct ledger_mailbox *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_key(const void *key, const void *element)
{
	const struct ledger_mailbox *m = element;

	return strcmp(key, m->name);
}

/* Those with a mark, of which the list has told nothing. */
static int choose(struct survey *s, struct work *w, struct err *err)
{
	struct ledger_mailbox *rows;
	size_t n;

	if (ledger_mailboxes(w->ledger, &rows, &n, err) != 0)
		return -1;
	if (n > 0)
		qsort(rows, n, sizeof *rows, by_name);
	for (size_t i = 0; n > 0 && i < s->plan->count; i++) {
		const struct plan_pair *pair = &s->plan->pairs[i];
		const struct ledger_mailbox *m;
		if (pair->status.uidvalidity != 0)
			continue;
		m = bsearch(pair->mailbox, rows, n, sizeof *rows, by_key);
		if (m == NULL || m->uidnext == 0)
			continue;
		s->names[s->count] = pair->mailbox;
		s->pairs[s->count++] = i;
	}
	free(rows);
	return 0;
}

static int on_status(void *arg, size_t index, const struct mailbox_state *state,
	struct err *err)
{
	struct survey *s = arg;

	(void)err;
	s->plan->pairs[s->pairs[index]].status = *state;
	s->told++;
	return 0;
}

int survey_mailboxes(struct work *w, struct plan *plan, struct err *err)
{
	struct survey s = {.plan = plan};
	int rc = 0;

	if (w->run->account.url.protocol != PROTOCOL_IMAP ||
		w->link.session == NULL)
		return 0;
	s.names = mem_array(plan->count, sizeof(char *));
	s.pairs = mem_array(plan->count, sizeof *s.pairs);
	rc = choose(&s, w, err);
	/* one question for one mailbox is what a visit begins with */
	if (rc == 0 && s.count > 1 &&
		session_statuses(w->link.session, s.names, s.count, on_status,
			&s, err) != 0)
		rc = link_survives(&w->link, err) ? 0 : -1;
	if (s.count > 1)
		LOG(LOG_LEVEL_DEBUG, &w->log, "surveyed",
			LOG_NUM("asked", s.count), LOG_NUM("told", s.told));
	free(s.names);
	free(s.pairs);
	return rc;
}
