/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of a row, both ways. */
#include "accounts_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const protocols[] = {
	[PROTOCOL_IMAP] = "imap",
	[PROTOCOL_POP3] = "pop3",
};

static const char *const tls_modes[] = {
	[TLS_IMPLICIT] = "implicit",
	[TLS_STARTTLS] = "starttls",
	[TLS_NONE] = "none",
};

void account_clear(struct account *a)
{
	free(a->to);
	free(a->delete_rule);
	free(a->on_expunge);
	free(a->folders);
	free(a->excludes);
	free(a->prefix);
	free(a->ca_file);
	free(a->fingerprint);
	free(a->maps);
	free(a->quirks);
	free(a->uidl_from);
	free(a->auth);
	free(a->token_file);
	free(a->to_folder);
	free(a->group);
	free(a->hours);
	memset(a, 0, sizeof *a);
}

static const char *text_or(const char *s, const char *otherwise)
{
	return s != NULL ? s : otherwise;
}

static void bind_options(struct stmt *s, const struct account *a)
{
	stmt_bind_text(s, "maps", text_or(a->maps, ""));
	stmt_bind_text(s, "quirks", text_or(a->quirks, ""));
	stmt_bind_text(s, "uidl_from", text_or(a->uidl_from, ""));
	stmt_bind_text(s, "auth", text_or(a->auth, ""));
	stmt_bind_text(s, "token_file", text_or(a->token_file, ""));
	stmt_bind_text(s, "to_folder", text_or(a->to_folder, ""));
	stmt_bind_text(s, "group_name", text_or(a->group, ""));
	stmt_bind_int(s, "priority", a->priority);
	stmt_bind_text(s, "hours", text_or(a->hours, ""));
	stmt_bind_int(s, "max_rate", a->max_rate);
	stmt_bind_int(s, "until_at", a->until_at);
	stmt_bind_int(
		s, "connections", a->connections > 0 ? a->connections : 1);
	if (a->pop3_seen >= 0)
		stmt_bind_int(s, "pop3_seen", a->pop3_seen != 0);
	else
		stmt_bind_null(s, "pop3_seen");
	stmt_bind_int(s, "new_uids", a->new_uids);
	stmt_bind_int(s, "newest_first", a->newest_first);
	stmt_bind_int(s, "push", a->push);
	stmt_bind_int(s, "shared", a->shared);
}

void account_bind(struct stmt *s, const struct account *a)
{
	stmt_bind_text(s, "name", a->name);
	stmt_bind_text(s, "protocol", protocols[a->url.protocol]);
	stmt_bind_text(s, "tls", tls_modes[a->url.tls]);
	stmt_bind_text(s, "remote_user", a->url.user);
	stmt_bind_text(s, "host", a->url.host);
	stmt_bind_int(s, "port", a->url.port);
	stmt_bind_text(s, "local_user", text_or(a->to, a->name));
	stmt_bind_int(s, "every_s", a->every_s);
	stmt_bind_text(s, "delete_rule", text_or(a->delete_rule, "never"));
	stmt_bind_text(s, "on_expunge", text_or(a->on_expunge, "keep"));
	stmt_bind_text(s, "folders", text_or(a->folders, ""));
	stmt_bind_text(s, "excludes", text_or(a->excludes, ""));
	stmt_bind_text(s, "prefix", text_or(a->prefix, ""));
	stmt_bind_text(s, "ca_file", text_or(a->ca_file, ""));
	stmt_bind_text(s, "fingerprint", text_or(a->fingerprint, ""));
	stmt_bind_int(s, "skip_deleted", a->skip_deleted);
	bind_options(s, a);
}

static void copy_text(struct stmt *s, const char *column, char *out, size_t n)
{
	(void)snprintf(out, n, "%s", stmt_text(s, column));
}

static void read_options(struct stmt *s, struct account *a)
{
	a->maps = mem_strdup(stmt_text(s, "maps"));
	a->quirks = mem_strdup(stmt_text(s, "quirks"));
	a->uidl_from = mem_strdup(stmt_text(s, "uidl_from"));
	a->auth = mem_strdup(stmt_text(s, "auth"));
	a->token_file = mem_strdup(stmt_text(s, "token_file"));
	a->to_folder = mem_strdup(stmt_text(s, "to_folder"));
	a->group = mem_strdup(stmt_text(s, "group_name"));
	a->priority = (int)stmt_int(s, "priority");
	a->hours = mem_strdup(stmt_text(s, "hours"));
	a->max_rate = stmt_int(s, "max_rate");
	a->until_at = stmt_int(s, "until_at");
	a->connections = (int)stmt_int(s, "connections");
	a->pop3_seen = stmt_is_null(s, "pop3_seen")
			       ? -1
			       : (int)stmt_int(s, "pop3_seen");
	a->new_uids = stmt_int(s, "new_uids") != 0;
	a->newest_first = stmt_int(s, "newest_first") != 0;
	a->push = stmt_int(s, "push") != 0;
	a->shared = stmt_int(s, "shared") != 0;
}

void account_read(struct stmt *s, struct account *a)
{
	const char *tls;

	memset(a, 0, sizeof *a);
	a->id = stmt_int(s, "id");
	copy_text(s, "uuid", a->uuid, sizeof a->uuid);
	copy_text(s, "name", a->name, sizeof a->name);
	a->url.protocol = strcmp(stmt_text(s, "protocol"), "pop3") == 0
				  ? PROTOCOL_POP3
				  : PROTOCOL_IMAP;
	tls = stmt_text(s, "tls");
	a->url.tls = strcmp(tls, "none") == 0	    ? TLS_NONE
		     : strcmp(tls, "starttls") == 0 ? TLS_STARTTLS
						    : TLS_IMPLICIT;
	copy_text(s, "remote_user", a->url.user, sizeof a->url.user);
	copy_text(s, "host", a->url.host, sizeof a->url.host);
	a->url.port = (uint16_t)stmt_int(s, "port");
	a->to = mem_strdup(stmt_text(s, "local_user"));
	a->every_s = stmt_int(s, "every_s");
	a->delete_rule = mem_strdup(stmt_text(s, "delete_rule"));
	a->on_expunge = mem_strdup(stmt_text(s, "on_expunge"));
	a->folders = mem_strdup(stmt_text(s, "folders"));
	a->excludes = mem_strdup(stmt_text(s, "excludes"));
	a->prefix = mem_strdup(stmt_text(s, "prefix"));
	a->ca_file = mem_strdup(stmt_text(s, "ca_file"));
	a->fingerprint = mem_strdup(stmt_text(s, "fingerprint"));
	a->skip_deleted = stmt_int(s, "skip_deleted") != 0;
	a->created_at = stmt_int(s, "created_at");
	read_options(s, a);
	a->paused = stmt_int(s, "paused") != 0;
	a->finish = (enum account_finish)stmt_int(s, "finish");
	a->confirmed_fence = stmt_int(s, "confirmed_fence");
}
