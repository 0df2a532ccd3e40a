/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists as servers send them, and the folders that have to come of them. */
#include "plan_rig.h"

#include "collector/model/quirk.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define NOSELECT MAILBOX_NOSELECT

static const struct plan_table servers[] = {
	{.what = "Dovecot, no prefix, special use",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"Drafts", MAILBOX_DRAFTS}, {"Entwürfe"},
			{"Gesendet", MAILBOX_SENT}, {"Gesendet/2019"},
			{"Gesendet/2019/Q1"}, {"Projekte"},
			{"Trash", MAILBOX_TRASH}},
		.pairs = "INBOX>INBOX I\nDrafts>Drafts a\nGesendet>Sent a\n"
			 "Trash>Trash a\nEntwürfe>Entwürfe o\n"
			 "Gesendet/2019>Sent/2019 b\n"
			 "Gesendet/2019/Q1>Sent/2019/Q1 b\n"
			 "Projekte>Projekte o\n"},
	{.what = "Dovecot, prefix INBOX., told by NAMESPACE",
		.delimiter = '.',
		.rows = {{"INBOX"}, {"INBOX.Sent", MAILBOX_SENT, 6},
			{"INBOX.a.b", 0, 6}, {"INBOX.INBOX", 0, 6},
			{"INBOX.INBOX.x", 0, 6}, {"Other"}},
		.pairs = "INBOX>INBOX I\nINBOX.Sent>Sent a\nINBOX.a.b>a/b o\n"
			 "INBOX.INBOX>INBOX/INBOX o\n"
			 "INBOX.INBOX.x>INBOX/INBOX/x o\nOther>Other o\n"},
	{.what = "Dovecot, another personal prefix",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"mail/INBOX", 0, 5}, {"mail/a", 0, 5},
			{"mail/Sent Items", 0, 5}, {"mail/", 0, 5}},
		.pairs = "INBOX>INBOX I\nmail/Sent Items>Sent n\n"
			 "mail/INBOX>mail/INBOX o\nmail/a>a o\n"
			 "mail/>mail/% o\n"},
	{.what = "Courier: no special use, all below INBOX",
		.delimiter = '.',
		.rows = {{"INBOX"}, {"INBOX.Drafts"}, {"INBOX.Sent"},
			{"INBOX.Sent.2020"}, {"INBOX.Trash"}, {"INBOX.spam"},
			{"INBOX.x%y"}},
		.pairs = "INBOX>INBOX I\nINBOX.Drafts>Drafts n\n"
			 "INBOX.Sent>Sent n\nINBOX.Trash>Trash n\n"
			 "INBOX.spam>Junk n\nINBOX.Sent.2020>Sent/2020 o\n"
			 "INBOX.x%y>x%25y o\n"},
	{.what = "Exchange in German, no attributes",
		.delimiter = '/',
		.rows = {{"Archiv"}, {"Entw&APw-rfe"},
			{"Gel&APY-schte Elemente"}, {"Gesendete Elemente"},
			{"Gesendete Elemente/2021"}, {"INBOX"},
			{"INBOX/Kunden"}, {"Junk-E-Mail"}, {"Postausgang"}},
		.pairs = "INBOX>INBOX I\nArchiv>Archive n\n"
			 "Entw&APw-rfe>Drafts n\n"
			 "Gel&APY-schte Elemente>Trash n\n"
			 "Gesendete Elemente>Sent n\nJunk-E-Mail>Junk n\n"
			 "Gesendete Elemente/2021>Sent/2021 b\n"
			 "INBOX/Kunden>INBOX/Kunden o\n"
			 "Postausgang>Postausgang o\n"},
	{.what = "Exchange keeps more than mail",
		.delimiter = '/',
		.quirks = QUIRK_NO_MAIL_FOLDERS,
		.folders = "*\nContacts",
		.rows = {{"Calendar"}, {"Calendar/Birthdays"}, {"Contacts"},
			{"Calendars"}, {"INBOX"}, {"Projects/Tasks"}},
		.pairs = "INBOX>INBOX I\nContacts>Contacts o\n"
			 "Calendars>Calendars o\n"
			 "Projects/Tasks>Projects/Tasks o\n",
		.skips = "Calendar: no mail is kept in it\n"
			 "Calendar/Birthdays: no mail is kept in it\n"},
	{.what = "a calendar elsewhere is a name like any other",
		.delimiter = '/',
		.rows = {{"Calendar"}},
		.pairs = "Calendar>Calendar o\n"},
	{.what = "Gmail in German",
		.delimiter = '/',
		.rows = {{"Arbeit"}, {"INBOX"}, {"[Gmail]", NOSELECT},
			{"[Gmail]/Alle Nachrichten", MAILBOX_ALL},
			{"[Gmail]/Entw&APw-rfe", MAILBOX_DRAFTS},
			{"[Gmail]/Gesendet", MAILBOX_SENT},
			{"[Gmail]/Markiert", MAILBOX_FLAGGED},
			{"[Gmail]/Papierkorb", MAILBOX_TRASH},
			{"[Gmail]/Spam", MAILBOX_JUNK},
			{"[Gmail]/Wichtig", MAILBOX_IMPORTANT}},
		.pairs = "INBOX>INBOX I\n[Gmail]/Entw&APw-rfe>Drafts a\n"
			 "[Gmail]/Gesendet>Sent a\n[Gmail]/Papierkorb>Trash a\n"
			 "[Gmail]/Spam>Junk a\nArbeit>Arbeit o\n",
		.skips = "[Gmail]: cannot be selected\n"
			 "[Gmail]/Alle Nachrichten: a view of mail that is "
			 "elsewhere\n"
			 "[Gmail]/Markiert: a view of mail that is elsewhere\n"
			 "[Gmail]/Wichtig: a view of mail that is elsewhere\n"},
	{.what = "Gmail in Japanese, behind a proxy without attributes",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"[Gmail]", NOSELECT},
			{"[Gmail]/&MLQw33ux-"},
			{"[Gmail]/&kAFP4W4IMH8w4TD8MOs-"},
			{"[Gmail]/&j,dg0TDhMPww6w-"}, {"[Gmail]/&Tgtm+DBN-"}},
		.pairs = "INBOX>INBOX I\n[Gmail]/&MLQw33ux->Trash n\n"
			 "[Gmail]/&kAFP4W4IMH8w4TD8MOs->Sent n\n"
			 "[Gmail]/&j,dg0TDhMPww6w->Junk n\n"
			 "[Gmail]/&Tgtm+DBN->Drafts n\n",
		.skips = "[Gmail]: cannot be selected\n"},
	{.what = "\\All where messages are told apart",
		.delimiter = '/',
		.keep_all = true,
		.rows = {{"INBOX"}, {"[Gmail]/All Mail", MAILBOX_ALL},
			{"[Gmail]/Starred", MAILBOX_FLAGGED},
			{"[Gmail]/Both", MAILBOX_ALL | MAILBOX_IMPORTANT}},
		.pairs = "INBOX>INBOX I\n"
			 "[Gmail]/All Mail>Archive a\n",
		.skips = "[Gmail]/Starred: a view of mail that is elsewhere\n"
			 "[Gmail]/Both: a view of mail that is elsewhere\n"},
	{.what = "a view that is named, and one that a glob happens to match",
		.delimiter = '/',
		.folders = "INBOX\n[Gmail]/All Mail\n[Gmail]/St*",
		.rows = {{"INBOX"}, {"[Gmail]/All Mail", MAILBOX_ALL},
			{"[Gmail]/Starred", MAILBOX_FLAGGED}},
		.pairs = "INBOX>INBOX I\n"
			 "[Gmail]/All Mail>[Gmail]/All Mail o\n",
		.skips = "[Gmail]/Starred: a view of mail that is elsewhere\n"},
	{.what = "a view is no Archive for others to yield to",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"Alles", MAILBOX_ALL | MAILBOX_ARCHIVE},
			{"Archiv"}},
		.pairs = "INBOX>INBOX I\nArchiv>Archive n\n",
		.skips = "Alles: a view of mail that is elsewhere\n"},
	{.what = "Yahoo",
		.delimiter = '/',
		.rows = {{"Archive"}, {"Bulk Mail"}, {"Draft"}, {"Inbox"},
			{"Sent"}, {"Trash"}},
		.pairs = "Inbox>INBOX I\nArchive>Archive n\n"
			 "Bulk Mail>Junk n\nDraft>Drafts n\nSent>Sent n\n"
			 "Trash>Trash n\n"},
	{.what = "Apple and Outlook programs on one plain server",
		.delimiter = '/',
		.rows = {{"Deleted Items"}, {"Deleted Messages"}, {"INBOX"},
			{"Sent"}, {"Sent Items"}, {"Sent Messages"}},
		.pairs = "INBOX>INBOX I\nDeleted Items>Trash n\nSent>Sent n\n"
			 "Deleted Messages>Deleted Messages o\n"
			 "Sent Items>Sent Items o\n"
			 "Sent Messages>Sent Messages o\n"},
	{.what = "mail.ru, in modified UTF-7",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"&BBoEPgRABDcEOAQ9BDA-"},
			{"&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"},
			{"&BCEEPwQwBDw-"}, {"&BCcENQRABD0EPgQyBDgEOgQ4-"}},
		.pairs = "INBOX>INBOX I\n&BBoEPgRABDcEOAQ9BDA->Trash n\n"
			 "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1->Sent n\n"
			 "&BCEEPwQwBDw->Junk n\n"
			 "&BCcENQRABD0EPgQyBDgEOgQ4->Drafts n\n"},
	{.what = "names in 8-bit, in invalid UTF-7, decomposed",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"Entw\xc3\xbcrfe"}, {"Envoye\xcc\x81s"},
			{"Gel\xf6scht"}, {"&bad"}},
		.pairs = "INBOX>INBOX I\nEntw\xc3\xbcrfe>Drafts n\n"
			 "Envoye\xcc\x81s>Sent n\n"
			 "Gel\xf6scht>Gel%F6scht o\n&bad>&bad o\n"},
	{.what = "others' and shared, not asked for",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"Other Users/bob/Sent", MAILBOX_OTHERS},
			{"Shared/info", MAILBOX_SHARED | MAILBOX_SENT},
			{"sent-mail"}},
		.pairs = "INBOX>INBOX I\nsent-mail>Sent n\n",
		.skips = "Other Users/bob/Sent: another user's (--shared)\n"
			 "Shared/info: shared (--shared)\n"},
	{.what = "others' and shared, asked for: they take no special use",
		.delimiter = '.',
		.shared = true,
		.rows = {{"INBOX"}, {"INBOX.x"},
			{"shared.Sent", MAILBOX_SHARED | MAILBOX_SENT},
			{"user.bob.a", MAILBOX_OTHERS}},
		.pairs =
			"INBOX>INBOX I\nINBOX.x>x o\n"
			"shared.Sent>shared/Sent o\nuser.bob.a>user/bob/a o\n"},
	{.what = "parents that cannot be selected",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"Archiv", NOSELECT}, {"Archiv/2020"},
			{"Papierkorb", NOSELECT | MAILBOX_TRASH},
			{"Papierkorb/x"}, {"Kunden", NOSELECT}, {"Kunden/A"}},
		.pairs = "INBOX>INBOX I\nArchiv/2020>Archive/2020 b\n"
			 "Papierkorb/x>Trash/x b\nKunden/A>Kunden/A o\n",
		.skips = "Archiv: cannot be selected\n"
			 "Papierkorb: cannot be selected\n"
			 "Kunden: cannot be selected\n"},
	{.what = "one that can be selected is before one that cannot",
		.delimiter = '/',
		.rows = {{"Archiv", NOSELECT}, {"Archiv/a"}, {"Archives"}},
		.pairs = "Archives>Archive n\nArchiv/a>Archiv/a o\n",
		.skips = "Archiv: cannot be selected\n"},
	{.what = "no separator",
		.rows = {{"INBOX"}, {"Sent Items"}, {"Sent/x"}, {"INBOX.y"}},
		.pairs = "INBOX>INBOX I\nSent Items>Sent n\n"
			 "Sent/x>Sent%2Fx o\nINBOX.y>INBOX%2Ey o\n"},
	{.what = "Domino's separator",
		.delimiter = '\\',
		.rows = {{"INBOX"}, {"Gesendet\\alt"}, {"Gesendet"}},
		.pairs = "INBOX>INBOX I\nGesendet>Sent n\n"
			 "Gesendet\\alt>Sent/alt b\n"},
	{.what = "separators that differ",
		.delimiter = '/',
		.rows = {{"INBOX"}, {"a/b"}, {"a.b", 0, 0, '.'},
			{"#news.x", 0, 0, '.'}},
		.pairs = "INBOX>INBOX I\na/b>a/b o\na.b>a/b~1 o*\n"
			 "#news.x>#news/x o\n"},
};

static void servers_of_every_kind(void **state)
{
	(void)state;
	plan_rig_check_all(servers, COUNT(servers));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_of_every_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
