/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify: asks for it in the job table; the daemon does it, or a conductor of
 * our own where no daemon holds the state. What came of it is a file under
 * results/ (sync/differences.h), read here and removed.
 */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../service/conductor.h"
#include "commands.h"
#include "json.h"
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

struct asked {
	struct cli *cli;
	struct state *state;
	struct selection chosen;
	struct account *accounts; /* of chosen */
	int64_t *ids;
	size_t count;
	enum job_task task;
};

static int find_accounts(struct asked *a, const struct args *args)
{
	int r = selection_read(a->state, args, SELECTION_AWAKE, &a->chosen);

	a->accounts = a->chosen.accounts;
	a->count = a->chosen.count;
	a->ids = mem_array(a->count, sizeof *a->ids);
	for (size_t i = 0; i < a->count; i++)
		a->ids[i] = a->accounts[i].id;
	return r;
}

static int ask(struct asked *a)
{
	struct err err = {0};

	for (size_t i = 0; i < a->count; i++)
		if (jobs_task(a->state, a->ids[i], a->task, &err) != 0)
			return cli_fail(a->accounts[i].name, &err);
	return 0;
}

/* Stopped by a signal: whoever runs next collects, as ever. */
static int forget_unfinished(struct asked *a)
{
	char name[JOB_TASK_RESULT_BYTES];
	struct err err = {0};
	bool over;

	for (size_t i = 0; i < a->count; i++)
		if (jobs_task_result(a->state, a->ids[i], &over, name, &err) !=
				0 ||
			(!over && jobs_task(a->state, a->ids[i], JOB_COLLECT,
					  &err) != 0))
			return cli_fail(a->accounts[i].name, &err);
	return 0;
}

static int do_it_here(struct asked *a)
{
	const struct conductor_options options = {
		.settings = &a->cli->config.settings,
		.once = true,
		.accounts = a->ids,
		.account_count = a->count,
	};
	struct err err = {0};
	size_t failed;

	if (a->cli->verbosity <= 0)
		log_setup(LOG_LEVEL_NONE, log_format(), STDERR_FILENO);
	if (conductor_run(a->state, &options, &failed, &err) < 0)
		return cli_fail(NULL, &err);
	return forget_unfinished(a);
}

/* 1: all are over; 0; -1. */
static int is_over(struct asked *a, struct err *err)
{
	char name[JOB_TASK_RESULT_BYTES];
	bool over;

	for (size_t i = 0; i < a->count; i++) {
		if (jobs_task_result(a->state, a->ids[i], &over, name, err) !=
			0)
			return -1;
		if (!over)
			return 0;
	}
	return 1;
}

static int wait_for_daemon(struct asked *a)
{
	const struct sigaction act = {.sa_handler = on_interrupt};
	const struct timespec pause = {.tv_nsec = 300000000};
	struct err err = {0};
	int over;

	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
	while ((over = is_over(a, &err)) == 0) {
		if (!state_is_locked(a->state)) {
			(void)fprintf(stderr,
				"mailhaul verify: the daemon has ended; it "
				"will be done when it runs again\n");
			return EXIT_FAILED;
		}
		if (stop) {
			(void)fprintf(stderr,
				"mailhaul verify: interrupted; the daemon "
				"goes on\n");
			return EXIT_FAILED;
		}
		(void)nanosleep(&pause, NULL);
	}
	return over < 0 ? cli_fail(NULL, &err) : 0;
}

/* Why there is none. */
static int tell_failure(struct asked *a, const struct account *account,
	struct verify_report *report)
{
	struct job_status *status = NULL;
	struct err err = {0};
	size_t n = 0;

	if (jobs_status(a->state, account->id, &status, &n, &err) != 0)
		return cli_fail(account->name, &err);
	if (n == 1 && status->has_error)
		err = status->err;
	else
		(void)err_set(&err, ERR_CANCELLED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER,
			"it was stopped before its end; try again");
	jobs_status_free(&status, n);
	verify_report_failed(report, account->name, &err);
	return cli_fail(account->name, &err);
}

static int report_one(struct asked *a, const struct account *account,
	struct verify_report *report)
{
	char name[JOB_TASK_RESULT_BYTES], *path;
	struct err err = {0};
	bool over;
	int r;

	if (jobs_task_result(a->state, account->id, &over, name, &err) != 0)
		return cli_fail(account->name, &err);
	if (!over || name[0] == '\0')
		return tell_failure(a, account, report);
	path = mem_printf("%s/results/%s", a->state->dir, name);
	r = verify_report_read(report, account->name, path, &err);
	(void)unlink(path);
	free(path);
	return r == 0 ? 0 : cli_fail(account->name, &err);
}

static int report_all(struct asked *a)
{
	struct verify_report *report = verify_report_new(a->cli->json);
	int worst = 0;

	for (size_t i = 0; i < a->count; i++) {
		int r = report_one(a, &a->accounts[i], report);
		worst = r > worst ? r : worst;
	}
	if (verify_report_print(report, stdout) && worst == 0)
		worst = EXIT_FAILED;
	verify_report_free(&report);
	return worst;
}

int cmd_verify(struct cli *cli, const struct args *args)
{
	struct asked a = {.cli = cli,
		.task = args_value(args, "rebuild") != NULL ? JOB_REBUILD
							    : JOB_VERIFY};
	int r = cli_state(cli, &a.state);

	if (r != 0)
		return r;
	r = find_accounts(&a, args);
	if (r == 0)
		r = ask(&a);
	if (r == 0)
		r = state_is_locked(a.state) ? wait_for_daemon(&a)
					     : do_it_here(&a);
	if (r == 0)
		r = report_all(&a);
	selection_clear(&a.chosen);
	free(a.ids);
	state_close(&a.state);
	return r;
}
