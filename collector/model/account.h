/* SPDX-License-Identifier: BSD-2-Clause */
/* account: one remote login and its local destination. Nouns only. */
#ifndef MAILHAUL_MODEL_ACCOUNT_H
#define MAILHAUL_MODEL_ACCOUNT_H

#include "../base/mem.h"
#include "url.h"

#include <stdbool.h>
#include <stdint.h>

#define ACCOUNT_NAME_MAX 129  /* printable, no space, no '/' */
#define ACCOUNT_UUID_BYTES 33 /* 32 hex digits + NUL */

/* Strings are owned; account_clear (storage/accounts.h) frees them. */
struct account {
	int64_t id;
	char uuid[ACCOUNT_UUID_BYTES];
	char name[ACCOUNT_NAME_MAX];
	struct url url;
	char *to;	   /* local user */
	int64_t every_s;   /* 0 = sync.every, -1 = never (import once) */
	char *delete_rule; /* "never" … as typed */
	char *on_expunge;  /* "keep" … */
	char *folders;	   /* globs, one a line; "" = all */
	char *excludes;
	char *prefix;	   /* folder, UTF-8; "" = none */
	char *ca_file;	   /* "" = tls.ca_file */
	char *fingerprint; /* "" or "SHA256:…" */
	bool skip_deleted;
	bool paused;
	int64_t created_at;
};

#endif
