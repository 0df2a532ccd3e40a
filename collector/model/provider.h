/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * provider: what is known of mail services, from providers.txt: where the
 * servers of an address are, what a login there takes, and what it allows.
 * Constant; pure.
 */
#ifndef MAILHAUL_MODEL_PROVIDER_H
#define MAILHAUL_MODEL_PROVIDER_H

#include "url.h"

#include <stdint.h>

struct budget_limits;

struct provider_server {
	const char *host; /* NULL: there is none */
	uint16_t port;
	enum tls_mode tls;
};

enum provider_user {
	PROVIDER_USER_ADDRESS,
	PROVIDER_USER_LOCAL, /* what stands before the @ */
};

/* What a login takes; 0 as PROVIDER_PASSWORD. */
enum provider_login {
	PROVIDER_PASSWORD = 1 << 0,
	PROVIDER_APP_PASSWORD = 1 << 1,
	PROVIDER_OAUTH = 1 << 2,
};

struct provider {
	const char *name;    /* NULL ends the table */
	const char *domains; /* of addresses; by spaces; NULL: none */
	const char *mxs;     /* domains of mail exchangers */
	const char *hosts;   /* domains of servers */
	struct provider_server imap, pop3;
	enum provider_user user;
	unsigned login;
	const char *hint;	     /* NULL: nothing has to be known */
	uint64_t imap_day, pop3_day; /* bytes; 0: not known */
	int64_t sessions;
};
extern const struct provider providers[];

/* Whose addresses are of this domain, or whose mail exchanger host is; NULL
 * if nobody is known. */
const struct provider *provider_of_domain(const char *domain);
const struct provider *provider_of_mx(const char *host);
/* Whose server host is. */
const struct provider *provider_of_host(const char *host);

/* What to do when a login is refused; NULL where nothing is known. Static. */
const char *provider_login_hint(const char *host);
/* Replaces those of the limits that the service is known to have. */
void provider_limits(
	const char *host, enum protocol protocol, struct budget_limits *limits);

#endif
