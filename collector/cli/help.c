/* SPDX-License-Identifier: BSD-2-Clause */
#include "help.h"

#include "../model/quirk.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 78

#define ABOUT                                                                  \
	"moves people's mail in: collects whole mailboxes from POP3 and IMAP " \
	"servers into a local Maildir++ store that Dovecot serves at once, "   \
	"and keeps collecting what is new."

/* Columns of n bytes of UTF-8: our own texts hold no wide characters. */
static int columns(const char *text, int n)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Prints text in lines of WIDTH, each after `indent` spaces. */
static void wrap(FILE *out, const char *text, int indent)
{
	int column = 0;

	while (*text != '\0') {
		int n = (int)strcspn(text, " \n");
		bool paragraph = text[n] == '\n';
		if (column != 0 && column + 1 + columns(text, n) > WIDTH) {
			(void)fputc('\n', out);
			column = 0;
		}
		(void)fprintf(
			out, "%*s%.*s", column == 0 ? indent : 1, "", n, text);
		column += (column == 0 ? indent : 1) + columns(text, n);
		text += n;
		while (*text == ' ' || *text == '\n')
			text++;
		if (paragraph) {
			(void)fputs("\n\n", out);
			column = 0;
		}
	}
	(void)fputc('\n', out);
}

void help_wrap(FILE *out, const char *text, int indent)
{
	wrap(out, text, indent);
}

static void print_options(
	FILE *out, const struct cli_option *options, const char *dashes)
{
	for (; options->name != NULL; options++) {
		(void)fprintf(out, "  %s%s%s%s\n", dashes, options->name,
			options->value != NULL ? " " : "",
			options->value != NULL ? options->value : "");
		wrap(out, options->meaning, 8);
	}
}

static void print_quirks(FILE *out)
{
	(void)fputs("\nQUIRKS, in force where they are recognised:\n", out);
	for (const struct quirk_row *q = quirk_table; q->name != NULL; q++) {
		(void)fprintf(out, "  %s\n", q->name);
		wrap(out, q->meaning, 8);
	}
}

void help_overview(FILE *out)
{
	wrap(out, "mailhaul " ABOUT, 0);
	(void)fputs("\nUsage: mailhaul [-c FILE] [-o section.key=value]... "
		    "[--json] [-v|-q]\n"
		    "                COMMAND [ARGUMENTS]\n\nCommands:\n",
		out);
	for (const struct command *c = commands; c->name != NULL; c++)
		(void)fprintf(out, "  %-10s %s\n", c->name, c->summary);
	(void)fputs("\nOptions:\n", out);
	print_options(out, global_options, "");
	(void)fputs("\nMore: mailhaul help COMMAND\n", out);
}

void help_command(const struct command *command, FILE *out)
{
	(void)fprintf(out, "Usage: mailhaul %s\n\n", command->synopsis);
	wrap(out, command->summary, 2);
	if (command->text != NULL) {
		(void)fputc('\n', out);
		wrap(out, command->text, 2);
	}
	if (command->options == NULL)
		return;
	(void)fputs("\nOptions:\n", out);
	print_options(out, command->options, "--");
	for (const struct cli_option *o = command->options; o->name != NULL;
		o++)
		if (strcmp(o->name, "quirk") == 0)
			print_quirks(out);
}

/* ---- man pages */

/* Text for roff: a leading dot or quote and backslashes are shielded. */
static void roff(FILE *out, const char *text)
{
	bool first = true;

	for (; *text != '\0'; text++) {
		if (first && (*text == '.' || *text == '\''))
			(void)fputs("\\&", out);
		if (*text == '\\')
			(void)fputs("\\e", out);
		else if (*text == '-')
			(void)fputs("\\-", out);
		else
			(void)fputc(*text, out);
		first = *text == '\n';
		if (first)
			(void)fputs(".PP\n", out);
	}
	(void)fputc('\n', out);
}

void help_roff(FILE *out, const char *text)
{
	roff(out, text);
}

