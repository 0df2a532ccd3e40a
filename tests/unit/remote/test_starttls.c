/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From plain text to TLS on one connection, for both protocols: what a server
 * (or somebody between) may put before the handshake, and that no credential
 * leaves in the clear whatever it is.
 */
#include "collector/remote/catchall.h"
#include "collector/remote/transport.h"
#include "tls_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECRET "s3cret-pw"

/* libetpan forgets to free a greeting that is a BYE. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libetpan";
}

static const struct guard_limits limits;

struct outcome {
	bool logged_in;
	struct err err;
	int taps;
};

static int on_tap(void *arg, const char *line, size_t n)
{
	struct outcome *o = arg;

	(void)line;
	(void)n;
	o->taps++;
	return 0;
}

/* What a session does: nothing is said after a failure. */
static bool log_in_imap(
	struct transport *t, struct tls_anchors *anchors, struct outcome *o)
{
	mailimap *imap = mailimap_new(0, NULL);
	bool ok = mailimap_connect(imap, transport_stream(t, 8192)) ==
			  MAILIMAP_NO_ERROR_NON_AUTHENTICATED &&
		  mailimap_starttls(imap) == MAILIMAP_NO_ERROR &&
		  transport_start_tls(
			  t, anchors, TLS_SERVER_HOST, "", &o->err) == 0 &&
		  mailimap_login(imap, "user", SECRET) == MAILIMAP_NO_ERROR;

	if (!ok)
		transport_poison(t);
	mailimap_free(imap);
	return ok;
}

static bool log_in_pop3(
	struct transport *t, struct tls_anchors *anchors, struct outcome *o)
{
	mailpop3 *pop3 = mailpop3_new(0, NULL);
	bool ok = mailpop3_connect(pop3, transport_stream(t, 16384)) ==
			  MAILPOP3_NO_ERROR &&
		  mailpop3_stls(pop3) == MAILPOP3_NO_ERROR &&
		  transport_start_tls(
			  t, anchors, TLS_SERVER_HOST, "", &o->err) == 0 &&
		  mailpop3_user(pop3, "user") == MAILPOP3_NO_ERROR &&
		  mailpop3_pass(pop3, SECRET) == MAILPOP3_NO_ERROR;

	if (!ok)
		transport_poison(t);
	mailpop3_free(pop3);
	return ok;
}

static void play(
	const char *script, bool imap, int64_t idle_ms, struct outcome *o)
{
	const struct transport_config config = {.idle_ms = idle_ms,
		.hangup_fd = -1,
		.limits = imap ? &limits : NULL,
		.tap = on_tap,
		.tap_arg = o};
	struct tls_anchors *anchors = NULL;
	struct tls_server srv;
	struct transport *t;
	struct script s;

	memset(o, 0, sizeof *o);
	catchall_register();
	tls_server_init(&srv, TLS_SERVER_VALID);
	assert_int_equal(tls_anchors_new(srv.ca_pem, strlen(srv.ca_pem), false,
				 &anchors, &o->err),
		0);
	t = transport_new(tls_server_start(&srv, &s, script), &config);
	o->logged_in =
		imap ? log_in_imap(t, anchors, o) : log_in_pop3(t, anchors, o);
	if (!o->logged_in && o->err.class == ERR_NONE)
		(void)transport_err(t, "refused", &o->err);
	transport_free(&t);
	tls_anchors_free(&anchors);
	assert_true(script_finish(&s));
	assert_false(script_heard(&s, SECRET));
	assert_false(script_heard(&s, "LOGIN"));
	assert_false(script_heard(&s, "USER"));
	assert_int_equal(o->logged_in,
		s.inside.len != 0 && strstr(s.inside.data, SECRET) != NULL);
	assert_true(!o->logged_in || srv.accepted == 1);
	script_free(&s);
	tls_server_clear(&srv);
}

static void assert_fails(const char *const *scripts, size_t n, bool imap)
{
	for (size_t i = 0; i < n; i++) {
		struct outcome o;
		play(scripts[i], imap, 300, &o); /* some stall */
		if (o.logged_in)
			fail_msg("logged in over: %s", scripts[i]);
		assert_int_not_equal(o.err.class, ERR_NONE);
	}
}

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define HI "S: * OK hi\nC: $T STARTTLS\n"
#define POP "S: +OK hi\nC: STLS\n"

