/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place where the secret leaves for an IMAP server, by AUTHENTICATE
 * or LOGIN, in the order of auth_choose. It leaves once: what the server says
 * to it is final for this run; only a way that was refused before anything
 * secret was said gives place to the next one. Not logged, wiped from
 * libetpan's write buffer, and never repeated in an error, even if the server
 * repeats it.
 */
#include "imap_command.h"
#include "sasl.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGIN_IR_MAX 8000 /* octets of an initial response on the line */

struct login {
	struct imap *im;
	const struct session_config *config;
	struct imap_answer answer;
	struct sasl *sasl; /* NULL: none in use */
};

static void login_private(struct imap *im, bool on)
{
	mailstream *stream = im->m->imap_stream;

	transport_private(im->t, on);
	if (!on && stream->write_buffer_len == 0)
		OPENSSL_cleanse(stream->write_buffer, stream->buffer_max_size);
}

/* ---- AUTHENTICATE (RFC 9051 6.2.2) ---- */

static int login_begin(
	void *arg, const char *mechanism, const char *initial, struct err *err)
{
	struct login *l = arg;

	imap_begin(l->im);
	imap_put(l->im, "AUTHENTICATE ");
	imap_put(l->im, mechanism);
	if (initial != NULL) {
		login_private(l->im, true);
		imap_put(l->im, " ");
		imap_put(l->im, initial);
	}
	return imap_end(l->im, err);
}

static int login_say(void *arg, const char *response, struct err *err)
{
	struct login *l = arg;

	login_private(l->im, true);
	imap_put(l->im, response);
	return imap_end(l->im, err);
}

static int login_hear(void *arg, const char **ret_challenge, struct err *err)
{
	struct login *l = arg;
	int r = imap_await_go(l->im, "AUTHENTICATE", &l->answer, err);

	if (r > 0)
		*ret_challenge = imap_go_text(l->im);
	return r;
}

/* 1: the answer is there; 0: refused before a secret left; -1. */
static int login_authenticate(
	struct login *l, const struct sasl_login *who, struct err *err)
{
	const struct sasl_peer peer = {
		.initial_max = (l->im->caps & IMAP_CAP_SASL_IR) != 0
				       ? LOGIN_IR_MAX
				       : 0,
		.begin = login_begin,
		.say = login_say,
		.hear = login_hear,
		.arg = l,
	};
	int r;

	l->sasl = sasl_new(who);
	r = sasl_converse(l->sasl, &peer, err);
	login_private(l->im, false);
	transport_set_deadline(l->im->t, 0);
	if (r == 0 && l->answer.status == IMAP_OK)
		r = 1; /* to be looked at */
	if (r > 0 && l->answer.status == IMAP_OK)
		return sasl_check_end(l->sasl, err) < 0 ? -1 : 1;
	return r;
}

/* ---- LOGIN ---- */

static int login_login(struct imap *im, const struct session_config *config,
	struct imap_answer *answer, struct err *err)
{
	const struct secret *secret = &config->secret;
	const char *user = config->url.user;
	int r;

	imap_begin(im);
	imap_put(im, "LOGIN ");
	login_private(im, true);
	r = imap_put_string(im, user, strlen(user), err);
	if (r == 0) {
		imap_put(im, " ");
		r = imap_put_string(im, secret->bytes, secret->len, err);
	}
	if (r == 0)
		r = imap_end(im, err);
	if (r == 0)
		r = imap_wait(im, "LOGIN", answer, err);
	login_private(im, false);
	return r;
}

/* ---- answers ---- */

/* What the answer to a login means. A token that was refused is looked at by
 * its file (sync/token.h), not by the clock. */
static void login_verdict(
	const struct imap_answer *a, bool token, struct verdict *ret)
{
	verdict_find(VERDICT_LOGIN, a->code, a->text, ret);
	if (ret->class == ERR_PROTOCOL)
		verdict_find(VERDICT_LOGIN, "", "", ret);
	if (!ret->known && token)
		ret->retry = ERR_RETRY_CHANGE;
}

