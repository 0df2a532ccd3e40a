/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is to be checked is listed first, on the main thread; each account, with
 * its password, is read by the worker that talks to its server, under a lock,
 * and forgotten after that. No transaction is open meanwhile.
 */
#include "check_many.h"

#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../../storage/secret.h"
#include "../base/dict.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../service/consult.h"
#include "../sync/configure.h"
#include "../sync/token.h"
#include "account_options.h"
#include "check_table.h"
#include "import.h"
#include "import_row.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOBS_DEFAULT 8
#define JOBS_MAX 64

struct many {
	struct cli *cli;
	struct state *state; /* NULL: a file without a state.dir */
	struct sheet sheet;
	const struct sheet_row **rows; /* of a file: one each; else NULL */
	struct url *urls;
	struct check_result *results;
	size_t count;
	pthread_mutex_t lock; /* over state, sheet and what is done */
	size_t done;
};

/* Of one conversation. */
struct one {
	struct account account;
	struct secret password;
	struct job_status *status;
	size_t status_count;
	struct preview preview;
};

/* ---- who */

static void add_name(struct many *m, const char *name, const struct url *url)
{
	size_t n = m->count++;

	m->results = mem_grow(m->results, n + 1, sizeof *m->results);
	m->urls = mem_grow(m->urls, n + 1, sizeof *m->urls);
	memset(&m->results[n], 0, sizeof m->results[n]);
	m->results[n].name = mem_strdup(name);
	m->urls[n] = *url;
}

static int list_all(struct many *m)
{
	struct account *all;
	struct err err = {0};
	size_t count;

	if (accounts_all(m->state, &all, &count, &err) < 0)
		return cli_fail(NULL, &err);
	for (size_t i = 0; i < count; i++) {
		add_name(m, all[i].name, &all[i].url);
		account_clear(&all[i]);
	}
	free(all);
	return 0;
}

static int list_names(struct many *m, const struct args *args)
{
	for (size_t i = 0; i < args->word_count; i++) {
		struct account a = {0};
		struct err err = {0};
		int r = accounts_find(m->state, args->words[i], &a, &err);
		if (r < 0)
			return cli_fail(args->words[i], &err);
		if (r == 0)
			return cli_usage("check",
				"there is no account \"%s\" (a URL is checked "
				"by itself)",
				args->words[i]);
		add_name(m, a.name, &a.url);
		account_clear(&a);
	}
	return 0;
}

/* The row over what is enrolled, or over nothing. -1: faults or err. */
static int read_row(struct many *m, const struct sheet_row *row,
	const char *name, struct account *a, struct secret *password,
	struct err *err)
{
	int r = m->state != NULL ? accounts_find(m->state, name, a, err) : 0;

	if (r < 0)
		return -1;
	if (r == 0)
		account_defaults(a, name);
	return import_row_apply(
		&m->cli->config.settings, &m->sheet, row, a, password);
}

/* The name of a row, which no other has; NULL, and a fault. */
static const char *own_name(
	struct many *m, const struct sheet_row *row, struct dict *names)
{
	const char *name = row->bad ? NULL : import_row_name(&m->sheet, row);
	size_t line;

	if (name == NULL || dict_add(names, name, row->line))
		return name;
	(void)dict_get(names, name, &line);
	sheet_fault(&m->sheet, row->line, "name", "%s stands in line %zu, too",
		name, line);
	return NULL;
}

/* Every fault of the file is told before anybody is asked. */
static int list_rows(struct many *m, const char *file)
{
	struct sheet *s = &m->sheet;
	struct dict *names = dict_new();
	int bad = s->broken, r = 0;

	m->rows = mem_array(s->row_count + 1, sizeof(void *));
	for (size_t i = 0; i < s->row_count && r == 0; i++) {
		const struct sheet_row *row = &s->rows[i];
		const char *name = own_name(m, row, names);
		struct account a = {0};
		struct secret password = {0};
		struct err err = {0};
		if (name == NULL ||
			read_row(m, row, name, &a, &password, &err) < 0) {
			bad = 1;
		} else {
			m->rows[m->count] = row;
			add_name(m, name, &a.url);
		}
		secret_clear(&password);
		account_clear(&a);
		if (err.class != ERR_NONE)
			r = cli_fail(file, &err);
	}
	dict_free(&names);
	sheet_sort_faults(s);
	import_print_faults(s, file);
	if (r == 0 && bad)
		r = cli_usage("check", "%s has faults; nobody was asked", file);
	return r;
}

