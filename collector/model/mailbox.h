/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox: what a server says of a mailbox. Nouns only. */
#ifndef MAILHAUL_MODEL_MAILBOX_H
#define MAILHAUL_MODEL_MAILBOX_H

#include "name.h"

#include <stdbool.h>
#include <stdint.h>

#define MAILBOX_ID_MAX 64 /* a longer one is as none */

enum mailbox_attr {
	MAILBOX_NOSELECT = 1 << 0, /* \Noselect, \NonExistent */
	MAILBOX_SUBSCRIBED = 1 << 1,
	MAILBOX_ALL = 1 << 2, /* RFC 6154 2, and below */
	MAILBOX_ARCHIVE = 1 << 3,
	MAILBOX_DRAFTS = 1 << 4,
	MAILBOX_FLAGGED = 1 << 5,
	MAILBOX_JUNK = 1 << 6,
	MAILBOX_SENT = 1 << 7,
	MAILBOX_TRASH = 1 << 8,
	MAILBOX_IMPORTANT = 1 << 9, /* RFC 8457 3 */
	MAILBOX_OTHERS = 1 << 10,   /* of another user (RFC 2342 5) */
	MAILBOX_SHARED = 1 << 11,   /* of a shared namespace */
};

/* State as of EXAMINE, STATUS, or a POP3 login. 0 where the server said
 * nothing. */
struct mailbox_state {
	uint32_t uidvalidity;
	uint32_t uidnext;
	uint32_t exists;
	uint64_t highestmodseq; /* 0: no CONDSTORE (RFC 7162 3.1.2) */
	/* RFC 8474 4.1: stays over a rename; "" = not known. */
	char mailboxid[MAILBOX_ID_MAX];
};

struct mailbox_info {
	char name[NAME_MAILBOX_MAX]; /* octets as sent, unquoted */
	char delimiter;		     /* 0 = NIL */
	uint32_t attrs;		     /* enum mailbox_attr, or-ed */
	/* How much of the name is the prefix of the personal namespace
	 * (RFC 2342), its separator included; 0: nothing. */
	uint16_t prefix_bytes;
	/* RFC 5819: told with the list. uidvalidity 0: it was not. */
	struct mailbox_state status;
	/* Of its messages, as the server counts them (RFC 8438); only where
	 * session_config.counts asks. */
	uint64_t bytes;
	bool bytes_known;
};

#endif
