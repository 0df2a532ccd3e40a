/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: every key of mailhaul.conf(5) in one struct, with one table that
 * knows names, defaults, parsers and meanings. Pure; reading files is cli's.
 */
#ifndef MAILHAUL_MODEL_SETTINGS_H
#define MAILHAUL_MODEL_SETTINGS_H

#include "../base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings {
	char *state_dir;
	char *store_path;	/* template: %u %n %d %{state} */
	char *store_owner;	/* "", "uid:gid", "user:…", "file:/…" */
	char *store_eol;	/* "lf" | "crlf" */
	char *store_durability; /* "syncfs" | "fsync" */
	int64_t pool_envoys;
	int64_t pool_sessions;
	int64_t pool_per_host;
	int64_t pool_parked;
	int64_t pool_slice_s;	   /* 0 = none */
	uint64_t pool_slice_bytes; /* 0 = none */
	int64_t sync_every_s;
	char *serve_listen; /* endpoint.h, by spaces; "" = nowhere */
	bool network_allow_private;
	char *network_ports; /* "110,143,…" | "any" */
	char *network_allow; /* CIDR[:port[,port]…] …, by spaces */
	int64_t network_timeout_s;
	char *network_resolver; /* "system" or ADDRESS[:PORT] */
	char *tls_ca_file;	/* "system" or a path */
	char *tls_min_version;	/* "1.2" | "1.3" */
	bool tls_allow_plain;
	char *discover_ports; /* settings_discover_ports */
	bool discover_autoconfig;
	uint64_t limits_message_bytes;
	uint64_t limits_account_bytes;	 /* 0 = none */
	uint64_t limits_line_bytes;	 /* 1 MiB */
	uint64_t limits_nesting;	 /* 100 */
	uint64_t limits_command_bytes;	 /* 4 MiB kept by libetpan a command */
	uint64_t limits_pop3_line_bytes; /* 64 KiB */
	uint64_t limits_greeting_bytes;	 /* 4 KiB */
	uint64_t limits_messages;	 /* of a mailbox: 2,000,000 */
	uint64_t limits_mailboxes;	 /* 5,000 */
	char *limits_hosts;		 /* budget.h */
	bool limits_known;		 /* those of provider.h hold */
	bool limits_learn;		 /* from what servers complain of */
	char *log_format;		 /* "text" | "json" */
	char *log_level;		 /* error warn info debug wire */
};

enum settings_kind {
	SETTINGS_TEXT,
	SETTINGS_COUNT,
	SETTINGS_SIZE,	   /* bytes; "none" = 0 where allowed */
	SETTINGS_DURATION, /* seconds */
	SETTINGS_BOOL,
	SETTINGS_CHOICE, /* one of `choices`, separated by '|' */
};

/* One row a key; the table ends with key NULL. */
struct settings_key {
	const char *key; /* "pool.per_host" */
	enum settings_kind kind;
	const char *default_value;
	const char *choices; /* SETTINGS_CHOICE; else "none" where allowed */
	int64_t min, max;    /* of a count, bytes, seconds */
	size_t offset;	     /* in struct settings */
	const char *meaning; /* the sentence of mailhaul.conf(5) */
};
extern const struct settings_key settings_keys[];

/* Defaults everywhere. */
void settings_init(struct settings *s);
void settings_clear(struct settings *s);
/* Replaces what ret_copy holds (made by settings_init, or zeroed). */
void settings_copy(const struct settings *s, struct settings *ret_copy);
/* The row of a key, NULL if there is none. */
const struct settings_key *settings_find(const char *key);
/* Sets one key. Errors are ERR_CONFIG and name key, value and what would do;
 * an unknown key names the nearest known one. On failure nothing changes. */
int settings_set(struct settings *s, const char *key, const char *value,
	struct err *err);
/* The ports of discover.ports, in that order: imaps, imap, pop3s, pop3, https.
 */
enum {
	DISCOVER_IMAPS,
	DISCOVER_IMAP,
	DISCOVER_POP3S,
	DISCOVER_POP3,
	DISCOVER_HTTPS,
	DISCOVER_PORTS
};
void settings_discover_ports(
	const struct settings *s, uint16_t ret_ports[DISCOVER_PORTS]);
/* The value in its canonical spelling. Caller frees. */
char *settings_get(const struct settings *s, const struct settings_key *key);
/* The text of one key can be read: network.ports and network.allow, owner is
 * uid:gid, the template has only known letters. settings_set has asked. */
int settings_check_text(const char *key, const char *value, struct err *err);
/* The same for all keys of a struct that was filled in some other way. */
int settings_check(const struct settings *s, struct err *err);
/* store.path for a local user: %u user, %n part before @, %d part after
 * ("" without @), %{state} state.dir, %% a percent. A user (or a part of it)
 * with '/', "..", NUL or a leading '.' is refused. Caller frees. */
int settings_store_path(const struct settings *s, const char *user,
	char **ret_path, struct err *err);

#endif
