/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The password is prepared by SASLprep (RFC 5802 5.1); one that SASLprep
 * refuses (it is not UTF-8, or holds what is prohibited) is taken as it is,
 * which is what servers do that never prepare any.
 */
#include "sasl_scram.h"

#include <gsasl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITERATIONS_MIN 4096    /* RFC 5802 5.1 */
#define ITERATIONS_MAX 2000000 /* some seconds of a processor */
#define HASH_MAX 32
#define SALT_MAX 1024 /* base64 */

enum scram_state { SCRAM_NEW, SCRAM_ASKED, SCRAM_ANSWERED, SCRAM_PROVED };

struct scram {
	Gsasl *ctx;
	Gsasl_session *session;
	const struct secret *secret;
	bool sha256;
	bool bad_count;
	enum scram_state state;
};

bool scram_can_say(const char *user)
{
	char *prepared = NULL;
	bool can;

	can = user[0] != '\0' &&
	      gsasl_saslprep(user, GSASL_ALLOW_UNASSIGNED, &prepared, NULL) ==
		      GSASL_OK &&
	      prepared[0] != '\0';
	gsasl_free(prepared);
	return can;
}

/* 0 with bytes of salt, or -1. */
static int read_salt(const char *text, unsigned char *salt, int *ret_n)
{
	size_t n = text != NULL ? strlen(text) : 0;
	int got;

	if (n == 0 || n > SALT_MAX || n % 4 != 0)
		return -1;
	got = EVP_DecodeBlock(salt, (const unsigned char *)text, (int)n);
	if (got < 0)
		return -1;
	for (; n > 0 && text[n - 1] == '='; n--)
		got--;
	*ret_n = got;
	return got > 0 ? 0 : -1;
}

static int derive(const struct scram *s, long iterations,
	const unsigned char *salt, int salt_n, unsigned char *out, int out_n)
{
	const char *password = s->secret->bytes;
	char *prepared = NULL;
	int ok;

	if (gsasl_saslprep(password, 0, &prepared, NULL) == GSASL_OK)
		password = prepared;
	ok = PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, salt_n,
		(int)iterations, s->sha256 ? EVP_sha256() : EVP_sha1(), out_n,
		out);
	if (prepared != NULL)
		OPENSSL_cleanse(prepared, strlen(prepared));
	gsasl_free(prepared);
	return ok == 1 ? 0 : -1;
}

static void set_salted(struct scram *s)
{
	const char *count = gsasl_property_fast(s->session, GSASL_SCRAM_ITER);
	unsigned char salt[SALT_MAX], key[HASH_MAX];
	char hex[2 * HASH_MAX + 1];
	int salt_n, n = s->sha256 ? 32 : 20;
	long iterations = count != NULL ? strtol(count, NULL, 10) : 0;

	s->bad_count =
		iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX;
	if (s->bad_count ||
		read_salt(gsasl_property_fast(s->session, GSASL_SCRAM_SALT),
			salt, &salt_n) < 0 ||
		derive(s, iterations, salt, salt_n, key, n) < 0)
		return;
	for (int i = 0; i < n; i++)
		(void)snprintf(hex + (size_t)2 * (size_t)i, 3, "%02x", key[i]);
	(void)gsasl_property_set(s->session, GSASL_SCRAM_SALTED_PASSWORD, hex);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(hex, sizeof hex);
}

/* What is not set is not there: GNU SASL then gives up. */
static int on_property(Gsasl *ctx, Gsasl_session *session, Gsasl_property prop)
{
	struct scram *s = gsasl_session_hook_get(session);

	(void)ctx;
	if (prop != GSASL_SCRAM_SALTED_PASSWORD || s == NULL)
		return GSASL_NO_CALLBACK;
	set_salted(s);
	return GSASL_OK;
}

int scram_new(const struct sasl_login *login, struct scram **ret_scram,
	struct err *err)
{
	struct scram *s = mem_alloc(sizeof *s);

	s->secret = login->secret;
	s->sha256 = login->auth == AUTH_SCRAM_SHA_256;
	if (gsasl_init(&s->ctx) == GSASL_OK) {
		gsasl_callback_set(s->ctx, on_property);
		if (gsasl_client_start(s->ctx, auth_mechanism(login->auth),
			    &s->session) != GSASL_OK)
			s->session = NULL;
	}
	if (s->session == NULL || gsasl_property_set(s->session, GSASL_AUTHID,
					  login->user) != GSASL_OK) {
		scram_free(&s);
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "GNU SASL cannot do %s here",
			auth_mechanism(login->auth));
	}
	gsasl_session_hook_set(s->session, s);
	*ret_scram = s;
	return 0;
}

static void cleanse_property(struct scram *s, Gsasl_property prop)
{
	const char *text = gsasl_property_fast(s->session, prop);

	/* ours to overwrite: it is freed next, as it is */
	if (text != NULL)
		OPENSSL_cleanse((void *)(uintptr_t)text, strlen(text));
	gsasl_property_free(s->session, prop);
}

void scram_free(struct scram **s)
{
	struct scram *p = *s;

	*s = NULL;
	if (p == NULL)
		return;
	if (p->session != NULL) {
		cleanse_property(p, GSASL_SCRAM_SALTED_PASSWORD);
		cleanse_property(p, GSASL_SCRAM_STOREDKEY);
		cleanse_property(p, GSASL_SCRAM_SERVERKEY);
		gsasl_finish(p->session);
	}
	if (p->ctx != NULL)
		gsasl_done(p->ctx);
	free(p);
}

static int step_failed(const struct scram *s, int rc, struct err *err)
{
	if (s->bad_count)
		return err_set(err, ERR_LIMIT, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the server wants the password hashed fewer than %d "
			"or more than %d times",
			ITERATIONS_MIN, ITERATIONS_MAX);
	if (rc == GSASL_AUTHENTICATION_ERROR && s->state == SCRAM_ANSWERED) {
		(void)err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the server cannot prove that it knows the password");
		return err_hint(err, "it may be another server than the one "
				     "that is meant: use TLS");
	}
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the server's part of SCRAM makes no sense (%s)",
		gsasl_strerror_name(rc) != NULL ? gsasl_strerror_name(rc)
						: "?");
}

int scram_step(struct scram *s, const char *in, size_t n, char **ret_out,
	struct err *err)
{
	char *out = NULL;
	size_t out_n = 0;
	int rc;

	/* RFC 5802 7: the server's reason in place of its proof */
	if (s->state == SCRAM_ANSWERED && n >= 2 && strncmp(in, "e=", 2) == 0)
		return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the server refused the name or the password: %.*s",
			n - 2 < 60 ? (int)n - 2 : 60, in + 2);
	if (s->state == SCRAM_PROVED)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"the server asks for more after the whole login was "
			"said");
	rc = gsasl_step(s->session, in, n, &out, &out_n);
	if (rc != (s->state == SCRAM_ANSWERED ? GSASL_OK : GSASL_NEEDS_MORE)) {
		gsasl_free(out);
		return step_failed(s, rc, err);
	}
	s->state++;
	*ret_out = mem_strndup(out != NULL ? out : "", out_n);
	gsasl_free(out);
	return 0;
}

bool scram_is_proved(const struct scram *s)
{
	return s->state == SCRAM_PROVED;
}
