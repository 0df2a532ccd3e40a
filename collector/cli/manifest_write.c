/* SPDX-License-Identifier: BSD-2-Clause */
#include "manifest_write.h"

#include "../model/manifest.h"
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct writing {
	FILE *out;
	struct buf line;
	struct manifest_message message;
	uint64_t messages;
};

static void flush(struct writing *w)
{
	(void)fwrite(buf_str(&w->line), 1, w->line.len, w->out);
	buf_reset(&w->line);
}

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct writing *w = arg;
	struct manifest_message *out = &w->message;

	if (m->state > LEDGER_DONE)
		return 0;
	memcpy(out->sha256, m->sha256, sizeof out->sha256);
	out->bytes = m->size_bytes;
	if (m->uid != 0)
		(void)snprintf(out->key, sizeof out->key,
			"uid:%" PRIu32 ".%" PRIu32, m->uidvalidity, m->uid);
	else
		(void)snprintf(out->key, sizeof out->key, "uidl:%" PRIu32 ":%s",
			m->occurrence, m->uidl);
	(void)snprintf(out->dir, sizeof out->dir, "%s", dir);
	(void)snprintf(out->file, sizeof out->file, "%s", m->base);
	manifest_put_message(out, &w->line);
	w->messages++;
	flush(w);
	if (ferror(w->out) != 0)
		return err_set(err, ERR_DISK, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, "the manifest cannot be written");
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct ledger_mailbox *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int write_mailboxes(
	struct writing *w, struct ledger *ledger, struct err *err)
{
	struct ledger_mailbox *all;
	size_t count;
	int rc = ledger_mailboxes(ledger, &all, &count, err);

	if (rc != 0)
		return -1;
	if (count != 0)
		qsort(all, count, sizeof *all, by_name);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		(void)snprintf(w->message.mailbox, sizeof w->message.mailbox,
			"%s", all[i].name);
		rc = ledger_each_in_order(ledger, all[i].id, on_row, w, err);
	}
	free(all);
	return rc;
}

static int write_head(struct writing *w, const struct account *account,
	struct ledger *ledger, struct err *err)
{
	struct manifest_account a = {.store = ""};

	(void)snprintf(a.name, sizeof a.name, "%s", account->name);
	(void)snprintf(a.user, sizeof a.user, "%s", account->to);
	url_format(&account->url, a.source);
	if (ledger != NULL && ledger_store_id(ledger, a.store, err) != 0)
		return -1;
	manifest_put_account(&a, &w->line);
	flush(w);
	return 0;
}

int manifest_write_account(struct state *state, const struct account *account,
	FILE *out, struct err *err)
{
	struct writing *w = mem_alloc(sizeof *w);
	struct ledger *ledger = NULL;
	char *path = NULL;
	int rc = report_ledger_open(state, account, &ledger, &path, err);

	w->out = out;
	buf_init(&w->line, MANIFEST_LINE_MAX);
	if (rc == 0)
		rc = write_head(w, account, ledger, err);
	if (rc == 0 && ledger != NULL)
		rc = write_mailboxes(w, ledger, err);
	if (rc == 0) {
		manifest_put_account_end(w->messages, &w->line);
		flush(w);
	}
	report_ledger_close(&ledger, &path);
	buf_free(&w->line);
	free(w);
	return rc;
}

static void write_line(FILE *out, struct buf *line)
{
	(void)fwrite(buf_str(line), 1, line->len, out);
	buf_free(line);
}

void manifest_write_begin(FILE *out)
{
	struct buf line;

	buf_init(&line, MANIFEST_LINE_MAX);
	manifest_put_head(&line);
	write_line(out, &line);
}

void manifest_write_end(FILE *out, size_t accounts)
{
	struct buf line;

	buf_init(&line, MANIFEST_LINE_MAX);
	manifest_put_end(accounts, &line);
	write_line(out, &line);
}
