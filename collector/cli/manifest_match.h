/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manifest_match: the messages of one account of a manifest against the files
 * of a store. A message is there where a file has its content, whatever that
 * is called and wherever it lies: its own name decides first, then, for what
 * is left on both sides, the content alone. About 400 bytes of memory a
 * message. No I/O. One thread.
 */
#ifndef MAILHAUL_CLI_MANIFEST_MATCH_H
#define MAILHAUL_CLI_MANIFEST_MATCH_H

#include "../../storage/stock.h"
#include "../base/mem.h"
#include "../model/manifest.h"

enum match_state {
	MATCH_MISSING,
	MATCH_CHANGED, /* its file is there, with other bytes */
	MATCH_SAME,
};

struct match_message {
	unsigned char sha256[32];
	const char *mailbox, *key, *dir, *file; /* in the arena */
	enum match_state state;
	bool moved;	     /* SAME, in another folder or of another name */
	const char *now_dir; /* CHANGED, SAME: where it is */
};

struct match_file {
	const char *dir, *base;
	unsigned char sha256[32], crlf_sha256[32];
	bool used;
};

struct match {
	struct arena *arena, *file_arena;
	struct match_message *messages; /* sealed: by file */
	size_t count, cap;
	struct match_file *files; /* of which no message has the name */
	size_t file_count, file_cap;
};

void match_init(struct match *m);
void match_clear(struct match *m);
void match_add(struct match *m, const struct manifest_message *message);
/* All were added: before the first file. */
void match_seal(struct match *m);
/* Forgets what files were seen, but for messages that were found. */
void match_again(struct match *m);
/* Whether the file has anything to tell. */
bool match_wants(const struct match *m, const char *base);
void match_file(struct match *m, const struct stock_file *file);
/* All files were shown: finds what has another name. */
void match_finish(struct match *m);
/* Messages in that state. */
size_t match_count(const struct match *m, enum match_state state);

#endif
