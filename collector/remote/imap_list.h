/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imap_list: what LIST says of a mailbox, read as servers write it rather
 * than as RFC 9051 7.3.1 has it. Pure but for imap_list.
 */
#ifndef MAILHAUL_REMOTE_IMAP_LIST_H
#define MAILHAUL_REMOTE_IMAP_LIST_H

#include "imap_command.h"

/*
 * rest: a LIST or LSUB line behind that word. Accepts a lone "\" among the
 * attributes (home.pl), delimiters without quotes, unquoted names with
 * spaces (Gmail behind old proxies), unescaped quotes inside a quoted name,
 * literals, 8-bit, and extended data behind the name (ignored). INBOX in any
 * case becomes "INBOX". -1: no name, or one that is too long or holds a NUL.
 */
int imap_list_read(struct imap_line *rest, struct mailbox_info *ret_info);

/* The rest of a STATUS line (RFC 9051 7.3.4): name, status, and bytes where
 * SIZE is among it; -1 without UIDVALIDITY, UIDNEXT and MESSAGES. */
int imap_list_read_status(
	struct imap_line *rest, struct mailbox_info *ret_info);

#endif
