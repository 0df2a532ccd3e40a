/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * name: mailbox names (octets from a server, RFC 9051 5.1, modified UTF-7 of
 * RFC 3501 5.1.3) and Maildir++ folder names. Pure.
 * A folder name here is UTF-8 with '/' between levels ("Archive/2024"); its
 * directory is ".Archive.2024" with each level in modified UTF-7. "INBOX" is
 * the store's root, whose directory is "".
 */
#ifndef MAILHAUL_MODEL_NAME_H
#define MAILHAUL_MODEL_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define NAME_MAILBOX_MAX 1024 /* octets of a remote name, NUL included */
#define NAME_DIR_MAX 201      /* bytes of a Maildir++ directory name + NUL */
#define NAME_FOLDER_MAX 1024  /* bytes of a folder's UTF-8 name + NUL */
#define NAME_LEVELS_MAX 20    /* of a folder */

/* Modified UTF-7 → UTF-8. -1 if the input is not valid modified UTF-7 (then
 * the caller keeps the octets) or out is too small. */
int name_from_mutf7(const char *mutf7, char *out, size_t out_bytes);
/* UTF-8 → modified UTF-7; invalid UTF-8 gives -1. */
int name_to_mutf7(const char *utf8, char *out, size_t out_bytes);

/* True for any spelling of INBOX (case-insensitive, RFC 9051 5.1). */
bool name_is_inbox(const char *mailbox);

/*
 * The folder (UTF-8, '/' between levels) that a mailbox is to have.
 * mailbox: octets as the server sent them; delimiter: its hierarchy
 * separator, 0 for NIL. Levels are decoded from modified UTF-7, or, where
 * that fails, from UTF-8, or, where that fails too, each octet over 0x7e is
 * written "%XX". Normalised to NFC. Within a level '/', '.', '%', '~' at the
 * start, control characters, NUL and surrounding spaces are written "%XX";
 * empty levels become "%"; "..", "." are covered by '.' being escaped; the
 * words cur, new, tmp and names beginning "dovecot" or "mailhaul" get their
 * first letter escaped. A first level INBOX is written in capitals: Dovecot
 * does not find ".inbox.x". More than 20 levels: the rest joins the 20th.
 * '.' must be escaped because it is the Maildir++ separator.
 * Deterministic; not injective by itself under case folding and cutting:
 * name_folder_dir and the ledger's table of folders see to that.
 * 0, or -1 where out is too small (never with NAME_FOLDER_MAX * 3 + 64).
 */
int name_folder_of(
	const char *mailbox, char delimiter, char *out, size_t out_bytes);

/*
 * The directory of a folder: "" for INBOX, else ".A.B" in modified UTF-7.
 * Longer than NAME_DIR_MAX - 1 bytes: cut at a character boundary and closed
 * with "~" + 10 base32 digits of a hash of the whole name. try > 0 appends
 * "~" and the number in decimal to the last level: the ledger asks with 1, 2
 * … while the directory (compared without regard to case) is taken by
 * another mailbox. out holds NAME_DIR_MAX bytes.
 */
int name_folder_dir(const char *folder, unsigned try, char *out);
/* The reverse for display; octets that do not decode stay. */
int name_folder_from_dir(const char *dir, char *out, size_t out_bytes);

/* Folds case for comparison (Unicode casefold + NFC). out as out_bytes. */
int name_casefold(const char *utf8, char *out, size_t out_bytes);

/* NFC, so that names can be compared however they were typed. */
int name_compose(const char *utf8, char *out, size_t out_bytes);

/* Shell-like match on whole names: '*' any run of characters, '?' one.
 * Compared on UTF-8, case-sensitively, INBOX without regard to case. */
bool name_glob(const char *pattern, const char *name);

#endif
