/* SPDX-License-Identifier: BSD-2-Clause */
/* Which certificates are believed, and what is said of the others. */
#include "collector/base/clock.h"
#include "collector/remote/catchall.h"
#include "collector/remote/transport.h"
#include "tls_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct attempt {
	const char *host;
	const char *fingerprint; /* "right", "key": the server's own */
	bool tls13_only;
	int max_version; /* of the server; 0 = any */
	/* what comes of it */
	int result;
	struct err err;
	char name[64];
	char sni[256];
};

static const struct transport_config quick = {
	.idle_ms = 5000, .deadline_ms = 20000, .hangup_fd = -1};

static void try(enum tls_server_kind kind, struct attempt *a)
{
	struct tls_server srv;
	struct script s;
	struct transport *t;
	struct tls_anchors *anchors = NULL;
	const char *fp = a->fingerprint;

	tls_server_init(&srv, kind);
	if (a->max_version != 0) {
		SSL_CTX_set_security_level(srv.ctx, 0);
		assert_int_equal(
			SSL_CTX_set_max_proto_version(srv.ctx, a->max_version),
			1);
	}
	if (fp != NULL && strcmp(fp, "right") == 0)
		fp = srv.fingerprint;
	else if (fp != NULL && strcmp(fp, "key") == 0)
		fp = srv.key_pin;
	t = transport_new(tls_server_start(&srv, &s, "TLS\nWAIT\n"), &quick);
	assert_int_equal(tls_anchors_new(srv.ca_pem, strlen(srv.ca_pem),
				 a->tls13_only, &anchors, &a->err),
		0);
	a->result = transport_start_tls(t, anchors, a->host, fp, &a->err);
	(void)snprintf(a->name, sizeof a->name, "%s", transport_tls_name(t));
	assert_int_equal(transport_failed(t), a->result != 0);
	tls_anchors_free(&anchors);
	transport_free(&t);
	assert_true(script_finish(&s));
	(void)snprintf(a->sni, sizeof a->sni, "%s", srv.sni);
	script_free(&s);
	tls_server_clear(&srv);
}

static void assert_good(enum tls_server_kind kind, struct attempt a)
{
	try(kind, &a);
	if (a.result != 0)
		print_error("%s (%s)\n", a.err.text, a.err.hint);
	assert_int_equal(a.result, 0);
	assert_ptr_equal(strstr(a.name, "TLSv1."), a.name);
}

static void assert_bad(enum tls_server_kind kind, struct attempt a,
	const char *text, const char *hint)
{
	try(kind, &a);
	if (a.result != -1)
		fail_msg("kind %d was believed for %s", (int)kind, a.host);
	assert_int_equal(a.err.class, ERR_TLS);
	assert_int_equal(a.err.scope, ERR_SCOPE_ACCOUNT);
	assert_int_equal(a.err.retry, ERR_RETRY_CHANGE);
	if (strstr(a.err.text, text) == NULL ||
		strstr(a.err.hint, hint) == NULL)
		fail_msg("said `%s' (%s), wanted `%s' (%s)", a.err.text,
			a.err.hint, text, hint);
}

#define HOST(...) ((struct attempt){.host = TLS_SERVER_HOST, __VA_ARGS__})

static void believes_what_is_valid(void **state)
{
	struct attempt a = HOST();

	(void)state;
	try(TLS_SERVER_VALID, &a);
	assert_int_equal(a.result, 0);
	assert_string_equal(a.sni, TLS_SERVER_HOST);
	assert_non_null(strstr(a.name, "TLSv1.3 TLS_"));
	assert_good(TLS_SERVER_WILDCARD,
		(struct attempt){.host = "imap.mail.test"});
	a = (struct attempt){.host = "127.0.0.1"};
	try(TLS_SERVER_IP, &a);
	assert_int_equal(a.result, 0);
	assert_string_equal(a.sni, "");
	assert_good(TLS_SERVER_IP, (struct attempt){.host = "::1"});
	assert_good(TLS_SERVER_VALID, HOST(.max_version = TLS1_2_VERSION));
}