/* A file can be checked before there is a state.dir. */
static int list_file(struct many *m, const char *file)
{
	struct err err = {0};
	char *bytes;
	size_t n;

	if (import_read(file, &bytes, &n, &err) < 0)
		return cli_fail("check", &err);
	sheet_read(&m->sheet, bytes, n, import_row_knows);
	(void)state_open(m->cli->config.settings.state_dir, &m->state, NULL);
	return list_rows(m, file);
}

/* ---- one of them, on a worker's thread */

static int read_enrolled(
	struct many *m, const char *name, struct one *o, struct err *err)
{
	int r = accounts_find(m->state, name, &o->account, err);

	if (r == 0)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "it was removed meanwhile");
	return r < 0 ? -1 : 0;
}

/* Under the lock. */
static int read_one(
	struct many *m, size_t index, struct one *o, struct err *err)
{
	const char *name = m->results[index].name;
	int r = m->rows != NULL ? read_row(m, m->rows[index], name, &o->account,
					  &o->password, err)
				: read_enrolled(m, name, o, err);

	if (r != 0 && err->class == ERR_NONE)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "its row is no longer good");
	if (r != 0)
		return -1;
	if (o->account.id != 0 &&
		jobs_status(m->state, o->account.id, &o->status,
			&o->status_count, err) < 0)
		return -1;
	if (o->account.token_file[0] != '\0')
		return token_read(o->account.token_file, &o->password, err);
	return o->password.len == 0 ? secret_load(m->state, o->account.uuid,
					      &o->password, err)
				    : 0;
}

static int talk(
	struct many *m, struct one *o, struct dialer *dialer, struct err *err)
{
	const struct settings *settings = &m->cli->config.settings;
	bool known = o->status_count == 1;
	struct session_config config;
	struct session *s = NULL;
	int r;

	configure_session(settings, &o->account, &o->password, &config);
	preview_configure(&config);
	if (consult_open(dialer, &config,
		    configure_ca_file(settings, &o->account), &s, err) != 0)
		return -1;
	r = preview_make(s, &o->account, known ? o->status->mailboxes : NULL,
		known ? o->status->mailbox_count : 0, &o->preview, err);
	session_close(&s);
	return r;
}

/* Where somebody waits for a table that comes at the end. */
static void tell_progress(const struct many *m)
{
	if (isatty(STDERR_FILENO) && m->cli->verbosity >= 0)
		(void)fprintf(stderr, "\r%zu of %zu%s", m->done, m->count,
			m->done == m->count ? "\r\033[K" : "");
}

static void check_one(void *arg, size_t index, struct dialer *dialer)
{
	struct many *m = arg;
	struct check_result *result = &m->results[index];
	struct one o = {0};
	struct err err = {0};
	int r;

	(void)pthread_mutex_lock(&m->lock);
	r = read_one(m, index, &o, &err);
	(void)pthread_mutex_unlock(&m->lock);
	if (r == 0)
		r = talk(m, &o, dialer, &err);
	(void)pthread_mutex_lock(&m->lock);
	if (r == 0)
		check_result_found(result, &m->cli->config.settings, &o.account,
			&o.preview, m->cli->json);
	else
		check_result_failed(result, &o.account, &err, m->cli->json);
	m->done++;
	tell_progress(m);
	(void)pthread_mutex_unlock(&m->lock);
	secret_clear(&o.password);
	preview_clear(&o.preview);
	jobs_status_free(&o.status, o.status_count);
	account_clear(&o.account);
}

