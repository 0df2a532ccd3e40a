/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run may have the ledger open for hours, so a copy is read, as for a
 * backup: nobody waits for anybody, and no daemon is asked.
 *
 * Whether a mailbox is accounted for is judged as the run does it
 * (sync/completeness.h): rows of the present epoch, less those that the
 * source is known to have no longer, against what it listed.
 */
#include "../../storage/ledger_copy.h"
#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"
#include "../sync/digest.h"
#include "../sync/summary.h"
#include "../sync/verify.h"
#include "report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REASONS_MAX 40
#define MINUTES_STEP 65536
#define YEAR_FIRST 1970

int report_ledger_open(struct state *state, const struct account *account,
	struct ledger **ret_ledger, char **ret_path, struct err *err)
{
	char *from = state_ledger_path(state, account->uuid);
	char *to = mem_printf(
		"%s/results/report.%ld.db", state->dir, (long)getpid());
	int64_t fence = 0;
	int r;

	*ret_ledger = NULL;
	*ret_path = to;
	(void)unlink(to);
	r = ledger_copy(from, to, err);
	if (r == 1)
		r = ledger_read_fence(to, &fence, err);
	else if (r == 0)
		fence = -1;
	if (r == 0 && fence >= 0)
		r = ledger_open(to, account->uuid, fence, ret_ledger, err);
	free(from);
	if (r == 0)
		return 0;
	report_ledger_close(ret_ledger, ret_path);
	return -1;
}

void report_ledger_close(struct ledger **ledger, char **path)
{
	static const char *const more[] = {"", "-wal", "-shm", "-journal"};

	if (*ledger != NULL)
		ledger_close(ledger);
	for (size_t i = 0; *path != NULL && i < 4; i++) {
		char *name = mem_printf("%s%s", *path, more[i]);
		(void)unlink(name);
		free(name);
	}
	free(*path);
	*path = NULL;
}

/* ---- counts by label */

static struct report_count *find(
	struct report_counts *c, const char *label, size_t most)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->list[i].label, label) == 0)
			return &c->list[i];
	if (c->count >= most)
		return find(c, "other reasons", c->count + 1);
	c->list = mem_grow(c->list, c->count + 1, sizeof *c->list);
	c->list[c->count] = (struct report_count){.label = mem_strdup(label)};
	return &c->list[c->count++];
}

static void count_reason(
	struct report_account *a, const struct ledger_message *m)
{
	char label[sizeof m->why_text + 64], line[sizeof label];

	if (m->state == LEDGER_QUARANTINED)
		(void)snprintf(label, sizeof label, "quarantined, class %s",
			err_class_name(m->why));
	else if (m->why_text[0] != '\0')
		(void)snprintf(
			label, sizeof label, "left out: %s", m->why_text);
	else
		(void)snprintf(label, sizeof label, "left out");
	text_printable(label, line, sizeof line);
	find(&a->reasons, line, REASONS_MAX)->messages++;
}

static void count_year(struct report_account *a, const struct ledger_message *m)
{
	time_t at = (time_t)m->date_s;
	struct report_count *c;
	struct tm tm;
	char label[32] = "no date";

	if (m->date_s != 0 && gmtime_r(&at, &tm) != NULL &&
		tm.tm_year + 1900 >= YEAR_FIRST && tm.tm_year + 1900 <= 9999)
		(void)snprintf(label, sizeof label, "%d", tm.tm_year + 1900);
	c = find(&a->years, label, SIZE_MAX);
	c->messages++;
	c->bytes += m->size_bytes;
}

static int by_label(const void *x, const void *y)
{
	const struct report_count *a = x, *b = y;

	return strcmp(a->label, b->label);
}

static int by_messages(const void *x, const void *y)
{
	const struct report_count *a = x, *b = y;

	if (a->messages != b->messages)
		return a->messages > b->messages ? -1 : 1;
	return strcmp(a->label, b->label);
}

/* ---- counts by minute: appended as they come, made one now and then */

struct gather {
	struct report_account *a;
	struct report_mailbox *m;
	struct digest *digest;
	size_t minute_cap;
};

static int by_minute(const void *x, const void *y)
{
	const struct report_minute *a = x, *b = y;

	return a->minute < b->minute ? -1 : a->minute > b->minute;
}

