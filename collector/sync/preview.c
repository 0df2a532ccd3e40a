/* SPDX-License-Identifier: BSD-2-Clause */
#include "preview.h"

#include "../base/dict.h"
#include "../base/mem.h"
#include "summary.h"

#include <stdlib.h>
#include <string.h>

void preview_configure(struct session_config *config)
{
	config->counts = true;
	/* what is left out is named as well */
	config->shared = true;
}

struct maildrop_count {
	uint64_t bytes;
	size_t messages, with_uidl;
};

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct maildrop_count *c = arg;

	(void)err;
	c->messages++;
	c->with_uidl += meta->uidl[0] != '\0';
	if ((meta->has & MESSAGE_HAS_SIZE) != 0)
		c->bytes += meta->size_bytes;
	return 0;
}

/* A list of a maildrop costs little more than STAT, and says more. */
static int count_maildrop(
	struct session *s, struct preview *preview, struct err *err)
{
	struct maildrop_count count = {0};
	struct mailbox_state state;
	struct mailbox_info *m;

	if (preview->listing.count != 1)
		return 0;
	m = &preview->listing.mailboxes[0];
	if (session_select(s, m->name, &state, err) < 0 ||
		session_scan(s, SESSION_SCAN_SIZE, on_message, &count, err) < 0)
		return -1;
	m->status.exists = (uint32_t)count.messages;
	m->bytes = count.bytes;
	m->bytes_known = true;
	if (count.messages != 0)
		preview->uidl = count.with_uidl == count.messages
					? PREVIEW_UIDL_YES
					: PREVIEW_UIDL_NO;
	return 0;
}

/* Rows of the job table name mailboxes readably: those of the list that read
 * so have these folders. */
static void plan_with_mirror(struct preview *preview,
	const struct account *account, const struct job_mailbox *mirrored,
	size_t count)
{
	struct listing *l = &preview->listing;
	struct plan_known *known = mem_array(count, sizeof *known);
	char(*dirs)[NAME_DIR_MAX] = mem_array(count, sizeof *dirs);
	struct dict *by_name = dict_new();
	struct plan_source source = {
		.known = known, .quirks = preview->info.quirks};

	for (size_t i = 0; i < l->count; i++) {
		char *shown = summary_printable(l->mailboxes[i].name);
		(void)dict_add(by_name, shown, i);
		free(shown);
	}
	for (size_t i = 0; i < count; i++) {
		struct plan_known *k = &known[source.known_count];
		size_t at;
		if (name_folder_dir(mirrored[i].folder, 0, dirs[i]) != 0)
			continue;
		k->mailbox = dict_get(by_name, mirrored[i].mailbox, &at)
				     ? l->mailboxes[at].name
				     : mirrored[i].mailbox;
		k->folder = mirrored[i].folder;
		k->dir = dirs[i];
		source.known_count++;
	}
	plan_make(l->mailboxes, l->count, account, &source, &preview->plan);
	dict_free(&by_name);
	free(dirs);
	free(known);
}

int preview_make(struct session *s, const struct account *account,
	const struct job_mailbox *mirrored, size_t mirrored_count,
	struct preview *ret_preview, struct err *err)
{
	*ret_preview = (struct preview){.uidl = PREVIEW_UIDL_UNKNOWN};
	session_info(s, &ret_preview->info);
	if (listing_read(&ret_preview->listing, s, err) < 0)
		return -1;
	if (account->url.protocol == PROTOCOL_POP3 &&
		count_maildrop(s, ret_preview, err) < 0)
		return -1;
	plan_with_mirror(ret_preview, account, mirrored, mirrored_count);
	return 0;
}

void preview_clear(struct preview *preview)
{
	listing_clear(&preview->listing);
	plan_clear(&preview->plan);
}

const struct mailbox_info *preview_find(
	const struct preview *preview, const char *mailbox)
{
	for (size_t i = 0; i < preview->listing.count; i++)
		if (strcmp(preview->listing.mailboxes[i].name, mailbox) == 0)
			return &preview->listing.mailboxes[i];
	return NULL;
}
