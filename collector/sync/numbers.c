/* SPDX-License-Identifier: BSD-2-Clause */
#include "numbers.h"

#include "uidl_source.h"

static enum folder_numbers wanted(const struct visit *v)
{
	const struct account *a = &v->work->run->account;

	bool named = uidl_source_wanted(a) && name_is_inbox(v->pair->mailbox);

	/* they are given in ascending order only */
	if (a->new_uids || (a->newest_first && !named))
		return FOLDER_NUMBERS_NEW;
	if (a->url.protocol == PROTOCOL_POP3)
		return FOLDER_NUMBERS_UIDL;
	if (v->first && !a->newest_first)
		return FOLDER_NUMBERS_SOURCE;
	/* its UIDL goes into its record, which has to be there */
	return named ? FOLDER_NUMBERS_UIDL : FOLDER_NUMBERS_NEW;
}

int numbers_enter(struct visit *v, struct err *err)
{
	enum folder_numbers how = wanted(v);

	folder_number(v->folder, how, v->state.uidnext);
	if (v->m.numbers == (int)how)
		return 0;
	v->m.numbers = (int)how;
	return ledger_mailbox_number(v->work->ledger, &v->m, err);
}

int numbers_settle(struct work *w, struct folder *folder,
	struct ledger_mailbox *m, struct err *err)
{
	const char *why = folder_numbers_lost(folder);
	struct log_ctx log = w->log;

	if (m->numbers != FOLDER_NUMBERS_SOURCE)
		return 0;
	if (store_seal_numbers(w->store, folder, m, err) != 0)
		return -1;
	log.mailbox = m->name;
	if (m->uids_kept < m->uids_wanted)
		LOG(LOG_LEVEL_WARN, &log, "uids_not_kept",
			LOG_NUM("kept", m->uids_kept),
			LOG_NUM("of", m->uids_wanted),
			LOG_STR("why", why != NULL
					       ? why
					       : "they came out of order, or "
						 "a run was interrupted"));
	m->numbers = FOLDER_NUMBERS_NEW;
	return ledger_mailbox_number(w->ledger, m, err);
}
