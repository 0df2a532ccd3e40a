/* SPDX-License-Identifier: BSD-2-Clause */
#include "command_options.h"

const struct cli_option add_options[] = {
	{"to", "USER", "local user whose store gets the mail (default: NAME)"},
	{"address", "ADDRESS",
		"find the server of this e-mail address (without URL; default: "
		"NAME)"},
	{"password-file", "FILE",
		"read the password from the first line of FILE; - is standard "
		"input; without it you are asked on the terminal"},
	{"auth", "WAY",
		"how to log in: auto (the default), plain, login, cram-md5, "
		"scram-sha-1, scram-sha-256, user-pass, apop, xoauth2 or "
		"oauthbearer; see LOGGING IN"},
	{"token-file", "FILE",
		"log in by OAuth: the first line of FILE is the token, read "
		"anew for each session, so that another program can renew it"},
	{"every", "TIME|never",
		"how often to look for new mail: 15m, 1h … or never (import "
		"once); default: sync.every"},
	{"delete", "never|after-import|TIME|with-local",
		"what happens at the source when a message is durable here: "
		"never (nothing; the default), after-import (it is deleted "
		"there), a time such as 14d (then), or with-local (when it is "
		"deleted here); see DELETED AT THE SOURCE"},
	{"on-expunge", "keep|trash|remove",
		"what happens here when a message vanishes there: keep "
		"(nothing; the default), trash (it goes to the folder Trash) "
		"or remove; see EXPUNGED AT THE SOURCE"},
	{"folder", "GLOB",
		"collect only mailboxes that match, such as \"INBOX\" or "
		"\"Archive/*\"; repeatable"},
	{"exclude", "GLOB", "leave out mailboxes that match; repeatable"},
	{"prefix", "FOLDER", "put everything under this folder"},
	{"to-folder", "FOLDER",
		"POP3: put the mail into this folder instead of INBOX"},
	{"pop3-seen", "yes|no|old",
		"POP3: whether mail arrives as read; old (the default): what "
		"is older than 14 days does"},
	{"map", "MAILBOX=FOLDER",
		"put a mailbox, and what lies below it, into this folder, such "
		"as \"Gesendet=Sent\"; the mailbox as check shows it; "
		"repeatable"},
	{"push", NULL,
		"keep a session waiting for new mail in INBOX (IMAP with "
		"IDLE): it is here within seconds; all else as --every says"},
	{"shared", NULL,
		"collect the mailboxes of other users and shared ones, too"},
	{"ca-file", "FILE", "trust these certificates (PEM) for this server"},
	{"fingerprint", "PIN",
		"accept just this certificate, SHA256:HEX, or any for this "
		"key, renewed or not, spki:sha256:BASE64; check prints both"},
	{"connections", "N",
		"collect up to N mailboxes at the same time, each over an IMAP "
		"session of its own: 1 (the default) to 16, and no more than "
		"pool.per_host and the provider allow"},
	{"skip-deleted", NULL,
		"leave out messages marked \\Deleted at the source"},
	{"order", "oldest|newest",
		"what comes first; newest: an inbox of use at once, and "
		"--new-uids with it"},
	{"new-uids", NULL,
		"keep neither the source's IMAP UIDs nor its POP3 UIDLs"},
	{"uidl-from", "URL",
		"pop3s://USER@HOST[:PORT] of the same mailbox, with the same "
		"password: the UIDLs of its INBOX come along, so that POP "
		"clients download nothing again; see UIDS AND UIDLS"},
	{"quirk", "NAME=on|off",
		"overrule what is recognised of a server that breaks rules; "
		"repeatable; the names stand under QUIRKS"},
	{"group", "NAME",
		"the wave that the account belongs to: other commands take "
		"--group NAME in the place of its accounts' names"},
	{"priority", "N",
		"0 to 9 (default 5): of the accounts that are due, a higher "
		"one comes first; each step counts as six hours of waiting, so "
		"that the turn of all others comes, too"},
	{"until", "DATE",
		"not to be collected after this: 2027-03-31 (to its end, UTC) "
		"or 2027-03-31T18:00:00+02:00; a run under way ends, and the "
		"account is paused with a note"},
	{"between", "HH:MM-HH:MM",
		"times of the day, in the machine's local time, in which runs "
		"begin: 22:00-06:00, or several with commas between; one that "
		"is under way when they end stops after a message and goes on "
		"when they begin again; who names the account to run is not "
		"bound by it"},
	{"max-rate", "SIZE",
		"receive no more than this a second, over all its sessions: "
		"2M, 512K …; at least 64K"},
	{"hold", NULL, "enrol paused"},
	{NULL, NULL, NULL},
};

