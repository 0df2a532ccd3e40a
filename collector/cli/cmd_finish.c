/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * finish: asks for the last run in the job table; the daemon does it, or with
 * --wait a conductor of our own where no daemon holds the state. What came of
 * the comparison is read as verify does.
 */
#include "../../storage/jobs.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../service/conductor.h"
#include "commands.h"
#include "progress.h"
#include "selection.h"
#include "verify_report.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_interrupt(int number)
{
	(void)number;
	stop = 1;
}

struct finishing {
	struct cli *cli;
	struct state *state;
	struct selection chosen;
	int64_t *runs_before;
	bool *over; /* finished, or not to be in this attempt */
	struct progress *progress;
};

static int runs_of(
	const struct finishing *f, size_t i, int64_t *ret_runs, struct err *err)
{
	struct job_status *status = NULL;
	size_t n = 0;

	if (jobs_status(f->state, f->chosen.accounts[i].id, &status, &n, err) <
		0)
		return -1;
	*ret_runs = n == 1 ? status->runs : 0;
	jobs_status_free(&status, n);
	return 0;
}

static int begin(struct finishing *f)
{
	struct err err = {0};

	for (size_t i = 0; i < f->chosen.count; i++)
		if (f->chosen.accounts[i].finish == FINISH_PURGED)
			return cli_usage("finish",
				"%s is being removed with its mail; go on: "
				"mailhaul remove --purge %s",
				f->chosen.accounts[i].name,
				f->chosen.accounts[i].name);
	for (size_t i = 0; i < f->chosen.count; i++)
		if (runs_of(f, i, &f->runs_before[i], &err) < 0 ||
			jobs_last_begin(
				f->state, f->chosen.accounts[i].id, &err) < 0)
			return cli_fail(f->chosen.accounts[i].name, &err);
	return 0;
}

/* ---- by a daemon */

/* Whether nothing more is to come of it for now. What has failed is tried
 * again by and by, and not waited for. */
static bool is_over(const struct job_status *s, int64_t runs_before)
{
	if (s->finish == FINISH_NONE || s->finish == FINISH_DONE)
		return true;
	if (strcmp(s->state, "paused") == 0)
		return true;
	return s->runs > runs_before && s->has_error &&
	       (strcmp(s->state, "waiting") == 0 ||
		       strcmp(s->state, "failed") == 0);
}

static void look_at(struct finishing *f, size_t i, const struct job_status *s)
{
	const char *name = f->chosen.accounts[i].name;
	const struct job_result result = {.ok = !s->has_error,
		.err = s->err,
		.messages_source = s->messages_source,
		.messages_stored = s->messages_stored,
		.messages_quarantined = s->messages_quarantined};

	if (strcmp(s->state, "running") == 0)
		progress_update(f->progress, name, &s->progress);
	else if (is_over(s, f->runs_before[i])) {
		f->over[i] = true;
		progress_finish(f->progress, name, &s->progress, &result);
	}
}

/* How many still go on; -1. */
static int look(struct finishing *f, struct err *err)
{
	int left = 0;

	for (size_t i = 0; i < f->chosen.count; i++) {
		struct job_status *s = NULL;
		size_t n = 0;
		if (f->over[i])
			continue;
		if (jobs_status(f->state, f->chosen.accounts[i].id, &s, &n,
			    err) < 0)
			return -1;
		if (n == 1)
			look_at(f, i, s);
		else
			f->over[i] = true; /* removed */
		left += !f->over[i];
		jobs_status_free(&s, n);
	}
	progress_draw(f->progress);
	return left;
}

static int wait_for_daemon(struct finishing *f)
{
	const struct sigaction act = {.sa_handler = on_interrupt};
	const struct timespec second = {.tv_sec = 1};
	struct err err = {0};
	int left;

	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
	while ((left = look(f, &err)) > 0) {
		if (stop || !state_is_locked(f->state)) {
			(void)fprintf(stderr, "mailhaul finish: %s\n",
				stop ? "interrupted; the daemon goes on"
				     : "the daemon has ended; it goes on when "
				       "it runs again");
			return EXIT_FAILED;
		}
		(void)nanosleep(&second, NULL);
	}
	return left < 0 ? cli_fail(NULL, &err) : 0;
}

/* ---- here */

static void on_event(void *arg, const struct conductor_event *event)
{
	struct finishing *f = arg;

	if (event->kind == CONDUCTOR_FINISHED) {
		progress_finish(f->progress, event->account, event->progress,
			event->result);
		return;
	}
	progress_update(f->progress, event->account, event->progress);
	progress_draw(f->progress);
}

