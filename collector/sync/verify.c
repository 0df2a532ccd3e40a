/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. the files of the store
 * 2. of each mailbox of the plan: the ledger's rows against what the source
 *    lists, and against the files
 * 3. of each mailbox that the ledger has besides: the second half
 * 4. the files that no row has named
 * A mailbox that cannot be read is a difference, and the others are compared.
 */
#include "verify.h"

#include "verify_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mailboxes {
	struct ledger_mailbox *list;
	size_t count;
};

static const struct ledger_mailbox *find(
	const struct mailboxes *all, const char *name)
{
	static const struct ledger_mailbox none;

	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->list[i].name, name) == 0)
			return &all->list[i];
	return &none;
}

static bool is_planned(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->pairs[i].mailbox, name) == 0)
			return true;
	return false;
}

/* A fault of one mailbox, with the session still there. */
static int settle_fault(
	struct verify *v, const struct plan_pair *pair, struct err *err)
{
	if (err->scope > ERR_SCOPE_MAILBOX)
		return err_where(err, "mailbox %.200s", pair->name);
	differences_add(v->found, DIFFERENCE_NOT_COMPARED,
		&(struct difference_at){.mailbox = pair->name,
			.folder = pair->folder,
			.text = err->text});
	return 0;
}

static int verify_pair(struct verify *v, const struct plan_pair *pair,
	const struct ledger_mailbox *m, struct err *err)
{
	bool pop3 = v->w->run->account.url.protocol == PROTOCOL_POP3;
	struct verify_rows rows;
	int rc;

	progress_phase(&v->w->progress, "comparing", pair->name);
	rc = verify_rows_load(v, m, &rows, err);
	if (rc == 0) {
		rc = pop3 ? verify_pop3(v, pair, &rows, err)
			  : verify_imap(v, pair, m, &rows, err);
		if (rc != 0)
			rc = settle_fault(v, pair, err);
	}
	if (rc == 0)
		rc = verify_here(v, m, pair->name, &rows, err);
	verify_rows_clear(&rows);
	return rc;
}

static int verify_unplanned(
	struct verify *v, const struct ledger_mailbox *m, struct err *err)
{
	struct verify_rows rows;
	int rc = verify_rows_load(v, m, &rows, err);

	if (rc == 0 && rows.count != 0) {
		differences_add(v->found, DIFFERENCE_NOT_LISTED,
			&(struct difference_at){
				.mailbox = m->folder, .folder = m->folder});
		rc = verify_here(v, m, m->folder, &rows, err);
	}
	verify_rows_clear(&rows);
	return rc;
}

static int verify_all(struct verify *v, const struct plan *plan,
	const struct mailboxes *known, struct err *err)
{
	for (size_t i = 0; i < plan->count; i++)
		if (work_check_cancel(v->w, err) != 0 ||
			verify_pair(v, &plan->pairs[i],
				find(known, plan->pairs[i].mailbox), err) != 0)
			return -1;
	for (size_t i = 0; i < known->count; i++)
		if (!is_planned(plan, known->list[i].name) &&
			verify_unplanned(v, &known->list[i], err) != 0)
			return -1;
	verify_unknown(v);
	return 0;
}

static void name_result(struct work *w)
{
	const char *slash = strrchr(w->run->task_path, '/');

	(void)snprintf(w->run->result.task_result,
		sizeof w->run->result.task_result, "%s",
		slash != NULL ? slash + 1 : w->run->task_path);
}

/* For `report`. */
static int note_found(
	struct work *w, const struct differences *d, struct err *err)
{
	char kinds[DIFFERENCES_KINDS_BYTES];
	char note[DIFFERENCES_KINDS_BYTES + 64];

	differences_kinds(d, kinds);
	(void)snprintf(note, sizeof note, "%" PRId64 " %" PRIu64 " %s",
		w->now_s, differences_count(d), kinds);
	return ledger_note(w->ledger, VERIFY_NOTE, note, err);
}

int verify_run(struct work *w, const struct plan *plan, struct err *err)
{
	struct verify v = {.w = w, .arena = arena_new()};
	struct mailboxes known = {.list = NULL};
	uint64_t count = 0;
	struct err end_err;
	int rc = differences_open(w->run->task_path, &v.found, err);

	if (rc == 0)
		rc = verify_files_load(&v, err);
	if (rc == 0)
		rc = ledger_mailboxes(
			w->ledger, &known.list, &known.count, err);
	if (rc == 0)
		rc = verify_all(&v, plan, &known, err);
	if (rc == 0)
		rc = note_found(w, v.found, err);
	if (v.found != NULL)
		count = differences_count(v.found);
	if (differences_end(&v.found, rc == 0, &end_err) != 0) {
		*err = end_err;
		rc = -1;
	}
	if (rc == 0) {
		name_result(w);
		w->run->result.differences = count;
		LOG(LOG_LEVEL_INFO, &w->log, "verified",
			LOG_NUM("differences", count));
	}
	free(known.list);
	free(v.files);
	arena_free(&v.arena);
	return rc;
}