static const char *host_of(void *arg, size_t index, enum protocol *ret_protocol)
{
	const struct many *m = arg;

	*ret_protocol = m->urls[index].protocol;
	return m->urls[index].host;
}

/* ---- all of them */

/* Those that an interrupt has left. */
static void note_rest(struct many *m)
{
	struct err err = {0};

	(void)err_set(&err, ERR_CANCELLED, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"it was not asked: interrupted");
	for (size_t i = 0; i < m->count; i++) {
		struct account a = {.url = m->urls[i]};
		if (m->results[i].err.class == ERR_NONE &&
			m->results[i].connection == NULL)
			check_result_failed(
				&m->results[i], &a, &err, m->cli->json);
	}
}

static int report(struct many *m)
{
	const struct settings *settings = &m->cli->config.settings;
	int r = EXIT_DONE;

	note_rest(m);
	for (size_t i = 0; i < m->count; i++) {
		if (m->results[i].err.class == ERR_NONE)
			continue;
		(void)cli_fail(m->results[i].name, &m->results[i].err);
		r = EXIT_FAILED;
	}
	if (m->cli->json)
		check_table_json(settings, m->results, m->count, stdout);
	else
		check_table_text(settings, m->results, m->count, stdout);
	return r;
}

static int check_all(struct many *m, size_t jobs)
{
	const struct consult_many many = {.count = m->count,
		.jobs = jobs,
		.host = host_of,
		.one = check_one,
		.arg = m};
	struct err err = {0};

	/* the answer is what there is to see; the log keeps still without
	 * -v */
	if (m->cli->verbosity <= 0)
		log_setup(LOG_LEVEL_NONE, log_format(), STDERR_FILENO);
	if (m->count != 0 &&
		consult_many(&m->cli->config.settings, &many, &err) != 0)
		return cli_fail("check", &err);
	return report(m);
}

/* 0, or an exit status. */
static int parse_jobs(const char *value, size_t *ret_jobs)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' || n < 1 ||
		n > JOBS_MAX)
		return cli_usage("check",
			"--jobs %s: it takes a number from 1 to %d", value,
			JOBS_MAX);
	*ret_jobs = (size_t)n;
	return 0;
}

/* What the options have to be together. */
static int check_args(const struct args *args)
{
	const char *file = args_value(args, "from");
	bool all = args_value(args, "all") != NULL;

	for (size_t i = 0; i < args->option_count; i++)
		if (strcmp(args->options[i]->name, "all") != 0 &&
			strcmp(args->options[i]->name, "from") != 0 &&
			strcmp(args->options[i]->name, "jobs") != 0)
			return cli_usage("check",
				"--%s is for one account or URL alone",
				args->options[i]->name);
	if ((args->word_count != 0) + (file != NULL) + all != 1)
		return cli_usage("check",
			"it takes one of these: a URL, one or more NAMEs, "
			"--all, --from FILE");
	return 0;
}

int check_many(struct cli *cli, const struct args *args)
{
	const char *file = args_value(args, "from");
	struct many m = {.cli = cli};
	size_t jobs = JOBS_DEFAULT;
	int r = check_args(args);

	if (r == 0 && args_value(args, "jobs") != NULL)
		r = parse_jobs(args_value(args, "jobs"), &jobs);
	if (r != 0)
		return r;
	(void)pthread_mutex_init(&m.lock, NULL);
	if (file != NULL)
		r = list_file(&m, file);
	else
		r = cli_state(cli, &m.state);
	if (r == 0 && file == NULL)
		r = args->word_count != 0 ? list_names(&m, args) : list_all(&m);
	if (r == 0)
		r = check_all(&m, jobs);
	for (size_t i = 0; i < m.count; i++)
		check_result_clear(&m.results[i]);
	free(m.results);
	free(m.urls);
	free((void *)m.rows);
	sheet_clear(&m.sheet);
	state_close(&m.state);
	(void)pthread_mutex_destroy(&m.lock);
	return r;
}
