/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catchall: an extension parser for libetpan that skips what its grammar does
 * not know: items of FETCH and STATUS, and whole untagged lines. Without it
 * one unknown word ends the command and the session. What it skips is gone:
 * an item can be absent where the server sent it malformed. Any thread.
 */
#ifndef MAILHAUL_REMOTE_CATCHALL_H
#define MAILHAUL_REMOTE_CATCHALL_H

/* Registers it, once however often it is called. Before the first parse. */
void catchall_register(void);

#endif
