/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_run.h"

#include "../../storage/accounts.h"
#include "../base/clock.h"
#include "account_steps.h"
#include "selection.h"
#include "watch.h"
#include "watch_keys.h"
#include "watch_screen.h"
#include "watch_source.h"

#include <string.h>

#define READ_EVERY_MS 1000

struct watching {
	struct watch watch;
	struct watch_source source;
	int64_t next_ms; /* to read again; monotonic */
};

static void say_error(struct watch *w, const char *where, const struct err *err)
{
	watch_say(w, CANVAS_BAD, clock_mono_ms(), "%s%s%s: %s%s%s%s", where,
		where[0] != '\0' ? ": " : "", err_class_name(err->class),
		err->text, err->hint[0] != '\0' ? " (" : "", err->hint,
		err->hint[0] != '\0' ? ")" : "");
}

/* What was read last stays on the screen when it fails. */
static void read_all(struct watching *g)
{
	struct watch *w = &g->watch;
	struct watch_reading now;
	struct err err = {0};
	bool open = w->page == WATCH_ACCOUNT ||
		    (w->page == WATCH_HELP && w->before_help == WATCH_ACCOUNT);

	if (watch_source_read(&g->source, open ? w->chosen : 0, &now, &err) < 0)
		say_error(w, "", &err);
	watch_take(w, &now);
	g->next_ms = clock_mono_ms() + READ_EVERY_MS;
}

static void show(struct watching *g)
{
	struct canvas c;
	int rows, columns;

	watch_screen_size(&rows, &columns);
	canvas_init(&c, rows, columns, watch_screen_utf8());
	watch_draw(&g->watch, &c, clock_mono_ms());
	watch_screen_show(&c);
	canvas_clear(&c);
}

static const struct {
	account_step *step;
	const char *done;
} steps[] = {
	[WATCH_PAUSE] = {account_pause, "paused; a run of it ends"},
	[WATCH_RESUME] = {account_resume, "resumed"},
	[WATCH_RETRY] = {account_retry, "due now, with what is quarantined"},
	[WATCH_SYNC] = {account_sync, "due now"},
};

/* As the account is now, which is not always as it was read. */
static void do_step(struct watching *g, enum watch_act act)
{
	struct watch *w = &g->watch;
	const struct watch_row *row = watch_chosen(w);
	struct account a = {0};
	struct err err = {0};
	int r;

	if (row == NULL)
		return;
	r = accounts_by_id(g->source.state, row->account->id, &a, &err);
	if (r == 1)
		r = steps[act].step(g->source.state, &a, &err);
	else if (r == 0)
		r = err_set(&err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "the account was removed");
	if (r < 0)
		say_error(w, row->account->name, &err);
	else
		watch_say(w, CANVAS_GOOD, clock_mono_ms(), "%s: %s",
			row->account->name, steps[act].done);
	account_clear(&a);
	read_all(g);
}

/* Whether to go on. */
static bool take_keys(struct watching *g)
{
	int32_t key;

	while ((key = watch_screen_key()) >= 0) {
		enum watch_act act = watch_key(&g->watch, key, clock_mono_ms());
		switch (act) {
		case WATCH_NOTHING:
			break;
		case WATCH_QUIT:
			return false;
		case WATCH_REDRAW:
			watch_screen_redraw();
			break;
		case WATCH_READ:
			read_all(g);
			break;
		case WATCH_PAUSE:
		case WATCH_RESUME:
		case WATCH_RETRY:
		case WATCH_SYNC:
			do_step(g, act);
			break;
		}
	}
	return true;
}

static void go(struct watching *g)
{
	bool goes_on = true;

	read_all(g);
	while (goes_on) {
		show(g);
		switch (watch_screen_wait(g->next_ms - clock_mono_ms())) {
		case WATCH_EVENT_TIME:
		case WATCH_EVENT_SIZE:
			break;
		case WATCH_EVENT_KEY:
			goes_on = take_keys(g);
			break;
		case WATCH_EVENT_END:
			goes_on = false;
			break;
		}
		if (goes_on && clock_mono_ms() >= g->next_ms)
			read_all(g);
	}
}

int watch_run(struct cli *cli, const struct args *args)
{
	struct watching g = {.next_ms = 0};
	struct selection chosen = {0};
	struct state *state = NULL;
	int r = cli_state(cli, &state);

	/* what is wrong with the words is said before the screen is taken */
	if (r == 0)
		r = selection_read(state, args, SELECTION_ALL, &chosen);
	selection_clear(&chosen);
	if (r == 0 && watch_screen_open() < 0)
		r = -1;
	if (r == 0) {
		watch_init(&g.watch);
		g.source = (struct watch_source){.state = state,
			.settings = &cli->config.settings,
			.args = args};
		go(&g);
		watch_screen_close();
		watch_clear(&g.watch);
		watch_source_clear(&g.source);
	}
	state_close(&state);
	return r;
}
