/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In the order of auth_choose, with USER and PASS behind it all: old servers
 * do not say that they know them. With an initial response a secret travels
 * in the first line; where that would be longer than 255 octets (RFC 5034 4)
 * the server is asked for it. A server may refuse a way before it has seen
 * anything secret: only then the next one is tried.
 */
#include "pop3_login.h"

#include "sasl.h"
#include "verdict.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTH_LINE_MAX 255 /* octets with CRLF */
#define MD5_BYTES 16

struct login {
	struct pop3_wire *w;
	const struct pop3_who *who;
	const struct pop3_capa *capa;
	struct pop3_answer answer;
	struct sasl *sasl; /* NULL: none in use */
};

/* ---- answers ---- */

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

static void find_verdict(
	const struct pop3_answer *answer, bool token, struct verdict *ret)
{
	char code[POP3_CODE_MAX];

	pop3_code_name(judge(answer), answer->text, code);
	verdict_find(VERDICT_LOGIN, code, answer->text, ret);
	if (!ret->known && token)
		ret->retry = ERR_RETRY_CHANGE;
}

static int login_refused(const struct login *l, struct err *err)
{
	const struct pop3_answer *answer = &l->answer;
	struct verdict v;

	find_verdict(answer, l->who->token, &v);
	(void)err_set(err, v.class, ERR_SCOPE_ACCOUNT, v.retry, "%s: %s",
		v.class == ERR_AUTH
			? "the server refused the name or the password"
		: v.retry == ERR_RETRY_CHANGE
			? "the server does not log us in"
			: "the server does not log us in now",
		answer->text[0] != '\0' ? answer->text : "(no reason given)");
	verdict_tell(&v, err);
	if (err != NULL && answer->code == POP3_CODE_LOGIN_DELAY &&
		err->retry_after_s < l->capa->login_delay_s)
		err->retry_after_s = l->capa->login_delay_s;
	return -1;
}

/* A refusal that says "not now" is none of the mechanism. */
static bool goes_on(const struct pop3_answer *answer)
{
	struct verdict v;

	find_verdict(answer, false, &v);
	return v.class == ERR_AUTH && (!v.known || v.retry != ERR_RETRY_LATER);
}

/* The server may say back what it was told: nobody logs that. */
static int hear(struct login *l, struct err *err)
{
	struct pop3_wire *w = l->w;
	int r;

	pop3_expect(w, 0);
	if (w->transport != NULL)
		transport_private(w->transport, true);
	r = pop3_read_challenge(w, &l->answer, err);
	if (w->transport != NULL)
		transport_private(w->transport, false);
	return r;
}

static int too_many(struct err *err)
{
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the server asks for more after the whole login was said");
}

/* ---- AUTH (RFC 5034) ---- */

static int auth_begin(
	void *arg, const char *mechanism, const char *initial, struct err *err)
{
	struct login *l = arg;
	char line[AUTH_LINE_MAX];
	int n, r;

	if (initial == NULL) {
		(void)snprintf(line, sizeof line, "AUTH %s", mechanism);
		return pop3_put(l->w, line, err) < 0 ||
				       pop3_flush(l->w, err) < 0
			       ? -1
			       : 0;
	}
	n = snprintf(line, sizeof line, "AUTH %s %s", mechanism, initial);
	r = pop3_put_secret(l->w, line, (size_t)n, err);
	OPENSSL_cleanse(line, sizeof line);
	return r;
}

static int auth_say(void *arg, const char *response, struct err *err)
{
	struct login *l = arg;

	return pop3_put_secret(l->w, response, strlen(response), err);
}

static int auth_hear(void *arg, const char **ret_challenge, struct err *err)
{
	struct login *l = arg;
	const char *text;

	if (hear(l, err) < 0)
		return -1;
	if (l->answer.status != POP3_CONTINUE)
		return 0;
	/* the whole line: the answer's text is cut */
	text = buf_str(&l->w->line) + 1;
	*ret_challenge = text + strspn(text, " ");
	return 1;
}

