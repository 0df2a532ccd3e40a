/* SPDX-License-Identifier: BSD-2-Clause */
#include "pages.h"

#include <stdio.h>

#define NAME(n) "mailhaul_" n

static void labelled(struct buf *out, const char *name, const char *label,
	const char *word, uint64_t value)
{
	const struct exposition_label labels[] = {{label, word}, {NULL, NULL}};

	exposition_count(out, name, labels, value);
}

static void by_protocol(struct buf *out, const char *name, size_t protocol,
	const char *label, const char *word, uint64_t value)
{
	const struct exposition_label labels[] = {
		{"protocol", protocol_name((enum protocol)protocol)},
		{label, word}, {NULL, NULL}};

	exposition_count(out, name, labels, value);
}

/* ---- what the job table holds */

static void accounts(const struct totals *t, struct buf *out)
{
	exposition_head(out, NAME("accounts"), "gauge",
		"Accounts, by protocol and by what status says of them.");
	for (size_t p = 0; p < TOTALS_PROTOCOLS; p++)
		for (size_t s = 0; s < TOTALS_STATES; s++)
			by_protocol(out, NAME("accounts"), p, "state",
				totals_states[s], t->accounts[p][s]);
	exposition_head(out, NAME("account_errors"), "gauge",
		"Accounts whose last run left an error, by its class; see "
		"mailhaul explain.");
	for (size_t c = ERR_NONE + 1; c < ERR_CANCELLED; c++)
		labelled(out, NAME("account_errors"), "class",
			err_class_name((enum err_class)c), t->errors[c]);
	exposition_gauge(out, NAME("accounts_stalled"),
		"Accounts that are tried and of which nothing has come for a "
		"day.",
		t->stalled);
}

static void mail(const struct totals *t, struct buf *out)
{
	exposition_gauge(out, NAME("source_messages"),
		"Messages at the sources, as the last runs counted them.",
		t->source);
	exposition_gauge(out, NAME("stored_messages"),
		"Messages that are imported.", t->stored);
	exposition_gauge(out, NAME("quarantined_messages"),
		"Messages that could not be had and are tried again; see "
		"mailhaul failures.",
		t->quarantined);
	exposition_gauge(out, NAME("skipped_messages"),
		"Messages that are left out as the accounts say.", t->skipped);
	exposition_gauge(out, NAME("held_messages"),
		"Messages that are gone on one side and kept on the other "
		"until a person confirms.",
		t->held);
	exposition_gauge(out, NAME("deletions_waiting_messages"),
		"Messages that wait for their deletion at the source.",
		t->deletions);
	exposition_gauge(out, NAME("stored_bytes"),
		"Bytes of the messages that are imported.", t->bytes);
}

static void queue(const struct pages_facts *f, struct buf *out)
{
	const struct totals *t = &f->totals;
	uint64_t due = 0;

	for (size_t p = 0; p < TOTALS_PROTOCOLS; p++)
		due += t->accounts[p][TOTALS_QUEUED];
	exposition_gauge(out, NAME("jobs_due"),
		"Accounts that are due and wait for a place.", due);
	exposition_gauge(out, NAME("jobs_due_since_timestamp_seconds"),
		"Since when the first of those waits; 0: none does.",
		(uint64_t)t->due_from_s);
	exposition_gauge(out, NAME("oldest_success_timestamp_seconds"),
		"Of the accounts that are to be collected, the last success "
		"(or the enrolment) that is the longest ago; 0: there are "
		"none.",
		(uint64_t)t->success_from_s);
	exposition_gauge(out, NAME("table_read_timestamp_seconds"),
		"When the numbers about accounts were read.",
		(uint64_t)f->totals_at_s);
	exposition_head(out, NAME("budget_hosts"), "gauge",
		"Remote hosts by their budget: all, those that taught to ask "
		"less, those whose day is used up.");
	labelled(out, NAME("budget_hosts"), "state", "all", t->hosts);
	labelled(out, NAME("budget_hosts"), "state", "learned",
		t->hosts_learned);
	labelled(out, NAME("budget_hosts"), "state", "used_up",
		t->hosts_used_up);
}

/* ---- what has happened */

static void runs(const struct counters *c, struct buf *out)
{
	exposition_head(out, NAME("runs_started_total"), "counter",
		"Runs that were started.");
	exposition_count(out, NAME("runs_started_total"), NULL, c->started);
	exposition_head(out, NAME("runs_ended_total"), "counter",
		"Runs that have ended, by how: ok, cancelled, made_way, or the "
		"class of the error.");
	for (size_t p = 0; p < COUNTERS_PROTOCOLS; p++)
		for (size_t r = ERR_NONE + 1; r < COUNTERS_RESULTS; r++)
			by_protocol(out, NAME("runs_ended_total"), p, "result",
				counters_result_name(r), c->ended[p][r]);
	exposition_histogram(out, NAME("run_duration_seconds"),
		"How long runs took.", &c->duration);
	exposition_histogram(out, NAME("job_wait_seconds"),
		"How long accounts that were due waited for their run.",
		&c->wait);
}

