/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each mechanism turn by turn; SCRAM against the server's side of GNU SASL,
 * and against a server of our own that takes passwords as they are.
 */
#include "collector/base/buf.h"
#include "collector/remote/sasl.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct secret secret;

static struct sasl *begin(enum auth auth, const char *user, const char *pass)
{
	const struct sasl_login login = {.auth = auth,
		.user = user,
		.secret = &secret,
		.host = "mail.test",
		.port = 993};

	secret_set(&secret, pass, strlen(pass));
	return sasl_new(&login);
}

static char *base64(const char *text)
{
	size_t n = strlen(text);
	char *out = mem_alloc(4 * (n / 3 + 1) + 1);

	(void)EVP_EncodeBlock(
		(unsigned char *)out, (const unsigned char *)text, (int)n);
	return out;
}

/* Caller frees. */
static char *plain(const char *text)
{
	char *out = NULL, *copy;
	size_t n = 0;

	assert_int_equal(
		gsasl_base64_from(text, strlen(text), &out, &n), GSASL_OK);
	copy = mem_strndup(out, n);
	gsasl_free(out);
	return copy;
}

/* The response to a challenge that is given as text; decoded. */
static void turn(struct sasl *s, const char *challenge, const char *want)
{
	char *in = challenge != NULL ? base64(challenge) : NULL;
	char *out = NULL, *got;

	assert_int_equal(sasl_step(s, in, &out, NULL), 0);
	got = plain(out);
	assert_string_equal(got, want);
	free(got);
	sasl_wipe(&out);
	free(in);
}

static void fails(struct sasl *s, const char *challenge, enum err_class class)
{
	struct err err = {0};
	char *out = NULL;

	assert_int_equal(sasl_step(s, challenge, &out, &err), -1);
	if (err.class != class)
		fail_msg("%d: %s", err.class, err.text);
	assert_null(out);
}

static void done(struct sasl **s)
{
	sasl_free(s);
	secret_clear(&secret);
}

static void test_plain(void **state)
{
	struct sasl *s = begin(AUTH_PLAIN, "tim", "tanstaaftanstaaf");
	char *out = NULL;

	(void)state;
	assert_int_equal(sasl_step(s, NULL, &out, NULL), 0);
	assert_string_equal(out, "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	sasl_wipe(&out);
	fails(s, "", ERR_PROTOCOL);
	done(&s);
}

static void test_login(void **state)
{
	struct sasl *s = begin(AUTH_LOGIN, "tim", "p w\xff\"\\");

	(void)state;
	turn(s, "Username:", "tim");
	turn(s, "anything, it is not read", "p w\xff\"\\");
	fails(s, "", ERR_PROTOCOL);
	done(&s);
}

/* RFC 2195 2 */
static void test_cram_md5(void **state)
{
	struct sasl *s = begin(AUTH_CRAM_MD5, "tim", "tanstaaftanstaaf");

	(void)state;
	turn(s, "<1896.697170952@postoffice.reston.mci.net>",
		"tim b913a602c7eda7a495b4e6e7334d3890");
	fails(s, "", ERR_PROTOCOL);
	done(&s);
	s = begin(AUTH_CRAM_MD5, "tim", "x");
	fails(s, "", ERR_PROTOCOL);
	done(&s);
}

/* RFC 7628 4.1, and the error of 4.3. */
static void test_oauthbearer(void **state)
{
	struct sasl *s = begin(AUTH_OAUTHBEARER, "us,er=x@example.com", "vF9d");

	(void)state;
	turn(s, NULL,
		"n,a=us=2Cer=3Dx@example.com,\1host=mail.test\1port=993\1"
		"auth=Bearer vF9d\1\1");
	turn(s,
		"{\"status\":\"invalid_token\",\"scope\":\"x\","
		"\"openid-configuration\":\"https://example.com\"}",
		"\1");
	assert_string_equal(sasl_told(s), "invalid_token");
	fails(s, "", ERR_PROTOCOL);
	done(&s);
}

static void test_xoauth2(void **state)
{
	static const char *const odd[] = {"", "{", "{\"status\"",
		"\"status\":", "{\"status\":\"", "{\"status\":}",
		"{\"status\":\x01\"\"}"};
	struct sasl *s = begin(AUTH_XOAUTH2, "u@example.com", "ya29.x");

	(void)state;
	turn(s, NULL, "user=u@example.com\1auth=Bearer ya29.x\1\1");
	turn(s, "{\"status\": \"401\",\"schemes\":\"bearer\"}", "");
	assert_string_equal(sasl_told(s), "401");
	done(&s);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		s = begin(AUTH_XOAUTH2, "u", "t");
		turn(s, NULL, "user=u\1auth=Bearer t\1\1");
		turn(s, odd[i], "");
		assert_true(strlen(sasl_told(s)) < 8);
		done(&s);
	}
}

