/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * With an initial response the secret travels in the first line; where that
 * would be longer than 255 octets (RFC 5034 4) the server is asked for it.
 * A server may refuse the mechanism before it has seen the secret: only then
 * USER and PASS are tried.
 */
#include "pop3_login.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTH_LINE_MAX 255 /* octets with CRLF */
#define AUTH_PLAIN "AUTH PLAIN"

/* A server may repeat what it was told: nobody reads that in a log. The text
 * may have been cut in the middle of it. */
static void scrub(struct pop3_answer *answer, const char *secret)
{
	size_t n = strlen(secret), len;
	char *at;

	if (n == 0)
		return;
	while ((at = strstr(answer->text, secret)) != NULL) {
		memset(at, '*', n < 3 ? n : 3);
		if (n > 3)
			memmove(at + 3, at + n, strlen(at + n) + 1);
	}
	len = strlen(answer->text);
	for (size_t k = n < len ? n : len; k > 3; k--)
		if (memcmp(answer->text + len - k, secret, k) == 0) {
			answer->text[len - k] = '\0';
			break;
		}
}

/* Servers without response codes (popa3d, UW, Mailutils …) say in words that
 * another session holds the maildrop. A locked *account* is no such thing. */
static bool says_in_use(const char *text)
{
	return (strcasestr(text, "mailbox") != NULL ||
		       strcasestr(text, "maildrop") != NULL) &&
	       (strcasestr(text, "lock") != NULL ||
		       strcasestr(text, "in use") != NULL ||
		       strcasestr(text, "busy") != NULL);
}

static enum pop3_code judge(const struct pop3_answer *answer)
{
	if (answer->code == POP3_CODE_NONE && says_in_use(answer->text))
		return POP3_CODE_IN_USE;
	return answer->code;
}

static int login_refused(const struct pop3_capa *capa,
	const struct pop3_answer *answer, struct err *err)
{
	const char *words =
		answer->text[0] != '\0' ? answer->text : "(no reason given)";

	switch (judge(answer)) {
	case POP3_CODE_IN_USE:
	case POP3_CODE_LOGIN_DELAY:
	case POP3_CODE_SYS_TEMP:
		(void)err_set(err, ERR_REFUSED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER,
			"the server does not log us in now: %s", words);
		if (err != NULL && answer->code == POP3_CODE_LOGIN_DELAY)
			err->retry_after_s = capa->login_delay_s;
		return -1;
	case POP3_CODE_SYS_PERM:
		(void)err_set(err, ERR_REFUSED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "the server does not log us in: %s",
			words);
		return err_hint(err,
			"see the provider's settings: POP3 may be switched "
			"off");
	case POP3_CODE_AUTH:
	case POP3_CODE_OTHER:
	case POP3_CODE_NONE:
		break;
	}
	(void)err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the server refused the name or the password: %s", words);
	return err_hint(err, "set the right password, or the password for "
			     "programs that the provider asks for");
}

static int read_verdict(struct pop3_wire *w, const struct pop3_capa *capa,
	const char *secret, struct err *err)
{
	struct pop3_answer answer;

	pop3_expect(w, 0);
	if (pop3_read_challenge(w, &answer, err) < 0)
		return -1;
	if (answer.status == POP3_OK)
		return 0;
	scrub(&answer, secret);
	if (answer.status == POP3_ERR)
		return login_refused(capa, &answer, err);
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the server asks for more after the whole login was said");
}

/* ---- AUTH PLAIN ---- */

/* base64 of NUL user NUL secret (RFC 4616 2). Caller wipes and frees. */
static char *encode_plain(const char *user, const struct secret *secret)
{
	size_t user_len = strlen(user);
	size_t n = user_len + secret->len + 2;
	unsigned char *raw = mem_alloc(n);
	char *text = mem_alloc((n + 2) / 3 * 4 + 1);

	memcpy(raw + 1, user, user_len + 1); /* and the second NUL */
	if (secret->len != 0)
		memcpy(raw + 2 + user_len, secret->bytes, secret->len);
	(void)EVP_EncodeBlock((unsigned char *)text, raw, (int)n);
	explicit_bzero(raw, n);
	free(raw);
	return text;
}

static int put_initial(struct pop3_wire *w, const char *blob, struct err *err)
{
	size_t n = strlen(AUTH_PLAIN " ") + strlen(blob);
	char line[AUTH_LINE_MAX];
	int r;

	(void)snprintf(line, sizeof line, AUTH_PLAIN " %s", blob);
	r = pop3_put_secret(w, line, n, err);
	explicit_bzero(line, sizeof line);
	return r;
}

