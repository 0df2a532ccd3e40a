/* SPDX-License-Identifier: BSD-2-Clause */
/* configure: what a session needs to know, from settings and account. */
#ifndef MAILHAUL_SYNC_CONFIGURE_H
#define MAILHAUL_SYNC_CONFIGURE_H

#include "../model/account.h"
#include "../model/settings.h"
#include "../remote/session.h"

/* Borrows the secret. */
void configure_session(const struct settings *settings,
	const struct account *account, const struct secret *secret,
	struct session_config *ret_config);
/* The trust anchors' file: the account's own, or tls.ca_file. Borrowed. */
const char *configure_ca_file(
	const struct settings *settings, const struct account *account);

#endif
