/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Account after account: its messages are read from the manifest, then its
 * store is read, once more while a reader works on it and something seems to
 * be missing.
 */
#include "manifest_check.h"

#include "../base/mem.h"
#include "../model/text.h"
#include "../sync/summary.h"
#include "json.h"
#include "manifest_match.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSES 4

struct check {
	struct cli *cli;
	const char *path, *store;
	const struct args *args;
	bool *found; /* of args->words */
	struct manifest_reader *reader;
	struct match match;
	bool wanted;	  /* the present account */
	bool steady;	  /* of its store */
	json_t *accounts; /* --json, else NULL */
	struct table table;
	uint64_t listed; /* rows of the table */
	struct buf said; /* a line an account */
	int worst;
};

static bool wants(void *arg, const char *dir, const char *base)
{
	const struct check *c = arg;

	(void)dir;
	return match_wants(&c->match, base);
}

static void on_file(void *arg, const struct stock_file *file)
{
	struct check *c = arg;

	match_file(&c->match, file);
}

static int read_store(struct check *c, const char *root, struct err *err)
{
	const struct stock_reader reader = {
		.wants = wants, .read = on_file, .arg = c};
	int fd, rc;

	if (stock_open(root, &fd, err) != 0)
		return -1;
	for (int i = 0; i < PASSES; i++) {
		if (i != 0)
			match_again(&c->match);
		rc = stock_each(fd, &reader, &c->steady, err);
		if (rc != 0)
			break;
		match_finish(&c->match);
		if (c->steady ||
			(match_count(&c->match, MATCH_MISSING) == 0 &&
				match_count(&c->match, MATCH_CHANGED) == 0))
			break;
	}
	(void)close(fd);
	return rc;
}

/* ---- telling */

static void tell(struct check *c, json_t *list, const char *kind,
	const char *mailbox, const char *message, const char *dir,
	const char *file, const char *note)
{
	char folder[NAME_FOLDER_MAX];
	char *name = summary_printable(mailbox);

	if (name_folder_from_dir(dir, folder, sizeof folder) != 0)
		(void)snprintf(folder, sizeof folder, "%s", dir);
	c->listed++;
	if (list != NULL)
		(void)json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}",
				      "kind", kind, "mailbox",
				      mailbox[0] != '\0' ? json_text(name)
							 : json_null(),
				      "message",
				      message[0] != '\0' ? json_text(message)
							 : json_null(),
				      "folder", json_text(folder), "file",
				      json_text(file), "text",
				      note[0] != '\0' ? json_text(note)
						      : json_null()));
	else
		table_row(&c->table,
			(const char *const[]){c->reader->account.name, kind,
				name, message, folder, file, note});
	free(name);
}

static void tell_message(
	struct check *c, json_t *list, const struct match_message *m)
{
	switch (m->state) {
	case MATCH_MISSING:
		tell(c, list, "missing", m->mailbox, m->key, m->dir, m->file,
			c->steady ? "" : "its reader was at work; check again");
		break;
	case MATCH_CHANGED:
		tell(c, list, "changed", m->mailbox, m->key, m->now_dir,
			m->file, "its bytes are not those received");
		break;
	case MATCH_SAME:
		break;
	}
}

struct counts {
	size_t same, moved, missing, changed, additional;
};

static struct counts count_all(const struct match *m)
{
	struct counts n = {.same = match_count(m, MATCH_SAME),
		.missing = match_count(m, MATCH_MISSING),
		.changed = match_count(m, MATCH_CHANGED)};

	for (size_t i = 0; i < m->count; i++)
		n.moved += m->messages[i].moved;
	for (size_t i = 0; i < m->file_count; i++)
		n.additional += !m->files[i].used;
	return n;
}

static void tell_account(struct check *c, const char *root)
{
	const struct manifest_account *a = &c->reader->account;
	const struct match *m = &c->match;
	const struct counts n = count_all(m);
	json_t *list = c->accounts != NULL ? json_array() : NULL;
	char line[1200], printable[1200];

	for (size_t i = 0; i < m->count; i++)
		tell_message(c, list, &m->messages[i]);
	for (size_t i = 0; i < m->file_count; i++)
		if (!m->files[i].used)
			tell(c, list, "additional", "", "", m->files[i].dir,
				m->files[i].base, "not in the manifest");
	if (n.missing + n.changed != 0 && c->worst < EXIT_FAILED)
		c->worst = EXIT_FAILED;
	if (list != NULL) {
		(void)json_array_append_new(c->accounts,
			json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, "
				  "s:o, s:n}",
				"account", json_text(a->name), "store",
				json_text(root), "messages",
				(json_int_t)m->count, "same",
				(json_int_t)n.same, "moved",
				(json_int_t)n.moved, "missing",
				(json_int_t)n.missing, "changed",
				(json_int_t)n.changed, "additional",
				(json_int_t)n.additional, "differences", list,
				"error"));
		return;
	}
	(void)snprintf(line, sizeof line,
		"%s: %zu messages in the manifest: %zu as received (%zu of "
		"them moved or renamed), %zu missing, %zu changed; %zu "
		"additional in %.500s",
		a->name, m->count, n.same, n.moved, n.missing, n.changed,
		n.additional, root);
	text_printable(line, printable, sizeof printable);
	(void)buf_printf(&c->said, "%s\n", printable);
}

