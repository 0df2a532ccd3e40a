/* SPDX-License-Identifier: BSD-2-Clause */
#include "sasl_state.h"

#include <string.h>

/* 1: begun, and the initial response with it or not; -1. */
static int begin(struct sasl *s, const struct sasl_peer *peer,
	char **ret_initial, struct err *err)
{
	char *initial = NULL;
	bool first =
		s->login.auth != AUTH_LOGIN && s->login.auth != AUTH_CRAM_MD5;
	bool said = s->said;
	int r;

	if (first && sasl_step(s, NULL, &initial, err) < 0)
		return -1;
	*ret_initial = initial;
	if (initial != NULL && strlen(initial) > peer->initial_max) {
		/* held back until it is asked for */
		s->said = said;
		return peer->begin(
			peer->arg, auth_mechanism(s->login.auth), NULL, err);
	}
	r = peer->begin(peer->arg, auth_mechanism(s->login.auth), initial, err);
	/* an old server may overlook it, and ask */
	return r < 0 ? -1 : 1;
}

int sasl_converse(struct sasl *s, const struct sasl_peer *peer, struct err *err)
{
	char *held = NULL, *response = NULL;
	const char *challenge;
	int sent = begin(s, peer, &held, err), r = sent < 0 ? -1 : 1;

	while (r > 0 && (r = peer->hear(peer->arg, &challenge, err)) > 0) {
		/* A first response that was not sent, or was overlooked
		 * (RFC 1734), is what an invitation is for. */
		if (held != NULL && (sent == 0 || challenge[0] == '\0' ||
					    s->login.auth == AUTH_PLAIN)) {
			response = held;
			held = NULL;
			s->said |= s->login.auth != AUTH_SCRAM_SHA_1 &&
				   s->login.auth != AUTH_SCRAM_SHA_256;
		} else {
			sasl_wipe(&held);
			r = sasl_step(s, challenge, &response, err) < 0 ? -1
									: 1;
		}
		if (r > 0 && peer->say(peer->arg, response, err) < 0)
			r = -1;
		sasl_wipe(&response);
	}
	sasl_wipe(&held);
	if (r < 0)
		return -1;
	return s->said ? 1 : 0;
}
