/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_note: what there is to say of an account in one line: how far it is,
 * or what it waits for and why. Pure. */
#ifndef MAILHAUL_CLI_WATCH_NOTE_H
#define MAILHAUL_CLI_WATCH_NOTE_H

#include "watch.h"

#define WATCH_NOTE_BYTES 1024

/* Of one that does not run, or runs without knowing yet what there is to do. */
void watch_note(const struct watch *w, const struct watch_row *row,
	char out[WATCH_NOTE_BYTES]);
/* Draws it, with a bar where it runs; into so many columns. */
void watch_note_draw(const struct watch *w, const struct watch_row *row,
	struct canvas *c, int line, int column, int columns);

#endif
