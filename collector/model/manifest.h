/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manifest: a list of messages with their SHA-256, as lines of text that sort
 * and compare well, and are read back as whatever a stranger may have made of
 * them. Pure; one line at a time.
 *
 *     mailhaul-manifest 1
 *     account  NAME  URL  USER  STORE
 *     message  SHA256  BYTES  MAILBOX  KEY  FOLDER  FILE
 *     …
 *     account-end  MESSAGES
 *     …
 *     end  ACCOUNTS
 *
 * Fields are separated by one tab. SHA256 and BYTES are of the message as it
 * was received. KEY is uid:UIDVALIDITY.UID or uidl:OCCURRENCE:UIDL; FOLDER
 * the directory in the store ("" = INBOX), FILE the base name there. In a
 * field '%', and every byte that is not printable ASCII, is "%XX". Nothing
 * depends on when it was written: the same messages give the same bytes.
 */
#ifndef MAILHAUL_MODEL_MANIFEST_H
#define MAILHAUL_MODEL_MANIFEST_H

#include "../base/buf.h"
#include "../base/err.h"
#include "account.h"
#include "message.h"
#include "name.h"
#include "url.h"

#include <stdint.h>

#define MANIFEST_LINE_MAX 16384	      /* bytes of a line, its LF included */
#define MANIFEST_MESSAGES_MAX 2000000 /* of an account */
#define MANIFEST_USER_MAX 512
#define MANIFEST_STORE_MAX 64
#define MANIFEST_FILE_MAX 256
#define MANIFEST_KEY_MAX (MESSAGE_UIDL_MAX + 32)

struct manifest_account {
	char name[ACCOUNT_NAME_MAX];
	char source[URL_TEXT_MAX];
	char user[MANIFEST_USER_MAX]; /* local */
	char store[MANIFEST_STORE_MAX];
};

struct manifest_message {
	unsigned char sha256[32];
	uint64_t bytes;
	char mailbox[NAME_MAILBOX_MAX]; /* octets */
	char key[MANIFEST_KEY_MAX];
	char dir[NAME_DIR_MAX];
	char file[MANIFEST_FILE_MAX];
};

enum manifest_line {
	MANIFEST_HEAD,
	MANIFEST_ACCOUNT,     /* reader->account is filled */
	MANIFEST_MESSAGE,     /* reader->message is filled */
	MANIFEST_ACCOUNT_END, /* all of its messages were there */
	MANIFEST_END,
};

/* One line each, its LF included, added to out. */
void manifest_put_head(struct buf *out);
void manifest_put_account(const struct manifest_account *a, struct buf *out);
void manifest_put_message(const struct manifest_message *m, struct buf *out);
void manifest_put_account_end(uint64_t messages, struct buf *out);
void manifest_put_end(uint64_t accounts, struct buf *out);

struct manifest_reader {
	uint64_t line;	   /* number of the last one, from 1 */
	uint64_t accounts; /* so far */
	uint64_t messages; /* of the present account */
	enum manifest_line last;
	struct manifest_account account;
	struct manifest_message message;
};

void manifest_reader_init(struct manifest_reader *r);
/*
 * Takes the next line, without its LF. ERR_CONFIG: "line N: …": it is not one
 * that this program writes, or not at this place; the reader is of no use
 * then. Every text in it is free of NUL; nothing else is promised of it.
 */
int manifest_read(struct manifest_reader *r, const char *line, size_t len,
	enum manifest_line *ret_line, struct err *err);
/* After the last line: whether it was the end of a whole manifest. */
int manifest_read_end(const struct manifest_reader *r, struct err *err);

#endif
