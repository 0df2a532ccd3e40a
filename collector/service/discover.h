/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * discover: the servers of an e-mail address, down a ladder that ends at the
 * first rung that holds:
 *
 *   table       the provider whose addresses are of that domain (provider.h)
 *   srv         _imaps._tcp … _pop3._tcp of the domain (RFC 6186, RFC 8314)
 *   autoconfig  what the domain's web servers say, over https (autoconfig.h)
 *   mx          the provider whose mail exchangers the domain has
 *   guess       imap.DOMAIN, mail.DOMAIN, pop.DOMAIN … on the usual ports
 *
 * On each: IMAP before POP3, TLS from the start before STARTTLS, and nothing
 * without TLS. But for those of the table of providers, a server counts only
 * once it has said hello, at an address that the network policy allows, with
 * a certificate for its name. No password is at hand, so none is sent.
 *
 * The DNS can be forged, and whoever forges it gets a certificate for a name
 * of his own: a host that the DNS alone names, outside the domain and no
 * provider's, is found as doubtful, and a person has to say yes to it
 * (RFC 6186 6).
 */
#ifndef MAILHAUL_SERVICE_DISCOVER_H
#define MAILHAUL_SERVICE_DISCOVER_H

#include "../base/err.h"
#include "../model/offer.h"
#include "../model/provider.h"
#include "../model/settings.h"

#include <stdbool.h>

enum discover_rung {
	DISCOVER_TABLE,
	DISCOVER_SRV,
	DISCOVER_AUTOCONFIG,
	DISCOVER_MX,
	DISCOVER_GUESS,
};
/* "table" … static */
const char *discover_rung_name(enum discover_rung rung);

struct discover_step {
	enum discover_rung rung;
	bool good;
	char *what; /* "_imaps._tcp.example.org", "imaps://imap.example.org" */
	char *text; /* what came of it */
};

struct discovery {
	struct mail_address address;
	bool is_found;
	struct offer found;
	enum discover_rung rung;
	const struct provider *provider; /* whose server it is; may be NULL */
	bool tried;			 /* it has said hello */
	bool doubtful;
	struct discover_step *steps;
	size_t step_count;
	struct err why; /* nothing was found */
};

/*
 * Main thread; starts a scout and ends it. 0, also where nothing was found;
 * -1: it could not go on (ERR_CANCELLED by SIGINT or SIGTERM, ERR_CRASH …).
 * The caller clears ret in either case.
 */
int discover(const struct settings *settings,
	const struct mail_address *address, struct discovery *ret,
	struct err *err);
void discovery_clear(struct discovery *d);

#endif
