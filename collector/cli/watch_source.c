/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_source.h"

#include "../../storage/accounts.h"
#include "../base/clock.h"
#include "../base/mem.h"

#include <stdlib.h>
#include <string.h>

static void moment_clear(struct watch_moment *m)
{
	jobs_status_free(&m->statuses, m->status_count);
	free(m->rows);
	*m = (struct watch_moment){0};
}

static void accounts_free(struct account *accounts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		account_clear(&accounts[i]);
	free(accounts);
}

static void open_clear(struct watch_source *s)
{
	jobs_status_free(&s->open, s->open_count);
	jobs_failures_free(s->failures, s->failure_count);
	s->failures = NULL;
	s->open_count = s->failure_count = 0;
}

void watch_source_clear(struct watch_source *s)
{
	moment_clear(&s->now);
	accounts_free(s->accounts, s->account_count);
	free(s->hosts);
	jobs_notices_free(s->notices, s->notice_count);
	open_clear(s);
	*s = (struct watch_source){0};
}

/* Whether these are the jobs of the accounts that were read, unchanged. */
static bool same_accounts(
	const struct watch_moment *a, const struct watch_moment *b)
{
	if (a->at_ms == 0 || a->status_count != b->status_count)
		return false;
	for (size_t i = 0; i < a->status_count; i++)
		if (a->statuses[i].account_id != b->statuses[i].account_id ||
			a->statuses[i].revision != b->statuses[i].revision)
			return false;
	return true;
}

static bool is_meant(const struct watch_source *s, const struct account *a)
{
	const char *group = args_value(s->args, "group");

	if (s->args->word_count == 0 && group == NULL)
		return true;
	for (size_t i = 0; i < s->args->word_count; i++)
		if (strcmp(s->args->words[i], a->name) == 0)
			return true;
	return group != NULL && group[0] != '\0' &&
	       strcmp(group, a->group) == 0;
}

/* Both are in the order of the names, but for what has come or gone between. */
static void join(const struct watch_source *s, struct watch_moment *m)
{
	size_t next = 0;

	m->rows = mem_array(m->status_count + 1, sizeof *m->rows);
	for (size_t i = 0; i < m->status_count; i++) {
		size_t j = next;
		while (j < s->account_count &&
			s->accounts[j].id != m->statuses[i].account_id)
			j++;
		if (j == s->account_count)
			continue; /* it came since */
		next = j + 1;
		if (is_meant(s, &s->accounts[j]))
			watch_row_fill(&m->rows[m->count++], &s->accounts[j],
				&m->statuses[i]);
	}
}

static int read_accounts(struct watch_source *s, struct err *err)
{
	struct account *accounts = NULL;
	size_t count = 0;

	if (accounts_all(s->state, &accounts, &count, err) < 0)
		return -1;
	accounts_free(s->accounts, s->account_count);
	s->accounts = accounts;
	s->account_count = count;
	return 0;
}

static int read_beside(struct watch_source *s, struct err *err)
{
	struct budget_row *hosts = NULL;
	struct job_notice *notices = NULL;
	size_t host_count = 0, notice_count = 0;

	if (budgets_all(s->state, clock_wall_s(), &hosts, &host_count, err) < 0)
		return -1;
	if (jobs_notices(s->state, &notices, &notice_count, err) < 0) {
		free(hosts);
		return -1;
	}
	free(s->hosts);
	jobs_notices_free(s->notices, s->notice_count);
	s->hosts = hosts;
	s->host_count = host_count;
	s->notices = notices;
	s->notice_count = notice_count;
	return 0;
}

static int read_open(
	struct watch_source *s, int64_t account_id, struct err *err)
{
	open_clear(s);
	if (account_id == 0)
		return 0;
	if (jobs_status(s->state, account_id, &s->open, &s->open_count, err) <
		0)
		return -1;
	return jobs_failures(
		s->state, account_id, &s->failures, &s->failure_count, err);
}

static void tell(const struct watch_source *s, struct watch_reading *ret)
{
	*ret = (struct watch_reading){
		.rows = s->now.rows,
		.count = s->now.count,
		.hosts = s->hosts,
		.host_count = s->host_count,
		.notices = s->notices,
		.notice_count = s->notice_count,
		.per_host = s->settings->pool_per_host,
		.served = state_is_locked(s->state),
		.now_s = clock_wall_s(),
		.failures = s->failures,
		.failure_count = s->failure_count,
	};
	if (s->open_count == 0)
		return;
	ret->mailboxes = s->open->mailboxes;
	ret->mailbox_count = s->open->mailbox_count;
}

int watch_source_read(struct watch_source *s, int64_t open_account,
	struct watch_reading *ret_reading, struct err *err)
{
	struct watch_moment m = {.at_ms = clock_mono_ms()};
	int r = jobs_overview(s->state, &m.statuses, &m.status_count, err);

	/* the rows that are shown point to the accounts as they were */
	if (r == 0 && !same_accounts(&s->now, &m)) {
		r = read_accounts(s, err);
		if (r == 0) {
			free(s->now.rows);
			s->now.rows = NULL;
			s->now.count = 0;
			join(s, &s->now);
		}
	}
	if (r != 0) {
		moment_clear(&m);
		tell(s, ret_reading);
		return -1;
	}
	join(s, &m);
	watch_row_pace(m.rows, m.count, s->now.rows, s->now.count,
		m.at_ms - s->now.at_ms, clock_wall_us() / 1000);
	moment_clear(&s->now);
	s->now = m;
	r = read_beside(s, err);
	if (r == 0)
		r = read_open(s, open_account, err);
	tell(s, ret_reading);
	return r;
}
