/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uidlist: Dovecot's dovecot-uidlist, version 3, of one folder:
 *
 *     3 V<uidvalidity> N<next uid> G<guid> …
 *     <uid> [P<uidl>] [O<order>] … :<base name>          UIDs ascending
 *
 * A record at or above N raises the next UID by itself, so that giving UIDs
 * is an append. The file belongs to the tenant: whatever stands in it is
 * read within bounds and believed only as far as it goes. Everything that
 * takes a struct uidlist needs Dovecot's lock (dotlock.h). Any thread.
 */
#ifndef MAILHAUL_STORAGE_UIDLIST_H
#define MAILHAUL_STORAGE_UIDLIST_H

#include "../collector/base/buf.h"
#include "../collector/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define UIDLIST_FILE "dovecot-uidlist"
#define UIDLIST_GUID 33
#define UIDLIST_LINE_MAX 4096
/* Dovecot stops for good at 2^32 - 1: the last million is left to what will
 * be delivered later. */
#define UIDLIST_UID_MAX (UINT32_MAX - (UINT32_C(1) << 20))

struct uidlist_head {
	uint32_t uidvalidity;
	uint32_t next;		 /* the next UID is not below it */
	char guid[UIDLIST_GUID]; /* 32 hex digits; "" = none */
	char other[256]; /* fields that only Dovecot knows, " " between */
};

struct uidlist_record {
	uint32_t uid;
	uint32_t order;	  /* O; 0 = none */
	const char *uidl; /* P; "" = none */
	const char *name; /* base name, without ":2,…" */
};

/* ---- text. Lines without their LF; they are written to. -1: not such. */
int uidlist_parse_head(char *line, struct uidlist_head *ret_head);
int uidlist_parse_record(char *line, struct uidlist_record *ret_record);
/* True for a UIDL that can stand in a record, as it is. */
bool uidlist_takes_uidl(const char *uidl);
void uidlist_format_head(const struct uidlist_head *head, struct buf *out);
/* A UIDL that cannot stand there is left out. */
void uidlist_format_record(const struct uidlist_record *r, struct buf *out);

/* ---- the file */
struct uidlist_config {
	const char *tag; /* makes temporary names unique: account uuid */
	uid_t uid;	 /* owner of a new file; -1: ours */
	gid_t gid;
	/* Where temporary files lie; <= 0: beside the list. What a kill or a
	 * power cut leaves of one in staging is cleared by the next run. */
	int stage_fd;
};

struct uidlist {
	int dir_fd; /* borrowed */
	int fd;	    /* -1: none open */
	const struct uidlist_config *config;
	struct uidlist_head head; /* as it stands in the file */
	uint32_t next;		  /* the next UID: not in head once appended */
	uint64_t size;
};

/* 1 open, 0 there is none, -1: damaged, foreign or not readable. A last line
 * that was torn off by a crash is removed. */
int uidlist_open(struct uidlist *u, int dir_fd,
	const struct uidlist_config *config, struct err *err);
/* Puts a new one with these numbers in the place of the one that is there,
 * if any; a GUID is kept, or made. u: after uidlist_open, whatever it said. */
int uidlist_replace(struct uidlist *u, uint32_t uidvalidity, uint32_t next,
	struct err *err);
/* Ascending UIDs, none below u->next. One write. */
int uidlist_append(struct uidlist *u, const struct uidlist_record *records,
	size_t count, struct err *err);
/* The same file with a higher next UID. */
int uidlist_raise(struct uidlist *u, uint32_t next, struct err *err);
/*
 * Gives the records of these messages their uidl and order, in the place of
 * what they have; names: sorted by name, each once. All else in the file is
 * kept, known or not. *ret_found (count): who has a record; false for all on
 * failure. Durable. Closes u.
 */
int uidlist_name(struct uidlist *u, const struct uidlist_record *names,
	size_t count, bool *ret_found, struct err *err);
int uidlist_sync(const struct uidlist *u, struct err *err);
void uidlist_close(struct uidlist *u);

/* Each record, as it stands; lines that are none are passed over. fn: -1
 * stops. Needs no lock. 0, -1. */
typedef int uidlist_record_fn(void *arg, const struct uidlist_record *r);
int uidlist_each(const struct uidlist *u, uidlist_record_fn *fn, void *arg);

#endif
