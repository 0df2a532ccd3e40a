/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify_rows.h"

#include "../../storage/ledger_removal.h"

#include <stdlib.h>
#include <string.h>

struct load {
	struct verify *v;
	struct verify_rows *rows;
	uint32_t uidvalidity;
};

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct load *load = arg;
	struct verify_rows *rows = load->rows;
	struct verify_row *r;

	(void)dir;
	if (m->base[0] != '\0')
		verify_file_is_known(load->v, m->base);
	if (m->uidvalidity != load->uidvalidity)
		return 0;
	if (rows->count == rows->cap) {
		rows->cap = rows->cap != 0 ? rows->cap * 2 : 256;
		rows->list =
			mem_grow(rows->list, rows->cap, sizeof *rows->list);
	}
	r = &rows->list[rows->count++];
	*r = (struct verify_row){.uid = m->uid,
		.occurrence = m->occurrence,
		.uidl = arena_strdup(rows->arena, m->uidl),
		.base = arena_strdup(rows->arena, m->base),
		.why = arena_strdup(rows->arena, m->why_text),
		.source = flags_keep(rows->arena, &m->source),
		.state = m->state,
		.removed = m->removal == REMOVAL_GONE};
	return work_check_cancel(load->v->w, err);
}

static int by_key(const void *a, const void *b)
{
	const struct verify_row *x = a, *y = b;
	int c = strcmp(x->uidl, y->uidl);

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	if (c != 0)
		return c;
	return x->occurrence < y->occurrence ? -1
					     : x->occurrence > y->occurrence;
}

int verify_rows_load(struct verify *v, const struct ledger_mailbox *m,
	struct verify_rows *ret_rows, struct err *err)
{
	bool pop3 = v->w->run->account.url.protocol == PROTOCOL_POP3;
	struct load load = {.v = v,
		.rows = ret_rows,
		.uidvalidity = pop3 ? 0 : m->uidvalidity};

	*ret_rows = (struct verify_rows){.arena = arena_new()};
	if (ledger_each_maildrop(v->w->ledger, m->id, on_row, &load, err) != 0)
		return -1;
	if (ret_rows->count != 0)
		qsort(ret_rows->list, ret_rows->count, sizeof *ret_rows->list,
			by_key);
	return 0;
}

void verify_rows_clear(struct verify_rows *rows)
{
	if (rows->arena != NULL)
		arena_free(&rows->arena);
	free(rows->list);
	*rows = (struct verify_rows){.list = NULL};
}
