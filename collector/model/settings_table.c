/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys, in the order of mailhaul.conf(5). */
#include "settings.h"

#include <stddef.h>

#define AT(member) offsetof(struct settings, member)
#define SECONDS_MAX ((int64_t)10 * 365 * 86400)
#define BYTES_MAX INT64_MAX

const struct settings_key settings_keys[] = {
	{"state.dir", SETTINGS_TEXT, "/var/lib/mailhaul", NULL, 0, 0,
		AT(state_dir),
		"Directory of the job table, the ledgers, the sealed secrets "
		"and the key file."},
	{"store.path", SETTINGS_TEXT, "%{state}/mail/%u", NULL, 0, 0,
		AT(store_path),
		"Maildir++ root of a local user: %u is the user, %n the part "
		"before @, %d the part after it, %{state} the state.dir, %% a "
		"percent sign."},
	{"store.owner", SETTINGS_TEXT, "none", "none", 0, 0, AT(store_owner),
		"Whom delivered files belong to (mode 0600, directories 0700). "
		"none: the user that mailhaul runs as. uid:gid in numbers: one "
		"for all, such as 5000:5000. user:NAME: the system user of "
		"that name, with %u, %n and %d as in store.path, such as "
		"user:%n. file:PATH: a line USER:...:UID:GID of a file like "
		"passwd(5), which only root may write and which is read anew "
		"for each run: an IMAP server's passwd-file, or lines like "
		"anna@example.org::5001:5001. With the last two what is made "
		"above a store stays mailhaul's; a local user who is not "
		"found, or is root, gets no mail and `status` says so. A "
		"store that belongs to somebody else is refused."},
	{"store.eol", SETTINGS_CHOICE, "lf", "lf|crlf", 0, 0, AT(store_eol),
		"lf turns CRLF into LF where that can be undone (no bare LF in "
		"the message) and keeps other messages as received; crlf keeps "
		"all as received."},
	{"store.durability", SETTINGS_CHOICE, "syncfs", "syncfs|fsync", 0, 0,
		AT(store_durability),
		"syncfs makes a batch durable at once; fsync does it per file, "
		"for file systems shared with heavy writers."},
	{"pool.envoys", SETTINGS_COUNT, "32", NULL, 1, 1000, AT(pool_envoys),
		"Most sandboxed processes that talk to servers; each serves "
		"one remote host at a time and is started on demand."},
	{"pool.sessions", SETTINGS_COUNT, "64", NULL, 1, 10000,
		AT(pool_sessions), "Most concurrent sessions in all."},
	{"pool.per_host", SETTINGS_COUNT, "8", NULL, 1, 1000, AT(pool_per_host),
		"Most concurrent running sessions to one remote host."},
	{"pool.parked", SETTINGS_COUNT, "2000", NULL, 0, 1000000,
		AT(pool_parked),
		"Most sessions that only wait for new mail; this version has "
		"none yet."},
	{"pool.slice", SETTINGS_DURATION, "5m", "none", 1, SECONDS_MAX,
		AT(pool_slice_s),
		"A run that goes on for longer while other accounts wait for "
		"its place makes way after a message, and goes on behind "
		"them."},
	{"pool.slice_bytes", SETTINGS_SIZE, "1G", "none", 1, BYTES_MAX,
		AT(pool_slice_bytes),
		"The same for a run that has received more."},
	{"sync.every", SETTINGS_DURATION, "15m", NULL, 1, SECONDS_MAX,
		AT(sync_every_s), "Default resync interval of an account."},
	{"serve.listen", SETTINGS_TEXT, "none", "none", 0, 0, AT(serve_listen),
		"Where `serve` tells of itself over HTTP: /metrics "
		"(Prometheus), /healthz and /readyz. Up to four of "
		"ADDRESS:PORT "
		"such as 127.0.0.1:9180 or [::1]:9180, or unix:/PATH, "
		"separated by spaces. There is neither TLS nor a password: "
		"keep it on addresses that only your monitoring reaches. No "
		"name of an account or a user is told."},
	{"network.allow_private", SETTINGS_BOOL, "no", NULL, 0, 0,
		AT(network_allow_private),
		"Allow remote hosts in loopback, private, link-local and "
		"carrier-grade NAT ranges."},
	{"network.ports", SETTINGS_TEXT, "110,143,993,995", NULL, 0, 0,
		AT(network_ports),
		"Remote ports that may be used, separated by commas, or any."},
	{"network.allow", SETTINGS_TEXT, "none", "none", 0, 0,
		AT(network_allow),
		"Networks that are allowed although private: "
		"CIDR[:port[,port]...] separated by spaces."},
	{"network.timeout", SETTINGS_DURATION, "60s", NULL, 1, 86400,
		AT(network_timeout_s),
		"A session ends when no byte was received for this long."},
	{"network.resolver", SETTINGS_TEXT, "system", NULL, 0, 0,
		AT(network_resolver),
		"Name server that is asked for hosts, instead of those of this "
		"machine: an address, with :PORT where it is not 53 (an IPv6 "
		"address in brackets then), or system."},
	{"tls.ca_file", SETTINGS_TEXT, "system", NULL, 0, 0, AT(tls_ca_file),
		"File of trust anchors (PEM), or system."},
	{"tls.min_version", SETTINGS_CHOICE, "1.2", "1.2|1.3", 0, 0,
		AT(tls_min_version), "Lowest TLS version that is accepted."},
	{"tls.allow_plain", SETTINGS_BOOL, "yes", NULL, 0, 0,
		AT(tls_allow_plain),
		"Whether accounts may ask for no TLS (?security=none)."},
	{"discover.autoconfig", SETTINGS_BOOL, "yes", NULL, 0, 0,
		AT(discover_autoconfig),
		"Whether finding the servers of an e-mail address may ask the "
		"web servers of its domain, which are told the address."},
	{"discover.ports", SETTINGS_TEXT, "993,143,995,110,443", NULL, 0, 0,
		AT(discover_ports),
		"Ports that are tried where nobody has said one: those of "
		"IMAP with TLS from the start, IMAP, POP3 with TLS from the "
		"start, POP3, and https for autoconfig."},
	{"limits.message", SETTINGS_SIZE, "128M", NULL, 1, BYTES_MAX,
		AT(limits_message_bytes),
		"A larger message is quarantined, not fetched."},
	{"limits.account", SETTINGS_SIZE, "none", "none", 1, BYTES_MAX,
		AT(limits_account_bytes), "Most bytes stored for one account."},
	{"limits.line", SETTINGS_SIZE, "1M", NULL, 1024, 1 << 30,
		AT(limits_line_bytes), "Longest line of an IMAP server."},
	{"limits.nesting", SETTINGS_COUNT, "100", NULL, 1, 500,
		AT(limits_nesting),
		"Deepest nesting of parentheses of an IMAP server."},
	{"limits.command", SETTINGS_SIZE, "4M", NULL, 65536, 1 << 30,
		AT(limits_command_bytes),
		"Most bytes outside message bodies that an IMAP server may "
		"answer to one command."},
	{"limits.pop3_line", SETTINGS_SIZE, "64K", NULL, 512, 1 << 30,
		AT(limits_pop3_line_bytes),
		"Longest line of a POP3 server outside message bodies."},
	{"limits.greeting", SETTINGS_SIZE, "4K", NULL, 512, 1 << 20,
		AT(limits_greeting_bytes),
		"Longest greeting of a server; POP3: also of its answers to "
		"STLS and QUIT."},
	{"limits.messages", SETTINGS_COUNT, "2000000", NULL, 1, UINT32_MAX,
		AT(limits_messages), "Most messages of one mailbox."},
	{"limits.mailboxes", SETTINGS_COUNT, "5000", NULL, 1, 1000000,
		AT(limits_mailboxes), "Most mailboxes of one account."},
	{"limits.hosts", SETTINGS_TEXT, "none", "none", 0, 0, AT(limits_hosts),
		"What may be asked of remote hosts: "
		"HOST:NAME=VALUE[,NAME=VALUE...] separated by spaces, where "
		"HOST is a domain with all below it, or * for those of which "
		"nothing is known, and NAME is sessions (at once, instead of "
		"pool.per_host), logins (a minute), day (bytes a day of all "
		"its accounts) or account_day (of each); VALUE may be none."},
	{"limits.known", SETTINGS_BOOL, "yes", NULL, 0, 0, AT(limits_known),
		"Keep to what large providers are known to allow, where "
		"limits.hosts says nothing else: of Gmail, 2500 MB a day and "
		"account by IMAP, 1250 MB by POP3, 10 sessions an account."},
	{"limits.learn", SETTINGS_BOOL, "yes", NULL, 0, 0, AT(limits_learn),
		"Where a server complains of too much, ask less of it for a "
		"week."},
	{"log.format", SETTINGS_CHOICE, "text", "text|json", 0, 0,
		AT(log_format),
		"Form of the log on standard error: text (logfmt) or json."},
	{"log.level", SETTINGS_CHOICE, "info", "error|warn|info|debug|wire", 0,
		0, AT(log_level),
		"What is logged: wire holds the conversation, with secrets "
		"replaced."},
	{NULL, SETTINGS_TEXT, NULL, NULL, 0, 0, 0, NULL},
};
