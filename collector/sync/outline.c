/* SPDX-License-Identifier: BSD-2-Clause */
#include "outline.h"

#include "../base/mem.h"
#include "listing.h"
#include "moves.h"
#include "survey.h"

#include <stdlib.h>
#include <string.h>

static int list(struct work *w, struct listing *l, struct err *err)
{
	progress_phase(&w->progress, "listing", NULL);
	while (link_open(&w->link, err) == 0) {
		if (listing_read(l, w->link.session, err) == 0)
			return 0;
		if (link_is_suspect(err) || !link_survives(&w->link, err))
			break;
	}
	return -1;
}

static void log_plan(const struct work *w, const struct plan *plan)
{
	const char *line = plan->unused_maps;

	LOG(LOG_LEVEL_INFO, &w->log, "planned",
		LOG_NUM("mailboxes", plan->count),
		LOG_NUM("views_skipped", plan->views),
		LOG_NUM("no_mail", plan->no_mail),
		LOG_NUM("excluded", plan->excluded));
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_pair *p = &plan->pairs[i];
		LOG(LOG_LEVEL_DEBUG, &w->log, "mapped",
			LOG_STR("from", p->name), LOG_STR("to", p->folder),
			LOG_STR("why", plan_why_text(p->why)));
	}
	while (*line != '\0') {
		size_t n = strcspn(line, "\n");
		char *map = mem_strndup(line, n);
		LOG(LOG_LEVEL_WARN, &w->log, "map_unused", LOG_STR("map", map));
		free(map);
		line += n + (line[n] == '\n');
	}
}

static bool is_known(
	const struct plan_known *known, size_t count, const char *mailbox)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(known[i].mailbox, mailbox) == 0)
			return true;
	return false;
}

/* Gmail's users choose for each label, All Mail too, whether IMAP shows it. */
static bool is_all_hidden(const struct work *w, const struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		if ((l->mailboxes[i].attrs & MAILBOX_ALL) != 0)
			return false;
	return w->link.info.gmail;
}

/* \All is collected where each message has a name, and, to begin with, all
 * that are here have one: else they would come a second time. */
static int keeps_all(struct work *w, const struct listing *l,
	const struct plan_known *known, size_t count, bool *ret_keeps,
	struct err *err)
{
	int unnamed;

	*ret_keeps = false;
	if (!w->link.info.emailid)
		return 0;
	for (size_t i = 0; i < l->count; i++) {
		if ((l->mailboxes[i].attrs & MAILBOX_ALL) == 0)
			continue;
		if (is_known(known, count, l->mailboxes[i].name)) {
			*ret_keeps = true;
			return 0;
		}
		unnamed = ledger_any_unnamed(w->ledger, err);
		*ret_keeps = unnamed == 0;
		return unnamed < 0 ? -1 : 0;
	}
	return 0;
}

static int make(struct work *w, const struct listing *l, struct plan *ret_plan,
	struct err *err)
{
	struct ledger_mailbox *rows = NULL;
	struct plan_source source = {0};
	struct plan_known *known;

	if (ledger_mailboxes(w->ledger, &rows, &source.known_count, err) != 0)
		return -1;
	known = mem_array(source.known_count, sizeof *known);
	for (size_t i = 0; i < source.known_count; i++)
		known[i] = (struct plan_known){.mailbox = rows[i].name,
			.folder = rows[i].folder,
			.dir = rows[i].dir};
	source.known = known;
	if (keeps_all(w, l, known, source.known_count, &source.keep_all, err) !=
		0) {
		free(known);
		free(rows);
		return -1;
	}
	source.quirks = w->link.info.quirks;
	plan_make(l->mailboxes, l->count, &w->run->account, &source, ret_plan);
	free(known);
	free(rows);
	return 0;
}

/* What STATUS has told of the mailboxes of the plan, for who reads the list. */
static void tell_list(struct listing *l, const struct plan *plan)
{
	for (size_t i = 0, at = 0; i < plan->count; i++) {
		const struct plan_pair *pair = &plan->pairs[i];
		if (pair->status.uidvalidity == 0)
			continue;
		for (size_t n = 0; n < l->count; n++, at++) {
			struct mailbox_info *info =
				&l->mailboxes[at % l->count];
			if (strcmp(info->name, pair->mailbox) != 0)
				continue;
			info->status = pair->status;
			break;
		}
	}
}

/* Who only compares renames no folder. *ret_moved: so many are called
 * otherwise. */
static int follow(struct work *w, struct listing *l, struct plan *plan,
	size_t *ret_moved, struct err *err)
{
	*ret_moved = 0;
	if (w->run->job.task == JOB_VERIFY)
		return 0;
	if (w->run->job.task == JOB_COLLECT &&
		survey_mailboxes(w, plan, err) != 0)
		return -1;
	tell_list(l, plan);
	return moves_follow(w, l->mailboxes, l->count, plan, ret_moved, err);
}

int outline_make(struct work *w, struct plan *ret_plan, struct err *err)
{
	struct plan plan = {0};
	struct listing l = {0};
	size_t moved = 0;
	int rc = -1;

	if (list(w, &l, err) != 0 || make(w, &l, &plan, err) != 0)
		goto out;
	if (follow(w, &l, &plan, &moved, err) != 0)
		goto out;
	if (moved != 0) {
		plan_clear(&plan);
		if (make(w, &l, &plan, err) != 0)
			goto out;
	}
	w->all_hidden = is_all_hidden(w, &l);
	log_plan(w, &plan);
	*ret_plan = plan;
	plan = (struct plan){0};
	rc = 0;
out:
	plan_clear(&plan);
	listing_clear(&l);
	return rc;
}
