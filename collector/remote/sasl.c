/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each mechanism is a function from the number of the turn and the challenge
 * to a response. A challenge that only invites the first word is not read:
 * servers write what they like there.
 */
#include "sasl.h"

#include "../model/text.h"
#include "sasl_scram.h"
#include "sasl_state.h"

#include <gsasl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MD5_BYTES 16

void sasl_wipe(char **text)
{
	if (*text != NULL)
		OPENSSL_cleanse(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void sasl_prepare(void)
{
	Gsasl *ctx = NULL;

	if (gsasl_init(&ctx) == GSASL_OK)
		gsasl_done(ctx);
	(void)scram_can_say("x");
	/* digests that OpenSSL looks up by name when they are first used */
	(void)EVP_md5();
	(void)EVP_sha1();
}

static bool is_token(const struct secret *secret)
{
	for (size_t i = 0; i < secret->len; i++)
		if (secret->bytes[i] <= 0x20 || secret->bytes[i] == 0x7f)
			return false;
	return secret->len != 0;
}

int sasl_check(const struct sasl_login *login, struct err *err)
{
	const char *why = NULL;

	switch (login->auth) {
	case AUTH_SCRAM_SHA_1:
	case AUTH_SCRAM_SHA_256:
		if (!scram_can_say(login->user))
			why = "the user name is not UTF-8 that SCRAM can say";
		break;
	case AUTH_XOAUTH2:
	case AUTH_OAUTHBEARER:
		if (!is_token(login->secret))
			why = "the token holds a byte that no token holds";
		else if (strchr(login->user, '\1') != NULL)
			why = "the user name holds a control character";
		break;
	case AUTH_AUTO:
	case AUTH_PLAIN:
	case AUTH_LOGIN:
	case AUTH_CRAM_MD5:
	case AUTH_USER_PASS:
	case AUTH_APOP:
		break;
	}
	if (why == NULL)
		return 0;
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"%s", why);
}

struct sasl *sasl_new(const struct sasl_login *login)
{
	struct sasl *s = mem_alloc(sizeof *s);

	s->login = *login;
	return s;
}

void sasl_free(struct sasl **s)
{
	struct sasl *p = *s;

	*s = NULL;
	if (p == NULL)
		return;
	scram_free(&p->scram);
	for (size_t i = 0; i < SASL_RESPONSES_MAX; i++)
		sasl_wipe(&p->responses[i]);
	free(p);
}

/* ---- base64 ---- */

static char *encode(const void *bytes, size_t n)
{
	char *text = mem_alloc(4 * (n / 3 + 1) + 1);

	(void)EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
	return text;
}

/* NUL-terminated; NULL: it is none. Caller frees. */
static char *decode(const char *text, size_t *ret_n)
{
	size_t n = strlen(text);
	char *bytes;
	int got;

	if (n > SASL_CHALLENGE_MAX || n % 4 != 0)
		return NULL;
	bytes = mem_alloc(n / 4 * 3 + 1);
	got = EVP_DecodeBlock(
		(unsigned char *)bytes, (const unsigned char *)text, (int)n);
	if (got < 0) {
		free(bytes);
		return NULL;
	}
	for (; got > 0 && n > 0 && text[n - 1] == '='; n--)
		got--;
	bytes[got] = '\0';
	*ret_n = (size_t)got;
	return bytes;
}

/* ---- mechanisms: 0 with the response's text, -1 ---- */

static int too_many(struct err *err)
{
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the server asks for more after the whole login was said");
}

static int step_plain(struct sasl *s, char **ret_response, struct err *err)
{
	const struct secret *secret = s->login.secret;
	size_t user_n = strlen(s->login.user), n = user_n + secret->len + 2;
	char *raw;

	if (s->turn > 0)
		return too_many(err);
	raw = mem_alloc(n + 1);
	memcpy(raw + 1, s->login.user, user_n + 1);
	memcpy(raw + 2 + user_n, secret->bytes, secret->len);
	*ret_response = encode(raw, n);
	OPENSSL_cleanse(raw, n);
	free(raw);
	s->said = true;
	return 0;
}

static int step_login(struct sasl *s, char **ret_response, struct err *err)
{
	const struct secret *secret = s->login.secret;

	if (s->turn > 1)
		return too_many(err);
	s->said = s->turn == 1;
	*ret_response = s->turn == 0
				? encode(s->login.user, strlen(s->login.user))
				: encode(secret->bytes, secret->len);
	return 0;
}

static int step_cram(struct sasl *s, const char *in, size_t n,
	char **ret_response, struct err *err)
{
	const struct secret *secret = s->login.secret;
	unsigned char mac[MD5_BYTES];
	unsigned mac_n = sizeof mac;
	char hex[2 * MD5_BYTES + 1], *text;

	if (s->turn > 0)
		return too_many(err);
	if (n == 0)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "the server's challenge is empty");
	if (HMAC(EVP_md5(), secret->bytes, (int)secret->len,
		    (const unsigned char *)in, n, mac, &mac_n) == NULL)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "there is no MD5 for CRAM-MD5 here");
	for (size_t i = 0; i < sizeof mac; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", mac[i]);
	text = mem_printf("%s %s", s->login.user, hex);
	*ret_response = encode(text, strlen(text));
	sasl_wipe(&text);
	s->said = true;
	return 0;
}

