/* SPDX-License-Identifier: BSD-2-Clause */
/* Deadlines, cancel, hang-up, the sticky error, and libetpan on top. */
#include "collector/base/clock.h"
#include "collector/base/task.h"
#include "collector/remote/catchall.h"
#include "collector/remote/transport.h"
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct guard_limits limits; /* the defaults */

struct peer {
	struct script script;
	struct transport *t;
	mailstream *stream;
};

static void begin(
	struct peer *p, const char *script, struct transport_config config)
{
	if (config.hangup_fd == 0)
		config.hangup_fd = -1;
	if (config.idle_ms == 0)
		config.idle_ms = 10000;
	p->t = transport_new(script_start(&p->script, script), &config);
	p->stream = transport_stream(p->t, 8192);
}

static void end(struct peer *p)
{
	if (p->stream != NULL)
		(void)mailstream_close(p->stream);
	transport_free(&p->t);
	assert_null(p->t);
	assert_true(script_finish(&p->script));
	script_free(&p->script);
}

#define CONFIG(...) ((struct transport_config){__VA_ARGS__})

static void assert_err(struct peer *p, enum err_class class, const char *text)
{
	struct err err;

	assert_true(transport_failed(p->t));
	assert_int_equal(transport_err(p->t, "other", &err), -1);
	assert_string_equal(err_class_name(err.class), err_class_name(class));
	assert_int_equal(err.scope, ERR_SCOPE_SESSION);
	assert_non_null(strstr(err.text, text));
}

/* ---- bytes ---- */