static void merge_minutes(struct report_account *a)
{
	size_t n = 0;

	if (a->minute_count == 0)
		return;
	qsort(a->minutes, a->minute_count, sizeof *a->minutes, by_minute);
	for (size_t i = 1; i < a->minute_count; i++) {
		if (a->minutes[i].minute == a->minutes[n].minute) {
			a->minutes[n].messages += a->minutes[i].messages;
			a->minutes[n].bytes += a->minutes[i].bytes;
		} else {
			a->minutes[++n] = a->minutes[i];
		}
	}
	a->minute_count = n + 1;
}

static void count_minute(struct gather *g, const struct ledger_message *m)
{
	struct report_account *a = g->a;
	struct report_minute *last =
		a->minute_count != 0 ? &a->minutes[a->minute_count - 1] : NULL;
	int64_t minute = m->imported_at / 60;

	if (m->imported_at <= 0) {
		a->undated++;
		return;
	}
	if (last != NULL && last->minute == minute) {
		last->messages++;
		last->bytes += m->size_bytes;
		return;
	}
	if (a->minute_count == g->minute_cap) {
		merge_minutes(a);
		if (a->minute_count + MINUTES_STEP / 2 > g->minute_cap) {
			g->minute_cap += MINUTES_STEP;
			a->minutes = mem_grow(
				a->minutes, g->minute_cap, sizeof *a->minutes);
		}
	}
	assert(a->minutes != NULL);
	a->minutes[a->minute_count++] = (struct report_minute){
		.minute = minute, .messages = 1, .bytes = m->size_bytes};
}

/* ---- rows */

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct gather *g = arg;
	char hex[DIGEST_BYTES * 2 + 1];

	(void)dir;
	(void)err;
	if (m->state > LEDGER_DONE) {
		if (m->state == LEDGER_QUARANTINED || !m->going)
			count_reason(g->a, m);
		return 0;
	}
	g->m->collected++;
	g->m->bytes += m->size_bytes;
	digest_hex(m->sha256, hex);
	digest_add(g->digest, hex, strlen(hex));
	digest_add(g->digest, "\n", 1);
	count_year(g->a, m);
	count_minute(g, m);
	return 0;
}

/* As the run told it: a mailbox that its plan did not name has nothing. */
static bool is_left(const struct report_mailbox *m,
	const struct job_status *status, uint64_t exists)
{
	for (size_t i = 0; i < status->mailbox_count; i++)
		if (strcmp(status->mailboxes[i].mailbox, m->mailbox) == 0)
			return status->mailboxes[i].source == 0 && exists != 0;
	return false;
}

static void judge(struct report_mailbox *m, const struct ledger_mailbox *l,
	const struct job_status *status)
{
	int64_t rows =
		l->stored + l->quarantined + l->skipped + l->let_go - l->gone;

	m->accounted = REPORT_ACCOUNTED;
	if (is_left(m, status, m->listed)) {
		m->accounted = REPORT_LEFT;
		m->listed = 0;
	} else if (status->last_success_at == 0) {
		m->accounted = REPORT_UNLISTED;
	} else if (rows < l->exists) {
		m->accounted = REPORT_SHORT;
		m->off = (uint64_t)(l->exists - rows);
	} else if (rows > l->exists) {
		m->accounted = REPORT_UNPROVED;
		m->off = (uint64_t)(rows - l->exists);
	}
}

