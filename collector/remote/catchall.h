/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catchall: an extension parser for libetpan that skips what its grammar does
 * not know: items of FETCH and STATUS, and whole untagged lines. Without it
 * one unknown word ends the command and the session. But for the name of a
 * message (EMAILID, X-GM-MSGID) and its labels (X-GM-LABELS), what it skips is
 * gone: an item can be absent where the server sent it malformed. Any thread.
 */
#ifndef MAILHAUL_REMOTE_CATCHALL_H
#define MAILHAUL_REMOTE_CATCHALL_H

#include <stdbool.h>
#include <stddef.h>

struct mailimap_extension_data;

/* Registers it, once however often it is called. Before the first parse. */
void catchall_register(void);
/* True if x is the EMAILID (RFC 8474 5.3) or X-GM-MSGID of a message, which
 * is copied: as sent, or "gm:" and the number. */
bool catchall_emailid(
	const struct mailimap_extension_data *x, char *out, size_t out_bytes);
/* The same for X-GM-LABELS, as message_meta has them. */
bool catchall_labels(
	const struct mailimap_extension_data *x, char *out, size_t out_bytes);

#endif
