/* SPDX-License-Identifier: BSD-2-Clause */
/* STLS and pop3s: nothing before TLS is believed, and nothing leaves. */
#include "pop3_peer.h"
#include "tls_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void tls_peer_init(
	struct peer *p, struct tls_server *srv, enum tls_mode mode)
{
	peer_init(p);
	p->config.url.tls = mode;
	tls_server_init(srv, TLS_SERVER_VALID);
	assert_int_equal(tls_anchors_new(srv->ca_pem, strlen(srv->ca_pem),
				 false, &p->anchors, &p->err),
		0);
}

static bool tls_peer_close(struct peer *p, struct tls_server *srv)
{
	bool heard, ok;

	if (p->session != NULL)
		p->session->ops->close(p->session);
	p->session = NULL;
	ok = script_finish(&p->script);
	heard = script_heard(&p->script, "u@x") ||
		script_heard(&p->script, "s3cret") ||
		script_heard(&p->script, "AHVAeABzM2NyZXQ=") ||
		script_heard(&p->script, "AUTH") ||
		script_heard(&p->script, "PASS");
	script_free(&p->script);
	secret_clear(&p->config.secret);
	tls_anchors_free(&p->anchors);
	tls_server_clear(srv);
	return ok && !heard;
}

/* What was offered before TLS is forgotten: no AUTH, no pipelining. */
static void test_stls(void **state)
{
	struct session_info info = {0};
	struct tls_server srv;
	struct peer p;

	(void)state;
	tls_peer_init(&p, &srv, TLS_STARTTLS);
	assert_int_equal(
		peer_open_fd(&p,
			tls_server_start(&srv, &p.script,
				"S: +OK\nC: CAPA\nS: +OK\nS: STLS\n"
				"S: SASL PLAIN\nS: PIPELINING\nS: .\n"
				"C: STLS\nS: +OK\nTLS\n"
				"C: CAPA\nS: +OK\nS: USER\nS: .\n"
				"C: USER u@x\nS: +OK\nC: PASS s3cret\nS: +OK\n"
				"C: CAPA\nS: +OK\nS: UIDL\nS: .\n"
				"C: QUIT\nS: +OK\n")),
		0);
	p.session->ops->info(p.session, &info);
	assert_int_equal(strncmp(info.tls, "TLSv1.3 ", 8), 0);
	assert_string_equal(info.capabilities, "UIDL");
	assert_false(info.pipelining);
	assert_true(tls_peer_close(&p, &srv));
}

static void test_pop3s(void **state)
{
	struct tls_server srv;
	struct peer p;

	(void)state;
	tls_peer_init(&p, &srv, TLS_IMPLICIT);
	assert_int_equal(peer_open_fd(&p, tls_server_start(&srv, &p.script,
						  "TLS\n" PEER_LOGIN
						  "C: QUIT\nS: +OK\n")),
		0);
	assert_true(tls_peer_close(&p, &srv));
}

/* NO STARTTLS: none of these may hear a name or a secret in the clear. */
static void test_stls_traps(void **state)
{
#define OFFER "S: +OK\nC: CAPA\nS: +OK\nS: STLS\nS: .\n"
	static const struct {
		const char *text;
		enum err_class class;
	} cases[] = {
		{"S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .\nEOF\n", ERR_TLS},
		{"S: +OK\nC: CAPA\nS: -ERR\nC: STLS\nS: -ERR\nEOF\n", ERR_TLS},
		{OFFER "C: STLS\nS: -ERR no\nEOF\n", ERR_TLS},
		{OFFER "C: STLS\nS: + \nEOF\n", ERR_TLS},
		{OFFER "C: STLS\nS: hello\nEOF\n", ERR_TLS},
		{OFFER "C: STLS\nS: +OK\\r\\n+OK\nEOF\n", ERR_TLS},
		{OFFER "C: STLS\nS: +OK\\r\\n+OK\\r\\n+OK\nEOF\n", ERR_TLS},
		{"S: +OK\\r\\n+OK\\r\\nSTLS\\r\\n.\\r\\n+OK\nWAIT\n", ERR_TLS},
		{"S: +OK\nC: CAPA\nS: +OK\\r\\nSTLS\\r\\n.\\r\\n+OK\nEOF\n",
			ERR_TLS},
		{OFFER "C: STLS\nSHUT\nWAIT\n", ERR_NETWORK},
		{OFFER "C: STLS\nR: 9000 +OK x\nWAIT\n", ERR_LIMIT},
		{OFFER "C: STLS\nS: +OK\nB: 1\nS: +OK plain\nWAIT\n", ERR_TLS},
	};
	struct tls_server srv;
	struct peer p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		tls_peer_init(&p, &srv, TLS_STARTTLS);
		assert_int_equal(
			peer_open_fd(&p, tls_server_start(&srv, &p.script,
						 cases[i].text)),
			-1);
		if (p.err.class != cases[i].class)
			fail_msg("case %zu: class %s: %s", i,
				err_class_name(p.err.class), p.err.text);
		assert_true(tls_peer_close(&p, &srv));
	}
#undef OFFER
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stls),
		cmocka_unit_test(test_pop3s),
		cmocka_unit_test(test_stls_traps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
