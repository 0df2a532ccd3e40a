/* SPDX-License-Identifier: BSD-2-Clause */
/* The EXAMPLES of mailhaul(1). tests/deploy/test_runbooks.py runs each, one
 * after the other, on a new machine. */
#include "help.h"

static const struct {
	const char *what, *command;
} examples[] = {
	{"Once, on a new machine:", "mailhaul init"},
	{"What is at the source, and where it would go; stores nothing and "
	 "asks "
	 "for the password:",
		"mailhaul check imaps://anna%40example.org@imap.example.org"},
	{"Two accounts, with the passwords in files; the second is imported "
	 "once:",
		"mailhaul add anna imaps://anna%40example.org@imap.example.org "
		"--password-file /root/password\n"
		"mailhaul add boris pop3s://boris@pop.example.org --every "
		"never "
		"--password-file /root/password"},
	{"Collect now, without a daemon, and see what has become of it:",
		"mailhaul run\n"
		"mailhaul status\n"
		"mailhaul status anna"},
	{"Leave mailboxes out, and put all others under one folder (before "
	 "they "
	 "have one):",
		"mailhaul set anna --exclude 'Spam' --exclude 'Trash/*' "
		"--prefix Old"},
	{"Is all of it here, and what is missing?",
		"mailhaul verify anna boris\n"
		"mailhaul failures"},
	{"Try another setting for one command, and see where each comes from:",
		"mailhaul -o log.level=debug run anna\n"
		"mailhaul -o pool.per_host=2 config"},
	{"Away for a while:", "mailhaul pause anna\nmailhaul resume anna"},
	{"What is worth keeping, beside the mail and the key:",
		"mailhaul backup /backup/mailhaul.tar"},
	{"Forget an account; its mail stays:", "mailhaul remove boris --yes"},
};

void help_man_examples(FILE *out)
{
	(void)fputs(".SH EXAMPLES\n", out);
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		(void)fprintf(
			out, ".PP\n%s\n.PP\n.EX\n.in +4\n", examples[i].what);
		for (const char *p = examples[i].command; *p != '\0'; p++)
			(void)fprintf(out, "%s%c", *p == '-' ? "\\" : "", *p);
		(void)fputs("\n.in\n.EE\n", out);
	}
}