static int login_auth(
	struct login *l, const struct sasl_login *who, struct err *err)
{
	const struct sasl_peer peer = {
		.initial_max = AUTH_LINE_MAX - strlen("AUTH  \r\n") -
			       strlen(auth_mechanism(who->auth)),
		.begin = auth_begin,
		.say = auth_say,
		.hear = auth_hear,
		.arg = l,
	};
	int r;

	l->sasl = sasl_new(who);
	r = sasl_converse(l->sasl, &peer, err);
	if (r == 0 && l->answer.status == POP3_OK)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"the server says +OK to AUTH before it knows who we "
			"are");
	if (r > 0 && l->answer.status == POP3_OK)
		return sasl_check_end(l->sasl, err) < 0 ? -1 : 1;
	return r;
}

/* ---- USER and PASS ---- */

/* 1, 0 refused, -1. */
static int say_user(struct login *l, struct err *err)
{
	char *line = mem_printf("USER %s", l->who->user);
	int r = pop3_ask(l->w, line, &l->answer, err);

	free(line);
	if (r < 0)
		return -1;
	return l->answer.status == POP3_OK ? 1 : 0;
}

static int login_user(struct login *l, struct err *err)
{
	static const char pass[] = "PASS ";
	const struct secret *secret = l->who->secret;
	size_t n = sizeof pass - 1 + secret->len;
	char *line;
	int r = say_user(l, err);

	if (r <= 0)
		return r;
	line = mem_alloc(n + 1);
	memcpy(line, pass, sizeof pass);
	memcpy(line + sizeof pass - 1, secret->bytes, secret->len);
	r = pop3_put_secret(l->w, line, n, err);
	OPENSSL_cleanse(line, n);
	free(line);
	if (r < 0 || hear(l, err) < 0)
		return -1;
	return l->answer.status == POP3_CONTINUE ? too_many(err) : 1;
}

/* ---- APOP (RFC 1939 7) ---- */

static void apop_digest(const char *timestamp, const struct secret *secret,
	char hex[2 * MD5_BYTES + 1])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char digest[MD5_BYTES] = {0};

	if (ctx == NULL || EVP_DigestInit_ex(ctx, EVP_md5(), NULL) != 1 ||
		EVP_DigestUpdate(ctx, timestamp, strlen(timestamp)) != 1 ||
		EVP_DigestUpdate(ctx, secret->bytes, secret->len) != 1 ||
		EVP_DigestFinal_ex(ctx, digest, NULL) != 1)
		abort(); /* no memory, or no MD5 in this OpenSSL */
	EVP_MD_CTX_free(ctx);
	for (size_t i = 0; i < sizeof digest; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static int login_apop(struct login *l, struct err *err)
{
	char hex[2 * MD5_BYTES + 1], *line;
	int r;

	if (l->who->timestamp[0] == '\0')
		return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the server does not offer APOP: its greeting has no "
			"timestamp, or came before TLS");
	apop_digest(l->who->timestamp, l->who->secret, hex);
	line = mem_printf("APOP %s %s", l->who->user, hex);
	r = pop3_put_secret(l->w, line, strlen(line), err);
	sasl_wipe(&line);
	if (r < 0 || hear(l, err) < 0)
		return -1;
	return l->answer.status == POP3_CONTINUE ? too_many(err) : 1;
}

/* ---- the whole ---- */

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

static int check_secret(
	const struct pop3_who *who, enum auth auth, struct err *err)
{
	if (auth == AUTH_USER_PASS &&
		has_any(who->secret->bytes, who->secret->len, "\r\n", 2))
		return unspeakable("password", err);
	return 0;
}

