/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * special_names: mailboxes of special use (RFC 6154 2) on servers that do not
 * say which they are, known by the names that mail programs and servers of
 * many languages give them. Pure.
 */
#ifndef MAILHAUL_MODEL_SPECIAL_NAMES_H
#define MAILHAUL_MODEL_SPECIAL_NAMES_H

#include <stdint.h>

/*
 * name: UTF-8, one level, without the personal prefix. Compared case-folded,
 * in NFC, with one kind of apostrophe and without the space around it.
 * MAILBOX_SENT, _DRAFTS, _TRASH, _JUNK or _ARCHIVE; 0 for any other name.
 */
uint32_t special_name_attr(const char *name);

#endif