static void man_head(FILE *out, const char *title, const char *section,
	const char *name, const char *what)
{
	(void)fprintf(out,
		".\\\" Made from the program's own tables; do not edit.\n"
		".TH %s %s \"\" \"mailhaul %s\" \"mailhaul\"\n"
		".SH NAME\n%s \\- %s\n",
		title, section, MAILHAUL_VERSION, name, what);
}

static void dashes_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		(void)fprintf(out, "%s%c", *text == '-' ? "\\" : "", *text);
}

static void man_options(
	FILE *out, const struct cli_option *options, const char *dashes)
{
	for (; options->name != NULL; options++) {
		(void)fputs(".TP\n.B ", out);
		dashes_escaped(out, dashes);
		dashes_escaped(out, options->name);
		if (options->value != NULL)
			(void)fprintf(out, " \\fI%s\\fR", options->value);
		(void)fputc('\n', out);
		roff(out, options->meaning);
	}
}

static void man_command(FILE *out, const struct command *c)
{
	(void)fputs(".SS ", out);
	roff(out, c->synopsis);
	(void)fputc(toupper((unsigned char)c->summary[0]), out);
	roff(out, c->summary + 1);
	if (c->text != NULL) {
		(void)fputs(".PP\n", out);
		roff(out, c->text);
	}
	if (c->options != NULL)
		man_options(out, c->options, "--");
}

static void man_quirks(FILE *out)
{
	(void)fputs(
		".SH QUIRKS\n"
		"What some servers do against the rules. A quirk is in force "
		"where it is recognised by what the server is called and says "
		"of itself, and where \\fB\\-\\-quirk\\fR \\fINAME\\fR=on "
		"says so; never where it says \\fINAME\\fR=off.\n",
		out);
	for (const struct quirk_row *q = quirk_table; q->name != NULL; q++) {
		(void)fputs(".TP\n.B ", out);
		dashes_escaped(out, q->name);
		(void)fputc('\n', out);
		roff(out, q->meaning);
	}
}

static void man_uids(FILE *out)
{
	(void)fputs(
		".SH \"UIDS AND UIDLS\"\n"
		"On the first import of a mailbox its folder gets the "
		"UIDVALIDITY of the source and each message its UID there "
		"(Dovecot's dovecot\\-uidlist, under Dovecot's lock), so that "
		"IMAP clients find what they know. The folder has to be empty "
		"of mail; one that Dovecot has shown empty may be.\n.PP\n"
		"What comes later gets its UID like any delivery. Those UIDs "
		"are moved a million beyond the source's, since the source "
		"gives out numbers as long as it is used, and the same one for "
		"another message here would mislead a client that knows both. "
		"The same happens to the rest of an import once other mail "
		"has taken a UID; the log says uids_not_kept, and "
		"\\fBstatus\\fR NAME how many were.\n.PP\n"
		"Over POP3 each message, later ones too, carries its UIDL and "
		"its place in the listing; Dovecot lists both as the source "
		"does, whatever its pop3_uidl_format is. A UIDL with a space "
		"or a control character cannot be kept.\n.PP\n"
		"\\fB\\-\\-uidl\\-from\\fR gives an IMAP account both: mail, "
		"folders, flags and UIDs come by IMAP, the UIDLs of the INBOX "
		"and their order from the POP3 server of the same mailbox, so "
		"that clients that leave mail on the server download nothing "
		"again. After new mail has come a second session, with the "
		"same password, \\-\\-ca\\-file and \\-\\-fingerprint, takes "
		"the "
		"POP3 listing; it fetches and deletes nothing. A message gets "
		"a UIDL only if it is certainly the same one: by size and "
		"place where both lists agree from the first to the last and "
		"a sample of headers (TOP) bears it out, else by its header. "
		"How many have none is told by \\fBstatus\\fR NAME (with "
		"\\-\\-json: uidls_missing). Where that server is down mail "
		"comes all the same, and the UIDLs are added in a later run; a "
		"password that it refuses is tried again after a day.\n.PP\n"
		"\\fB\\-\\-new\\-uids\\fR leaves all numbers to the "
		"reader.\n",
		out);
}