/* 0 the server waits for the blob, 1 it refused before seeing it, -1. */
static int ask_to_continue(struct pop3_wire *w, struct err *err)
{
	struct pop3_answer answer;

	pop3_expect(w, 0);
	if (pop3_put(w, AUTH_PLAIN, err) < 0 || pop3_flush(w, err) < 0 ||
		pop3_read_challenge(w, &answer, err) < 0)
		return -1;
	switch (answer.status) {
	case POP3_CONTINUE:
		return 0;
	case POP3_ERR:
		return 1;
	case POP3_OK:
		break;
	}
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the server says +OK to AUTH before it knows who we are");
}

/* With the initial response sent: an old server that overlooks it (RFC 1734)
 * asks for it with "+". */
static int read_initial_verdict(struct pop3_wire *w,
	const struct pop3_capa *capa, const char *blob,
	const struct secret *secret, struct err *err)
{
	struct pop3_answer answer;

	pop3_expect(w, 0);
	if (pop3_read_challenge(w, &answer, err) < 0)
		return -1;
	if (answer.status == POP3_OK)
		return 0;
	if (answer.status == POP3_ERR) {
		scrub(&answer, secret->bytes);
		scrub(&answer, blob);
		return login_refused(capa, &answer, err);
	}
	if (pop3_put_secret(w, blob, strlen(blob), err) < 0)
		return -1;
	return read_verdict(w, capa, secret->bytes, err);
}

/* 0, -1, or 1: not this way, and nothing secret was said. */
static int login_plain(struct pop3_wire *w, const struct pop3_capa *capa,
	const char *user, const struct secret *secret, struct err *err)
{
	char *blob = encode_plain(user, secret);
	size_t line = strlen(AUTH_PLAIN " \r\n") + strlen(blob);
	int r;

	if (line <= AUTH_LINE_MAX) {
		r = put_initial(w, blob, err);
		if (r == 0)
			r = read_initial_verdict(w, capa, blob, secret, err);
	} else {
		r = ask_to_continue(w, err);
		if (r == 0)
			r = pop3_put_secret(w, blob, strlen(blob), err);
		if (r == 0)
			r = read_verdict(w, capa, secret->bytes, err);
	}
	explicit_bzero(blob, strlen(blob));
	free(blob);
	return r;
}

/* ---- USER and PASS ---- */

static int say_user(struct pop3_wire *w, const struct pop3_capa *capa,
	const char *user, struct err *err)
{
	struct pop3_answer answer;
	char *line = mem_printf("USER %s", user);
	int r = pop3_ask(w, line, &answer, err);

	free(line);
	if (r < 0)
		return -1;
	if (answer.status == POP3_OK)
		return 0;
	if (capa->known && !capa->user)
		return err_set(err, ERR_REFUSED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the server offers neither USER nor AUTH PLAIN: %s",
			answer.text);
	return login_refused(capa, &answer, err);
}

static int login_user(struct pop3_wire *w, const struct pop3_capa *capa,
	const char *user, const struct secret *secret, struct err *err)
{
	static const char pass[] = "PASS ";
	size_t n = sizeof pass - 1 + secret->len;
	char *line;
	int r;

	if (say_user(w, capa, user, err) < 0)
		return -1;
	line = mem_alloc(n + 1);
	memcpy(line, pass, sizeof pass);
	if (secret->len != 0)
		memcpy(line + sizeof pass - 1, secret->bytes, secret->len);
	r = pop3_put_secret(w, line, n, err);
	explicit_bzero(line, n);
	free(line);
	if (r < 0)
		return -1;
	return read_verdict(w, capa, secret->bytes, err);
}

/* ---- */

static bool has_any(const char *bytes, size_t n, const char *set, size_t of)
{
	for (size_t i = 0; i < n; i++)
		if (memchr(set, bytes[i], of) != NULL)
			return true;
	return false;
}

static int unspeakable(const char *what, struct err *err)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the %s holds a line break or a NUL, which POP3 cannot send",
		what);
}

int pop3_login(struct pop3_wire *w, const struct pop3_capa *capa,
	const char *user, const struct secret *secret, struct err *err)
{
	int r = 1;

	if (secret->bytes == NULL)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "there is no password");
	if (has_any(user, strlen(user), "\r\n", 2))
		return unspeakable("user name", err);
	if (has_any(secret->bytes, secret->len, "\0", 1))
		return unspeakable("password", err);
	if (capa->sasl_plain)
		r = login_plain(w, capa, user, secret, err);
	if (r <= 0)
		return r;
	if (has_any(secret->bytes, secret->len, "\r\n", 2))
		return unspeakable("password", err);
	return login_user(w, capa, user, secret, err);
}