/* saslname (RFC 5801 4): "," and "=" are written =2C and =3D. */
static char *escape_name(const char *user)
{
	char *out = mem_alloc(3 * strlen(user) + 1), *p = out;

	for (; *user != '\0'; user++)
		if (*user == ',' || *user == '=')
			p += snprintf(p, 4, "=%02X", (unsigned)*user);
		else
			*p++ = *user;
	return out;
}

/* The status of RFC 7628 3.2.2, for people. The rest is of no use to them. */
static void note_told(struct sasl *s, const char *json)
{
	const char *p = strstr(json, "\"status\"");
	char raw[sizeof s->told];
	size_t n;

	if (p == NULL || (p = strchr(p + 8, ':')) == NULL)
		return;
	p += 1 + strspn(p + 1, " \t\"");
	n = strcspn(p, "\",}\r\n");
	(void)snprintf(raw, sizeof raw, "%.*s", n < 60 ? (int)n : 60, p);
	text_printable(raw, s->told, sizeof s->told);
}

static int step_oauth(
	struct sasl *s, const char *in, char **ret_response, struct err *err)
{
	bool bearer = s->login.auth == AUTH_OAUTHBEARER;
	const char *token = s->login.secret->bytes;
	char *name, *text;

	if (s->turn > 1)
		return too_many(err);
	if (s->turn == 1) {
		note_told(s, in);
		*ret_response = bearer ? encode("\1", 1) : mem_strdup("");
		return 0;
	}
	name = escape_name(s->login.user);
	text = bearer ? mem_printf("n,a=%s,\1host=%s\1port=%u\1auth=Bearer "
				   "%s\1\1",
				name, s->login.host, s->login.port, token)
		      : mem_printf("user=%s\1auth=Bearer %s\1\1", s->login.user,
				token);
	*ret_response = encode(text, strlen(text));
	sasl_wipe(&text);
	free(name);
	s->said = true;
	return 0;
}

static int step_scram(struct sasl *s, const char *in, size_t n,
	char **ret_response, struct err *err)
{
	char *text = NULL;

	if (s->scram == NULL && scram_new(&s->login, &s->scram, err) < 0)
		return -1;
	if (scram_step(s->scram, s->turn > 0 ? in : NULL, s->turn > 0 ? n : 0,
		    &text, err) < 0)
		return -1;
	s->said |= s->turn > 0;
	*ret_response = encode(text, strlen(text));
	sasl_wipe(&text);
	return 0;
}

static int step(struct sasl *s, const char *in, size_t n, char **ret_response,
	struct err *err)
{
	switch (s->login.auth) {
	case AUTH_PLAIN:
		return step_plain(s, ret_response, err);
	case AUTH_LOGIN:
		return step_login(s, ret_response, err);
	case AUTH_CRAM_MD5:
		return step_cram(s, in, n, ret_response, err);
	case AUTH_SCRAM_SHA_1:
	case AUTH_SCRAM_SHA_256:
		return step_scram(s, in, n, ret_response, err);
	case AUTH_XOAUTH2:
	case AUTH_OAUTHBEARER:
		return step_oauth(s, in, ret_response, err);
	case AUTH_AUTO:
	case AUTH_USER_PASS:
	case AUTH_APOP:
		break;
	}
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"%s is no SASL mechanism", auth_name(s->login.auth));
}

/* Whether the challenge before the next response means something. */
static bool reads_challenge(const struct sasl *s)
{
	return s->login.auth == AUTH_CRAM_MD5 ||
	       (s->turn > 0 && s->login.auth != AUTH_LOGIN);
}

int sasl_step(struct sasl *s, const char *challenge, char **ret_response,
	struct err *err)
{
	char *in = NULL;
	size_t n = 0;
	int r;

	if (challenge != NULL && reads_challenge(s)) {
		in = decode(challenge, &n);
		if (in == NULL)
			return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
				ERR_RETRY_LATER,
				"the server's challenge is not base64, or "
				"longer than %d bytes",
				SASL_CHALLENGE_MAX);
	}
	r = step(s, in != NULL ? in : "", n, ret_response, err);
	free(in);
	if (r == 0 && s->turn < SASL_RESPONSES_MAX)
		s->responses[s->turn] = mem_strdup(*ret_response);
	s->turn += r == 0;
	return r;
}

/* ---- the end ---- */

int sasl_check_end(const struct sasl *s, struct err *err)
{
	if (s->scram == NULL || scram_is_proved(s->scram))
		return 0;
	return err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the server lets us in without proving that it knows the "
		"password");
}

const char *sasl_told(const struct sasl *s)
{
	return s != NULL ? s->told : "";
}

void sasl_hide(const struct sasl *s, const struct secret *secret, char *text)
{
	char *base64;

	if (secret->bytes == NULL)
		return;
	base64 = encode(secret->bytes, secret->len);
	for (size_t i = 0; s != NULL && i < SASL_RESPONSES_MAX; i++)
		if (s->responses[i] != NULL)
			sasl_hide_word(text, s->responses[i]);
	sasl_hide_word(text, base64);
	sasl_hide_word(text, secret->bytes);
	sasl_wipe(&base64);
}
