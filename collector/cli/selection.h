/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selection: the accounts that a command is about: its words, and those of
 * --group. The one place that turns them into accounts.
 */
#ifndef MAILHAUL_CLI_SELECTION_H
#define MAILHAUL_CLI_SELECTION_H

#include "../../storage/accounts.h"
#include "args.h"

/* May be added. */
enum selection_rule {
	SELECTION_ALL = 1,   /* without words and --group: all there are */
	SELECTION_AWAKE = 2, /* paused ones are refused where they are named,
				else left out */
};

struct selection {
	struct account *accounts; /* each once; as named, then by name */
	size_t count;
};

/* Reads them. 0, or an exit status after the fault was printed: a name or a
 * group that there is not is a usage error, and so are, without
 * SELECTION_ALL, no words and no --group. */
int selection_read(struct state *state, const struct args *args, unsigned rules,
	struct selection *ret_selection);
/* In the order of their names. */
void selection_sort(struct selection *s);
void selection_clear(struct selection *s);

#endif
