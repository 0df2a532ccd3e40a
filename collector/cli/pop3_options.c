/* SPDX-License-Identifier: BSD-2-Clause */
#include "pop3_options.h"

#include "../../storage/jobs.h"
#include "../base/mem.h"
#include "../model/name.h"
#include "../model/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FOLDER_BYTES_MAX 200

static int refuse(
	const char *option, const char *value, const char *why, struct err *err)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"--%s %s: %s", option, value, why);
}

static int apply_seen(struct account *a, const char *value, struct err *err)
{
	if (strcmp(value, "yes") == 0)
		a->pop3_seen = 1;
	else if (strcmp(value, "no") == 0)
		a->pop3_seen = 0;
	else if (strcmp(value, "old") == 0)
		a->pop3_seen = -1;
	else
		return refuse("pop3-seen", value,
			"it takes yes, no, or old (those older than 14 days)",
			err);
	return 0;
}

static bool is_folder(const char *value)
{
	char name[NAME_MAILBOX_MAX * 2];

	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return value[0] != '/' && strlen(value) <= FOLDER_BYTES_MAX &&
	       name_to_mutf7(value, name, sizeof name) == 0;
}

static int apply_folder(struct account *a, const char *value, struct err *err)
{
	if (value[0] != '\0' && a->url.protocol != PROTOCOL_POP3)
		return refuse("to-folder", value,
			"it is for POP3; IMAP has --map and --prefix", err);
	if (!is_folder(value))
		return refuse("to-folder", value,
			"it takes a folder such as Old/Provider", err);
	free(a->to_folder);
	a->to_folder = mem_strdup(name_is_inbox(value) ? "" : value);
	return 0;
}

int pop3_options_apply(
	struct account *a, const struct args *args, struct err *err)
{
	const char *seen = args_value(args, "pop3-seen");
	const char *folder = args_value(args, "to-folder");

	if (seen != NULL && a->url.protocol != PROTOCOL_POP3)
		return refuse("pop3-seen", seen,
			"it is for POP3; IMAP tells what was read", err);
	if (seen != NULL && apply_seen(a, seen, err) < 0)
		return -1;
	if (folder != NULL && apply_folder(a, folder, err) < 0)
		return -1;
	return 0;
}

const char *pop3_options_seen(const struct account *a)
{
	return a->pop3_seen < 0 ? "old" : a->pop3_seen != 0 ? "yes" : "no";
}

int pop3_options_tell(struct state *state, const struct account *a, FILE *out,
	struct err *err)
{
	const char *wanted = a->to_folder[0] != '\0' ? a->to_folder : "INBOX";
	struct job_status *status = NULL;
	size_t count = 0;

	if (jobs_status(state, a->id, &status, &count, err) < 0)
		return -1;
	for (size_t i = 0; count == 1 && i < status->mailbox_count; i++) {
		char folder[NAME_FOLDER_MAX];
		if (!name_is_inbox(status->mailboxes[i].mailbox) ||
			strcmp(status->mailboxes[i].folder, wanted) == 0)
			continue;
		text_printable(
			status->mailboxes[i].folder, folder, sizeof folder);
		(void)fprintf(out,
			"%s: its mail stays in %s, where it is already; "
			"--to-folder is for an account that has collected "
			"nothing yet\n",
			a->name, folder);
	}
	jobs_status_free(&status, count);
	return 0;
}

/* Gmail shows what is younger than 30 days again and again to such a name, and
 * never what is older. */
void pop3_options_warn(const struct account *a, FILE *out)
{
	if (a->url.protocol == PROTOCOL_POP3 &&
		strncasecmp(a->url.user, "recent:", 7) == 0)
		(void)fprintf(out,
			"%s: with \"recent:\" Gmail shows the last 30 days "
			"only; to collect all mail leave it out of the user "
			"name\n",
			a->name);
}
