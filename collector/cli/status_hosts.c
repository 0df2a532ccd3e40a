/* SPDX-License-Identifier: BSD-2-Clause */
#include "status_hosts.h"

#include "../base/clock.h"
#include "../model/text.h"
#include "json.h"
#include "table.h"

static json_t *limit_json(uint64_t limit)
{
	return limit != 0 ? json_integer((json_int_t)limit) : json_null();
}

static json_t *until_json(int64_t wall_s)
{
	char text[CLOCK_RFC3339_BYTES];

	return wall_s != 0 ? json_string(clock_rfc3339(wall_s, text))
			   : json_null();
}

static json_t *day_json(
	const struct budget_day *day, uint64_t limit, int64_t now_s)
{
	uint64_t used = budget_used(day, now_s);

	return json_pack("{s:I, s:o, s:o}", "bytes", (json_int_t)used, "limit",
		limit_json(limit), "ends_at",
		until_json(used != 0 ? budget_ends_s(day, now_s) : 0));
}

json_t *status_day_json(const struct settings *settings,
	const struct account *account, const struct job_status *status)
{
	struct budget_limits limits;

	budget_limits_of(settings->limits_hosts, settings->limits_known,
		account->url.host, account->url.protocol, &limits);
	return day_json(&status->day,
		budget_lower(limits.account_bytes, status->learned_bytes),
		clock_wall_s());
}

/* At once, as it is now. */
static int64_t sessions_of(
	const struct settings *settings, const struct budget_row *row)
{
	int64_t said =
		row->sessions != 0 ? row->sessions : settings->pool_per_host;

	return (int64_t)budget_lower(
		(uint64_t)said, (uint64_t)row->learned_sessions);
}

static uint64_t logins_of(const struct budget_row *row)
{
	return budget_lower(
		(uint64_t)row->logins, (uint64_t)row->learned_logins);
}

json_t *status_hosts_json(const struct settings *settings,
	const struct budget_row *rows, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct budget_row *r = &rows[i];
		(void)json_array_append_new(array,
			json_pack("{s:o, s:{s:I, s:I}, s:{s:I, s:o}, s:o, s:o}",
				"host", json_text(r->host), "sessions",
				"running", (json_int_t)r->running, "limit",
				(json_int_t)sessions_of(settings, r), "logins",
				"last_minute", (json_int_t)r->last_minute,
				"limit", limit_json(logins_of(r)), "day",
				day_json(&r->day, r->day_bytes, clock_wall_s()),
				"learned_until", until_json(r->learned_until)));
	}
	return array;
}

static bool is_limited(const struct budget_row *row)
{
	return row->sessions != 0 || row->day_bytes != 0 ||
	       logins_of(row) != 0 || row->learned_until != 0;
}

/* "12 of 30", or "12" where there is no limit. */
static void format_of(uint64_t n, uint64_t limit,
	void format(uint64_t n, char out[32]), char *out, size_t out_bytes)
{
	char used[32], all[32];

	format(n, used);
	format(limit, all);
	(void)snprintf(
		out, out_bytes, limit != 0 ? "%s of %s" : "%s", used, all);
}

static void note(const struct budget_row *row, char *out, size_t out_bytes)
{
	char when[CLOCK_RFC3339_BYTES];
	int64_t now_s = clock_wall_s();
	bool used_up = row->day_bytes != 0 &&
		       budget_used(&row->day, now_s) >= row->day_bytes;

	if (used_up)
		(void)snprintf(out, out_bytes, "the day is used up until %s",
			clock_rfc3339(budget_ends_s(&row->day, now_s), when));
	else if (row->learned_until != 0)
		(void)snprintf(out, out_bytes,
			"fewer since it complained, until %s",
			clock_rfc3339(row->learned_until, when));
	else
		(void)snprintf(out, out_bytes, "%s", "");
}

static void add_row(struct table *t, const struct settings *settings,
	const struct budget_row *r)
{
	char sessions[80], logins[80], day[80], text[120];

	format_of((uint64_t)r->running, (uint64_t)sessions_of(settings, r),
		text_format_count, sessions, sizeof sessions);
	format_of((uint64_t)r->last_minute, logins_of(r), text_format_count,
		logins, sizeof logins);
	format_of(budget_used(&r->day, clock_wall_s()), r->day_bytes,
		text_format_bytes, day, sizeof day);
	note(r, text, sizeof text);
	table_row(
		t, (const char *const[]){r->host, sessions, logins, day, text});
}

void status_hosts_print(const struct settings *settings,
	const struct budget_row *rows, size_t count, FILE *out)
{
	static const char *const heads[] = {
		"HOST", ">SESSIONS", ">LOGINS/MIN", ">TODAY", "NOTE"};
	struct table t;

	table_init(&t, heads, 5);
	for (size_t i = 0; i < count; i++)
		if (is_limited(&rows[i]))
			add_row(&t, settings, &rows[i]);
	if (t.rows != 0) {
		(void)fputc('\n', out);
		table_print(&t, out);
	}
	table_clear(&t);
}