const struct cli_option set_options[] = {
	{"to", "USER", "local user whose store gets the mail"},
	{"password-file", "FILE",
		"read a new password from the first line of FILE; - is "
		"standard input"},
	{"password", NULL, "ask for a new password on the terminal"},
	{"auth", "WAY", "how to log in; auto = the best that both know"},
	{"token-file", "FILE", "log in by OAuth; \"\" = by a password"},
	{"every", "TIME|never|default", "15m, 1h …, never, or default"},
	{"delete", "never|after-import|TIME|with-local",
		"never, after-import, with-local or a time such as 14d; also "
		"for what came before"},
	{"on-expunge", "keep|trash|remove",
		"keep, trash or remove; also for what has vanished before"},
	{"folder", "GLOB", "replaces all globs given before; \"\" = all"},
	{"exclude", "GLOB", "replaces all given before; \"\" = none"},
	{"prefix", "FOLDER",
		"for mailboxes that have no folder yet; \"\" = none"},
	{"to-folder", "FOLDER", "POP3: instead of INBOX, before the first run"},
	{"pop3-seen", "yes|no|old", "POP3: whether new mail arrives as read"},
	{"map", "MAILBOX=FOLDER",
		"for mailboxes that have no folder yet; replaces all given "
		"before; \"\" = none"},
	{"push", NULL, "wait for new mail in INBOX (IDLE)"},
	{"no-push", NULL, "look only as often as --every says"},
	{"shared", NULL, "collect others' mailboxes, too"},
	{"no-shared", NULL, "collect them no longer; their mail stays"},
	{"ca-file", "FILE", "\"\" = tls.ca_file"},
	{"fingerprint", "PIN", "\"\" = check the chain"},
	{"connections", "N", "1 to 16: mailboxes at the same time"},
	{"skip-deleted", NULL, "leave out messages marked \\Deleted"},
	{"keep-deleted", NULL, "bring them, marked as deleted"},
	{"order", "oldest|newest", "what comes first; newest: --new-uids too"},
	{"new-uids", NULL, "keep no UIDs and UIDLs of the source"},
	{"keep-uids", NULL, "keep them, where nothing was collected yet"},
	{"uidl-from", "URL", "pop3s://…, with the same password; \"\" = none"},
	{"quirk", "NAME=on|off", "replaces all given before; \"\" = none"},
	{"group", "NAME", "the wave that it belongs to; \"\" = none"},
	{"priority", "N", "0 to 9: who comes first, of those that are due"},
	{"until", "DATE",
		"not to be collected after this; a later one, or none, opens "
		"an account that has ended by it"},
	{"between", "HH:MM-HH:MM", "when runs begin; none = at all hours"},
	{"max-rate", "SIZE", "bytes a second; none = as they come"},
	{NULL, NULL, NULL},
};

#define GROUP_OPTION                                                    \
	{                                                               \
		"group", "NAME", "all accounts of this group (see add)" \
	}

const struct cli_option group_options[] = {
	GROUP_OPTION,
	{NULL, NULL, NULL},
};

const struct cli_option import_options[] = {
	{"dry-run", NULL, "check all of it and say what would be done"},
	{"update", NULL,
		"change accounts that are enrolled already to what their rows "
		"say"},
	{"partial", NULL,
		"leave out rows that are bad, and enrol the others; exit "
		"status 1"},
	{"template", NULL,
		"print an example, with --json as JSON lines, instead"},
	{NULL, NULL, NULL},
};