static void man_login(FILE *out)
{
	(void)fputs(
		".SH \"LOGGING IN\"\n"
		"With \\fB\\-\\-auth\\fR auto, inside TLS: SASL PLAIN, else "
		"LOGIN (IMAP) or USER and PASS (POP3), else whatever else is "
		"offered. Without TLS the ways that do not tell the password "
		"come first: SCRAM\\-SHA\\-256, SCRAM\\-SHA\\-1, "
		"CRAM\\-MD5. user\\-pass is LOGIN or USER and PASS; login is "
		"the SASL mechanism of that name; apop (POP3) has to be asked "
		"for. A password that was refused is not tried a second way. "
		"SCRAM takes a server's word only with the proof that it knows "
		"the password; it prepares passwords as SASLprep says, all "
		"other ways send every byte as it is (NUL cannot be "
		"sent).\n.PP\n"
		"With \\fB\\-\\-token\\-file\\fR FILE it is OAUTHBEARER or "
		"XOAUTH2. FILE belongs to the user mailhaul runs as (or root), "
		"with mode 0600, and is replaced (renamed over) by whatever "
		"renews the token. A token that was refused is not sent again: "
		"the account waits, and looks at FILE every minute.\n",
		out);
}

static void man_expunge(FILE *out)
{
	(void)fputs(
		".SH \"EXPUNGED AT THE SOURCE\"\n"
		"With \\fB\\-\\-on\\-expunge\\fR trash or remove, a message "
		"that has been expunged at the source is moved to the folder "
		"Trash here, with its flags, or removed. It never comes "
		"back.\n.PP\n"
		"Gone is what the server reports as vanished (QRESYNC), or "
		"what is missing from two complete lists, where the count "
		"agrees. A new UIDVALIDITY, and a mailbox that is not listed "
		"any more, are no such thing: all stays as it is. POP3 "
		"cannot tell, so its rule is keep.\n.PP\n"
		"What a reader has taken over here stays: a message that was "
		"moved to another folder, or that was flagged, answered or "
		"marked as a draft here and not by the source. Having been "
		"read is no reason to stay. What vanishes from the source's "
		"Trash stays in the local one with trash, and goes with "
		"remove.\n.PP\n"
		"More than 20 % and more than 5 messages of a mailbox at "
		"once, or all of a mailbox of more than one, are held: "
		"nothing of that mailbox is deleted here, \\fBstatus\\fR shows "
		"the account as failed with class policy, and its mail goes "
		"on coming. \\fBmailhaul resume\\fR \\fINAME\\fR "
		"\\fB\\-\\-confirm\\-deletions\\fR allows exactly what "
		"status told then; what is listed again is there again.\n",
		out);
}

static void man_push(FILE *out)
{
	(void)fputs(
		".SH PUSH\n"
		"With \\fB\\-\\-push\\fR the session of an IMAP account does "
		"not log out at the end of a run of the daemon: it waits in "
		"INBOX (IDLE), and what comes or changes there calls the next "
		"run at once, in the same session. Other mailboxes are looked "
		"at in that run, too, and as often as \\fB\\-\\-every\\fR "
		"says. \\fBstatus\\fR shows \\(lqwaiting for new mail\\(rq. "
		"A session that is lost is opened again within seconds; one "
		"that is lost again and again, later and later.\n.PP\n"
		"Sessions that wait count against pool.parked, not against "
		"pool.sessions and pool.per_host. Accounts for which there is "
		"no place, whose server has no IDLE, or whose process is "
		"needed for another host (pool.envoys) are looked at as often "
		"as \\fB\\-\\-every\\fR says.\n",
		out);
}

