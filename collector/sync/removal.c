/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. is the store what this account's last run left? One that was turned back
 *    lacks messages that nobody has deleted: they are kept at the source
 * 2. want: what has been here long enough, or what is gone here
 * 3. delete it, mailbox by mailbox, in sessions of their own
 * 4. counts, for `status`
 */
#include "removal.h"

#include "../../storage/ledger_removal.h"
#include "../../storage/store_mark.h"
#include "../base/clock.h"
#include "../model/delete_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE_NOTE "delete rule"

struct rule {
	enum delete_rule rule;
	int64_t after_s;
	const char *text;
};

static void read_rule(const struct work *w, struct rule *ret)
{
	ret->text = w->run->account.delete_rule;
	if (ret->text == NULL ||
		!delete_rule_parse(ret->text, &ret->rule, &ret->after_s)) {
		ret->rule = DELETE_NEVER;
		ret->text = "never";
	}
}

/* ---- step 1 */

/* 1: the rule of the last run was another one; 0; -1. */
static int is_new_rule(struct work *w, const struct rule *rule, bool *ret_first,
	struct err *err)
{
	char *then = ledger_note_get(w->ledger, RULE_NOTE, err);
	int r = -1;

	if (then == NULL)
		return -1;
	*ret_first = then[0] == '\0';
	r = strcmp(then, rule->text) != 0;
	free(then);
	return r;
}

static int write_mark(struct work *w, bool end, struct err *err)
{
	return store_mark_write(
		w->store, 2 * ledger_fence(w->ledger) + end, err);
}

int removal_begin(struct work *w, struct err *err)
{
	struct rule rule;
	bool first;
	int is_new;

	read_rule(w, &rule);
	if (rule.rule == DELETE_NEVER)
		return 0;
	is_new = is_new_rule(w, &rule, &first, err);
	if (is_new < 0 || store_mark_check(w->store, &w->turned_back, err) != 0)
		return -1;
	if (w->turned_back) {
		LOG(LOG_LEVEL_WARN, &w->log, "store_turned_back",
			LOG_STR("to", w->run->account.to));
		return 0; /* this mark tells so until it has been seen to */
	}
	/* nothing is here that could have been deleted before */
	if (first && w->bytes_kept == 0 &&
		ledger_note(w->ledger, RULE_NOTE, rule.text, err) != 0)
		return -1;
	return write_mark(w, false, err);
}

/* 1: it is known what is here; 0: not in this run; -1. */
static int settle_rule(struct work *w, const struct rule *rule, struct err *err)
{
	const struct presence *presence;
	bool first;
	int is_new = is_new_rule(w, rule, &first, err), r = 1;

	if (is_new < 0)
		return -1;
	if (is_new && removal_begin_rule(w->ledger, clock_wall_s(), err) != 0)
		return -1;
	if (w->turned_back || (is_new && rule->rule == DELETE_WITH_LOCAL))
		r = removal_baseline(w, err);
	if (r <= 0)
		return r;
	if (is_new && ledger_note(w->ledger, RULE_NOTE, rule->text, err) != 0)
		return -1;
	/* listed before the mark makes the root look changed */
	if (rule->rule == DELETE_WITH_LOCAL &&
		work_presence(w, &presence, err) != 0)
		return -1;
	if ((w->turned_back || w->arrived != 0) &&
		write_mark(w, true, err) != 0)
		return -1;
	return 1;
}

/* ---- step 2 */

static bool is_planned(const struct plan *plan, const char *mailbox)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->pairs[i].mailbox, mailbox) == 0)
			return true;
	return false;
}

static int want(struct work *w, const struct rule *rule,
	const struct ledger_mailbox *m, struct err *err)
{
	int64_t now_s = clock_wall_s();

	if (rule->rule == DELETE_WITH_LOCAL)
		return removal_local(w, m, err);
	return removal_want_older(w->ledger, m,
		rule->after_s != 0 ? now_s - rule->after_s : INT64_MAX, now_s,
		err);
}

