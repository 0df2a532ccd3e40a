/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token: OAuth's bearer token, in a file that a program of the operator's
 * renews. It is read for each session anew. One that was refused is not sent
 * again: the account waits until the file says something else, and no person
 * is asked for what the next renewal mends.
 */
#ifndef MAILHAUL_SYNC_TOKEN_H
#define MAILHAUL_SYNC_TOKEN_H

#include "../../storage/ledger.h"
#include "../base/err.h"
#include "../base/mem.h"

#define TOKEN_MARK_BYTES 65 /* hex of SHA-256, and NUL */
#define TOKEN_LOOK_S 60	    /* how often the file is looked at then */

/*
 * The first line of path. ERR_AUTH, later, where there is none yet; where the
 * file is not of this user or root, others may read it, or it holds no token.
 * Caller clears.
 */
int token_read(const char *path, struct secret *ret_token, struct err *err);
/* Tells tokens apart without telling them. */
void token_mark(const struct secret *token, char ret_mark[TOKEN_MARK_BYTES]);
/* Makes of a server's refusal one that waits for another token. -1. */
int token_refused(const char *path, struct err *err);

/* ERR_AUTH, later, if the token that is there now is the one refused last. */
int token_check(const char *path, struct ledger *ledger, struct err *err);
/* That one was refused. */
int token_note(struct ledger *ledger, const char *mark, struct err *err);

#endif