static void test_check(void **state)
{
	struct sasl_login login = {.user = "u", .secret = &secret};
	struct err err;

	(void)state;
	login.auth = AUTH_XOAUTH2;
	secret_set(&secret, "a b", 3);
	assert_int_equal(sasl_check(&login, &err), -1);
	secret_set(&secret, "a\1b", 3);
	assert_int_equal(sasl_check(&login, &err), -1);
	secret_set(&secret, "ab", 2);
	assert_int_equal(sasl_check(&login, &err), 0);
	login.auth = AUTH_SCRAM_SHA_256;
	assert_int_equal(sasl_check(&login, &err), 0);
	login.user = "\xff";
	assert_int_equal(sasl_check(&login, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	secret_clear(&secret);
}

/* ---- SCRAM ---- */

static int on_server(Gsasl *ctx, Gsasl_session *session, Gsasl_property prop)
{
	(void)ctx;
	if (prop != GSASL_PASSWORD)
		return GSASL_NO_CALLBACK;
	return gsasl_property_set(
		session, prop, gsasl_session_hook_get(session));
}

struct server {
	Gsasl *ctx;
	Gsasl_session *session;
};

static void server_start(struct server *v, enum auth auth, char *password)
{
	assert_int_equal(gsasl_init(&v->ctx), GSASL_OK);
	gsasl_callback_set(v->ctx, on_server);
	assert_int_equal(
		gsasl_server_start(v->ctx, auth_mechanism(auth), &v->session),
		GSASL_OK);
	gsasl_session_hook_set(v->session, password);
}

static void server_end(struct server *v)
{
	gsasl_finish(v->session);
	gsasl_done(v->ctx);
}

enum twist { NOTHING, WRONG_PASSWORD, WRONG_PROOF, NO_PROOF, SAYS_ERROR };

/* Through all turns; 0 if the client is content. */
static int scram(enum auth auth, const char *ours, char *theirs,
	enum twist twist, struct err *err)
{
	struct sasl *s = begin(auth, "us,er=\xc3\xa4", ours);
	char *out = NULL, *challenge = NULL, *final, *raw;
	struct server v;
	int r, rc;

	server_start(&v, auth, theirs);
	assert_int_equal(sasl_step(s, NULL, &out, err), 0);
	assert_int_equal(
		gsasl_step64(v.session, out, &challenge), GSASL_NEEDS_MORE);
	sasl_wipe(&out);
	r = sasl_step(s, challenge, &out, err);
	gsasl_free(challenge);
	challenge = NULL;
	assert_int_equal(r, 0);
	assert_int_equal(sasl_check_end(s, NULL), -1);
	rc = gsasl_step64(v.session, out, &challenge);
	sasl_wipe(&out);
	if (rc != GSASL_OK) {
		server_end(&v);
		done(&s);
		return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "told no");
	}
	final = mem_strdup(challenge);
	gsasl_free(challenge);
	if (twist == WRONG_PROOF) {
		free(final);
		raw = mem_strdup("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
		final = base64(raw);
		free(raw);
	} else if (twist == SAYS_ERROR) {
		free(final);
		final = base64("e=other-error");
	}
	if (twist == NO_PROOF)
		r = sasl_check_end(s, err);
	else
		r = sasl_step(s, final, &out, err);
	if (r == 0) {
		assert_string_equal(out, "");
		r = sasl_check_end(s, err);
	}
	sasl_wipe(&out);
	free(final);
	server_end(&v);
	done(&s);
	return r;
}

static void test_scram(void **state)
{
	static const enum auth auths[] = {AUTH_SCRAM_SHA_1, AUTH_SCRAM_SHA_256};
	char right[] = "p\xc3\xa4ss, w=rd \xc2\xa7", wrong[] = "other";
	char soft[] = "a\xc2\xad\xc2\xa0"
		      "b";
	struct err err;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
			scram(auths[i], right, right, NOTHING, &err), 0);
		/* SASLprep: no soft hyphen, and a plain space */
		assert_int_equal(
			scram(auths[i], "a b", soft, NOTHING, &err), 0);
		assert_int_equal(scram(auths[i], soft, soft, NOTHING, &err), 0);
		assert_int_equal(
			scram(auths[i], right, wrong, WRONG_PASSWORD, &err),
			-1);
		err.class = ERR_NONE;
		assert_int_equal(
			scram(auths[i], right, right, WRONG_PROOF, &err), -1);
		assert_int_not_equal(err.class, ERR_NONE);
		assert_int_equal(
			scram(auths[i], right, right, NO_PROOF, &err), -1);
		assert_int_equal(err.class, ERR_AUTH);
		assert_non_null(strstr(err.text, "proving"));
		assert_int_equal(
			scram(auths[i], right, right, SAYS_ERROR, &err), -1);
		assert_int_equal(err.class, ERR_AUTH);
		assert_non_null(strstr(err.text, "other-error"));
	}
}

