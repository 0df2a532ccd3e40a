/* SPDX-License-Identifier: BSD-2-Clause */
#include "map_options.h"

#include "../../storage/jobs.h"
#include "../base/dict.h"
#include "../base/mem.h"
#include "../model/name.h"
#include "../model/text.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER_BYTES_MAX 200

static int refuse(const char *value, const char *why, struct err *err)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"--map %s: %s", value, why);
}

static bool is_text(const char *value)
{
	char name[NAME_MAILBOX_MAX * 2];

	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return name_to_mutf7(value, name, sizeof name) == 0;
}

/* Folders compare without regard to case, as their directories do. */
static bool add_folder(struct dict *folders, const char *folder)
{
	char folded[FOLDER_BYTES_MAX * 4];

	return name_casefold(folder, folded, sizeof folded) != 0 ||
	       dict_add(folders, folded, 0);
}

static int check_one(const char *value, struct dict *mailboxes,
	struct dict *folders, struct err *err)
{
	const char *equals = strrchr(value, '='), *folder;
	char *mailbox;
	bool first;

	if (equals == NULL || equals == value || equals[1] == '\0')
		return refuse(value,
			"it takes MAILBOX=FOLDER, such as Gesendet=Sent", err);
	folder = equals + 1;
	if (!is_text(value))
		return refuse(value,
			"it is not UTF-8, or holds a control character", err);
	if (folder[0] == '/' || strlen(folder) > FOLDER_BYTES_MAX)
		return refuse(value, "it takes a folder such as Old/Sent", err);
	if (name_is_inbox(folder))
		return refuse(value, "INBOX is the inbox's own folder", err);
	mailbox = mem_strndup(value, (size_t)(equals - value));
	first = dict_add(mailboxes, mailbox, 0);
	free(mailbox);
	if (!first)
		return refuse(value, "this mailbox is mapped twice", err);
	if (!add_folder(folders, folder))
		return refuse(value,
			"two mailboxes cannot share a folder; give each its "
			"own",
			err);
	return 0;
}

int map_options_apply(
	struct account *a, const struct args *args, struct err *err)
{
	struct dict *mailboxes = dict_new(), *folders = dict_new();
	char *lines = mem_strdup("");
	bool given = false;
	int r = 0;

	for (size_t i = 0; i < args->option_count && r == 0; i++) {
		const char *value = args->values[i];
		char *longer;
		if (strcmp(args->options[i]->name, "map") != 0)
			continue;
		given = true;
		if (value[0] == '\0')
			continue;
		r = check_one(value, mailboxes, folders, err);
		longer = mem_printf("%s%s\n", lines, value);
		free(lines);
		lines = longer;
	}
	if (r == 0 && given) {
		free(a->maps);
		a->maps = lines;
		lines = NULL;
	}
	free(lines);
	dict_free(&mailboxes);
	dict_free(&folders);
	return r;
}

/* Whether value maps this mailbox to another folder than it has. */
static bool is_late(const char *value, const struct job_mailbox *m)
{
	const char *equals = strrchr(value, '=');
	char readable[NAME_MAILBOX_MAX * 2];
	size_t n = (size_t)(equals - value);

	if (name_from_mutf7(m->mailbox, readable, sizeof readable) != 0)
		readable[0] = '\0';
	if ((strlen(m->mailbox) != n || strncmp(value, m->mailbox, n) != 0) &&
		(strlen(readable) != n || strncmp(value, readable, n) != 0))
		return false;
	return strcmp(equals + 1, m->folder) != 0;
}

static void tell_one(
	const char *account, const struct job_mailbox *m, FILE *out)
{
	char mailbox[NAME_MAILBOX_MAX], folder[NAME_FOLDER_MAX];

	text_printable(m->mailbox, mailbox, sizeof mailbox);
	text_printable(m->folder, folder, sizeof folder);
	(void)fprintf(out,
		"%s: %s stays in %s, where its mail is already; --map is for "
		"mailboxes that have no folder yet\n",
		account, mailbox, folder);
}

int map_options_tell(struct state *state, const struct account *a, FILE *out,
	struct err *err)
{
	struct job_status *status = NULL;
	const char *line = a->maps;
	size_t count = 0;

	if (jobs_status(state, a->id, &status, &count, err) < 0)
		return -1;
	while (count == 1 && *line != '\0') {
		size_t n = strcspn(line, "\n");
		char *value = mem_strndup(line, n);
		for (size_t i = 0; i < status->mailbox_count; i++)
			if (is_late(value, &status->mailboxes[i]))
				tell_one(a->name, &status->mailboxes[i], out);
		free(value);
		line += n + (line[n] == '\n');
	}
	jobs_status_free(&status, count);
	return 0;
}
