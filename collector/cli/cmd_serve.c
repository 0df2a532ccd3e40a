/* SPDX-License-Identifier: BSD-2-Clause */
/* run and serve: the conductor in the foreground. */
#include "../../storage/accounts.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../service/conductor.h"
#include "commands.h"
#include "cutover_options.h"
#include "json.h"
#include "progress.h"
#include "selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct watcher {
	struct cli *cli;
	struct progress *progress; /* NULL: serve */
	json_t *results;	   /* --json */
	bool stopped;		   /* a run was, before its end */
	const char *listen;	   /* --listen; NULL */
};

static json_t *result_json(const char *account, const struct job_progress *now,
	const struct job_result *result)
{
	json_t *error = json_null();

	if (!result->ok)
		error = json_pack("{s:s, s:o, s:o}", "class",
			err_class_name(result->err.class), "text",
			json_text(result->err.text), "hint",
			json_text(result->err.hint));
	return json_pack("{s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:o}",
		"account", account, "ok", result->ok, "cancelled",
		result->cancelled, "made_way", result->yielded, "messages_new",
		(json_int_t)(now != NULL ? now->messages_done : 0),
		"bytes_received",
		(json_int_t)(now != NULL ? now->bytes_done : 0),
		"messages_source", (json_int_t)result->messages_source,
		"messages_stored", (json_int_t)result->messages_stored,
		"messages_quarantined",
		(json_int_t)result->messages_quarantined, "error", error);
}

static void on_event(void *arg, const struct conductor_event *event)
{
	struct watcher *w = arg;

	switch (event->kind) {
	case CONDUCTOR_STARTED:
	case CONDUCTOR_PROGRESS:
		progress_update(w->progress, event->account, event->progress);
		progress_draw(w->progress);
		break;
	case CONDUCTOR_FINISHED:
		progress_finish(w->progress, event->account, event->progress,
			event->result);
		w->stopped |=
			event->result->cancelled && !event->result->yielded;
		if (w->results != NULL)
			(void)json_array_append_new(w->results,
				result_json(event->account, event->progress,
					event->result));
		break;
	}
}

static int on_reload(void *arg, struct settings *ret_settings, struct err *err)
{
	struct watcher *w = arg;

	if (config_reload(&w->cli->config, ret_settings, err) < 0)
		return -1;
	if (w->listen == NULL ||
		settings_set(ret_settings, "serve.listen", w->listen, err) == 0)
		return 0;
	settings_clear(ret_settings);
	return -1;
}

/* 0, or an exit status. */
static int take_listen(struct cli *cli, const char *listen)
{
	struct err err = {0};

	if (listen == NULL || settings_set(&cli->config.settings,
				      "serve.listen", listen, &err) == 0)
		return 0;
	return cli_usage("serve",
		"--listen \"%.100s\" will not do: it takes up to four of "
		"ADDRESS:PORT such as 127.0.0.1:9180 or [::1]:9180, or "
		"unix:/PATH, separated by spaces",
		listen);
}

/* The ids of the accounts that are meant; count 0 = whatever is due. Caller
 * frees. 0, or an exit status. */
static int find_ids(struct state *state, const struct args *args,
	int64_t **ret_ids, size_t *ret_count)
{
	struct selection chosen;
	int64_t *ids;
	int r;

	if (args->word_count == 0 && args_value(args, "group") == NULL)
		return 0;
	r = selection_read(state, args, SELECTION_AWAKE, &chosen);
	ids = mem_array(chosen.count, sizeof *ids);
	for (size_t i = 0; i < chosen.count; i++) {
		ids[i] = chosen.accounts[i].id;
		if (cutover_options_opens_at(&chosen.accounts[i]) != 0)
			(void)fprintf(stderr,
				"mailhaul run: %s is named and runs now, "
				"outside its hours (%s)\n",
				chosen.accounts[i].name,
				chosen.accounts[i].hours);
	}
	*ret_ids = ids;
	*ret_count = chosen.count;
	selection_clear(&chosen);
	return r;
}

int cmd_run(struct cli *cli, const struct args *args)
{
	struct watcher w = {.cli = cli};
	struct conductor_options options = {
		.settings = &cli->config.settings,
		.once = true,
		.on_event = on_event,
		.arg = &w,
	};
	struct state *state = NULL;
	struct err err = {0};
	int64_t *ids = NULL;
	size_t failed = 0;
	/* a log on the same screen would be drawn over */
	bool live = isatty(STDOUT_FILENO) && !cli->json && cli->verbosity <= 0;
	int r = cli_state(cli, &state);

	if (r == 0)
		r = find_ids(state, args, &ids, &options.account_count);
	if (r != 0)
		goto out;
	options.accounts = ids;
	/* The log and the display are for the same eyes, and the display says
	 * how each run ended: the log keeps still without -v. */
	if (cli->verbosity <= 0)
		log_setup(LOG_LEVEL_NONE, log_format(), STDERR_FILENO);
	w.progress =
		progress_new(stdout, live, cli->verbosity < 0 || cli->json);
	w.results = cli->json ? json_array() : NULL;
	if (conductor_run(state, &options, &failed, &err) < 0)
		r = cli_fail(NULL, &err);
	else
		r = failed != 0 || w.stopped ? EXIT_FAILED : EXIT_DONE;
	progress_free(&w.progress);
	if (w.results != NULL)
		json_print(json_pack("{s:o}", "runs", w.results), stdout);
out:
	free(ids);
	state_close(&state);
	return r;
}

int cmd_serve(struct cli *cli, const struct args *args)
{
	struct watcher w = {.cli = cli, .listen = args_value(args, "listen")};
	const struct conductor_options options = {
		.settings = &cli->config.settings,
		.reload = on_reload,
		.arg = &w,
	};
	struct state *state = NULL;
	struct err err = {0};
	size_t failed = 0;
	int r = take_listen(cli, w.listen);

	if (r == 0)
		r = cli_state(cli, &state);
	if (r != 0)
		return r;
	LOG(LOG_LEVEL_INFO, NULL, "serving",
		LOG_STR("state", cli->config.settings.state_dir),
		LOG_NUM("pid", getpid()));
	if (conductor_run(state, &options, &failed, &err) < 0)
		r = cli_fail(NULL, &err);
	else
		LOG(LOG_LEVEL_INFO, NULL, "served", LOG_NUM("failed", failed));
	state_close(&state);
	return r;
}