static int do_it_here(struct finishing *f)
{
	int64_t *ids = mem_array(f->chosen.count, sizeof *ids);
	struct conductor_options options = {
		.settings = &f->cli->config.settings,
		.once = true,
		.accounts = ids,
		.account_count = f->chosen.count,
		.on_event = on_event,
		.arg = f,
	};
	struct err err = {0};
	size_t failed;
	int r;

	for (size_t i = 0; i < f->chosen.count; i++)
		ids[i] = f->chosen.accounts[i].id;
	if (f->cli->verbosity <= 0)
		log_setup(LOG_LEVEL_NONE, log_format(), STDERR_FILENO);
	r = conductor_run(f->state, &options, &failed, &err);
	free(ids);
	return r < 0 ? cli_fail(NULL, &err) : 0;
}

/* ---- the result */

static int read_report(struct finishing *f, const struct account *a,
	struct verify_report *report)
{
	char name[JOB_TASK_RESULT_BYTES], *path;
	struct err err = {0};
	bool over;
	int r;

	if (jobs_task_result(f->state, a->id, &over, name, &err) != 0)
		return cli_fail(a->name, &err);
	path = mem_printf("%s/results/%s", f->state->dir, name);
	r = verify_report_read(report, a->name, path, &err);
	(void)unlink(path);
	free(path);
	return r == 0 ? 0 : cli_fail(a->name, &err);
}

static int report_one(struct finishing *f, const struct account *a,
	struct verify_report *report)
{
	struct job_status *s = NULL;
	struct err err = {0};
	size_t n = 0;

	if (jobs_status(f->state, a->id, &s, &n, &err) < 0)
		return cli_fail(a->name, &err);
	if (n == 1 && s->finish == FINISH_DONE) {
		jobs_status_free(&s, n);
		return read_report(f, a, report);
	}
	if (n == 1 && s->has_error)
		err = s->err;
	else
		(void)err_set(&err, ERR_CANCELLED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER,
			"it was stopped before its end; it goes on with the "
			"next run, unless the account is paused or removed");
	jobs_status_free(&s, n);
	verify_report_failed(report, a->name, &err);
	return cli_fail(a->name, &err);
}

static int report_all(struct finishing *f)
{
	struct verify_report *report = verify_report_new(f->cli->json);
	int worst = 0;

	for (size_t i = 0; i < f->chosen.count; i++) {
		int r = report_one(f, &f->chosen.accounts[i], report);
		worst = r > worst ? r : worst;
	}
	if (verify_report_print(report, stdout) && worst == 0)
		worst = EXIT_FAILED;
	verify_report_free(&report);
	return worst;
}

static int wait_and_report(struct finishing *f)
{
	struct cli *cli = f->cli;
	int r;

	f->progress = progress_new(stdout, isatty(STDOUT_FILENO) && !cli->json,
		cli->json || cli->verbosity < 0);
	r = state_is_locked(f->state) ? wait_for_daemon(f) : do_it_here(f);
	progress_free(&f->progress);
	return r == 0 ? report_all(f) : r;
}

static void say_begun(const struct finishing *f)
{
	size_t n = f->chosen.count;

	if (f->cli->json)
		(void)printf("{\"finishing\":%zu}\n", n);
	else
		(void)printf("%zu account%s: collected a last time and "
			     "compared by the %s; see mailhaul status\n",
			n, n == 1 ? "" : "s",
			state_is_locked(f->state) ? "daemon"
						  : "daemon when it runs, or "
						    "by mailhaul run");
}

int cmd_finish(struct cli *cli, const struct args *args)
{
	struct finishing f = {.cli = cli};
	int r = cli_state(cli, &f.state);

	if (r != 0)
		return r;
	r = selection_read(f.state, args, 0, &f.chosen);
	f.runs_before = mem_alloc((f.chosen.count + 1) * sizeof *f.runs_before);
	f.over = mem_alloc((f.chosen.count + 1) * sizeof *f.over);
	if (r == 0)
		r = begin(&f);
	if (r == 0 && args_value(args, "wait") == NULL)
		say_begun(&f);
	else if (r == 0)
		r = wait_and_report(&f);
	free(f.runs_before);
	free(f.over);
	selection_clear(&f.chosen);
	state_close(&f.state);
	return r;
}
