/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"

#include "command_options.h"

const struct command commands[] = {
	{"init", "init", "create state.dir, the database and the key", NULL,
		"Harmless when repeated: what exists is left as it is. The key "
		"seals the passwords; keep a copy of it away from the "
		"database's backups.",
		0, 0, cmd_init},
	{"add", "add NAME [URL] [options]",
		"enrol an account and make its first job due at once",
		add_options,
		"URL is imaps://USER@HOST[:PORT] or pop3s://… (TLS from the "
		"start), imap://… or pop3://… (STARTTLS, required), or "
		"…?security=none (no TLS; has to be said). USER is "
		"percent-encoded: imaps://anna%40example.org@imap.example.org. "
		"Without URL it is found from NAME, or --address, an e-mail "
		"address, as discover does. There is no option that takes a "
		"password.",
		1, 2, cmd_add},
	{"import", "import FILE|- [options]",
		"enrol many accounts out of a file", import_options,
		"FILE is CSV (RFC 4180) in UTF-8: the first line names the "
		"columns, in any order: name, url, to, password, and any "
		"option of add without dashes but address. Columns are "
		"separated by comma, "
		"semicolon or tab, as the first line is. An empty field says "
		"nothing; an option without a value takes yes or no; several "
		"values of folder, exclude, map or quirk stand on a line each "
		"in one quoted field. Or FILE is JSON lines: one object with "
		"these names on each line, arrays for several values.\n"
		"The whole file is checked first, and each fault is told with "
		"its line and column; if there is one, nothing is enrolled, "
		"and the exit status is 2. Enrolment is one transaction: a "
		"kill leaves all of it or nothing. Repeating an import is "
		"harmless: a row that says what is enrolled already is "
		"unchanged, one that says otherwise is a fault, unless "
		"--update. What a row does not say stays as it is; hold counts "
		"for new accounts only. Passwords are sealed at once.\n"
		"At most 64 MiB, 250,000 rows, 64 columns, 16,384 bytes a "
		"field. With --json: file, rows, enrolled, changed, unchanged, "
		"bad (how many), dry_run, and errors (line, column, text).",
		0, 1, cmd_import},
	{"list", "list [--group NAME]", "list the accounts", group_options,
		NULL, 0, 0, cmd_list},
	{"show", "show NAME", "show everything about one account", NULL, NULL,
		1, 1, cmd_show},
	{"set", "set NAME [URL] [options]",
		"change an account; what is not named stays", set_options,
		"A new URL or password makes the account due at once.", 1, 2,
		cmd_set},
	{"pause", "pause NAME...|--group NAME",
		"stop collecting these accounts", group_options,
		"A run that is under way ends at the next message.", 0, -1,
		cmd_pause},
	{"resume", "resume NAME...|--group NAME [--confirm-deletions]",
		"go on collecting these accounts", resume_options,
		"With --confirm-deletions it fails where nothing is held.", 0,
		-1, cmd_resume},
	{"remove", "remove NAME...|--group NAME [--purge] [--yes]",
		"forget these accounts, their passwords and ledgers",
		remove_options,
		"The mail that was collected stays, unless --purge says "
		"otherwise: then every message that the ledger names is "
		"deleted from the store of this account, wherever a reader has "
		"moved it there, and then those of the account's folders that "
		"are empty. What came from elsewhere stays and is counted, and "
		"so does the store itself. Refused where another account "
		"delivers into the same store. It is asked for on the "
		"terminal; elsewhere --yes has to be said. A run under way is "
		"told to end first. Killed between, the account is paused and "
		"shown as being purged: repeat it. With --json and --purge: "
		"{\"purged\":[{account, messages, bytes, folders, stayed}]}.",
		0, -1, cmd_remove},
	{"discover", "discover ADDRESS",
		"find the servers of an e-mail address, and say why", NULL,
		"Asks in this order, and stops at the first answer: the table "
		"of providers (share/doc/mailhaul/providers.txt); SRV records "
		"of the domain (RFC 6186); its autoconfig, over https, unless "
		"discover.autoconfig is no; the provider behind its mail "
		"exchangers; imap., mail., pop. and pop3. before the domain, "
		"the mail exchanger and the domain itself. IMAP comes before "
		"POP3, TLS from the start before STARTTLS, and nothing without "
		"TLS is taken. But for providers in the table, a server counts "
		"when it has answered, within the network policy and with a "
		"certificate for its name. No password is asked for or sent. A "
		"host outside the domain that only the DNS names is told as "
		"doubtful, and add and check want it said as a URL. Exit "
		"status 1: nothing was found.\n"
		"With --json: address, found (null, or url, protocol, host, "
		"port, tls: implicit or starttls, user, by: table, srv, "
		"autoconfig, mx or guess, tried, doubtful, login: of password, "
		"app-password and oauth), provider, hint, steps (step, asked, "
		"good, answer), error (null, or class, text, hint).",
		1, 1, cmd_discover},
	{"check",
		"check NAME|URL|ADDRESS [options] | check "
		"NAME...|--all|--from FILE",
		"log in, and show what is there and where it would go",
		check_options,
		"Prints TLS and certificate, what the server says of itself, "
		"the quirks recognised, and each mailbox with its messages, "
		"their size where the server tells it, the folder it has or "
		"would have, and why: the server's attribute, the name table, "
		"--map, its own name; or why it is left out. Stores nothing "
		"and works beside a running daemon. With options it shows what "
		"they would change. An e-mail address that is no account's "
		"name has its server found as by discover.\n"
		"Of several accounts each has a line: whether it can be "
		"collected, what protects the connection, what the server is, "
		"mailboxes, messages and size of what would be collected, and "
		"how long that takes at least where the provider limits what "
		"may be fetched a day (known providers, limits.hosts), or what "
		"is wrong. Below it: such hosts with all their accounts. Exit "
		"status 1 if one fails. With --json: accounts, each as below "
		"and with days (null: no limit is known, or no size), and "
		"hosts (host, accounts, bytes, day_bytes, days).\n"
		"With --json: account (null for a URL), url, protocol, tls "
		"(null, or version and certificate: subject, issuer, "
		"not_before, not_after, fingerprint, key_pin), greeting, "
		"server_id, "
		"capabilities, quirks, uidl (POP3: whether messages have "
		"one), messages and bytes (of what is collected; null where "
		"not known), mailboxes (mailbox, messages, bytes, folder, why, "
		"collected), maps_unused, error. Where the conversation "
		"failed: account, url, protocol and error (class, text, "
		"hint), and exit status 1.",
		0, -1, cmd_check},
	{"sync", "sync NAME...|--group NAME|--all [--wait]",
		"make accounts due now, for the daemon to collect",
		sync_options, NULL, 0, -1, cmd_sync},
	{"finish", "finish NAME...|--group NAME [--wait]",
		"collect these accounts a last time, compare, and no more",
		finish_options,
		"For the end of a move, when new mail goes elsewhere already. "
		"One run that begins after this command brings what is new, "
		"and what is quarantined is tried again; then source, ledger "
		"and store are compared as by verify, and the account is "
		"paused: status tells finished_at, and how many differences "
		"there are. What fails is tried again like any run, and status "
		"tells why. Repeating it looks once more, also for what has "
		"been finished; resume, and set --every, open an account "
		"again.\n"
		"A daemon does it within the hours of the account (--between). "
		"Exit status 1 with --wait if anything differs, or has failed. "
		"With --json and --wait it prints what verify does.",
		0, -1, cmd_finish},
	{"run", "run [NAME...|--group NAME]",
		"without a daemon: collect what is due, or these accounts, now",
		group_options,
		"Shows live progress on a terminal, a line per account "
		"elsewhere, and exits when nothing is due any more.",
		0, -1, cmd_run},
	{"serve", "serve [--listen ADDRESS:PORT]",
		"the daemon: collect accounts as they fall due", serve_options,
		"Runs in the foreground and logs to standard error. SIGTERM "
		"drains, SIGHUP reads the settings again.",
		0, 0, cmd_serve},
	{"status", "status [NAME...|--group NAME] [--watch]",
		"what runs, what waits and why, what needs a person",
		status_options,
		"An account of which nothing has come for a day although it is "
		"tried is told as stalled, and below the table stands what "
		"keeps many waiting at once, such as a disk without room. "
		"--watch takes keys: ? lists them; they filter, sort, open an "
		"account, pause, resume and retry it. Where the terminal is "
		"none, or TERM is dumb, the table comes again each second. "
		"With --json: accounts, each also "
		"with failing_since (null: the last run was good) and stalled, "
		"and notices (text, since).",
		0, -1, cmd_status},
	{"failures", "failures [NAME...|--group NAME]",
		"mailboxes and messages that could not be had, and why",
		group_options,
		"As the last run of each account left it, 1,000 an account. A "
		"message that cannot be fetched or stored never blocks the "
		"others: it is quarantined and tried again after 1 hour, 6 "
		"hours, 1 day, then weekly. --json prints {\"failures\":"
		"[{account, mailbox, uid, uidl, class, text, first_at, tries, "
		"next_try_at, dialogue}]}; uid and uidl are null for a whole "
		"mailbox. Below the table stand the last lines of the "
		"conversation in which a message did not come (dialogue: an "
		"array of lines, or null), without secrets and content.",
		0, -1, cmd_failures},
	{"explain", "explain [CLASS]",
		"what a class of failure means, and what to do about it", NULL,
		"CLASS is the word before the text in status and failures, "
		"such as auth; without it all are listed. Told are: one "
		"sentence for the person whose mail it is, and for you what "
		"has happened, what is lost, what mailhaul does by itself, and "
		"what there is to do. With --json: {\"classes\":[{class, "
		"title, user, happened, lost, itself, todo}]}.",
		0, 1, cmd_explain},
	{"retry", "retry NAME...|--group NAME",
		"try again now what failed or is quarantined", group_options,
		NULL, 0, -1, cmd_retry},
	{"verify", "verify NAME...|--group NAME [--rebuild]",
		"compare source, ledger and store, and list every difference",
		verify_options,
		"Changes neither mail nor source, and reads no bodies: what "
		"the source lists, what the ledger knows, and which files of "
		"which length lie in the store. Done by the daemon, or here "
		"where none runs. Exit status 1 if anything differs: each "
		"difference has a line and a kind, and the kinds are explained "
		"below them; what a reader has moved or deleted here is one, "
		"too.\n"
		"--rebuild is for a ledger that is damaged or lost: the old "
		"file is set aside (ledgers/UUID.db.replaced-N), messages in "
		"the store are recognised by their names, and the next run "
		"fetches only what is not there. What the ledger alone knew is "
		"gone: what was deleted here comes once more, and flags that "
		"differ from the source stay as they are.\n"
		"With --json: accounts, each with account, differences (kind, "
		"mailbox, uid, uidl, folder, file, text) and error (null, or "
		"class, text, hint).",
		0, -1, cmd_verify},
	{"report", "report [NAME...] [options]",
		"proof of completeness: what the source has, and what is here",
		report_options,
		"Of each mailbox: messages that the source listed in the last "
		"run, messages collected and their bytes as received, what is "
		"quarantined or left out and why, and a SHA-256 over the "
		"hashes of all its messages. It also tells what the last "
		"verify found. It works beside a running daemon, asks the "
		"source nothing and does not look into the store: it says what "
		"was listed and what was written, no more. Exit status 1 "
		"where not every message that was listed is accounted for. "
		"--check: exit status 1 where a message is missing or its "
		"bytes have changed; what readers have moved or renamed is "
		"found by its content, and additional files are listed and no "
		"fault.\n"
		"With --json: accounts, each with account, source, to, at, "
		"listed_at, accounted, running, verdict, verified (null, or "
		"at, differences, kinds, collected_since), mailboxes (mailbox, "
		"folder, listed, collected, bytes, former: collected under "
		"numbers that the mailbox no longer has, quarantined, "
		"left_out, gone_at_source, let_go, accounted: yes, no, "
		"not-proved, not-listed-yet or no-longer-listed, off: by so "
		"many, sha256, notice), totals, not_collected (reason, "
		"messages), years, collected_by_minute, "
		"collected_without_time, failures and error. With --check: "
		"manifest, accounts, each with account, store, messages, same, "
		"moved (of these), missing, changed, additional, differences "
		"(kind, mailbox, message, folder, file, text) and error.",
		0, -1, cmd_report},
	{"backup", "backup FILE",
		"copy job table and ledgers into one file, also while the "
		"daemon runs",
		NULL,
		"Each is copied as it is at one moment. FILE is a tar archive, "
		"appears whole or not at all, and is readable for its owner "
		"only. The key that the passwords are sealed with is not in "
		"it: keep one copy of state.dir/mailhaul.key in another place. "
		"The mail is not in it either. A ledger that is damaged is "
		"left out and named, with exit status 1. With --json: file, "
		"accounts, ledgers, left_out, bytes.",
		1, 1, cmd_backup},
	{"restore", "restore FILE [--all]",
		"put what a backup holds into state.dir", restore_options,
		"Not while a daemon runs. What is there is moved into a "
		"directory of its own beside it, and nothing is removed. A "
		"ledger that is there and sound knows more than the backup's "
		"and stays, unless --all says otherwise. In its next run each "
		"account looks through its store for what came after the "
		"backup: that is neither fetched a second time nor deleted. "
		"What a person did meanwhile is not known: accounts enrolled "
		"since have to be added again, and what came and was deleted "
		"here since comes once more. With --json: file, ledgers, kept, "
		"old, key_missing.",
		1, 1, cmd_restore},
	{"key", "key list|rotate",
		"show the keys that seal the passwords, or make a new one",
		NULL,
		"rotate makes a new key, seals all passwords with it, and then "
		"drops the old one; a running daemon goes on. Killed at any "
		"step, nothing is lost: repeat it, and it is finished. The "
		"first key stays, since it names messages. The key file is "
		"state.dir/mailhaul.key, or the systemd credential "
		"mailhaul.key (LoadCredential=, $CREDENTIALS_DIRECTORY), which "
		"is only read: add 32 random bytes at its end, restart, and "
		"rotate. A backup of the database needs the key file of its "
		"time. With --json: {\"keys\":[{id, passwords, seals, names}], "
		"\"unopened\"}; for rotate {\"id\", \"sealed\", "
		"\"unopened\", \"dropped\", \"resumed\"}.",
		1, 1, cmd_key},
	{"config", "config", "every setting, its value and where it came from",
		NULL, NULL, 0, 0, cmd_config},
	{"completion", "completion bash|zsh|fish",
		"the script that completes what you type in your shell", NULL,
		"The Debian package has it in place. Elsewhere, for bash: "
		"mailhaul completion bash > "
		"~/.local/share/bash-completion/completions/mailhaul; for zsh "
		"into a directory of fpath, as _mailhaul; for fish: "
		"~/.config/fish/completions/mailhaul.fish. Commands, options, "
		"their values and settings come from the program's own tables, "
		"accounts from the job table, if you may read it. The scripts "
		"ask by: completion words -- WORD... (what was typed, the last "
		"word perhaps empty), which prints a line a candidate: the "
		"word, a tab, what it is.",
		1, -1, cmd_completion},
	{"version", "version", "the version, also of the libraries", NULL, NULL,
		0, 0, cmd_version},
	{"help", "help [COMMAND]", "this overview, or help for one command",
		help_options, NULL, 0, 1, cmd_help},
	{NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
