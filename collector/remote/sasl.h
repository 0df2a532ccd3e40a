/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasl: the client's side of a SASL exchange (RFC 4422), apart from how a
 * protocol frames it. PLAIN, LOGIN, CRAM-MD5 and the two of OAuth are a line
 * each and say the secret byte for byte; SCRAM is GNU SASL's, which knows the
 * secret only as a key derived from it (sasl_scram.c). Nothing is kept once
 * it is freed, and nothing of it is ever logged here. One thread.
 *
 * Without channel binding: what TLS 1.3 would bind to (tls-exporter) is not
 * offered by the servers of our time, and the certificate is verified.
 */
#ifndef MAILHAUL_REMOTE_SASL_H
#define MAILHAUL_REMOTE_SASL_H

#include "../base/err.h"
#include "../base/mem.h"
#include "../model/auth.h"

#include <stdbool.h>
#include <stdint.h>

#define SASL_CHALLENGE_MAX 16384 /* bytes of base64 */

/* Borrowed while a sasl of it lives. */
struct sasl_login {
	enum auth auth;
	const char *user;
	const struct secret *secret;
	const char *host;
	uint16_t port;
};

struct sasl;
/* Once, before a sandbox is entered: whatever a library does at first. */
void sasl_prepare(void);
/* ERR_CONFIG where this mechanism cannot carry the name or the token. */
int sasl_check(const struct sasl_login *login, struct err *err);
struct sasl *sasl_new(const struct sasl_login *login);
void sasl_free(struct sasl **s);

/* How a protocol says and hears it. */
struct sasl_peer {
	/* Longest initial response, base64; 0: there is none. */
	size_t initial_max;
	/* initial: NULL = none. */
	int (*begin)(void *arg, const char *mechanism, const char *initial,
		struct err *err);
	int (*say)(void *arg, const char *response, struct err *err);
	/* 1: a challenge, base64, borrowed for the next call; 0: the answer
	 * to it all; -1. */
	int (*hear)(void *arg, const char **ret_challenge, struct err *err);
	void *arg;
};

/*
 * From the first word to the answer. 1: it is there (refused or not, the
 * caller knows); 0: it is a refusal, or a success out of turn, before
 * anything secret was said; -1: ERR_PROTOCOL where the challenges make no
 * sense, ERR_AUTH where the server proves that it does not know the password,
 * or what the peer's functions say.
 */
int sasl_converse(
	struct sasl *s, const struct sasl_peer *peer, struct err *err);
/* The server has said OK: had it proved all it had to? ERR_AUTH. */
int sasl_check_end(const struct sasl *s, struct err *err);
/* What a refused token was told: "invalid_token"; "" = nothing. */
const char *sasl_told(const struct sasl *s);

/* One response, in base64, for a challenge in base64 (NULL: the initial one).
 * Caller: sasl_wipe. */
int sasl_step(struct sasl *s, const char *challenge, char **ret_response,
	struct err *err);
void sasl_wipe(char **text);

/* Takes a word out of a server's words, also where they were cut in the middle
 * of it. Words of one or two bytes stay. */
void sasl_hide_word(char *text, const char *word);
/* Takes the secret, and all that was said, out of them. s may be NULL. */
void sasl_hide(const struct sasl *s, const struct secret *secret, char *text);

#endif