/* 1 answered, 0 refused before anything secret was said, -1. */
static int login_by(struct login *l, enum auth auth, struct err *err)
{
	const struct pop3_who *who = l->who;
	const struct sasl_login sasl = {
		.auth = auth,
		.user = who->user,
		.secret = who->secret,
		.host = who->host,
		.port = who->port,
	};

	if (check_secret(who, auth, err) < 0)
		return -1;
	if (auth == AUTH_USER_PASS)
		return login_user(l, err);
	if (auth == AUTH_APOP)
		return login_apop(l, err);
	if (sasl_check(&sasl, err) < 0)
		return who->auth == AUTH_AUTO && !who->token ? 0 : -1;
	sasl_free(&l->sasl);
	return login_auth(l, &sasl, err);
}

static size_t choose(const struct login *l, enum auth order[AUTH_KINDS])
{
	const struct pop3_who *who = l->who;
	bool user = !l->capa->known || l->capa->user;
	const struct auth_choice choice = {
		.asked = who->auth,
		.offered =
			l->capa->auths | (user ? AUTH_BIT(AUTH_USER_PASS) : 0),
		.encrypted = who->encrypted,
		.token = who->token,
	};
	size_t count = auth_choose(&choice, order);

	if (who->auth == AUTH_AUTO && !who->token && !user)
		order[count++] = AUTH_USER_PASS;
	return count;
}

static int no_way(const struct login *l, struct err *err)
{
	if (!l->who->encrypted)
		return err_set(err, ERR_TLS, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "no token is sent without TLS");
	return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the server takes no token (neither OAUTHBEARER nor XOAUTH2)");
}

/* The last answer was no. */
static int refused(struct login *l, enum auth last, int r, struct err *err)
{
	const char *told = sasl_told(l->sasl);
	struct pop3_answer *a = &l->answer;

	if (r == 0 && last == AUTH_USER_PASS && l->capa->known &&
		!l->capa->user)
		return err_set(err, ERR_REFUSED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the server offers neither USER nor a way of AUTH "
			"that is known here: %s",
			a->text);
	(void)login_refused(l, err);
	if (told[0] != '\0' && err != NULL) {
		size_t n = strlen(err->text);
		(void)snprintf(err->text + n, sizeof err->text - n,
			" (status %s)", told);
	}
	return -1;
}

static int login_try(struct login *l, struct err *err)
{
	enum auth order[AUTH_KINDS], last = AUTH_AUTO;
	size_t count = choose(l, order);
	int r = 0;

	if (count == 0)
		return no_way(l, err);
	for (size_t i = 0; i < count && r == 0; i++) {
		last = order[i];
		r = login_by(l, last, err);
		if (r == 0 && !goes_on(&l->answer))
			break;
	}
	if (r >= 0 && l->answer.status != POP3_OK) {
		sasl_hide(l->sasl, l->who->secret, l->answer.text);
		return refused(l, last, r, err);
	}
	return r < 0 ? -1 : 0;
}

int pop3_login(struct pop3_wire *w, const struct pop3_capa *capa,
	const struct pop3_who *who, struct err *err)
{
	struct login l = {.w = w,
		.who = who,
		.capa = capa,
		.answer = {.status = POP3_ERR}};
	int r;

	if (who->secret->bytes == NULL)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "there is no password");
	if (has_any(who->user, strlen(who->user), "\r\n", 2))
		return unspeakable("user name", err);
	if (has_any(who->secret->bytes, who->secret->len, "\0", 1))
		return unspeakable("password", err);
	r = login_try(&l, err);
	if (r < 0 && err != NULL)
		sasl_hide(l.sasl, who->secret, err->text);
	sasl_free(&l.sasl);
	return r;
}

void pop3_read_timestamp(const char *greeting, char *out, size_t out_bytes)
{
	const char *from = strchr(greeting, '<');
	size_t n = from != NULL ? strcspn(from, ">") : 0;

	if (n == 0 || from[n] != '>' || n + 2 > out_bytes ||
		memchr(from, '@', n) == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (from[i] <= 0x20 || from[i] == 0x7f)
			return;
	(void)snprintf(out, out_bytes, "%.*s", (int)n + 1, from);
}