static void passes_bytes(void **state)
{
	struct peer p;
	char buf[64];

	(void)state;
	begin(&p, "S<: hello\nC: bye\nWAIT\n", CONFIG(0));
	assert_int_equal(mailstream_read(p.stream, buf, 5), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(transport_bytes_in(p.t), 5);
	assert_int_equal(mailstream_write(p.stream, "bye\r\n", 5), 5);
	assert_int_equal(mailstream_flush(p.stream), 0);
	assert_string_equal(transport_tls_name(p.t), "");
	assert_false(transport_failed(p.t));
	end(&p);
}

/* A great deal in one write: the socket's buffer fills up in between. */
static void writes_all(void **state)
{
	const size_t n = (size_t)4 << 20;
	char *big = mem_alloc(n);
	struct peer p;

	(void)state;
	begin(&p, "B: 4194304\nS: OK\nWAIT\n", CONFIG(0));
	assert_int_equal(mailstream_write(p.stream, big, n), (ssize_t)n);
	assert_int_equal(mailstream_flush(p.stream), 0);
	assert_int_equal(mailstream_read(p.stream, big, 4), 4);
	free(big);
	end(&p);
}

static void eof_is_an_error(void **state)
{
	struct peer p;
	char buf[64];

	(void)state;
	begin(&p, "S<: hel\nCLOSE\n", CONFIG(0));
	while (mailstream_read(p.stream, buf, sizeof buf) > 0)
		;
	assert_err(&p, ERR_NETWORK, "closed the connection");
	/* sticky, and the first one stays */
	transport_cancel(p.t);
	assert_int_equal(mailstream_read(p.stream, buf, sizeof buf), -1);
	assert_int_equal(mailstream_write(p.stream, "x", 1), 1); /* buffered */
	assert_int_equal(mailstream_flush(p.stream), -1);
	assert_err(&p, ERR_NETWORK, "closed the connection");
	end(&p);
}

/* ---- time ---- */

static void idle_time_out(void **state)
{
	struct peer p;
	char c;
	int64_t start = clock_mono_ms(), took;

	(void)state;
	begin(&p, "WAIT\n", CONFIG(.idle_ms = 120));
	assert_int_equal(mailstream_read(p.stream, &c, 1), -1);
	took = clock_mono_ms() - start;
	assert_true(took >= 119 && took < 5000);
	assert_err(&p, ERR_TIMEOUT, "no byte from the server");
	end(&p);
}

static void command_deadline(void **state)
{
	struct peer p;
	char c;

	(void)state;
	begin(&p, "WAIT\n", CONFIG(0));
	transport_set_deadline(p.t, 100);
	assert_int_equal(mailstream_read(p.stream, &c, 1), -1);
	assert_err(&p, ERR_TIMEOUT, "too long");
	end(&p);
}

static void command_deadline_is_lifted(void **state)
{
	struct peer p;
	char c;

	(void)state;
	begin(&p, "GATE\nS<: x\nWAIT\n", CONFIG(0));
	transport_set_deadline(p.t, 1);
	transport_set_deadline(p.t, 0);
	script_go(&p.script);
	assert_int_equal(mailstream_read(p.stream, &c, 1), 1);
	end(&p);
}

static void session_deadline(void **state)
{
	struct peer p;
	char c;

	(void)state;
	begin(&p, "WAIT\n", CONFIG(.deadline_ms = 100));
	transport_set_deadline(p.t, 60000);
	assert_int_equal(mailstream_read(p.stream, &c, 1), -1);
	assert_err(&p, ERR_TIMEOUT, "too long");
	end(&p);
}

/* Bytes keep coming: only the absolute deadline ends it. */
static void dripping_server_is_ended(void **state)
{
	struct peer p;
	char buf[512];
	int64_t start = clock_mono_ms();

	(void)state;
	begin(&p, "R: 100000000 0123456789abcdef\nWAIT\n",
		CONFIG(.deadline_ms = 150));
	while (mailstream_read(p.stream, buf, sizeof buf) > 0)
		;
	assert_true(clock_mono_ms() - start < 5000);
	assert_err(&p, ERR_TIMEOUT, "too long");
	end(&p);
}

/* ---- cancel ---- */

static void *cancel_soon(void *arg)
{
	struct timespec moment = {.tv_nsec = 30000000};

	/* The reader is to be asleep by then; if not, nothing is lost. */
	(void)nanosleep(&moment, NULL);
	transport_cancel(arg);
	return NULL;
}

static void cancel_from_another_thread(void **state)
{
	struct peer p;
	struct task task;
	struct err err;
	char c;
	int64_t start = clock_mono_ms();

	(void)state;
	begin(&p, "WAIT\n", CONFIG(0));
	assert_int_equal(task_start(&task, cancel_soon, p.t, &err), 0);
	assert_int_equal(mailstream_read(p.stream, &c, 1), -1);
	task_join(&task);
	assert_true(clock_mono_ms() - start < 5000);
	transport_cancel(p.t); /* idempotent */
	assert_err(&p, ERR_CANCELLED, "cancelled");
	end(&p);
}

static void cancel_while_bytes_flow(void **state)
{
	struct peer p;
	struct task task;
	struct err err;
	char buf[512];

	(void)state;
	begin(&p, "R: 100000000 0123456789abcdef\nWAIT\n", CONFIG(0));
	assert_int_equal(task_start(&task, cancel_soon, p.t, &err), 0);
	while (mailstream_read(p.stream, buf, sizeof buf) > 0)
		;
	task_join(&task);
	assert_err(&p, ERR_CANCELLED, "cancelled");
	end(&p);
}

static void hang_up_of_the_channel(void **state)
{
	struct peer p;
	char buf[512];
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	begin(&p, "WAIT\n", CONFIG(.hangup_fd = ends[0]));
	/* Bytes on the channel are no hang-up. */
	assert_int_equal(write(ends[1], "x", 1), 1);
	transport_set_deadline(p.t, 50);
	assert_int_equal(mailstream_read(p.stream, buf, 1), -1);
	assert_err(&p, ERR_TIMEOUT, "too long");
	end(&p);

	begin(&p, "R: 100000000 0123456789abcdef\nWAIT\n",
		CONFIG(.hangup_fd = ends[0]));
	(void)close(ends[1]);
	while (mailstream_read(p.stream, buf, sizeof buf) > 0)
		;
	assert_err(&p, ERR_CANCELLED, "cancelled");
	end(&p);
	(void)close(ends[0]);
}

static void poison_sends_nothing(void **state)
{
	struct peer p;
	struct err err;
	mailpop3 *pop3 = mailpop3_new(0, NULL);

	(void)state;
	begin(&p, "S: +OK hi\nEOF\n", CONFIG(0));
	assert_int_equal(mailpop3_connect(pop3, p.stream), 0);
	transport_poison(p.t);
	assert_true(transport_failed(p.t));
	assert_int_equal(transport_err(p.t, "the rest", &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	assert_string_equal(err.text, "the rest");
	mailpop3_free(pop3); /* would say QUIT */
	p.stream = NULL;
	end(&p);
}

/* ---- libetpan on top ---- */

static void imap_login_and_select(void **state)
{
	struct peer p;
	mailimap *imap = mailimap_new(0, NULL);

	(void)state;
	catchall_register();
	begin(&p,
		"S: * OK [CAPABILITY IMAP4rev1] hi\n"
		"C: $T LOGIN u pw\n"
		"S: * X-NEWS (a \"b\" {3}\\r\\nxyz) c\n"
		"S: $T OK in\n"
		"C: $T EXAMINE INBOX\n"
		"S: * 3 EXISTS\n"
		"S: * OK [UIDVALIDITY 77] ok\n"
		"S: $T OK [READ-ONLY]\n"
		"C: $T NOOP\n"
		"S: $T OK\n"
		"C: $T LOGOUT\n"
		"S: * BYE so long\n"
		"S: $T OK bye\n",
		CONFIG(.limits = &limits));
	assert_int_equal(mailimap_connect(imap, p.stream),
		MAILIMAP_NO_ERROR_NON_AUTHENTICATED);
	p.stream = NULL;
	assert_int_equal(mailimap_login(imap, "u", "pw"), 0);
	assert_int_equal(mailimap_examine(imap, "INBOX"), 0);
	assert_int_equal(imap->imap_selection_info->sel_exists, 3);
	assert_int_equal(imap->imap_selection_info->sel_uidvalidity, 77);
	assert_int_equal(mailimap_noop(imap), 0);
	assert_int_equal(mailimap_logout(imap), 0);
	mailimap_free(imap);
	end(&p);
}

/* The session's error names the cause, not "stream error". */
static void guard_error_is_sticky(void **state)
{
	struct peer p;
	mailimap *imap = mailimap_new(0, NULL);

	(void)state;
	begin(&p, "S: * OK [BADCHARSET (\"x\")] hi\nWAIT\n",
		CONFIG(.limits = &limits));
	assert_int_equal(
		mailimap_connect(imap, p.stream), MAILIMAP_ERROR_STREAM);
	p.stream = NULL;
	assert_err(&p, ERR_PROTOCOL, "a string in the code of a greeting");
	mailimap_free(imap);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_bytes),
		cmocka_unit_test(writes_all),
		cmocka_unit_test(eof_is_an_error),
		cmocka_unit_test(idle_time_out),
		cmocka_unit_test(command_deadline),
		cmocka_unit_test(command_deadline_is_lifted),
		cmocka_unit_test(session_deadline),
		cmocka_unit_test(dripping_server_is_ended),
		cmocka_unit_test(cancel_from_another_thread),
		cmocka_unit_test(cancel_while_bytes_flow),
		cmocka_unit_test(hang_up_of_the_channel),
		cmocka_unit_test(poison_sends_nothing),
		cmocka_unit_test(imap_login_and_select),
		cmocka_unit_test(guard_error_is_sticky),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