static uint64_t positive(int64_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

static int gather_mailbox(struct gather *g, struct ledger *ledger,
	const struct ledger_mailbox *l, const struct job_status *status,
	struct err *err)
{
	struct report_mailbox *m = g->m;
	unsigned char sha256[DIGEST_BYTES];
	int rc;

	*m = (struct report_mailbox){.mailbox = summary_printable(l->name),
		.folder = mem_strdup(l->folder),
		.notice = mem_strdup(l->notice),
		.listed = positive(l->exists),
		.quarantined = positive(l->quarantined),
		.left_out = positive(l->skipped),
		.gone = positive(l->gone),
		.let_go = positive(l->let_go)};
	digest_begin(&g->digest);
	rc = ledger_each_in_order(ledger, l->id, on_row, g, err);
	digest_end(&g->digest, sha256);
	digest_hex(sha256, m->digest);
	m->former = m->collected > (uint64_t)l->stored
			    ? m->collected - (uint64_t)l->stored
			    : 0;
	judge(m, l, status);
	return rc;
}

/* "AT COUNT KIND N KIND N …" */
static int read_verified(
	struct report_account *a, struct ledger *ledger, struct err *err)
{
	char *note = ledger_note_get(ledger, VERIFY_NOTE, err), *rest, *word;

	if (note == NULL)
		return -1;
	rest = note;
	word = strsep(&rest, " ");
	a->verified_at = strtoll(word, NULL, 10);
	if (rest != NULL && (word = strsep(&rest, " ")) != NULL)
		a->verified_differences = strtoull(word, NULL, 10);
	while (rest != NULL && (word = strsep(&rest, " ")) != NULL &&
		rest != NULL)
		find(&a->verified, word, REASONS_MAX)->messages =
			strtoull(strsep(&rest, " "), NULL, 10);
	free(note);
	return 0;
}

static int read_ledger(struct report_account *a, struct ledger *ledger,
	const struct job_status *status, struct err *err)
{
	struct gather g = {.a = a};
	struct ledger_mailbox *all;
	uint64_t skipped = 0;
	size_t count;
	int rc = ledger_mailboxes(ledger, &all, &count, err);

	if (rc != 0)
		return -1;
	a->mailboxes = mem_array(count, sizeof *a->mailboxes);
	for (; rc == 0 && a->mailbox_count < count; a->mailbox_count++) {
		g.m = &a->mailboxes[a->mailbox_count];
		rc = gather_mailbox(
			&g, ledger, &all[a->mailbox_count], status, err);
		skipped += g.m->left_out;
	}
	free(all);
	merge_minutes(a);
	a->left_out_there =
		positive(status->messages_skipped - (int64_t)skipped);
	return rc == 0 ? read_verified(a, ledger, err) : rc;
}

static void fill_account(struct report_account *a,
	const struct account *account, const struct job_status *status)
{
	char url[URL_TEXT_MAX], error[sizeof status->err.text];
	bool rules =
		account->folders[0] != '\0' || account->excludes[0] != '\0';

	url_format(&account->url, url);
	text_printable(
		status->has_error ? status->err.text : "", error, sizeof error);
	a->name = mem_strdup(account->name);
	a->source = mem_strdup(url);
	a->user = mem_strdup(account->to);
	a->made_at = clock_wall_s();
	a->listed_at = status->last_success_at;
	a->last_ok = status->failing_since == 0 && !status->has_error;
	a->running = strcmp(status->state, "running") == 0;
	a->skip_deleted = account->skip_deleted;
	a->error = mem_strdup(error);
	a->runs = status->runs;
	a->scope = mem_strdup(
		rules ? "Mailboxes that the account leaves out (--folder, "
			"--exclude) are not part of this."
		      : "");
}

int report_gather(struct state *state, const struct account *account,
	const struct job_status *status, struct report_account *ret,
	struct err *err)
{
	struct ledger *ledger = NULL;
	char *path = NULL;
	int rc;

	memset(ret, 0, sizeof *ret);
	fill_account(ret, account, status);
	rc = jobs_failures(
		state, account->id, &ret->failures, &ret->failure_count, err);
	for (size_t i = 0; rc == 0 && i < ret->failure_count; i++)
		ret->failed_mailboxes += ret->failures[i].uid == 0 &&
					 ret->failures[i].uidl[0] == '\0';
	if (rc == 0)
		rc = report_ledger_open(state, account, &ledger, &path, err);
	if (rc == 0 && ledger != NULL)
		rc = read_ledger(ret, ledger, status, err);
	report_ledger_close(&ledger, &path);
	if (ret->years.count != 0)
		qsort(ret->years.list, ret->years.count,
			sizeof *ret->years.list, by_label);
	if (ret->reasons.count != 0)
		qsort(ret->reasons.list, ret->reasons.count,
			sizeof *ret->reasons.list, by_messages);
	if (rc != 0)
		ret->fault = mem_strdup(err->text);
	return rc;
}
