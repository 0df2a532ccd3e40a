/* SPDX-License-Identifier: BSD-2-Clause */
#include "explain.h"

#include <stddef.h>

static const char nothing[] =
	"Nothing: what is here stays, and what is missing waits at the "
	"source.";

const struct explanation explanations[] = {
	{ERR_AUTH, "The server refuses the login",
		"Your old mailbox does not accept the password any more: "
		"please tell your administrator the present one, or make a "
		"password for this program in the settings of your old "
		"mailbox.",
		"The server does not accept the user name, the password or "
		"the token.",
		nothing,
		"A password that is refused with a reason is not sent again "
		"before somebody has changed the account; without a reason it "
		"is tried once more after 1, 6 and 24 hours. An account with "
		"--token-file looks for a new token every minute.",
		"Try the login in a mail program, then: mailhaul set NAME "
		"--password, which makes the account due at once. Many "
		"providers want an app password or OAuth, or IMAP and POP3 "
		"switched on first; the account's hint in mailhaul status "
		"says so of those that are known."},
	{ERR_REFUSED, "The server does not serve this account",
		"Your old provider does not let us at your mailbox at the "
		"moment; your administrator knows, and it is tried again.",
		"The server answers, and says no to the session, a mailbox or "
		"a message: maintenance, a mailbox in use by somebody else, a "
		"protocol that is switched off.",
		nothing,
		"It tries again after a minute or so, then later and later, at "
		"most six hours apart; what the server says is for good waits "
		"for a person. One mailbox that is refused does not keep the "
		"others.",
		"Where it goes on for hours: see whether the provider allows "
		"IMAP or POP3 for this account, and whether another program "
		"holds its POP3 maildrop open. The server's own words stand "
		"in mailhaul status NAME."},
	{ERR_THROTTLED, "The server asks us to slow down",
		"Your old provider limits how fast mail may be fetched, so "
		"yours takes longer; nothing is needed from you.",
		"The server says that there are too many sessions, logins or "
		"commands.",
		nothing,
		"It waits for as long as the server says, or longer each "
		"time, and for a week asks less of a host that complains "
		"(limits.learn).",
		"Nothing, as a rule. Where it comes often: fewer sessions by "
		"limits.hosts (HOST:sessions=2), pool.per_host or "
		"--connections. mailhaul status shows what was learned of "
		"each host."},
	{ERR_QUOTA, "A day's or an account's share is used up",
		"Your old provider gives out only so much mail a day, or the "
		"space for your mail here is used up; the rest follows.",
		"The bytes of a day that the provider allows (limits.hosts, "
		"limits.known) have been fetched, the server says that its "
		"own limit or the mailbox's quota is reached, or "
		"limits.account is.",
		"Nothing: what has come is kept, and the rest waits at the "
		"source.",
		"It goes on by itself when the day is over. Only "
		"limits.account waits for a person.",
		"For a provider's limit: wait. For limits.account: raise it, "
		"then mailhaul sync NAME."},
	{ERR_NETWORK, "There is no connection",
		"Your old mailbox could not be reached; it is tried again by "
		"itself.",
		"The name was not found, no connection came about, or it "
		"broke.",
		"Nothing: a message counts only once it is here as a whole.",
		"It tries again after a minute or so, then later and later, at "
		"most six hours apart; a large message goes on where it "
		"stopped.",
		"Where it stays so: check host and port (mailhaul show NAME), "
		"name resolution, and the firewall; mailhaul check NAME tries "
		"it at once."},
	{ERR_TIMEOUT, "The server does not answer in time",
		"Your old mailbox answers very slowly at the moment; it is "
		"tried again by itself.",
		"No byte came for network.timeout, or an answer did not end.",
		nothing,
		"It tries again after a minute or so, then later and later, at "
		"most six hours apart.",
		"Raise network.timeout for a server that is known to be slow; "
		"else look at the network between."},
	{ERR_TLS, "The connection is not safe",
		"The encrypted connection to your old mailbox cannot be "
		"trusted, so your password was not sent; your administrator "
		"has to look at it.",
		"The certificate is expired, for another name, or signed by "
		"nobody we trust; or no TLS of tls.min_version came about, or "
		"STARTTLS is not offered.",
		"Nothing, and the password was not sent.",
		"What may pass is tried again; a certificate that does not "
		"fit waits for a person. It never goes on without TLS.",
		"Check the host name. For a server with a certificate of its "
		"own: mailhaul set NAME --ca-file FILE, or --fingerprint with "
		"what mailhaul check shows, once you know that it is the "
		"right one."},
	{ERR_PROTOCOL, "The server's answers make no sense",
		"Your old mailbox gives answers that we cannot read; your "
		"administrator can see which message it is about.",
		"The server breaks the rules of IMAP or POP3, or sent "
		"something else than was asked for.",
		"Nothing: a message that comes broken is not stored as a "
		"whole one. It is quarantined, and the others go on.",
		"It tries again, in other ways where there are any; "
		"quarantined messages after 1, 6 and 24 hours, then weekly.",
		"See mailhaul failures NAME for the conversation. A quirk of "
		"the server may help (mailhaul set NAME --quirk, under QUIRKS "
		"in mailhaul(1)); else report it, with a log at "
		"-o log.level=wire."},
	{ERR_LIMIT, "Something is larger than allowed",
		"A message or a mailbox is larger than your administrator "
		"allows; it stays in your old mailbox.",
		"A message is larger than limits.message, or a line, an "
		"answer or a mailbox larger than the other limits.",
		"Nothing: it waits at the source.",
		"A message is quarantined and looked at again once a week; "
		"what is about the whole account waits for a person.",
		"Raise the setting under limits.* that the text names, reload "
		"(SIGHUP), then mailhaul retry NAME."},
	{ERR_DISK, "The disk is full or broken",
		"There is no space for new mail here at the moment; yours "
		"waits in your old mailbox.",
		"A file could not be written: no space, no inodes, a quota, "
		"read only, or an error of the device.",
		"Nothing: what is not durable here is neither counted nor "
		"deleted at the source.",
		"Accounts on a full file system wait, and are due at once "
		"when there is room again; other errors are tried again.",
		"Make room on the file systems of the store and of state.dir, "
		"or raise the owner's quota. For I/O errors look at the "
		"kernel's log, and afterwards: mailhaul verify NAME."},
	{ERR_STORE, "The store is not the one that it was",
		"The place where your mail is kept cannot be used at the "
		"moment; your administrator has to look at it.",
		"The Maildir is missing, belongs to somebody else, is another "
		"one than this account was imported into, or is locked.",
		"Nothing: while the store is not known nothing is taken for "
		"deleted, neither here nor at the source.",
		"A lock is waited for; all else waits for a person.",
		"See whether it is mounted, and whom it belongs to "
		"(store.owner). Put back from a backup: mailhaul verify NAME "
		"--rebuild, as the runbook on backups tells."},
	{ERR_CONFIG, "Settings or state do not fit",
		"Something in the set-up of this program is wrong; your "
		"administrator has to look at it.",
		"A setting, an option of the account, the job table, a ledger "
		"or the key file cannot be used; the text names which.",
		"Nothing: mail is not touched.",
		"Nothing: it waits for a person.",
		"mailhaul config shows each setting and where it came from, "
		"mailhaul show NAME the account. Damaged files: mailhaul "
		"restore, or mailhaul verify NAME --rebuild for a ledger."},
	{ERR_CRASH, "The server's bytes broke a process",
		"Something in your old mailbox could not be read; your "
		"administrator can see which message it is about.",
		"A sandboxed process that talks to the server died of what "
		"this account's server sent.",
		"Nothing: such a process holds neither keys nor mail.",
		"It tries again, the account alone in a process of its own, "
		"and narrows it down to single messages, which are "
		"quarantined.",
		"See mailhaul failures NAME and the log (process_died), and "
		"report it: it is a fault of mailhaul or of a library."},
	{ERR_POLICY, "A rule forbids it",
		"Your administrator has to confirm something before your mail "
		"goes on.",
		"network.* or tls.allow_plain forbids the address, the port "
		"or the connection without TLS; or so many messages vanished "
		"at once that their deletion is held.",
		"Nothing: the deletions that are held have not been done.",
		"It waits for a person; where deletions are held, new mail "
		"goes on coming.",
		"Addresses: network.allow and network.ports. Deletions: where "
		"they are meant, mailhaul resume NAME --confirm-deletions "
		"allows exactly what mailhaul status tells."},
	{ERR_NONE, NULL, NULL, NULL, NULL, NULL, NULL},
};

const struct explanation *explain_class(enum err_class class)
{
	for (const struct explanation *e = explanations; e->class != ERR_NONE;
		e++)
		if (e->class == class)
			return e;
	return NULL;
}
