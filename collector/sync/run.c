/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The story of a run:
 *
 *     ledger_open    the newest run of the account owns it (fence)
 *     store_open     what a killed run has left is settled first
 *     link_open      a session, by the dialer
 *     outline        the list; survey: which mailboxes have not changed, where
 *                    the list is silent; moves: which are called otherwise
 *                    now; mailboxes × rules → plan: mailbox/folder pairs
 *     walk           for each pair: select, import, resync;
 *                    then subscriptions, flush, marks
 *     expunge        what has vanished at the source, where a rule says so
 *     uidl_source    what the messages are called over POP3, where asked
 *     removal        what is to be deleted at the source, where one says so
 *     park           the session waits for new mail, where it is wanted
 *     summary        counts as the ledger has them now
 *     policy         when again, and who has to act
 *
 * Whatever fails, what was delivered stays, and the next run goes on there.
 *
 * A run with a task (JOB_VERIFY, JOB_REBUILD) ends after the plan: a ledger
 * that is to be made anew is set aside before, and rows for what the store
 * holds are made from its names and the source's lists (reclaim), no message
 * being fetched; then all three are compared (verify).
 */
#include "run.h"

#include "../../storage/owner.h"
#include "../../storage/part.h"
#include "../../storage/salvage.h"

#include "../base/clock.h"
#include "expunge.h"
#include "failures.h"
#include "outline.h"
#include "park.h"
#include "policy.h"
#include "reclaim.h"
#include "removal.h"
#include "summary.h"
#include "trust.h"
#include "uidl_source.h"
#include "verify.h"
#include "walk.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct run *run_new(void)
{
	struct run *run = mem_alloc(sizeof *run);

	(void)pthread_mutex_init(&run->progress.lock, NULL);
	atomic_init(&run->cancel, false);
	allowance_init(&run->allowance);
	return run;
}

void run_free(struct run **run)
{
	struct run *r = *run;

	if (r == NULL)
		return;
	account_clear(&r->account);
	secret_clear(&r->password);
	free(r->ledger_path);
	free(r->task_path);
	summary_free(&r->result);
	(void)pthread_mutex_destroy(&r->progress.lock);
	allowance_clear(&r->allowance);
	free(r);
	*run = NULL;
}

static int find_parts(struct work *w, struct err *err)
{
	struct ledger_part *parts;
	size_t count;

	if (store_parts(w->store, &parts, &count, err) != 0)
		return -1;
	w->parts = count != 0;
	free(parts);
	return 0;
}

static int open_store(struct work *w, struct err *err)
{
	const struct run *run = w->run;
	const struct settings *s = run->settings;
	struct store_config config = {
		.eol_lf = strcmp(s->store_eol, "lf") == 0,
		.message_bytes = s->limits_message_bytes,
		.keys = run->keys,
	};
	char *root;
	int rc;

	if (owner_find(s->store_owner, run->account.to, &config.uid,
		    &config.gid, &config.many_owners, err) != 0 ||
		settings_store_path(s, run->account.to, &root, err) != 0)
		return -1;
	config.root = root;
	rc = store_open(&config, w->ledger, run->committer, &w->store, err);
	free(root);
	return rc == 0 ? find_parts(w, err) : -1;
}

/* A person may point an account at another server, or at another mailbox of
 * it. What is known then is known by its content only. */
static int check_source(struct work *w, struct err *err)
{
	const struct url *url = &w->run->account.url;
	char *now = mem_printf(
		"%s %s@%s", protocol_name(url->protocol), url->user, url->host);
	char *then = ledger_note_get(w->ledger, "source", err);
	int rc = then == NULL ? -1 : 0;

	if (rc == 0 && strcmp(then, now) != 0) {
		if (then[0] != '\0') {
			LOG(LOG_LEVEL_WARN, &w->log, "source_changed",
				LOG_STR("from", then), LOG_STR("to", now));
			rc = ledger_leave_epochs(w->ledger, err);
		}
		if (rc == 0)
			rc = ledger_note(w->ledger, "source", now, err);
	}
	free(then);
	free(now);
	return rc;
}

/* Gmail's POP3 shows the next messages when the last ones were read. */
static bool has_more(const struct work *w, uint64_t seen)
{
	return (w->link.info.quirks & QUIRK_POP3_BATCHES) != 0 &&
	       w->arrived + w->reread != seen && w->failed == 0 &&
	       !work_cancelled(w);
}

