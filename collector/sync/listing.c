/* SPDX-License-Identifier: BSD-2-Clause */
#include "listing.h"

#include "../base/mem.h"

#include <stdlib.h>

static int on_mailbox(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	struct listing *l = arg;

	(void)err;
	if (l->count == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 32;
		l->mailboxes =
			mem_grow(l->mailboxes, l->cap, sizeof *l->mailboxes);
	}
	l->mailboxes[l->count++] = *info;
	return 0;
}

int listing_read(struct listing *l, struct session *s, struct err *err)
{
	l->count = 0;
	return session_list(s, on_mailbox, l, err);
}

void listing_clear(struct listing *l)
{
	free(l->mailboxes);
	*l = (struct listing){0};
}
