/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_pages: the pages that watch_draw puts on a canvas. */
#ifndef MAILHAUL_CLI_WATCH_PAGES_H
#define MAILHAUL_CLI_WATCH_PAGES_H

#include "watch.h"

/* All accounts: into the rows from first up to, without, end. */
void watch_draw_list(struct watch *w, struct canvas *c, int first, int end);
/* The chosen account: its state, mailboxes and failures. */
void watch_draw_account(struct watch *w, struct canvas *c, int first, int end);
void watch_draw_help(struct watch *w, struct canvas *c, int first, int end);

#endif
