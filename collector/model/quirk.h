/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quirk: what a server is known to do against the rules, as switches. Which
 * ones are in force is recognised by remote/quirks.c from what the server
 * says and is called, and a person may overrule it for an account. One table
 * has the names that people type and what each switch does. Pure.
 */
#ifndef MAILHAUL_MODEL_QUIRK_H
#define MAILHAUL_MODEL_QUIRK_H

#include "../base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits of a set (uint64_t). */
enum quirk {
	QUIRK_ID_FIRST = 1 << 0,
	QUIRK_NO_NAMESPACE = 1 << 1,
	QUIRK_NO_LIST_EXTENDED = 1 << 2,
	QUIRK_NO_LIST_STATUS = 1 << 3,
	QUIRK_NO_CONDSTORE = 1 << 4,
	QUIRK_NO_QRESYNC = 1 << 5,
	QUIRK_NO_ESEARCH = 1 << 6,
	QUIRK_NO_SEARCH = 1 << 7,
	QUIRK_NO_LITERAL_PLUS = 1 << 8,
	QUIRK_NO_COMPRESS = 1 << 9,
	QUIRK_NO_IDLE = 1 << 10,
	QUIRK_NO_PIPELINING = 1 << 11,
	QUIRK_NO_EXAMINE = 1 << 12,
	QUIRK_SHORT_LINES = 1 << 13,
	QUIRK_PEEK_SETS_SEEN = 1 << 14,
	QUIRK_TEN_ERRORS = 1 << 15,
	QUIRK_VIEW_10000 = 1 << 16,
	QUIRK_STUB_BODIES = 1 << 17,
	QUIRK_FAKE_EXPUNGED = 1 << 18,
	QUIRK_FOLDER_DATA = 1 << 19,
	QUIRK_EMPTY_HEADER = 1 << 20,
	QUIRK_MAILBOX_BYE = 1 << 21,
	QUIRK_NO_MAIL_FOLDERS = 1 << 22,
	QUIRK_POP3_BATCHES = 1 << 23,
};

/* In force everywhere unless switched off. */
#define QUIRK_ALWAYS ((uint64_t)QUIRK_FOLDER_DATA)
/* So many messages of a mailbox are shown where QUIRK_VIEW_10000 is on. */
#define QUIRK_VIEW_MESSAGES 10000
/* So many commands may fail where QUIRK_TEN_ERRORS is on. */
#define QUIRK_ERRORS 9

struct quirk_row {
	enum quirk bit;
	const char *name;    /* NULL ends the table */
	const char *meaning; /* what is done, one sentence */
};
extern const struct quirk_row quirk_table[];

/* What a person says, against what is recognised. */
struct quirk_overrides {
	uint64_t on, off;
};

/* The bit of a name; 0 if there is none. */
uint64_t quirk_find(const char *name);
/* "name=on" or "name=off", one a line (account.quirks); a later line wins.
 * ERR_CONFIG names the line, and all the names that there are. */
int quirk_overrides_parse(
	const char *lines, struct quirk_overrides *ret, struct err *err);
/* The recognised set as the person wants it. */
uint64_t quirk_overrule(uint64_t recognised, const struct quirk_overrides *by);

/* Room for all names. */
#define QUIRK_NAMES_MAX 640
/* The names of a set, separated by spaces; "" for none. */
void quirk_names(uint64_t set, char out[QUIRK_NAMES_MAX]);

/*
 * Whether a mailbox holds what its server keeps beside mail (Exchange's
 * Calendar, Contacts, Tasks …, and what lies in them), and is left out unless
 * it is asked for. name: UTF-8; delimiter: 0 = none.
 */
bool quirk_is_no_mail(uint64_t set, const char *name, char delimiter);

#endif