static bool has_token(const struct work *w)
{
	const char *file = w->run->account.token_file;

	return file != NULL && file[0] != '\0';
}

static int check_token(struct work *w, struct err *err)
{
	if (!has_token(w))
		return 0;
	return token_check(w->run->account.token_file, w->ledger, err);
}

static void note_token(struct work *w, const struct err *err)
{
	if (has_token(w) && err->class == ERR_AUTH &&
		w->link.token_mark[0] != '\0')
		(void)token_note(w->ledger, w->link.token_mark, NULL);
}

static int open_all(struct work *w, struct err *err)
{
	const struct run *run = w->run;

	if (run->job.task == JOB_REBUILD &&
		ledger_set_aside(run->ledger_path, run->job.fence, err) != 0)
		return -1;
	if (ledger_open(run->ledger_path, run->account.uuid, run->job.fence,
		    &w->ledger, err) != 0 ||
		open_store(w, err) != 0 || check_source(w, err) != 0 ||
		check_token(w, err) != 0 || trust_load(w, err) != 0)
		return -1;
	if (run->job.task == JOB_VERIFY)
		return 0;
	if (reclaim_begin(w, err) != 0 ||
		summary_bytes(w->ledger, &w->bytes_kept, err) != 0)
		return -1;
	return run->job.task == JOB_COLLECT ? removal_begin(w, err) : 0;
}

static int collect(struct work *w, struct plan *plan, struct err *err)
{
	uint64_t seen = 0;
	int rc = walk_plan(w, plan, err);

	while (rc == 0 && has_more(w, seen)) {
		seen = w->arrived + w->reread;
		rc = walk_plan(w, plan, err);
	}
	if (rc == 0)
		rc = reclaim_end(w, w->failed == 0, err);
	if (rc == 0)
		rc = expunge_apply(w, err);
	if (rc == 0)
		rc = expunge_held(
			w, plan, &w->run->result.held, &w->held_why, err);
	if (rc == 0)
		rc = uidl_source_run(w, err);
	if (rc == 0)
		rc = removal_run(w, plan, err);
	if (rc == 0 && park_is_wanted(w))
		park_session(w, plan);
	return rc;
}

/* What was made anew is completed by the next run, which fetches. */
static int do_task(struct work *w, struct plan *plan, struct err *err)
{
	if (w->run->job.task == JOB_REBUILD) {
		w->list_only = true;
		if (walk_plan(w, plan, err) != 0)
			return -1;
		salvage_close(&w->salvage);
		LOG(LOG_LEVEL_INFO, &w->log, "ledger_rebuilt",
			LOG_NUM("messages", w->rekeyed));
	}
	return verify_run(w, plan, err);
}

static int execute(struct work *w, struct err *err)
{
	struct plan *plan = mem_alloc(sizeof *plan);
	int rc = -1;

	if (open_all(w, err) != 0)
		goto out;
	w->link.bulk = w->bytes_kept == 0;
	progress_phase(&w->progress, "connecting", NULL);
	if (work_may_receive(w, err) != 0 || link_open(&w->link, err) != 0 ||
		outline_make(w, plan, err) != 0)
		goto out;
	w->plan = plan;
	rc = w->run->job.task == JOB_COLLECT ? collect(w, plan, err)
					     : do_task(w, plan, err);
out:
	if (rc == 0)
		link_close(&w->link);
	else
		link_drop(&w->link);
	if (rc != 0 && w->ledger != NULL)
		note_token(w, err);
	if (w->ledger != NULL && w->run->job.task == JOB_COLLECT)
		summary_make(w, plan, &w->run->result);
	failures_clear(w);
	presence_free(&w->presence);
	salvage_close(&w->salvage);
	if (w->store != NULL)
		store_close(&w->store);
	if (w->ledger != NULL)
		ledger_close(&w->ledger);
	plan_clear(plan);
	free(plan);
	w->plan = NULL;
	return rc;
}

/* When something quarantined is due again. What was not due in this run is
 * known to be within a week. */
static int64_t again_at_s(const struct work *w, int64_t now_s)
{
	if (w->again_at_s != 0 || w->run->result.messages_quarantined == 0)
		return w->again_at_s;
	return now_s + policy_quarantine_s(ERR_LIMIT, 0);
}

