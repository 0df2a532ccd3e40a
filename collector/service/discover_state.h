/* SPDX-License-Identifier: BSD-2-Clause */
/* discover_state: what the rungs of discover.c share. Nobody else includes
 * it. A function of a rung returns 1: found, 0: go on, -1: it is over. */
#ifndef MAILHAUL_SERVICE_DISCOVER_STATE_H
#define MAILHAUL_SERVICE_DISCOVER_STATE_H

#include "../remote/scout.h"
#include "dialer.h"
#include "discover.h"

#define DISCOVER_MS 60000 /* of one rung that tries servers */

struct ladder {
	struct dialer *dialer;
	struct discovery *out;
	enum discover_rung rung;
	int scout_fd, anchors_fd;
	int64_t until_ms; /* of this rung */
	/* how often no name server has answered, and what it was then */
	unsigned silences;
	struct err silence;
	uint16_t ports[DISCOVER_PORTS];
	/* by preference; of the rung mx, for the guesses */
	struct srv_record mxs[SCOUT_RECORDS_MAX];
	size_t mx_count;
};

void ladder_begin(struct ladder *l, enum discover_rung rung);
/* Says what came of something. */
void ladder_note(struct ladder *l, bool good, const char *what, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));
/* The same of a failure. 0, or -1 with err where it ends all. */
int ladder_note_err(struct ladder *l, const char *what, const struct err *why,
	struct err *err);
/* Counts an error of a question to the DNS, if it is silence. */
void ladder_count_silence(struct ladder *l, const struct err *why);
/* A socket connected to host, within the network policy but for the port of
 * https. Caller closes. */
int ladder_connect(struct ladder *l, const char *host, uint16_t port,
	bool https, int *ret_fd, struct err *err);
/* Says hello to the server of an offer; if it answers, it is what was found.
 * by_dns: nobody but the DNS has named the host. */
int ladder_try(struct ladder *l, const struct offer *offer, bool by_dns,
	struct err *err);
/* The same for each, in order of preference. */
int ladder_try_all(struct ladder *l, struct offer *offers, size_t count,
	bool by_dns, struct err *err);
/* A server of a provider, which need not be asked. */
int ladder_take_provider(
	struct ladder *l, const char *what, const struct provider *provider);

int discover_srv(struct ladder *l, struct err *err);
int discover_autoconfig(struct ladder *l, struct err *err);
int discover_mx(struct ladder *l, struct err *err);
int discover_guess(struct ladder *l, struct err *err);

#endif
