/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain: what each class of failure means: in one sentence for the person
 * whose mail it is, and for who runs mailhaul: what has happened, what is
 * lost, what mailhaul does about it by itself, what there is to do. `mailhaul
 * explain`, the man page and --json have it from here. Pure.
 */
#ifndef MAILHAUL_MODEL_EXPLAIN_H
#define MAILHAUL_MODEL_EXPLAIN_H

#include "../base/err.h"

struct explanation {
	enum err_class class; /* ERR_NONE ends the table */
	const char *title;    /* no full stop */
	const char *user;
	const char *happened, *lost, *itself, *todo;
};
/* Every class that a user can see, in the order of the interface. */
extern const struct explanation explanations[];

/* NULL for ERR_NONE and ERR_CANCELLED, which are no failures. */
const struct explanation *explain_class(enum err_class class);

#endif
