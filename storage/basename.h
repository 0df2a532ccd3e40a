/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * basename: the base name of a message,
 *     SEC.MUSECK<26 base32 digits>.HOST,S=BYTES,W=VIRTUAL
 * SEC and USEC are the time of delivery, by which Dovecot orders messages
 * that it has not numbered yet. The digits are an HMAC over the message's
 * identity at the source, so that a file tells which message it is even
 * where the ledger was lost, and no tenant can guess a name. Pure but for
 * the host name.
 */
#ifndef MAILHAUL_STORAGE_BASENAME_H
#define MAILHAUL_STORAGE_BASENAME_H

#include "ledger.h"

/* This host as Maildir says: '/' ':' ',' and what is not printable as a
 * backslash and three octal digits; at most 64 bytes. */
void basename_host(char *out, size_t out_bytes);

#define BASENAME_DIGITS 26
/* Where the digits stand in a name of this form; NULL: it is none. */
const char *basename_find_digits(const char *name);

/* Bytes of the file, as the name says; 0 where it does not. */
uint64_t basename_file_bytes(const char *name);

struct basename_parts {
	int64_t time_us;
	const char *account; /* uuid */
	const char *dir;     /* the folder's: one mailbox of the account */
	const struct ledger_message *key;
	const char *host;
	uint64_t file_bytes;
	uint64_t virtual_bytes; /* every LF as CRLF */
};
/* The digits alone; time, host and sizes are not looked at. */
void basename_digits(const struct keys *keys,
	const struct basename_parts *parts, char out[BASENAME_DIGITS + 1]);
void basename_make(const struct keys *keys, const struct basename_parts *parts,
	char out[LEDGER_BASE_MAX]);

#endif