const struct cli_option resume_options[] = {
	GROUP_OPTION,
	{"confirm-deletions", NULL,
		"also let go what vanished at the source and is held here "
		"because it is so much: exactly what `status` tells, and "
		"nothing that vanishes later"},
	{NULL, NULL, NULL},
};

const struct cli_option check_options[] = {
	{"all", NULL, "every account, a line each"},
	{"from", "FILE",
		"the accounts of a file as import takes it, - for standard "
		"input, enrolled or not; a line each"},
	{"jobs", "N",
		"with several accounts: up to N at once (default 8), and no "
		"more to one server than pool.per_host and limits.hosts "
		"allow"},
	{"password-file", "FILE",
		"read the password from the first line of FILE; - is standard "
		"input; without it an account's own is used, and for a URL you "
		"are asked on the terminal"},
	{"auth", "WAY", "as for add"},
	{"token-file", "FILE", "as for add"},
	{"folder", "GLOB", "as for add: what would be collected, and where"},
	{"exclude", "GLOB", "as for add"},
	{"prefix", "FOLDER", "as for add"},
	{"map", "MAILBOX=FOLDER", "as for add; repeatable"},
	{"shared", NULL, "as for add"},
	{"quirk", "NAME=on|off", "as for add"},
	{"ca-file", "FILE", "as for add"},
	{"fingerprint", "PIN", "as for add"},
	{NULL, NULL, NULL},
};

const struct cli_option sync_options[] = {
	GROUP_OPTION,
	{"all", NULL, "every account that is not paused"},
	{"wait", NULL, "show progress until they end"},
	{NULL, NULL, NULL},
};

const struct cli_option serve_options[] = {
	{"listen", "ADDRESS:PORT",
		"tell of itself over HTTP there, such as on 127.0.0.1:9180, "
		"[::1]:9180 or unix:/PATH, instead of serve.listen; see "
		"METRICS AND HEALTH"},
	{NULL, NULL, NULL},
};

const struct cli_option finish_options[] = {
	GROUP_OPTION,
	{"wait", NULL,
		"show progress until they are finished, then each difference; "
		"where no daemon runs, do it here"},
	{NULL, NULL, NULL},
};

const struct cli_option status_options[] = {
	GROUP_OPTION,
	{"watch", NULL,
		"show it live in the whole terminal, elsewhere the table each "
		"second, until interrupted"},
	{NULL, NULL, NULL},
};

const struct cli_option remove_options[] = {
	GROUP_OPTION,
	{"yes", NULL, "do not ask on the terminal"},
	{"purge", NULL,
		"also delete from the store the mail that they have brought"},
	{NULL, NULL, NULL},
};

const struct cli_option verify_options[] = {
	GROUP_OPTION,
	{"rebuild", NULL,
		"before that, make the ledger anew from the store's file names "
		"and the source's lists; no message is fetched"},
	{NULL, NULL, NULL},
};

const struct cli_option report_options[] = {
	{"format", "text|json|csv|html",
		"text is the default, json the same as --json; html is one "
		"page without scripts and outside references, with plots, "
		"that can be sent to a customer"},
	{"output", "FILE",
		"write the report to FILE, whole or not at all (mode 0600)"},
	{"manifest", "FILE",
		"instead, write every collected message with its SHA-256 to "
		"FILE; see MANIFEST"},
	{"check", "FILE",
		"instead, compare the store with such a manifest; NAME: those "
		"of its accounts only; needs no database"},
	{"store", "DIR",
		"with --check: the Maildir++ tree to compare, instead of where "
		"store.path says"},
	{NULL, NULL, NULL},
};

const struct cli_option restore_options[] = {
	{"all", NULL,
		"also in the place of ledgers that are here and sound: where "
		"the stores were turned back, too"},
	{NULL, NULL, NULL},
};

const struct cli_option help_options[] = {
	{"man", "mailhaul.1|mailhaul.conf.5",
		"print this manual page, as roff"},
	{NULL, NULL, NULL},
};