static void man_identity(FILE *out)
{
	(void)fputs(
		".SH \"THE SAME MESSAGE AGAIN\"\n"
		"Where a server numbers a mailbox anew (UIDVALIDITY) or gives "
		"UIDs out a second time, what is here is recognised: by the "
		"name the server gives a message (EMAILID, Gmail's "
		"X\\-GM\\-MSGID), else by size, date and header, without "
		"lines that servers rewrite. What these cannot tell apart is "
		"fetched and compared by its bytes. Real duplicates stay, and "
		"what was deleted here does not come back. A maildrop with "
		"UIDLs that are missing or shared is compared by TOP.\n.PP\n"
		"Where messages have such names, one that lies in several "
		"mailboxes, as under several of Gmail's labels, is fetched "
		"once; in each further folder its file is linked. Of \\\\All "
		"(All Mail) only what no other mailbox has is kept, in "
		"Archive; what loses its last label goes there. Labels that "
		"Gmail does not show to IMAP are named in \\fBstatus\\fR; "
		"its settings, Labels, say which are.\n.PP\n"
		"A mailbox that is called otherwise at the source is "
		"recognised (MAILBOXID, UIDVALIDITY, or what is in it), also "
		"where two have changed places, and its folder is renamed "
		"here; nothing is fetched again. When INBOX is renamed there, "
		"its messages move here, too. Folders of mailboxes that are "
		"gone there stay.\n",
		out);
}

void help_man_program(FILE *out)
{
	man_head(out, "MAILHAUL", "1", "mailhaul",
		"collects mailboxes from POP3 and IMAP servers");
	(void)fputs(".SH SYNOPSIS\n.B mailhaul\n[\\-c FILE] [\\-o "
		    "section.key=value]... [\\-\\-json] [\\-v|\\-q] COMMAND "
		    "[ARGUMENTS]\n.SH DESCRIPTION\n.B mailhaul\n",
		out);
	roff(out, ABOUT);
	(void)fputs(".SH OPTIONS\n", out);
	man_options(out, global_options, "");
	(void)fputs(".SH COMMANDS\n", out);
	for (const struct command *c = commands; c->name != NULL; c++)
		man_command(out, c);
	man_uids(out);
	man_push(out);
	man_login(out);
	man_expunge(out);
	help_man_deletions(out);
	help_man_budgets(out);
	help_man_failures(out);
	help_man_metrics(out);
	help_man_manifest(out);
	man_identity(out);
	man_quirks(out);
	help_man_examples(out);
	(void)fputs(
		".SH \"EXIT STATUS\"\n"
		"0 all done; 1 some work failed (each failure is one line on "
		"standard error, with its class); 2 usage; 3 configuration or "
		"state.\n"
		".SH SIGNALS\n"
		"SIGTERM and SIGINT drain: runs end at a message boundary, "
		"leases are released, the program ends within 10 seconds. "
		"SIGHUP reads the settings again.\n"
		".SH FILES\n.TP\n.I " CONFIG_DEFAULT_PATH
		"\nsettings, see mailhaul.conf(5)\n.TP\n.I "
		"/var/lib/mailhaul\njob table, ledgers, key file\n"
		".SH \"SEE ALSO\"\nmailhaul.conf(5), dovecot(1)\n",
		out);
}

static void man_key(FILE *out, const struct settings_key *k)
{
	(void)fprintf(out, ".TP\n.B %s\n", k->key);
	roff(out, k->meaning);
	(void)fputs(".br\n", out);
	if (k->kind == SETTINGS_CHOICE) {
		(void)fputs("One of: ", out);
		roff(out, k->choices);
		(void)fputs(".br\n", out);
	}
	(void)fputs("Default: ", out);
	roff(out, k->default_value);
}

void help_man_config(FILE *out)
{
	man_head(out, "MAILHAUL.CONF", "5", "mailhaul.conf",
		"settings of mailhaul(1)");
	(void)fputs(
		".SH DESCRIPTION\n"
		"An INI file: sections in brackets, then key = value; lines "
		"that begin with ; or # are comments. The key "
		"\\fIstate.dir\\fR below is the line \\fIdir = \\fR in the "
		"section \\fI[state]\\fR. A setting can also be given as "
		"\\fI\\-o state.dir=PATH\\fR or in the environment as "
		"\\fIMAILHAUL_STATE_DIR\\fR; the order is: \\-o, environment, "
		"file, default. An unknown key or a bad value is an error "
		"that names file, line and key. \\fImailhaul config\\fR "
		"prints every key with its value and where it came from.\n"
		".SH SETTINGS\n",
		out);
	for (const struct settings_key *k = settings_keys; k->key != NULL; k++)
		man_key(out, k);
	(void)fputs(".SH \"SEE ALSO\"\nmailhaul(1)\n", out);
}