static int login_refused(struct login *l, struct err *err)
{
	struct verdict v;

	transport_poison(l->im->t);
	login_verdict(&l->answer, l->config->token, &v);
	return imap_refused_as(
		&v, &l->answer, "the login", ERR_SCOPE_SESSION, err);
}

/* ---- */

static int login_impossible(
	struct imap *im, const struct session_config *config, struct err *err)
{
	if (config->url.tls == TLS_NONE) {
		(void)err_set(err, ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
			config->token ? "no token is sent without TLS"
				      : "the server takes no password "
					"without TLS");
		return err_hint(err, "leave ?security=none out of the URL");
	}
	return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		config->token ? "the server takes no token (neither "
				"OAUTHBEARER nor XOAUTH2)"
		: (im->caps & IMAP_CAP_LOGINDISABLED) != 0
			? "the server takes no password (LOGINDISABLED)"
			: "the server offers no way to log in that is known "
			  "here");
}

static int login_by(struct login *l, enum auth auth, struct err *err)
{
	const struct sasl_login who = {
		.auth = auth,
		.user = l->config->url.user,
		.secret = &l->config->secret,
		.host = l->config->url.host,
		.port = l->config->url.port,
	};

	if (auth == AUTH_APOP)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "APOP is a way of POP3, not of IMAP");
	if (auth == AUTH_USER_PASS)
		return login_login(l->im, l->config, &l->answer, err) < 0 ? -1
									  : 1;
	if (sasl_check(&who, err) < 0)
		return l->config->auth == AUTH_AUTO && !l->config->token ? 0
									 : -1;
	sasl_free(&l->sasl);
	return login_authenticate(l, &who, err);
}

/* A refusal that says "not now" is none of the mechanism. */
static bool login_goes_on(const struct imap_answer *a)
{
	struct verdict v;

	login_verdict(a, false, &v);
	return v.class == ERR_AUTH && (!v.known || v.retry != ERR_RETRY_LATER);
}

static int login_try(struct login *l, struct err *err)
{
	const struct session_config *config = l->config;
	struct imap *im = l->im;
	const struct auth_choice choice = {
		.asked = config->auth,
		.offered =
			im->auths | ((im->caps & IMAP_CAP_LOGINDISABLED) == 0
						    ? AUTH_BIT(AUTH_USER_PASS)
						    : 0),
		.encrypted = config->url.tls != TLS_NONE,
		.token = config->token,
	};
	enum auth order[AUTH_KINDS];
	size_t count = auth_choose(&choice, order);
	int r = 0;

	if (count == 0)
		return login_impossible(im, config, err);
	/* What the server could do before is not what it can do then. */
	im->caps_known = false;
	for (size_t i = 0; i < count && r == 0; i++) {
		r = login_by(l, order[i], err);
		if (r == 0 && !login_goes_on(&l->answer))
			break;
	}
	if (r >= 0 && l->answer.status != IMAP_OK)
		r = login_refused(l, err);
	return r < 0 ? -1 : 0;
}

static void login_tell(const struct login *l, struct err *err)
{
	char *with;

	if (sasl_told(l->sasl)[0] != '\0') {
		with = mem_printf(
			"%s (status %s)", err->text, sasl_told(l->sasl));
		(void)snprintf(err->text, sizeof err->text, "%s", with);
		free(with);
	}
	sasl_hide(l->sasl, &l->config->secret, err->text);
	if (err->scope < ERR_SCOPE_SESSION)
		err->scope = ERR_SCOPE_SESSION;
}

int imap_login(
	struct imap *im, const struct session_config *config, struct err *err)
{
	const struct secret *secret = &config->secret;
	struct login l = {
		.im = im, .config = config, .answer = {.status = IMAP_BAD}};
	int r;

	if (secret->bytes == NULL || strlen(secret->bytes) != secret->len)
		return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the password is empty or holds a NUL, which IMAP "
			"cannot carry");
	r = login_try(&l, err);
	if (r < 0)
		transport_poison(im->t);
	if (r < 0 && err != NULL)
		login_tell(&l, err);
	sasl_free(&l.sasl);
	return r;
}