static void bulk(const struct counters *c, struct buf *out)
{
	exposition_head(out, NAME("messages_collected_total"), "counter",
		"Messages that were imported.");
	for (size_t p = 0; p < COUNTERS_PROTOCOLS; p++)
		labelled(out, NAME("messages_collected_total"), "protocol",
			protocol_name((enum protocol)p), c->told[p].messages);
	exposition_head(out, NAME("received_bytes_total"), "counter",
		"Bytes of messages that were received.");
	for (size_t p = 0; p < COUNTERS_PROTOCOLS; p++)
		labelled(out, NAME("received_bytes_total"), "protocol",
			protocol_name((enum protocol)p), c->told[p].bytes);
	exposition_head(out, NAME("messages_deleted_at_source_total"),
		"counter", "Messages that were deleted at the source.");
	exposition_count(out, NAME("messages_deleted_at_source_total"), NULL,
		c->deleted);
}

/* ---- the process */

static void process(const struct pages_facts *f, struct buf *out)
{
	exposition_head(out, NAME("build_info"), "gauge", "Always 1.");
	labelled(out, NAME("build_info"), "version", MAILHAUL_VERSION, 1);
	exposition_gauge(out, NAME("process_start_time_seconds"),
		"When the daemon was started.", (uint64_t)f->started_s);
	exposition_gauge(out, NAME("runs"), "Runs that go on.", f->runs);
	exposition_head(out, NAME("sessions"), "gauge",
		"Sessions with servers: running, or parked until there is new "
		"mail.");
	labelled(out, NAME("sessions"), "state", "running", f->sessions);
	labelled(out, NAME("sessions"), "state", "parked", f->parked);
	exposition_gauge(out, NAME("sessions_limit"),
		"Sessions that may run at once.", f->places);
	exposition_head(out, NAME("processes_died_total"), "counter",
		"Sandboxed processes that have crashed or were killed.");
	exposition_count(
		out, NAME("processes_died_total"), NULL, f->processes_died);
	exposition_head(out, NAME("heralds_started_total"), "counter",
		"Processes that were started to answer HTTP.");
	exposition_count(out, NAME("heralds_started_total"), NULL, f->heralds);
}

static void disk(const struct pages_facts *f, struct buf *out)
{
	exposition_head(out, NAME("committed_batches_total"), "counter",
		"Batches of messages that were made durable together.");
	exposition_count(
		out, NAME("committed_batches_total"), NULL, f->batches);
	exposition_head(out, NAME("committer_busy_seconds"), "gauge",
		"For how long the present batch has taken; the disk does not "
		"answer where that grows.");
	exposition_seconds(out, NAME("committer_busy_seconds"), NULL,
		f->committer_busy_ms);
	exposition_gauge(out, NAME("state_disk_full"),
		"1: there is no room on the file system of state.dir, and "
		"nothing is collected.",
		f->state_full);
	exposition_gauge(out, NAME("draining"),
		"1: the daemon is about to end.", f->draining);
}

void pages_metrics(const struct pages_facts *f, struct buf *out)
{
	process(f, out);
	runs(f->counters, out);
	bulk(f->counters, out);
	disk(f, out);
	if (f->totals_at_s == 0)
		return; /* nothing is better than zeros */
	accounts(&f->totals, out);
	mail(&f->totals, out);
	queue(f, out);
}

/* ---- yes or no */

static void say(struct monitor_page *page, const char *trouble)
{
	page->status = trouble == NULL ? 200 : 503;
	(void)buf_printf(&page->text, "%s\n", trouble == NULL ? "ok" : trouble);
}

void pages_health(const struct pages_facts *f, struct monitor_page *page)
{
	say(page, f->committer_busy_ms > f->committer_most_ms
			  ? "the disk does not answer"
			  : NULL);
}

void pages_ready(const struct pages_facts *f, struct monitor_page *page)
{
	const char *trouble = NULL;

	if (f->draining)
		trouble = "the daemon is about to end";
	else if (!f->table_open)
		trouble = "the job table cannot be asked";
	else if (!f->keys_open)
		trouble = "the keys that open the passwords are not there";
	else if (f->state_full)
		trouble = "there is no room on the file system of state.dir";
	else if (f->committer_busy_ms > f->committer_most_ms)
		trouble = "the disk does not answer";
	say(page, trouble);
}