/* ---- step 3 */

static bool is_pop3(const struct work *w)
{
	return w->run->account.url.protocol == PROTOCOL_POP3;
}

static void note_failed(
	struct work *w, struct ledger_mailbox *m, struct err *why)
{
	struct log_ctx log = w->log;

	log.mailbox = m->folder;
	log_err(LOG_LEVEL_WARN, &log, "deletion_failed", why);
	(void)snprintf(m->removal_notice, sizeof m->removal_notice,
		"not deleted at the source: %.180s", why->text);
	(void)err_where(why, "deleting in %.200s", m->folder);
	if (why->scope > ERR_SCOPE_MAILBOX && why->retry != ERR_RETRY_CHANGE)
		why->scope = ERR_SCOPE_MAILBOX;
	if (w->failed++ == 0)
		w->first_err = *why;
}

/* 1 done, as far as it goes; 0 no session is to be had any more; -1. */
static int delete_wanted(
	struct work *w, struct ledger_mailbox *m, struct err *err)
{
	for (;;) {
		struct err why = {0};
		bool survives;

		if (store_check(w->store, err) != 0)
			return -1;
		if ((is_pop3(w) ? removal_pop3(w, m, &why)
				: removal_imap(w, m, &why)) == 0)
			return 1;
		if (why.class == ERR_CANCELLED || work_cancelled(w) ||
			why.class == ERR_DISK || why.class == ERR_CONFIG) {
			*err = why;
			return -1;
		}
		survives = link_survives(&w->link, &why);
		/* a POP3 session that has said DELE is of no more use */
		if (is_pop3(w))
			link_close(&w->link);
		if (survives && why.scope > ERR_SCOPE_MAILBOX)
			continue;
		note_failed(w, m, &why);
		return survives;
	}
}

static void say_kept(const struct removal_counts *c, struct ledger_mailbox *m)
{
	size_t n = strlen(m->removal_notice);

	if (c->changed != 0)
		(void)snprintf(m->removal_notice + n,
			sizeof m->removal_notice - n,
			"%s%lld stay at the source: there they are not what "
			"was imported",
			n != 0 ? "; " : "", (long long)c->changed);
	n = strlen(m->removal_notice);
	if (c->lost != 0)
		(void)snprintf(m->removal_notice + n,
			sizeof m->removal_notice - n,
			"%s%lld stay at the source: they were not here when "
			"the rule was made, or the store was turned back",
			n != 0 ? "; " : "", (long long)c->lost);
}

/* ---- step 4 */

struct sums {
	int64_t held, of; /* of: in the mailbox that has most of them */
	const char *folder;
	int64_t worst;
};

static void add_counts(struct work *w, const struct rule *rule,
	const struct ledger_mailbox *m, const struct removal_counts *c,
	struct sums *sums)
{
	struct job_result *result = &w->run->result;
	int64_t next_at = 0;

	result->deletions_done += c->done;
	result->deletions_waiting += c->wanted;
	if (c->wanted != 0)
		next_at = clock_wall_s();
	if (rule->rule == DELETE_AFTER) {
		result->deletions_waiting += c->none;
		if (next_at == 0 && c->none != 0)
			next_at = c->first_at + rule->after_s;
	}
	if (next_at != 0 && (result->deletions_next_at == 0 ||
				    next_at < result->deletions_next_at))
		result->deletions_next_at = next_at;
	sums->held += c->held;
	if (c->held > sums->worst) {
		sums->worst = c->held;
		sums->of = c->none + c->held + c->wanted;
		sums->folder = m->folder;
	}
}

