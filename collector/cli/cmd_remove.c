/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remove: accounts, and with --purge the mail that they have brought: the
 * account is marked first, then the mail goes, then the account with its
 * ledger. Who was killed between says it again.
 */
#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../../storage/owner.h"
#include "../../storage/purge.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "commands.h"
#include "json.h"
#include "selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CANCEL_WAIT_S 10
#define LOOKS_PER_S 5

static void pause_a_moment(void)
{
	const struct timespec moment = {.tv_nsec = 1000000000L / LOOKS_PER_S};

	(void)nanosleep(&moment, NULL);
}

static int forget(struct state *state, const struct account *a, struct err *err)
{
	if (accounts_set_paused(state, a->id, true, err) < 0 ||
		jobs_cancel(state, a->id, err) < 0)
		return -1;
	for (int i = 0; i < CANCEL_WAIT_S * LOOKS_PER_S; i++) {
		if (accounts_remove(state, a->id, err) == 0)
			return 0;
		if (!state_is_locked(state))
			return -1;
		pause_a_moment();
	}
	return -1;
}

/* ---- --purge */

static int refuse_shared(
	struct state *state, const struct account *a, struct err *err)
{
	struct account now = {0};
	int r = accounts_by_id(state, a->id, &now, err);
	bool shared = now.shares_store;

	account_clear(&now);
	if (r < 0)
		return -1;
	if (r == 1 && !shared)
		return 0;
	if (r == 0)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "it was removed meanwhile");
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"another account delivers into the store of %s, too: its mail "
		"cannot be purged; nothing was removed",
		a->to);
	return err_hint(err, "remove that one first, or this one without "
			     "--purge");
}

/* The fencing number, once its run has ended. */
static int take_over(struct state *state, const struct account *a,
	int64_t *ret_fence, struct err *err)
{
	int r = 0;

	if (jobs_purge_mark(state, a->id, err) < 0)
		return -1;
	for (int i = 0; r == 0 && i < CANCEL_WAIT_S * LOOKS_PER_S; i++) {
		r = jobs_purge_begin(state, a->id, ret_fence, err);
		if (r == 0)
			pause_a_moment();
	}
	if (r != 0)
		return r < 0 ? -1 : 0;
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		"its run is still under way, though told to end; no mail was "
		"removed");
	return err_hint(err, "try again in a minute: it is not collected any "
			     "more");
}

static int purge_with(struct cli *cli, const struct account *a,
	struct ledger *ledger, struct purge_result *result, struct err *err)
{
	const struct settings *s = &cli->config.settings;
	uid_t uid;
	gid_t gid;
	char *root;
	bool many;
	int r;

	if (owner_find(s->store_owner, a->to, &uid, &gid, &many, err) != 0 ||
		settings_store_path(s, a->to, &root, err) != 0)
		return -1;
	r = purge_store(root, uid, gid, ledger, result, err);
	free(root);
	return r;
}

/* Who has no ledger has brought nothing. */
static int purge_mail(struct cli *cli, struct state *state,
	const struct account *a, int64_t fence, struct purge_result *result,
	struct err *err)
{
	char *path = state_ledger_path(state, a->uuid);
	struct ledger *ledger = NULL;
	int r = 0;

	if (access(path, F_OK) == 0) {
		r = ledger_open(path, a->uuid, fence, &ledger, err);
		if (r == 0)
			r = purge_with(cli, a, ledger, result, err);
		if (ledger != NULL)
			ledger_close(&ledger);
	}
	free(path);
	return r;
}

static void say_purged(const struct account *a, const struct purge_result *r)
{
	char count[32], bytes[32], stayed[32];

	text_format_count(r->removed, count);
	text_format_bytes(r->bytes, bytes);
	text_format_count(r->stayed, stayed);
	(void)printf("%s removed, with %s message%s (%s) and %llu folder%s",
		a->name, count, r->removed == 1 ? "" : "s", bytes,
		(unsigned long long)r->folders, r->folders == 1 ? "" : "s");
	if (r->stayed != 0)
		(void)printf("; %s that it did not bring stay%s in the store",
			stayed, r->stayed == 1 ? "s" : "");
	(void)printf("\n");
}

static json_t *purged_json(const char *name, const struct purge_result *r)
{
	return json_pack("{s:o, s:I, s:I, s:I, s:I}", "account",
		json_text(name), "messages", (json_int_t)r->removed, "bytes",
		(json_int_t)r->bytes, "folders", (json_int_t)r->folders,
		"stayed", (json_int_t)r->stayed);
}

static int purge(struct cli *cli, struct state *state, const struct account *a,
	json_t *list, struct err *err)
{
	struct purge_result result = {0};
	int64_t fence;

	if (refuse_shared(state, a, err) < 0 ||
		take_over(state, a, &fence, err) < 0 ||
		purge_mail(cli, state, a, fence, &result, err) < 0 ||
		forget(state, a, err) < 0)
		return -1;
	if (cli->json)
		(void)json_array_append_new(
			list, purged_json(a->name, &result));
	else
		say_purged(a, &result);
	return 0;
}

/* ---- both */

/* 0, or an exit status: nobody has said yes. */
static int ask(const struct args *args, bool with_mail, size_t count)
{
	char answer[8] = "";

	if (args_value(args, "yes") != NULL)
		return 0;
	if (!isatty(STDIN_FILENO))
		return with_mail ? cli_usage("remove",
					   "--purge deletes mail: where nobody "
					   "can be asked, say --yes")
				 : 0;
	(void)fprintf(stderr,
		"Forget %zu account%s, password and ledger included%s [y/N] ",
		count, count == 1 ? "" : "s",
		with_mail ? ", and DELETE the mail brought by it?"
			  : "? The mail stays.");
	if (fgets(answer, sizeof answer, stdin) != NULL &&
		(answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	(void)fprintf(stderr, "nothing was removed\n");
	return EXIT_FAILED;
}

static int remove_all(struct cli *cli, struct state *state,
	const struct selection *chosen, bool with_mail, json_t *purged)
{
	struct err err = {0};
	int worst = 0;

	for (size_t i = 0; i < chosen->count; i++) {
		const struct account *a = &chosen->accounts[i];
		if ((with_mail ? purge(cli, state, a, purged, &err)
			       : forget(state, a, &err)) < 0)
			worst = cli_fail(a->name, &err);
		else if (!with_mail && !cli->json)
			(void)printf("%s removed\n", a->name);
	}
	return worst;
}

int cmd_remove(struct cli *cli, const struct args *args)
{
	bool with_mail = args_value(args, "purge") != NULL;
	struct selection chosen;
	struct state *state = NULL;
	json_t *purged = json_array();
	int r = cli_state(cli, &state);

	if (r != 0)
		goto out;
	r = selection_read(state, args, 0, &chosen);
	if (r == 0)
		r = ask(args, with_mail, chosen.count);
	if (r == 0) {
		r = remove_all(cli, state, &chosen, with_mail, purged);
		if (cli->json && with_mail)
			json_print(
				json_pack("{s:O}", "purged", purged), stdout);
		else if (cli->json && r == 0)
			(void)printf("{\"removed\":%zu}\n", chosen.count);
	}
	selection_clear(&chosen);
out:
	json_decref(purged);
	state_close(&state);
	return r;
}