/* A server that complains late in a day has a limit for the day: it is waited
 * for, and kept to from then on. */
static void learn(struct work *w, int64_t now_s)
{
	struct job_result *result = &w->run->result;
	struct err *err = &result->err;
	int64_t ends_s;
	uint64_t used = allowance_used(&w->run->allowance, now_s, &ends_s);

	result->learn = w->run->settings->limits_learn &&
			err->complaint != ERR_NO_COMPLAINT;
	if (!result->learn || err->complaint != ERR_TOO_MUCH ||
		err->retry_after_s != 0 || used < BUDGET_LESSON_BYTES)
		return;
	result->lesson_bytes = used;
	if (ends_s > now_s)
		err->retry_after_s = (uint32_t)(ends_s - now_s);
	LOG(LOG_LEVEL_WARN, &w->log, "limit_learned",
		LOG_NUM("bytes_a_day", used), LOG_STR("error", err->text));
}

static void judge(struct work *w, int rc, const struct err *err)
{
	struct run *run = w->run;
	struct job_result *result = &run->result;
	struct policy_facts facts = {
		.now_s = clock_wall_s(),
		.every_s = run->account.every_s != 0
				   ? run->account.every_s
				   : run->settings->sync_every_s,
		.attempts = run->job.attempts,
		.refusals = run->job.refusals,
		.host = run->account.url.host,
		.progress = w->arrived + w->rekeyed != 0,
	};

	facts.again_at_s = again_at_s(w, facts.now_s);
	if (getrandom(&facts.dice, sizeof facts.dice, 0) < 0)
		facts.dice = (uint32_t)clock_wall_us();
	if (rc != 0)
		result->err = *err;
	else if (result->held != 0)
		result->err = w->held_why;
	else if (w->failed != 0)
		result->err = w->first_err;
	facts.held = rc == 0 && result->held != 0;
	result->ok = rc == 0 && w->failed == 0 && !facts.held;
	result->cancelled =
		rc != 0 && (err->class == ERR_CANCELLED || work_cancelled(w));
	result->progress = facts.progress;
	result->deleted_at_source = w->removed;
	result->yielded = result->cancelled && !work_cancelled(w);
	if (!result->ok && !result->cancelled)
		learn(w, facts.now_s);
	policy_decide(&facts, run->account.name, result);
	/* after a task comes what it has kept from being done */
	if (result->ok &&
		(run->job.task == JOB_REBUILD ||
			(run->job.task == JOB_VERIFY && run->account.push)))
		result->next_due_s = facts.now_s;
}

static void log_end(const struct work *w)
{
	const struct job_result *r = &w->run->result;

	if (!r->ok && !r->cancelled)
		log_err(r->needs_person ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
			&w->log, "run_failed", &r->err);
	LOG(LOG_LEVEL_INFO, &w->log, "run_ended",
		LOG_STR("result", r->yielded	 ? "made_way"
				  : r->cancelled ? "cancelled"
				  : r->ok	 ? "ok"
						 : "failed"),
		LOG_NUM("new", w->arrived), LOG_NUM("flags", w->flag_changes),
		LOG_NUM("expunged", w->expunged),
		LOG_NUM("removed", w->removed),
		LOG_NUM("recognised", w->rekeyed),
		LOG_NUM("quarantined", w->quarantined),
		LOG_NUM("mailboxes_failed", w->failed),
		LOG_NUM("bytes", w->progress.now.bytes_done),
		LOG_NUM("sessions", w->link.opened),
		LOG_NUM("next_due", r->next_due_s));
}

void run_execute(struct run *run)
{
	struct work w = {.run = run, .now_s = clock_wall_s()};
	struct err err = {0};
	int rc;

	w.log = (struct log_ctx){
		.run = run->job.run, .account = run->account.name};
	link_init(&w.link, run);
	w.link.wait = &w.wait;
	progress_begin(&w.progress, run);
	LOG(LOG_LEVEL_INFO, &w.log, "run_begins",
		LOG_STR("protocol", protocol_name(run->account.url.protocol)),
		LOG_STR("host", run->account.url.host),
		LOG_NUM("attempts", run->job.attempts));
	rc = execute(&w, &err);
	run->moved = w.arrived + w.rekeyed + w.flag_changes + w.expunged != 0;
	judge(&w, rc, &err);
	log_end(&w);
	progress_show(&w.progress);
}
