/* SPDX-License-Identifier: BSD-2-Clause */
#include "configure.h"

#include "../base/log.h"

#include <stdio.h>
#include <string.h>

void configure_session(const struct settings *settings,
	const struct account *account, const struct secret *secret,
	struct session_config *ret_config)
{
	const struct settings *s = settings;

	*ret_config = (struct session_config){
		.url = account->url,
		.secret = *secret,
		.limits =
			{
				.message_bytes = s->limits_message_bytes,
				.line_bytes = s->limits_line_bytes,
				.nesting = s->limits_nesting,
				.command_bytes = s->limits_command_bytes,
				.pop3_line_bytes = s->limits_pop3_line_bytes,
				.greeting_bytes = s->limits_greeting_bytes,
				.messages = s->limits_messages,
				.mailboxes = s->limits_mailboxes,
				.idle_ms = s->network_timeout_s * 1000,
			},
		.tls13_only = strcmp(s->tls_min_version, "1.3") == 0,
		.shared = account->shared,
		.wire_log = log_level() >= LOG_LEVEL_WIRE,
	};
	/* checked when it was typed */
	if (account->auth != NULL)
		(void)auth_parse(account->auth, &ret_config->auth, NULL);
	ret_config->token =
		account->token_file != NULL && account->token_file[0] != '\0';
	if (account->quirks != NULL)
		(void)quirk_overrides_parse(
			account->quirks, &ret_config->quirks, NULL);
	if (account->fingerprint != NULL)
		(void)snprintf(ret_config->fingerprint,
			sizeof ret_config->fingerprint, "%s",
			account->fingerprint);
}

const char *configure_ca_file(
	const struct settings *settings, const struct account *account)
{
	if (account->ca_file != NULL && account->ca_file[0] != '\0')
		return account->ca_file;
	return settings->tls_ca_file;
}
