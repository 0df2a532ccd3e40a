/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * herald: the process that answers HTTP (`mailhaul herald`). It is handed
 * listening sockets and finished pages, and has neither keys nor store nor
 * job table; nothing that it says goes back to the conductor. Whoever takes it
 * over has what anybody may ask for.
 *
 * Each datagram on its control socket is one page, or the sockets:
 *     'm' 200 text…    /metrics; 'h' …  /healthz; 'r' …  /readyz
 *     'L' + up to CHANNEL_FDS_MAX descriptors: these and no others now
 */
#ifndef MAILHAUL_REMOTE_HERALD_H
#define MAILHAUL_REMOTE_HERALD_H

#include <stddef.h>

enum herald_page { HERALD_METRICS, HERALD_HEALTH, HERALD_READY, HERALD_PAGES };

#define HERALD_HEAD_BYTES 4 /* the letter and three digits */
#define HERALD_PAGE_BYTES ((size_t)64 * 1024)
#define HERALD_LISTEN 'L'
/* Of a page. */
char herald_letter(enum herald_page page);

/* Pages that nobody has renewed for so long are no answer: 503. */
#define HERALD_STALE_S 20

int herald_main(void); /* control socket is descriptor 3 */

#endif
