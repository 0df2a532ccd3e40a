/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told over HTTP, out of facts: texts, counters that never grow less,
 * and when it says no. */
#include "collector/service/counters.h"
#include "collector/service/exposition.h"
#include "collector/service/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_escapes(void **state)
{
	const struct exposition_label labels[] = {
		{"a", "q\"b\\n\nend"}, {"b", ""}, {NULL, NULL}};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	exposition_head(&out, "x", "gauge", "one \"two\"\nthree \\");
	exposition_count(&out, "x", labels, UINT64_MAX);
	exposition_count(&out, "x", NULL, 0);
	exposition_seconds(&out, "x", NULL, 61007);
	exposition_seconds(&out, "x", NULL, -5);
	assert_string_equal(buf_str(&out),
		"# HELP x one \"two\"\\nthree \\\\\n# TYPE x gauge\n"
		"x{a=\"q\\\"b\\\\n\\nend\",b=\"\"} 18446744073709551615\n"
		"x 0\nx 61.007\nx 0.000\n");
	buf_free(&out);
}

static void test_histogram(void **state)
{
	struct exposition_histogram h = {.sum_ms = 0};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	exposition_observe(&h, -3); /* the clock was set back */
	exposition_observe(&h, 1000);
	exposition_observe(&h, 1001);
	exposition_observe(&h, INT64_C(100000000));
	exposition_histogram(&out, "t", "h", &h);
	assert_string_equal(buf_str(&out),
		"# HELP t h\n# TYPE t histogram\n"
		"t_bucket{le=\"1\"} 2\nt_bucket{le=\"5\"} 3\n"
		"t_bucket{le=\"15\"} 3\nt_bucket{le=\"60\"} 3\n"
		"t_bucket{le=\"300\"} 3\nt_bucket{le=\"900\"} 3\n"
		"t_bucket{le=\"3600\"} 3\nt_bucket{le=\"14400\"} 3\n"
		"t_bucket{le=\"+Inf\"} 4\nt_sum 100002.001\nt_count 4\n");
	buf_free(&out);
}

static void test_results(void **state)
{
	struct counters c = {.started = 0};
	const struct job named = {.due_at_s = 0}, due = {.due_at_s = 1000};
	const struct job_progress now = {
		.messages_done = 3, .bytes_done = 500, .started_ms = 90000};
	struct job_result r = {.ok = true, .deleted_at_source = 2};

	(void)state;
	counters_started(&c, &named, 1007);
	counters_started(&c, &due, 1007);
	assert_int_equal(c.started, 2);
	assert_int_equal(c.wait.sum_ms, 7000);
	counters_ended(&c, PROTOCOL_POP3, &now, &r, 100000);
	assert_int_equal(c.ended[PROTOCOL_POP3][COUNTERS_OK], 1);
	assert_int_equal(c.deleted, 2);
	assert_int_equal(c.duration.sum_ms, 10000);
	r = (struct job_result){.err.class = ERR_TLS};
	counters_ended(&c, PROTOCOL_IMAP, &now, &r, 100000);
	assert_int_equal(c.ended[PROTOCOL_IMAP][ERR_TLS], 1);
	r.cancelled = true;
	counters_ended(&c, PROTOCOL_IMAP, &now, &r, 100000);
	assert_int_equal(c.ended[PROTOCOL_IMAP][ERR_CANCELLED], 1);
	r.yielded = true;
	counters_ended(&c, PROTOCOL_IMAP, &now, &r, 100000);
	assert_int_equal(c.ended[PROTOCOL_IMAP][COUNTERS_MADE_WAY], 1);
	assert_int_equal(c.over[PROTOCOL_IMAP].messages, 9);
	for (size_t i = ERR_NONE + 1; i < COUNTERS_RESULTS; i++)
		assert_true(counters_result_name(i)[0] != '\0');
}

/* The largest numbers fit into what a herald takes. */
static void test_metrics(void **state)
{
	static struct counters c;
	struct pages_facts f = {.counters = &c, .totals_at_s = INT64_MAX};
	struct buf out;
	size_t small;

	(void)state;
	memset(&c, 0x7f, sizeof c);
	memset(&f.totals, 0x7f, sizeof f.totals);
	buf_init(&out, HERALD_PAGE_BYTES);
	pages_metrics(&f, &out);
	assert_false(out.full);
	small = out.len;
	assert_non_null(strstr(buf_str(&out), "mailhaul_accounts{"));
	buf_reset(&out);
	f.totals_at_s = 0; /* not read yet: it is silent about accounts */
	pages_metrics(&f, &out);
	assert_true(out.len < small);
	assert_null(strstr(buf_str(&out), "mailhaul_accounts{"));
	assert_non_null(strstr(buf_str(&out), "mailhaul_build_info{"));
	buf_free(&out);
}

static void check(const struct pages_facts *f, unsigned health, unsigned ready,
	const char *why)
{
	struct monitor_page page = {.status = 0};

	buf_init(&page.text, 200);
	pages_health(f, &page);
	assert_int_equal(page.status, health);
	buf_reset(&page.text);
	pages_ready(f, &page);
	assert_int_equal(page.status, ready);
	assert_non_null(strstr(buf_str(&page.text), why));
	buf_free(&page.text);
}

static void test_yes_or_no(void **state)
{
	const struct pages_facts good = {.table_open = true,
		.keys_open = true,
		.committer_busy_ms = 5,
		.committer_most_ms = 5};
	struct pages_facts f = good;

	(void)state;
	check(&f, 200, 200, "ok");
	f.draining = true;
	check(&f, 200, 503, "about to end");
	f = good;
	f.table_open = false;
	check(&f, 200, 503, "job table");
	f = good;
	f.keys_open = false;
	check(&f, 200, 503, "keys");
	f = good;
	f.state_full = true;
	check(&f, 200, 503, "no room");
	f = good;
	f.committer_busy_ms++;
	check(&f, 503, 503, "disk does not answer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_yes_or_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
