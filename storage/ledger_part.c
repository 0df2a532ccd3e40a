/* SPDX-License-Identifier: BSD-2-Clause */
#include "ledger_part.h"

#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "ledger_internal.h"

#include <stdlib.h>
#include <string.h>

static void bind_key(struct stmt *s, const struct part_key *key)
{
	stmt_bind_int(s, "mailbox_id", key->mailbox_id);
	stmt_bind_int(s, "uidvalidity", key->uidvalidity);
	stmt_bind_int(s, "uid", key->uid);
}

int ledger_part_put(
	struct ledger *l, const struct ledger_part *p, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_part_put");
	bind_key(s, &p->key);
	stmt_bind_int(s, "fence", l->fence);
	stmt_bind_int(s, "stage_seq", (int64_t)p->stage_seq);
	stmt_bind_int(s, "total_bytes", (int64_t)p->total_bytes);
	stmt_bind_int(s, "received", (int64_t)p->received);
	stmt_bind_int(s, "file_bytes", (int64_t)p->file_bytes);
	stmt_bind_int(s, "to_lf", p->to_lf);
	stmt_bind_blob(s, "sha256", p->sha256, sizeof p->sha256);
	stmt_bind_int(s, "kept_at", clock_wall_s());
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

int ledger_part_drop(
	struct ledger *l, const struct part_key *key, struct err *err)
{
	struct stmt *s;
	bool own;

	if (ledger_write_begin(l, &own, err) != 0)
		return -1;
	s = db_stmt(l->db, "ledger_part_drop");
	bind_key(s, key);
	return ledger_write_end(l, own, stmt_run(s, err), err);
}

static void read_part(struct stmt *s, struct ledger_part *p)
{
	size_t n;
	const void *sha = stmt_blob(s, "sha256", &n);

	*p = (struct ledger_part){
		.key = {.mailbox_id = stmt_int(s, "mailbox_id"),
			.uidvalidity = (uint32_t)stmt_int(s, "uidvalidity"),
			.uid = (uint32_t)stmt_int(s, "uid")},
		.fence = stmt_int(s, "fence"),
		.stage_seq = (uint64_t)stmt_int(s, "stage_seq"),
		.total_bytes = (uint64_t)stmt_int(s, "total_bytes"),
		.received = (uint64_t)stmt_int(s, "received"),
		.file_bytes = (uint64_t)stmt_int(s, "file_bytes"),
		.to_lf = stmt_int(s, "to_lf") != 0,
		.kept_at = stmt_int(s, "kept_at")};
	if (n == sizeof p->sha256)
		memcpy(p->sha256, sha, n);
}

int ledger_parts(struct ledger *l, struct ledger_part **ret_parts,
	size_t *ret_count, struct err *err)
{
	struct ledger_part *all = NULL;
	size_t n = 0;
	struct stmt *s;
	int r;

	ledger_enter(l);
	s = db_stmt(l->db, "ledger_parts");
	while ((r = stmt_step(s, err)) == 1) {
		all = mem_grow(all, n + 1, sizeof *all);
		read_part(s, &all[n++]);
	}
	ledger_leave(l);
	if (r < 0) {
		free(all);
		return -1;
	}
	*ret_parts = all;
	*ret_count = n;
	return 0;
}
