/* SPDX-License-Identifier: BSD-2-Clause */
/* RETR over time and size: whose time it is, and memory that stays flat. */
#include "collector/remote/pop3_transfer.h"
#include "pop3_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "pop3_sink.h"

static int ignore(void *arg, const struct message_meta *meta, struct err *err)
{
	(void)arg;
	(void)meta;
	(void)err;
	return 0;
}

/* Time that passes between two calls is the caller's, not the server's. */
static void test_stale_deadline(void **state)
{
	static const struct timespec moment = {.tv_nsec = 5000000};
	struct transport_config tc = {.idle_ms = 10000, .hangup_fd = -1};
	struct uid_range one = {1, 1};
	struct got got = {0};
	struct session_sink sink = sink_of(&got);
	struct pop3_capa capa = {0};
	struct pop3_listing l;
	struct script script;
	struct pop3_wire w;
	struct err err;
	struct transport *t = transport_new(
		script_start(&script,
			"C: LIST\nS: +OK\nS: 1 9\nS: .\n"
			"C: LIST\nS: +OK\nS: 1 9\nS: .\n"
			"C: UIDL\nS: +OK\nS: 1 a\nS: .\n"
			"C: RETR 1\nS: +OK\nS: text\nS: .\nEOF\n"),
		&tc);
	mailstream *s = transport_stream(t, 4096);

	(void)state;
	pop3_wire_init(&w, t, s, 1000, 10000);
	pop3_listing_init(&l, 10);
	transport_set_deadline(t, 1);
	(void)nanosleep(&moment, NULL);
	assert_int_equal(pop3_listing_load(&w, &capa, &l, &err), 0);
	transport_set_deadline(t, 1);
	(void)nanosleep(&moment, NULL);
	assert_int_equal(
		pop3_listing_scan(&w, &capa, &l, ignore, NULL, &err), 0);
	transport_set_deadline(t, 1);
	(void)nanosleep(&moment, NULL);
	assert_int_equal(pop3_transfer(&w, &l, &one, 1, 1, 0, &sink, &err), 0);
	assert_int_equal(got.count, 1);
	pop3_listing_clear(&l);
	pop3_wire_clear(&w);
	(void)mailstream_close(s);
	transport_free(&t);
	buf_free(&got.bytes);
	assert_true(script_finish(&script));
	script_free(&script);
}

static long peak_kib(void)
{
	struct rusage use;

	(void)getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss;
}

/* A line of 1 MB, and 100 MB of message, in memory that stays flat. */
static void test_large(void **state)
{
	struct uid_range all = {1, 2};
	struct got got = {.count_only = true};
	struct peer p;
	long before;

	(void)state;
	peer_init(&p);
	before = peak_kib();
	assert_int_equal(
		fetch(&p, PEER_LOGIN_PIPE,
			"C: STAT\nS: +OK 2 9\nC: LIST\nS: +OK\nS: 1 1\nS: 2 1\n"
			"S: .\nC: UIDL\nS: +OK\nS: 1 a\nS: 2 b\nS: .\n"
			"C: RETR 1\nC: RETR 2\n"
			"S: +OK\nR: 65536 ................\nS: \nS: .\n"
			"S: +OK\nR: 1048576 .."
			"Lorem ipsum dolor sit amet, consectetur adipiscing "
			"elit, sed do eiusmod tempor incididunt. ab\\r\\n\n"
			"S: .\nC: QUIT\n",
			&all, 1, &got),
		0);
	assert_int_equal(got.count, 2);
	/* one dot of each line goes */
	assert_int_equal(
		got.total, 65536 * 16 - 1 + 2 + 1048576ull * (1 + 51 + 42 + 2));
#ifndef MAILHAUL_SANITIZED
	assert_true(peak_kib() - before < 2048);
#endif
	(void)before;
	assert_true(peer_close(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stale_deadline),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
