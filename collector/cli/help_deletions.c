/* SPDX-License-Identifier: BSD-2-Clause */
#include "help.h"

void help_man_deletions(FILE *out)
{
	(void)fputs(
		".SH \"DELETED AT THE SOURCE\"\n"
		"With \\fB\\-\\-delete\\fR a message is deleted at the source, "
		"once it is durable here: \\fIafter\\-import\\fR at the end of "
		"the run that brought it; a time such as \\fI14d\\fR when it "
		"has been here for so long; \\fIwith\\-local\\fR when its "
		"reader has deleted it here and emptied the Trash. What could "
		"not be brought (see \\fBstatus\\fR) is never deleted, nor is "
		"anything of a mailbox that is left out. "
		"\\fB\\-\\-on\\-expunge\\fR does not apply then.\n.PP\n"
		"Before it is deleted each message is compared with what was "
		"imported: over IMAP UIDVALIDITY, UID, and EMAILID, or size "
		"and date, or the header; over POP3 UIDL and size in the "
		"session that deletes, or, where a UIDL is missing, given "
		"twice or just the number, every byte. What is not the same "
		"stays there, and \\fBstatus\\fR \\fINAME\\fR says so. IMAP "
		"servers with UIDPLUS expunge exactly these messages; without "
		"it they are expunged only where no other message is marked "
		"as deleted. POP3 deletes at most 200 in a session, and they "
		"count as deleted when the server has said +OK to QUIT. A run "
		"that was killed in between is made good by the next one. "
		"Gmail and some others hide what was collected by POP3: what "
		"is not listed cannot be deleted there by us.\n.PP\n"
		"\\fIwith\\-local\\fR: deleted is what is in no folder of the "
		"store, in two runs on end, in listings during which no "
		"folder changed. What was moved, or lies in the Trash, is "
		"here. What was not here when the rule was made, or is "
		"missing from a store that was restored from an older copy, "
		"was deleted by nobody, and stays at the source. The brake of "
		"EXPUNGED AT THE SOURCE holds here, too, and "
		"\\fBmailhaul resume\\fR \\fINAME\\fR "
		"\\fB\\-\\-confirm\\-deletions\\fR releases it.\n.PP\n"
		"\\fBstatus\\fR tells how many messages wait to be deleted, "
		"and when the next falls due; with \\fB\\-\\-json\\fR in "
		"\\fIdeletions\\fR.\n",
		out);
}
