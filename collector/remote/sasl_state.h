/* SPDX-License-Identifier: BSD-2-Clause */
/* sasl_state: what sasl.c and sasl_converse.c share; nobody else includes
 * it. */
#ifndef MAILHAUL_REMOTE_SASL_STATE_H
#define MAILHAUL_REMOTE_SASL_STATE_H

#include "sasl.h"

#define SASL_RESPONSES_MAX 4

struct sasl {
	struct sasl_login login;
	struct scram *scram;
	int turn;  /* responses made */
	bool said; /* something that depends on the secret has left */
	char *responses[SASL_RESPONSES_MAX]; /* to know them again */
	char told[64];
};

#endif