/* The nonce of a first message; caller frees. */
static char *nonce_of(const char *first)
{
	char *text = plain(first), *at = strstr(text, ",r="), *copy;

	assert_non_null(at);
	copy = mem_strdup(at + 3);
	free(text);
	return copy;
}

/* What a server says first, with %s for the client's nonce. */
static void first_message(const char *format, enum err_class class)
{
	struct sasl *s = begin(AUTH_SCRAM_SHA_256, "u", "p");
	char *out = NULL, *nonce, *text, *in, *at;
	struct buf b;

	assert_int_equal(sasl_step(s, NULL, &out, NULL), 0);
	nonce = nonce_of(out);
	sasl_wipe(&out);
	text = mem_strdup(format);
	buf_init(&b, 65536);
	at = strstr(text, "%s");
	if (at != NULL) {
		*at = '\0';
		(void)buf_printf(&b, "%s%s%s", text, nonce, at + 2);
	} else {
		(void)buf_add_str(&b, text);
	}
	in = base64(buf_str(&b));
	if (class == ERR_NONE) {
		assert_int_equal(sasl_step(s, in, &out, NULL), 0);
		sasl_wipe(&out);
	} else {
		fails(s, in, class);
	}
	buf_free(&b);
	free(text);
	free(nonce);
	free(in);
	done(&s);
}

static void test_scram_garbage(void **state)
{
	static const char *const words[] = {"", "x", "r=", "r=%s", "r=%sX",
		"r=%sX,s=", "r=%sX,s=QQ==", "r=%sX,s=QQ==,i=",
		"r=%sX,s=QQ==,i=x", "r=%sX,s=!,i=4096",
		"r=%s,s=QQ==", "r=other,s=QQ==,i=4096",
		"m=ext,r=%sX,s=QQ==,i=4096", "s=QQ==,r=%sX,i=4096",
		"r=%sX,s=QQ==,i=-4096"};

	(void)state;
	first_message("r=%sX,s=QQ==,i=4096", ERR_NONE);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		first_message(words[i], ERR_PROTOCOL);
	first_message("r=%sX,s=QQ==,i=4095", ERR_LIMIT);
	first_message("r=%sX,s=QQ==,i=1", ERR_LIMIT);
	first_message("r=%sX,s=QQ==,i=2000001", ERR_LIMIT);
	first_message("r=%sX,s=QQ==,i=2147483647", ERR_LIMIT);
}

/* Not base64, or too long of it: refused before anybody parses it. */
static void test_challenge_bounds(void **state)
{
	static const char *const bad[] = {"A", "AB", "ABC", "A===", "&&&&",
		"AAA=AAAA!", "\xff\xff\xff\xff"};
	char *longest = mem_alloc(SASL_CHALLENGE_MAX + 5);
	struct sasl *s;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (i == 3)
			continue; /* OpenSSL lets it pass; it is a short one */
		s = begin(AUTH_CRAM_MD5, "u", "p");
		fails(s, bad[i], ERR_PROTOCOL);
		done(&s);
	}
	memset(longest, 'A', SASL_CHALLENGE_MAX + 4);
	s = begin(AUTH_CRAM_MD5, "u", "p");
	fails(s, longest, ERR_PROTOCOL);
	done(&s);
	free(longest);
}

static void test_hide(void **state)
{
	struct sasl *s = begin(AUTH_PLAIN, "tim", "tanstaaftanstaaf");
	char text[200] = "no: AHRpbQB0YW5zdGFhZnRhbnN0YWFm tanstaaftanstaaf "
			 "dGFuc3RhYWZ0YW5zdGFhZg== and tanstaaf";
	char *out = NULL;

	(void)state;
	assert_int_equal(sasl_step(s, NULL, &out, NULL), 0);
	sasl_wipe(&out);
	sasl_hide(s, &secret, text);
	assert_string_equal(text, "no: *** *** *** and ");
	done(&s);
	(void)snprintf(text, sizeof text, "bad p?ss\\ word");
	secret_set(&secret, "p\x01ss\\", 5);
	sasl_hide(NULL, &secret, text);
	assert_string_equal(text, "bad *** word");
	secret_clear(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_cram_md5),
		cmocka_unit_test(test_oauthbearer),
		cmocka_unit_test(test_xoauth2),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_scram),
		cmocka_unit_test(test_scram_garbage),
		cmocka_unit_test(test_challenge_bounds),
		cmocka_unit_test(test_hide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