static void names_what_is_wrong(void **state)
{
	(void)state;
	assert_bad(TLS_SERVER_EXPIRED, HOST(), "certificate has expired",
		"--fingerprint SHA256:");
	assert_bad(TLS_SERVER_NOT_YET, HOST(), "not yet valid", "clock");
	assert_bad(TLS_SERVER_SELF_SIGNED, HOST(), "self-signed",
		"--ca-file FILE, or accept this one with --fingerprint "
		"SHA256:");
	assert_bad(TLS_SERVER_UNKNOWN_CA, HOST(), "unable to get local issuer",
		"--ca-file");
	assert_bad(TLS_SERVER_WRONG_HOST, HOST(),
		"not for mail.test (it is for other.test)", "name");
	assert_bad(TLS_SERVER_CN_ONLY, HOST(), "not for mail.test", "name");
	assert_bad(TLS_SERVER_PARTIAL,
		(struct attempt){.host = "imap.mail.test"},
		"not for imap.mail.test", "name");
	assert_bad(TLS_SERVER_IP, (struct attempt){.host = "127.0.0.2"},
		"not for 127.0.0.2", "");
	assert_bad(TLS_SERVER_VALID, (struct attempt){.host = "127.0.0.1"},
		"not for 127.0.0.1", "");
	assert_bad(TLS_SERVER_WILDCARD,
		(struct attempt){.host = "a.b.mail.test"},
		"not for a.b.mail.test", "");
	assert_bad(TLS_SERVER_IP, HOST(), "not for mail.test", "");
}

static void refuses_old_versions(void **state)
{
	(void)state;
	assert_bad(TLS_SERVER_VALID, HOST(.max_version = TLS1_1_VERSION),
		"handshake failed", "");
	assert_bad(TLS_SERVER_VALID,
		HOST(.max_version = TLS1_2_VERSION, .tls13_only = true),
		"handshake failed", "");
}

static void fingerprint_replaces_the_chain(void **state)
{
	static const char other[] = "SHA256:00112233445566778899aabbccddeeff"
				    "00112233445566778899aabbccddeeff";
	struct attempt a = HOST(.fingerprint = "SHA256:1234");

	(void)state;
	assert_good(TLS_SERVER_VALID, HOST(.fingerprint = "right"));
	assert_good(TLS_SERVER_EXPIRED, HOST(.fingerprint = "right"));
	assert_good(TLS_SERVER_SELF_SIGNED, HOST(.fingerprint = "right"));
	assert_good(TLS_SERVER_WRONG_HOST, HOST(.fingerprint = "right"));
	assert_good(TLS_SERVER_UNKNOWN_CA, HOST(.fingerprint = "right"));
	assert_bad(TLS_SERVER_VALID, HOST(.fingerprint = other),
		"another fingerprint: SHA256:", "--fingerprint");
	try(TLS_SERVER_VALID, &a);
	assert_int_equal(a.result, -1);
	assert_int_equal(a.err.class, ERR_CONFIG);
}

static void key_replaces_the_chain(void **state)
{
	static const enum tls_server_kind kinds[] = {TLS_SERVER_VALID,
		TLS_SERVER_EXPIRED, TLS_SERVER_NOT_YET, TLS_SERVER_SELF_SIGNED,
		TLS_SERVER_WRONG_HOST, TLS_SERVER_UNKNOWN_CA};
	static const char other[] =
		"spki:sha256:d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=";

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		assert_good(kinds[i], HOST(.fingerprint = "key"));
		assert_bad(kinds[i], HOST(.fingerprint = other),
			"is for another key: spki:sha256:", "--fingerprint");
	}
	/* What is not believed can be pinned by what is said of it. */
	assert_bad(TLS_SERVER_SELF_SIGNED, HOST(), "self-signed",
		", or its key with spki:sha256:");
}

