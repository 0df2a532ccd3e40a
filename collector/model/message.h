/* SPDX-License-Identifier: BSD-2-Clause */
/* message: what a server says of a message. Nouns only. */
#ifndef MAILHAUL_MODEL_MESSAGE_H
#define MAILHAUL_MODEL_MESSAGE_H

#include "flags.h"

#include <stdbool.h>
#include <stdint.h>

#define MESSAGE_UIDL_MAX 129 /* RFC 1939 7: 70; more is kept up to 128 */
/* RFC 8474 4: 255; more than 67 is as none. */
#define MESSAGE_EMAILID_MAX 68
/* Bytes of a message's labels; those that do not fit are left out. */
#define MESSAGE_LABELS_MAX 2048

/* Which members a server really sent: absent is not empty. */
enum message_has {
	MESSAGE_HAS_UID = 1 << 0,
	MESSAGE_HAS_FLAGS = 1 << 1,
	MESSAGE_HAS_DATE = 1 << 2,
	MESSAGE_HAS_SIZE = 1 << 3,
	MESSAGE_HAS_MODSEQ = 1 << 4,
	MESSAGE_HAS_UIDL = 1 << 5,
	MESSAGE_HAS_BODY = 1 << 6, /* BODY[] was there, even if empty */
	/* More keywords than flags.h takes, or such as none may be called:
	 * the first ones are there. */
	MESSAGE_HAS_MORE_KEYWORDS = 1 << 7,
	MESSAGE_HAS_EMAILID = 1 << 8,
	/* In the place of a body: the source cannot render it; or it is the
	 * server's own book-keeping. Without MESSAGE_HAS_BODY. */
	MESSAGE_IS_STUB = 1 << 9,
	MESSAGE_IS_INTERNAL = 1 << 10,
	MESSAGE_HAS_LABELS = 1 << 11,
};

struct message_meta {
	uint32_t has; /* enum message_has, or-ed */
	uint32_t uid; /* POP3: the message number in this session */
	int64_t date_s;
	uint64_t size_bytes; /* as announced; never trusted for equality */
	uint64_t modseq;
	struct flags flags;
	char uidl[MESSAGE_UIDL_MAX];
	/* EMAILID as sent, or "gm:" and X-GM-MSGID: the same content in every
	 * mailbox of the account, whatever its UID. */
	char emailid[MESSAGE_EMAILID_MAX];
	/* X-GM-LABELS: as mailboxes are called, those of the system with a
	 * backslash in front; a line each. */
	char labels[MESSAGE_LABELS_MAX];
};

/* A-Z a-z 0-9 - _ (RFC 8474 4), "gm:" before a number; not empty. */
bool message_is_emailid(const char *s);
/* "", or lines that are not empty and hold no control character. */
bool message_are_labels(const char *s);

struct uid_range {
	uint32_t first;
	uint32_t last; /* ≥ first */
};

#endif
