/* SPDX-License-Identifier: BSD-2-Clause */
/* The job table in a few numbers: as many accounts in each state as `status`
 * says, and since when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jobs_rig.h"
#include "storage/totals.h"

static struct totals read_totals(int64_t at)
{
	struct totals t;
	struct err err = {0};

	if (totals_read(state, at, &t, &err) != 0)
		fail_msg("%s", err.text);
	return t;
}

static uint64_t in_state(const struct totals *t, const char *name)
{
	uint64_t n = 0;

	for (size_t s = 0; s < TOTALS_STATES; s++)
		for (size_t p = 0; p < TOTALS_PROTOCOLS; p++)
			if (strcmp(totals_states[s], name) == 0)
				n += t->accounts[p][s];
	return n;
}

static void of_nobody(void **unused)
{
	struct totals t = read_totals(now);

	(void)unused;
	for (size_t s = 0; s < TOTALS_STATES; s++)
		assert_int_equal(in_state(&t, totals_states[s]), 0);
	assert_int_equal(t.due_from_s, 0);
	assert_int_equal(t.success_from_s, 0);
	assert_int_equal(t.hosts, 0);
}

/* One of each, and the same as status has them. */
static void as_status_says(void **unused)
{
	struct job_result failed = {.needs_person = true};
	struct job_status *all = NULL;
	struct totals t;
	size_t n = 0;

	(void)unused;
	(void)err_set(&failed.err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
		ERR_RETRY_CHANGE, "refused");
	for (int i = 0; i < 6; i++)
		(void)add((const char[]){(char)('a' + i), '\0'}, "h");
	struct job ok = claim(now), bad = claim(now), later = claim(now),
		   runs = claim(now);
	assert_true(finish_ok(&ok, now, now + 900));
	assert_true(finish(&bad, now, &failed));
	assert_true(finish_failed(&later, now, now + 600));
	assert_int_equal(
		accounts_set_paused(state, runs.account_id + 1, true, NULL), 0);
	t = read_totals(clock_wall_s());
	assert_int_equal(jobs_status(state, 0, &all, &n, NULL), 0);
	assert_int_equal(n, 6);
	for (size_t s = 0; s < TOTALS_STATES; s++) {
		uint64_t count = 0;
		for (size_t i = 0; i < n; i++)
			count += strcmp(all[i].state, totals_states[s]) == 0;
		assert_int_equal(in_state(&t, totals_states[s]), count);
		assert_int_equal(count, 1);
	}
	assert_int_equal(t.accounts[PROTOCOL_POP3][0], 0);
	assert_int_equal(t.errors[ERR_AUTH], 1);
	assert_int_equal(t.errors[ERR_NETWORK], 1);
	assert_int_equal(t.hosts, 1);
	assert_true(t.due_from_s != 0 && t.due_from_s <= now);
	/* never collected: since the enrolment */
	assert_true(t.success_from_s != 0 && t.success_from_s < now);
	jobs_status_free(&all, n);
}

static void sums(void **unused)
{
	const struct job_mailbox mailbox = {.mailbox = (char[]){"INBOX"},
		.folder = (char[]){"INBOX"},
		.notice = (char[]){""},
		.uids_kept = -1,
		.uidls_missing = -1};
	struct job_result r = {.ok = true,
		.next_due_s = now + 900,
		.messages_source = 10,
		.messages_stored = 7,
		.messages_quarantined = 2,
		.messages_skipped = 1,
		.bytes_stored = 5000,
		.held = 3,
		.deletions_waiting = 4,
		.mailboxes = &mailbox,
		.mailbox_count = 1};
	struct totals t;

	(void)unused;
	for (int i = 0; i < 3; i++)
		(void)add((const char[]){(char)('a' + i), '\0'}, "h");
	for (int i = 0; i < 3; i++) {
		struct job job = claim(now);
		assert_true(job.due_at_s != 0 && job.due_at_s <= now);
		assert_true(finish(&job, now, &r));
	}
	t = read_totals(now + 10);
	assert_int_equal(in_state(&t, "idle"), 3);
	assert_int_equal(t.source, 30);
	assert_int_equal(t.stored, 21);
	assert_int_equal(t.quarantined, 6);
	assert_int_equal(t.skipped, 3);
	assert_int_equal(t.bytes, 15000);
	assert_int_equal(t.held, 9);
	assert_int_equal(t.deletions, 12);
	assert_int_equal(t.success_from_s, now);
	assert_int_equal(t.due_from_s, 0);
	t = read_totals(now + 1000); /* all are due by then */
	assert_int_equal(in_state(&t, "queued"), 3);
	assert_int_equal(t.due_from_s, now + 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(
			as_status_says, setup, teardown),
		cmocka_unit_test_setup_teardown(sums, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
