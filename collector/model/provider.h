/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: what is known of the large mail services, by the name of the
 * server: for the hint that comes with an error, and for budgets. Pure. */
#ifndef MAILHAUL_MODEL_PROVIDER_H
#define MAILHAUL_MODEL_PROVIDER_H

#include "url.h"

struct budget_limits;

/* What to do when a login is refused; NULL where nothing is known. Static. */
const char *provider_login_hint(const char *host);
/* Replaces those of the limits that the service is known to have. */
void provider_limits(
	const char *host, enum protocol protocol, struct budget_limits *limits);

#endif
