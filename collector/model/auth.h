/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * auth: the ways to say who we are, their names, and which comes first.
 * Inside TLS the plain ones: a turn less, and any secret. In the clear those
 * that keep the secret to themselves, as long as any is offered.
 */
#ifndef MAILHAUL_MODEL_AUTH_H
#define MAILHAUL_MODEL_AUTH_H

#include "../base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum auth {
	AUTH_AUTO,
	AUTH_PLAIN,	    /* RFC 4616 */
	AUTH_LOGIN,	    /* the mechanism; never in an RFC */
	AUTH_CRAM_MD5,	    /* RFC 2195 */
	AUTH_SCRAM_SHA_1,   /* RFC 5802 */
	AUTH_SCRAM_SHA_256, /* RFC 7677 */
	AUTH_USER_PASS,	    /* POP3 USER and PASS, IMAP LOGIN */
	AUTH_APOP,	    /* RFC 1939 7; only if asked for */
	AUTH_XOAUTH2,
	AUTH_OAUTHBEARER, /* RFC 7628 */
};
#define AUTH_KINDS 10
#define AUTH_BIT(auth) (UINT32_C(1) << (auth))

/* "auto", "plain", "scram-sha-1" … Static. */
const char *auth_name(enum auth auth);
/* ERR_CONFIG with all names; "" is auto. */
int auth_parse(const char *name, enum auth *ret_auth, struct err *err);
/* "SCRAM-SHA-1"; NULL for what is no SASL mechanism. Static. */
const char *auth_mechanism(enum auth auth);
/* Its bit by the mechanism's name, in any case; 0: none of ours. */
uint32_t auth_bit(const char *mechanism);
/* Whether the secret is a token. */
bool auth_takes_token(enum auth auth);

struct auth_choice {
	enum auth asked;
	uint32_t offered; /* AUTH_BIT, or-ed */
	bool encrypted;
	bool token; /* that is what the secret is */
};
/*
 * What to try, best first; how many. What was asked for is tried whether it
 * is offered or not, and nothing else. 0: there is no way; a token is not
 * sent in the clear unless asked for by name.
 */
size_t auth_choose(
	const struct auth_choice *choice, enum auth ret_order[AUTH_KINDS]);

#endif
