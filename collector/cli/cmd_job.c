/* SPDX-License-Identifier: BSD-2-Clause */
/* sync and status: jobs, through the job table. */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/mem.h"
#include "commands.h"
#include "progress.h"
#include "selection.h"
#include "status.h"
#include "watch_keeper.h"
#include "watch_run.h"
#include "watch_screen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DAEMON_START_S 10 /* until one that was started holds the state */

static volatile sig_atomic_t stop;

static void on_interrupt(int number)
{
	(void)number;
	stop = 1;
}

static void watch_interrupt(void)
{
	const struct sigaction act = {.sa_handler = on_interrupt};

	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
}

static void pause_one_second(void)
{
	const struct timespec second = {.tv_sec = 1};

	(void)nanosleep(&second, NULL);
}

/* The table again each second, on a screen that can be cleared or below. */
static int repeat(struct cli *cli, const struct args *args)
{
	const char *term = getenv("TERM");
	bool clears = isatty(STDOUT_FILENO) && term != NULL &&
		      term[0] != '\0' && strcmp(term, "dumb") != 0;
	struct state *state = NULL;
	int r = cli_state(cli, &state);

	if (r != 0)
		return r;
	watch_interrupt();
	while (r == 0 && !stop) {
		if (clears)
			(void)fputs("\033[H\033[2J", stdout);
		r = status_print(
			state, &cli->config.settings, args, cli->json, stdout);
		if (!clears && !cli->json)
			(void)fputc('\n', stdout);
		(void)fflush(stdout);
		if (r == 0)
			pause_one_second();
	}
	state_close(&state);
	return r;
}

struct watcher {
	struct cli *cli;
	const struct args *args;
};

static int watch(void *arg)
{
	const struct watcher *w = arg;
	int r = watch_run(w->cli, w->args);

	return r >= 0 ? r : repeat(w->cli, w->args);
}

int cmd_status(struct cli *cli, const struct args *args)
{
	struct watcher watcher = {cli, args};
	struct state *state = NULL;
	int r;

	if (args_value(args, "watch") != NULL) {
		if (!cli->json && watch_screen_is_possible())
			return watch_keeper_run(watch, &watcher);
		return repeat(cli, args);
	}
	r = cli_state(cli, &state);
	if (r != 0)
		return r;
	r = status_print(state, &cli->config.settings, args, cli->json, stdout);
	state_close(&state);
	return r;
}

/* ---- sync */

struct waiting {
	const struct account *account;
	int64_t runs_before;
	bool over;
};

static int due_one(struct state *state, struct waiting *w, struct err *err)
{
	struct job_status *status = NULL;
	size_t count = 0;

	if (jobs_status(state, w->account->id, &status, &count, err) < 0)
		return -1;
	if (count == 1)
		w->runs_before = status->runs;
	jobs_status_free(&status, count);
	return jobs_due_now(state, w->account->id, err);
}

static void report_end(struct progress *p, struct waiting *w,
	const struct job_status *s, int *worst)
{
	struct job_result result = {
		.ok = !s->has_error,
		.err = s->err,
		.messages_source = s->messages_source,
		.messages_stored = s->messages_stored,
		.messages_quarantined = s->messages_quarantined,
	};

	w->over = true;
	if (s->has_error)
		*worst = EXIT_FAILED;
	progress_finish(p, w->account->name, &s->progress, &result);
}

/* One look at all jobs; returns how many still go on, -1 on failure. */
static int look(struct state *state, struct progress *p, struct waiting *w,
	size_t count, int *worst, struct err *err)
{
	struct job_status *all = NULL;
	size_t all_count = 0;
	int left = 0;

	if (jobs_overview(state, &all, &all_count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct job_status *s = NULL;
		for (size_t j = 0; j < all_count; j++)
			if (all[j].account_id == w[i].account->id)
				s = &all[j];
		if (w[i].over || s == NULL)
			continue;
		if (strcmp(s->state, "running") == 0)
			progress_update(p, w[i].account->name, &s->progress);
		if (s->runs > w[i].runs_before &&
			strcmp(s->state, "running") != 0)
			report_end(p, &w[i], s, worst);
		else
			left++;
	}
	jobs_status_free(&all, all_count);
	progress_draw(p);
	return left;
}

/* One that is just starting is given time. False: nobody will do it. */
static bool is_served(struct state *state, int *absent_s)
{
	if (state_is_locked(state))
		*absent_s = 0;
	else if (++*absent_s > DAEMON_START_S)
		return false;
	if (*absent_s == 1)
		(void)fprintf(stderr,
			"mailhaul sync: no daemon is running yet: waiting "
			"%d s for one\n",
			DAEMON_START_S);
	return true;
}

static int wait_for(
	struct cli *cli, struct state *state, struct waiting *w, size_t count)
{
	struct progress *p =
		progress_new(stdout, isatty(STDOUT_FILENO) && !cli->json,
			cli->json || cli->verbosity < 0);
	struct err err = {0};
	int worst = EXIT_DONE, left = 1, absent_s = 0;

	watch_interrupt();
	while (left > 0 && !stop) {
		left = look(state, p, w, count, &worst, &err);
		if (left > 0 && !is_served(state, &absent_s)) {
			(void)fprintf(stderr,
				"mailhaul sync: no daemon is running that "
				"could do it (start mailhaul serve, or: "
				"mailhaul run)\n");
			worst = EXIT_FAILED;
			break;
		}
		if (left > 0)
			pause_one_second();
	}
	progress_free(&p);
	if (left > 0 && stop) {
		(void)fprintf(stderr,
			"mailhaul sync: interrupted; the daemon goes on\n");
		worst = EXIT_FAILED;
	}
	return left < 0 ? cli_fail(NULL, &err) : worst;
}

/* The accounts asked for, which the selection keeps; caller frees. 0, or an
 * exit status. */
static int choose(struct state *state, const struct args *args,
	struct selection *chosen, struct waiting **ret_waiting)
{
	int r = selection_read(
		state, args, SELECTION_ALL | SELECTION_AWAKE, chosen);
	struct waiting *w = mem_alloc((chosen->count + 1) * sizeof *w);

	selection_sort(chosen);
	for (size_t i = 0; i < chosen->count; i++)
		w[i].account = &chosen->accounts[i];
	*ret_waiting = w;
	return r;
}

int cmd_sync(struct cli *cli, const struct args *args)
{
	bool all = args_value(args, "all") != NULL;
	bool wait = args_value(args, "wait") != NULL;
	struct state *state = NULL;
	bool some = args->word_count != 0 || args_value(args, "group") != NULL;
	struct selection chosen = {0};
	struct waiting *w = NULL;
	struct err err = {0};
	size_t n;
	int r;

	if (all == some)
		return cli_usage(
			"sync", "name accounts, or say --group NAME or --all");
	r = cli_state(cli, &state);
	if (r != 0)
		return r;
	r = choose(state, args, &chosen, &w);
	n = chosen.count;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (due_one(state, &w[i], &err) < 0)
			r = cli_fail(w[i].account->name, &err);
	if (r == 0 && cli->json)
		(void)printf("{\"due\":%zu}\n", n);
	else if (r == 0 && !wait)
		(void)printf("%zu account%s due now\n", n, n == 1 ? "" : "s");
	if (r == 0 && wait)
		r = wait_for(cli, state, w, n);
	free(w);
	selection_clear(&chosen);
	state_close(&state);
	return r;
}
