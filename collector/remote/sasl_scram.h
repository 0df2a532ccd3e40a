/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sasl_scram: SCRAM (RFC 5802, RFC 7677) by GNU SASL, one context a login. We
 * derive the salted password ourselves: GNU SASL then never sees the password,
 * and a server cannot make us count for hours.
 */
#ifndef MAILHAUL_REMOTE_SASL_SCRAM_H
#define MAILHAUL_REMOTE_SASL_SCRAM_H

#include "sasl.h"

struct scram;
/* Whether SASLprep takes the name: SCRAM has no other. */
bool scram_can_say(const char *user);
int scram_new(const struct sasl_login *login, struct scram **ret_scram,
	struct err *err);
void scram_free(struct scram **s);
/* Text in, text out (NUL-terminated; caller frees). ERR_PROTOCOL, ERR_LIMIT
 * for an iteration count out of bounds, ERR_AUTH for a wrong proof. */
int scram_step(struct scram *s, const char *in, size_t n, char **ret_out,
	struct err *err);
/* The server has shown that it knows the password. */
bool scram_is_proved(const struct scram *s);

#endif