static void say_held(struct work *w, const struct sums *sums)
{
	struct err *why = &w->held_why;

	w->run->result.held += sums->held;
	if (sums->held == 0)
		return;
	(void)err_set(why, ERR_POLICY, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"%lld messages are gone here, %lld of %lld in %.200s: that "
		"many at once are kept at the source until somebody confirms",
		(long long)sums->held, (long long)sums->worst,
		(long long)sums->of, sums->folder);
	(void)err_hint(why,
		"if they are meant to go: `mailhaul resume %s "
		"--confirm-deletions`",
		w->run->account.name);
}

static int record(struct work *w, const struct ledger_mailbox *then,
	const struct ledger_mailbox *m, struct err *err)
{
	if (then->exists == m->exists && then->gone == m->gone &&
		strcmp(then->removal_notice, m->removal_notice) == 0)
		return 0;
	return removal_mailbox(w->ledger, m, err);
}

/* 1, 0 no more sessions, -1. */
static int do_mailbox(struct work *w, const struct rule *rule,
	struct ledger_mailbox *m, bool sessions, struct sums *sums,
	struct err *err)
{
	struct ledger_mailbox *then = mem_alloc(sizeof *then);
	struct removal_counts c;
	int r = sessions;

	*then = *m;
	m->removal_notice[0] = '\0';
	if (want(w, rule, m, err) != 0 ||
		removal_count(w->ledger, m, &c, err) != 0)
		r = -1;
	if (r > 0 && c.wanted != 0) {
		progress_phase(&w->progress, "deleting", m->folder);
		r = delete_wanted(w, m, err);
		if (r >= 0 && removal_count(w->ledger, m, &c, err) != 0)
			r = -1;
	}
	if (r >= 0) {
		say_kept(&c, m);
		add_counts(w, rule, m, &c, sums);
		if (record(w, then, m, err) != 0)
			r = -1;
	}
	free(then);
	return r;
}

static int do_mailboxes(struct work *w, const struct rule *rule,
	const struct plan *plan, struct err *err)
{
	struct ledger_mailbox *all;
	struct sums sums = {.held = 0};
	size_t count;
	int r = 1;

	if (ledger_mailboxes(w->ledger, &all, &count, err) != 0)
		return -1;
	for (size_t i = 0; r >= 0 && i < count; i++)
		if (is_planned(plan, all[i].name) &&
			(all[i].uidvalidity != 0 || is_pop3(w)))
			r = do_mailbox(w, rule, &all[i], r > 0, &sums, err);
	if (r >= 0)
		say_held(w, &sums);
	free(all);
	return r < 0 ? -1 : 0;
}

static void plan_again(struct work *w, const struct rule *rule)
{
	int64_t next_at = w->run->result.deletions_next_at;

	if (rule->after_s != 0 && next_at != 0 &&
		(w->again_at_s == 0 || next_at < w->again_at_s))
		w->again_at_s = next_at;
}

int removal_run(struct work *w, const struct plan *plan, struct err *err)
{
	struct rule rule;
	bool first;
	int r;

	read_rule(w, &rule);
	if (rule.rule == DELETE_NEVER) {
		r = is_new_rule(w, &rule, &first, err);
		if (r <= 0 || first)
			return r < 0 ? -1 : 0;
		return removal_begin_rule(w->ledger, w->now_s, err) != 0
			       ? -1
			       : ledger_note(
					 w->ledger, RULE_NOTE, rule.text, err);
	}
	presence_free(&w->presence); /* what came since is here as well */
	if (store_check(w->store, err) != 0)
		return -1;
	r = settle_rule(w, &rule, err);
	if (r == 0)
		LOG(LOG_LEVEL_INFO, &w->log, "deletions_put_off",
			LOG_STR("why", "a reader is at work"));
	if (r <= 0)
		return r;
	if (do_mailboxes(w, &rule, plan, err) != 0)
		return -1;
	plan_again(w, &rule);
	if (w->removed != 0)
		LOG(LOG_LEVEL_INFO, &w->log, "deleted_at_source",
			LOG_NUM("messages", w->removed));
	return 0;
}
