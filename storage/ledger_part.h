/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger_part: which beginnings of messages are kept in staging, and how much
 * of each is known to be right. part.h keeps the files.
 */
#ifndef MAILHAUL_STORAGE_LEDGER_PART_H
#define MAILHAUL_STORAGE_LEDGER_PART_H

#include "ledger.h"

struct part_key {
	int64_t mailbox_id;
	uint32_t uidvalidity, uid;
};

struct ledger_part {
	struct part_key key;
	int64_t fence;		  /* of the staging directory */
	uint64_t stage_seq;	  /* name in it */
	uint64_t total_bytes;	  /* of the message, as the server has said */
	uint64_t received;	  /* of these */
	uint64_t file_bytes;	  /* in the file */
	bool to_lf;		  /* the file has LF where CRLF came */
	unsigned char sha256[32]; /* of what was received */
	int64_t kept_at;
};

/* Records, or renews; by the fence of this ledger. */
int ledger_part_put(
	struct ledger *l, const struct ledger_part *p, struct err *err);
/* Joins the caller's transaction. Also where there is none. */
int ledger_part_drop(
	struct ledger *l, const struct part_key *key, struct err *err);
/* All. Caller frees. */
int ledger_parts(struct ledger *l, struct ledger_part **ret_parts,
	size_t *ret_count, struct err *err);

#endif
