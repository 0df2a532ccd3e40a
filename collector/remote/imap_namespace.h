/* SPDX-License-Identifier: BSD-2-Clause */
/* imap_namespace: whose a mailbox is (RFC 2342, RFC 9051 6.3.10). Pure. */
#ifndef MAILHAUL_REMOTE_IMAP_NAMESPACE_H
#define MAILHAUL_REMOTE_IMAP_NAMESPACE_H

#include "../model/mailbox.h"
#include "imap_line.h"

#include <stddef.h>
#include <stdint.h>

#define IMAP_PREFIXES 16 /* of each kind; what is more is not asked for */

/* Zeroed: nothing was told, all is personal. */
struct imap_namespaces {
	char personal[IMAP_PREFIXES][NAME_MAILBOX_MAX];
	size_t personal_count;
	char foreign[IMAP_PREFIXES][NAME_MAILBOX_MAX];
	uint32_t foreign_attr[IMAP_PREFIXES]; /* MAILBOX_OTHERS, _SHARED */
	size_t foreign_count;
};

/* Replaces all by what a NAMESPACE line says behind that word. */
void imap_namespaces_read(struct imap_namespaces *n, struct imap_line *rest);
/* Where there is none: one personal namespace, with the prefix "". */
void imap_namespaces_default(struct imap_namespaces *n);
/* MAILBOX_OTHERS, MAILBOX_SHARED, or 0. The longest prefix decides; INBOX is
 * personal, and so is what has no prefix at all. */
uint32_t imap_namespaces_attr(
	const struct imap_namespaces *n, const char *name);
/* How much of a personal name is the first personal namespace's prefix. */
uint16_t imap_namespaces_prefix(
	const struct imap_namespaces *n, const char *name);

#endif