static void turns_to_tls(void **state)
{
	struct outcome o;

	(void)state;
	play(HI "S: $T OK go\nTLS\nC: $T LOGIN *\nS: $T OK in\n"
		"C: $T LOGOUT\nS: * BYE\nS: $T OK bye\n",
		true, 10000, &o);
	assert_true(o.logged_in);
	play(POP "S: +OK go\nTLS\nC: USER user\nS: +OK\nC: PASS *\n"
		 "S: +OK in\nC: QUIT\nS: +OK bye\n",
		false, 10000, &o);
	assert_true(o.logged_in);
	/* Capabilities before the answer are nobody's attack. */
	play(HI "S: * CAPABILITY IMAP4rev1\nS: $T OK go\nTLS\n"
		"C: $T LOGIN *\nS: $T OK in\nWAIT\n",
		true, 10000, &o);
	assert_true(o.logged_in);
	assert_int_equal(o.taps, 1);
}

static void imap_refusals(void **state)
{
	static const char *const scripts[] = {
		HI "S: $T NO not here\nWAIT\n",
		HI "S: $T BAD what\nWAIT\n",
		HI "S: * BYE gone\nCLOSE\n",
		HI "S: other OK wrong tag\nWAIT\n",
		HI "S: * OK no tag at all\nSHUT\nWAIT\n",
		HI "CLOSE\n",
		HI "WAIT\n", /* a stall */
		"S: * PREAUTH you are in\nWAIT\n",
		"S: * BYE no\nWAIT\n",
		"S<: * OK hi\\r\\n1 OK too early\\r\\n\nC: $T STARTTLS\nWAIT\n",
	};

	(void)state;
	assert_fails(scripts, COUNT(scripts), true);
}

/* All in one segment with the OK: nothing of it may be believed later. */
static void imap_injections(void **state)
{
	static const char *const scripts[] = {
		HI "S<: $T OK go\\r\\n2 OK logged in\\r\\n\nWAIT\n",
		HI "S<: $T OK go\\r\\n$T OK go\\r\\n\nWAIT\n",
		HI "S<: $T OK go\\r\\n* CAPABILITY AUTH=PLAIN\\r\\n\nWAIT\n",
		HI "S<: $T OK go\\r\\n* LIST () NIL x\\r\\n\nWAIT\n",
		HI "S<: $T OK go\\r\\n* BYE\\r\\n\nWAIT\n",
		HI "S<: $T OK go\\r\\n* 1 EXISTS\\r\\n\nWAIT\n",
		HI "S<: $T OK go\\r\\n* \nWAIT\n",
		HI "S<: $T OK go\\r\\n \nWAIT\n",
		HI "S<: $T OK go\\r\\n\\r\\n\nWAIT\n",
		HI "S<: $T OK go\\r\\nx\nWAIT\n",
		HI "S<: $T OK go\\r\\n* OK [ALERT] call us\\r\\n\nWAIT\n",
	};
	struct outcome o;

	(void)state;
	assert_fails(scripts, COUNT(scripts), true);
	play(scripts[2], true, 10000, &o);
	assert_int_equal(o.err.class, ERR_TLS);
	assert_non_null(strstr(o.err.text, "in plain text before TLS"));
}

/* After the OK has been read: seen in the kernel's buffer, or by the
 * handshake. */
static void imap_plain_after_ok(void **state)
{
	static const char *const scripts[] = {
		HI "S: $T OK go\nS: * OK still plain\nWAIT\n",
		HI "S: $T OK go\nB: 50\nS: 2 OK logged in\nWAIT\n",
		HI "S: $T OK go\nB: 50\nCLOSE\n",
		HI "S: $T OK go\nB: 50\nWAIT\n",
	};

	(void)state;
	assert_fails(scripts, COUNT(scripts), true);
}

static void pop3_refusals(void **state)
{
	static const char *const scripts[] = {
		POP "S: -ERR not here\nWAIT\n",
		POP "CLOSE\n",
		POP "WAIT\n",
		"S: -ERR no service\nWAIT\n",
		POP "S<: +OK go\\r\\n+OK logged in\\r\\n\nWAIT\n",
		POP "S<: +OK go\\r\\n+\nWAIT\n",
		POP "S<: +OK go\\r\\n\\r\\n\nWAIT\n",
		POP "S: +OK go\nS: +OK still plain\nWAIT\n",
		POP "S: +OK go\nB: 50\nS: +OK logged in\nWAIT\n",
		POP "S: +OK go\nB: 50\nCLOSE\n",
		"S<: +OK hi\\r\\n+OK too early\\r\\n\nC: STLS\nWAIT\n",
	};

	(void)state;
	assert_fails(scripts, COUNT(scripts), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_to_tls),
		cmocka_unit_test(imap_refusals),
		cmocka_unit_test(imap_injections),
		cmocka_unit_test(imap_plain_after_ok),
		cmocka_unit_test(pop3_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