/* The same digits, upper case and with colons. */
static void fingerprint_in_any_spelling(void **state)
{
	struct tls_server srv;
	struct script s;
	struct tls_anchors *anchors = NULL;
	struct transport *t;
	struct err err;
	char spelt[128] = "sha256:";

	(void)state;
	tls_server_init(&srv, TLS_SERVER_SELF_SIGNED);
	for (size_t i = 7, n = 7; srv.fingerprint[i] != '\0'; i++) {
		char c = srv.fingerprint[i];
		if (i > 7 && (i - 7) % 2 == 0)
			spelt[n++] = ':';
		spelt[n++] = c >= 'a' ? (char)(c - 'a' + 'A') : c;
		spelt[n] = '\0';
	}
	t = transport_new(tls_server_start(&srv, &s, "TLS\nWAIT\n"), &quick);
	assert_int_equal(tls_anchors_new(NULL, 0, false, &anchors, &err), 0);
	assert_int_equal(
		transport_start_tls(t, anchors, TLS_SERVER_HOST, spelt, &err),
		0);
	transport_free(&t);
	tls_anchors_free(&anchors);
	assert_true(script_finish(&s));
	script_free(&s);
	tls_server_clear(&srv);
}

static void anchors_skip_what_is_none(void **state)
{
	struct tls_server a, b;
	struct tls_anchors *anchors = NULL, *more;
	struct err err;
	char *bundle;

	(void)state;
	tls_server_init(&a, TLS_SERVER_VALID);
	tls_server_init(&b, TLS_SERVER_VALID);
	bundle = mem_printf("# some words\n%s\n%s"
			    "-----BEGIN CERTIFICATE-----\nAAAA\n"
			    "-----END CERTIFICATE-----\n"
			    "-----BEGIN PUBLIC KEY-----\nAAAA\n"
			    "-----END PUBLIC KEY-----\n%s",
		a.ca_pem, a.ca_pem, b.ca_pem);
	assert_int_equal(
		tls_anchors_new(bundle, strlen(bundle), false, &anchors, &err),
		0);
	more = tls_anchors_ref(anchors);
	tls_anchors_free(&anchors);
	assert_null(anchors);
	tls_anchors_free(&more);
	assert_int_equal(
		tls_anchors_new("nothing", 7, false, &anchors, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_null(anchors);
	free(bundle);
	tls_server_clear(&a);
	tls_server_clear(&b);
}

/* The server does not do TLS as it should. */
static void broken_handshakes(void **state)
{
	static const struct {
		const char *script;
		enum err_class class;
	} cases[] = {
		{"CLOSE\n", ERR_NETWORK}, {"B: 100\nCLOSE\n", ERR_NETWORK},
		{"B: 100\nS: * OK this is plain text\nWAIT\n", ERR_TLS},
		{"B: 100\nS<: \\x15\\x03\\x03\\0\\x02\\x02\\x28\nWAIT\n",
			ERR_TLS}, /* alert: handshake_failure */
		{"B: 100\nS<: \\x16\\x03\\x03\\x40\\0half\nCLOSE\n",
			ERR_NETWORK},
		{"B: 100\nR: 3000 \\xff\nWAIT\n", ERR_TLS},
		{"B: 100\nWAIT\n", ERR_TIMEOUT}, /* it stalls */
	};
	struct transport_config config = quick;
	struct tls_anchors *anchors = NULL;
	struct err err;

	(void)state;
	config.idle_ms = 150;
	assert_int_equal(tls_anchors_new(NULL, 0, false, &anchors, &err), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct script s;
		struct transport *t = transport_new(
			script_start(&s, cases[i].script), &config);
		assert_int_equal(transport_start_tls(
					 t, anchors, TLS_SERVER_HOST, "", &err),
			-1);
		if (err.class != cases[i].class)
			fail_msg("case %zu: %s: %s", i,
				err_class_name(err.class), err.text);
		transport_free(&t);
		assert_true(script_finish(&s));
		script_free(&s);
	}
	tls_anchors_free(&anchors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believes_what_is_valid),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(refuses_old_versions),
		cmocka_unit_test(fingerprint_replaces_the_chain),
		cmocka_unit_test(key_replaces_the_chain),
		cmocka_unit_test(fingerprint_in_any_spelling),
		cmocka_unit_test(anchors_skip_what_is_none),
		cmocka_unit_test(broken_handshakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
