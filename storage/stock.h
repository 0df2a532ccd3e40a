/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stock: every message file of a Maildir++ tree with its content's SHA-256,
 * whoever wrote it, without ledger or key: for comparing a store with a list
 * of what was put into it. Two hashes a file, as line ends may have been
 * changed on the way (store.eol): of its bytes, and of the same with each
 * bare LF as CRLF. Nothing is changed; no link is followed. One thread.
 */
#ifndef MAILHAUL_STORAGE_STOCK_H
#define MAILHAUL_STORAGE_STOCK_H

#include "../collector/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct stock_file {
	const char *dir;  /* "" = the root */
	const char *base; /* name without flags */
	uint64_t bytes;
	unsigned char sha256[32], crlf_sha256[32];
};

struct stock_reader {
	/* False: this file is not read. */
	bool (*wants)(void *arg, const char *dir, const char *base);
	void (*read)(void *arg, const struct stock_file *file);
	void *arg;
};

/* root: "" below it is new/, cur/. Caller closes. A last component that is a
 * link, or no directory: ERR_STORE. */
int stock_open(const char *root, int *ret_fd, struct err *err);
/*
 * Reads each wanted file once. *ret_steady false: a reader was at work
 * meanwhile, so that files may have been missed: what was not seen is not
 * known to be absent. ERR_STORE, ERR_DISK where anything cannot be read.
 */
int stock_each(int root_fd, const struct stock_reader *reader, bool *ret_steady,
	struct err *err);

#endif
