/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place where the password leaves: AUTHENTICATE PLAIN (RFC 4616)
 * where offered, else LOGIN. It leaves once: what the server says to it is
 * final for this run. Not logged, wiped from libetpan's write buffer, and
 * never repeated in an error, even if the server repeats it.
 */
#include "imap_command.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define LOGIN_IR_MAX 8000 /* octets of an initial response on the line */

/* NUL user NUL password, in base64. Caller cleanses and frees. */
static char *login_sasl_plain(const char *user, const struct secret *secret)
{
	size_t user_n = strlen(user), n = user_n + secret->len + 2;
	unsigned char *raw = mem_alloc(n);
	char *text = mem_alloc(4 * (n / 3 + 1) + 1);

	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(raw + 1, user, user_n);
	memcpy(raw + 2 + user_n, secret->bytes, secret->len);
	(void)EVP_EncodeBlock((unsigned char *)text, raw, (int)n);
	OPENSSL_cleanse(raw, n);
	free(raw);
	return text;
}

static void login_private(struct imap *im, bool on)
{
	mailstream *stream = im->m->imap_stream;

	transport_private(im->t, on);
	if (!on && stream->write_buffer_len == 0)
		OPENSSL_cleanse(stream->write_buffer, stream->buffer_max_size);
}

static void login_hide_word(char *text, const char *word)
{
	size_t n = strlen(word);
	char *p;

	if (n < 4)
		return;
	while ((p = strstr(text, word)) != NULL) {
		memset(p, '*', 3);
		memmove(p + 3, p + n, strlen(p + n) + 1);
	}
}

/* A server may say the command back. */
static void login_hide(const struct session_config *config, struct err *err)
{
	char *sasl;

	sasl = login_sasl_plain(config->url.user, &config->secret);
	login_hide_word(err->text, sasl);
	login_hide_word(err->text, config->secret.bytes);
	OPENSSL_cleanse(sasl, strlen(sasl));
	free(sasl);
}

/* 1: the answer is there; 0: refused before the password left; -1. */
static int login_authenticate(struct imap *im,
	const struct session_config *config, struct imap_answer *answer,
	struct err *err)
{
	char *sasl = login_sasl_plain(config->url.user, &config->secret);
	bool initial = (im->caps & IMAP_CAP_SASL_IR) != 0 &&
		       strlen(sasl) <= LOGIN_IR_MAX;
	int r = 1;

	imap_begin(im);
	imap_put(im, "AUTHENTICATE PLAIN");
	if (!initial) {
		imap_put(im, "\r\n");
		r = imap_await_go(im, "AUTHENTICATE", answer, err);
	}
	if (r > 0) {
		login_private(im, true);
		imap_put(im, initial ? " " : "");
		imap_put(im, sasl);
		if (imap_end(im, err) < 0 ||
			imap_wait(im, "AUTHENTICATE", answer, err) < 0)
			r = -1;
		login_private(im, false);
	}
	OPENSSL_cleanse(sasl, strlen(sasl));
	free(sasl);
	return r;
}

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

static int login_impossible(
	struct imap *im, const struct session_config *config, struct err *err)
{
	transport_poison(im->t);
	if (config->url.tls == TLS_NONE) {
		(void)err_set(err, ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
			"the server takes no password without TLS");
		return err_hint(err, "leave ?security=none out of the URL");
	}
	return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the server takes no password (LOGINDISABLED)");
}

/* Words that mean "not now" although the password was right. */
static bool login_is_transient(const struct imap_answer *a)
{
	return strcasestr(a->text, "authenticated but not connected") != NULL ||
	       strcasestr(a->text, "temporar") != NULL ||
	       strcasestr(a->text, "unavailable") != NULL ||
	       strcasestr(a->text, "maximum number of connections") != NULL ||
	       strcasestr(a->text, "try again later") != NULL;
}

static int login_refused(
	struct imap *im, const struct imap_answer *a, struct err *err)
{
	struct err told;

	transport_poison(im->t);
	(void)imap_refused(a, "the login", ERR_SCOPE_SESSION, &told);
	if (told.class == ERR_PROTOCOL) {
		bool later = login_is_transient(a);
		told.class = later ? ERR_REFUSED : ERR_AUTH;
		told.scope = later ? ERR_SCOPE_SESSION : ERR_SCOPE_ACCOUNT;
		told.retry = later ? ERR_RETRY_LATER : ERR_RETRY_CHANGE;
	}
	if (err != NULL)
		*err = told;
	return -1;
}

/* LOGIN, AUTHENTICATE, or the second after the first was turned down before
 * it could carry the password. */
static int login_try(struct imap *im, const struct session_config *config,
	struct imap_answer *answer, struct err *err)
{
	bool no_login = (im->caps & IMAP_CAP_LOGINDISABLED) != 0;

	if ((im->caps & IMAP_CAP_AUTH_PLAIN) != 0) {
		int r = login_authenticate(im, config, answer, err);
		if (r != 0 || no_login)
			return r < 0 ? -1 : 0;
	} else if (no_login) {
		return login_impossible(im, config, err);
	}
	return login_login(im, config, answer, err);
}

int imap_login(
	struct imap *im, const struct session_config *config, struct err *err)
{
	const struct secret *secret = &config->secret;
	struct imap_answer answer = {.status = IMAP_BAD};
	int r;

	if (secret->bytes == NULL || strlen(secret->bytes) != secret->len)
		return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the password is empty or holds a NUL, which IMAP "
			"cannot carry");
	/* What the server could do before is not what it can do now. */
	im->caps_known = false;
	r = login_try(im, config, &answer, err);
	if (r == 0 && answer.status != IMAP_OK)
		r = login_refused(im, &answer, err);
	if (r < 0 && err != NULL) {
		login_hide(config, err);
		if (err->scope < ERR_SCOPE_SESSION)
			err->scope = ERR_SCOPE_SESSION;
	}
	return r;
}