static void tell_fault(struct check *c, const struct err *err)
{
	const struct manifest_account *a = &c->reader->account;
	int r = cli_fail(a->name, err);

	c->worst = r > c->worst ? r : c->worst;
	if (c->accounts != NULL)
		(void)json_array_append_new(c->accounts,
			json_pack("{s:o, s:[], s:{s:s, s:o, s:o}}", "account",
				json_text(a->name), "differences", "error",
				"class", err_class_name(err->class), "text",
				json_text(err->text), "hint",
				json_text(err->hint)));
}

/* ---- the manifest's lines */

static void begin_account(struct check *c)
{
	const struct args *args = c->args;

	match_init(&c->match);
	c->wanted = args->word_count == 0;
	for (size_t i = 0; i < args->word_count; i++)
		if (strcmp(args->words[i], c->reader->account.name) == 0)
			c->wanted = c->found[i] = true;
}

static void end_account(struct check *c)
{
	struct err err = {0};
	char *root = NULL;
	int rc = 0;

	if (c->wanted && c->store == NULL)
		rc = settings_store_path(&c->cli->config.settings,
			c->reader->account.user, &root, &err);
	else if (c->wanted)
		root = mem_strdup(c->store);
	if (c->wanted && rc == 0) {
		match_seal(&c->match);
		rc = read_store(c, root, &err);
	}
	if (rc != 0)
		tell_fault(c, &err);
	else if (c->wanted)
		tell_account(c, root);
	match_clear(&c->match);
	free(root);
}

static int on_line(
	struct check *c, const char *line, size_t len, struct err *err)
{
	enum manifest_line kind;

	if (manifest_read(c->reader, line, len, &kind, err) != 0)
		return -1;
	switch (kind) {
	case MANIFEST_ACCOUNT:
		begin_account(c);
		break;
	case MANIFEST_MESSAGE:
		if (c->wanted)
			match_add(&c->match, &c->reader->message);
		break;
	case MANIFEST_ACCOUNT_END:
		end_account(c);
		break;
	case MANIFEST_HEAD:
	case MANIFEST_END:
		break;
	}
	return 0;
}

/* A line at a time, none longer than it may be. fn NULL: only whether it is
 * whole. */
static int read_lines(
	struct check *c, FILE *in, bool only_read, struct err *err)
{
	char *line = mem_alloc(MANIFEST_LINE_MAX + 1);
	size_t n = 0;
	int ch, rc = 0;

	manifest_reader_init(c->reader);
	while (rc == 0 && (ch = getc(in)) != EOF) {
		enum manifest_line kind;
		if (ch != '\n' && n < MANIFEST_LINE_MAX) {
			line[n++] = (char)ch;
			continue;
		}
		rc = only_read ? manifest_read(c->reader, line, n, &kind, err)
			       : on_line(c, line, n, err);
		n = 0;
	}
	free(line);
	if (rc == 0 && ferror(in) != 0)
		return err_set_file(err, errno, "it cannot be read");
	if (rc == 0 && n != 0)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE,
			"it is not whole: its last line has no end");
	return rc == 0 ? manifest_read_end(c->reader, err) : rc;
}

/* The whole file is looked through before anything is said. */
static int read_manifest(struct check *c, struct err *err)
{
	int fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	struct stat st;
	int rc;

	if (in == NULL) {
		(void)err_set_file(err, errno, "cannot open %s", c->path);
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		rc = err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "it is no file");
	else
		rc = read_lines(c, in, true, err);
	if (rc == 0) {
		rewind(in);
		rc = read_lines(c, in, false, err);
	}
	if (rc != 0)
		(void)err_where(err, "%s", c->path);
	(void)fclose(in);
	return rc;
}

static void print(struct check *c)
{
	if (c->accounts != NULL) {
		json_print(json_pack("{s:o, s:O}", "manifest",
				   json_text(c->path), "accounts", c->accounts),
			stdout);
		return;
	}
	if (c->listed != 0) {
		table_print(&c->table, stdout);
		(void)fputc('\n', stdout);
	}
	(void)fputs(buf_str(&c->said), stdout);
}

int manifest_check(struct cli *cli, const char *file, const char *store,
	const struct args *args)
{
	static const char *const heads[] = {"ACCOUNT", "DIFFERENCE", "MAILBOX",
		"MESSAGE", "FOLDER", "FILE", "NOTE"};
	struct check c = {.cli = cli,
		.path = file,
		.store = store,
		.args = args,
		.found = mem_array(args->word_count + 1, sizeof(bool)),
		.reader = mem_alloc(sizeof *c.reader),
		.accounts = cli->json ? json_array() : NULL};
	struct err err = {0};

	table_init(&c.table, heads, 7);
	buf_init(&c.said, SIZE_MAX / 2);
	if (read_manifest(&c, &err) != 0)
		c.worst = cli_fail(NULL, &err);
	else
		print(&c);
	for (size_t i = 0; c.worst == 0 && i < args->word_count; i++)
		if (!c.found[i])
			c.worst = cli_usage("report",
				"no account \"%s\" is in %s", args->words[i],
				file);
	json_decref(c.accounts);
	table_clear(&c.table);
	buf_free(&c.said);
	free(c.reader);
	free(c.found);
	return c.worst;
}
