/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers that mark a message as read although only BODY.PEEK[] was asked
 * (iCloud, Purelymail). The mailbox is SELECTed there, and each FETCH of
 * bodies becomes three commands:
 *     UID FETCH set (UID FLAGS)              which are unread
 *     UID FETCH set (… BODY.PEEK[])          told as they were before
 *     UID STORE unread -FLAGS.SILENT (\Seen) and so they are again
 * A connection that breaks in between leaves what was under way as read, so
 * that is kept small (IMAP_SEEN_MESSAGES).
 */
#include "imap_seen.h"

#include "../base/log.h"

#include <stdlib.h>

#define SEEN_LINE_BYTES 900

static int seen_message(void *arg, uint32_t seq,
	const struct message_meta *meta, struct err *err)
{
	struct imap_seen *s = arg;

	(void)seq;
	(void)err;
	if ((meta->has & MESSAGE_HAS_UID) == 0 ||
		(meta->has & MESSAGE_HAS_FLAGS) == 0 ||
		(meta->flags.system & FLAG_SEEN) != 0)
		return 0;
	(void)range_list_add(&s->unread, meta->uid, meta->uid, s->max);
	return 0;
}

int imap_seen_before(struct imap *im, const char *set, struct imap_seen *ret,
	struct err *err)
{
	const struct imap_reader reader = {.message = seen_message, .arg = ret};
	const struct imap_reader *outer = im->reader;
	struct imap_answer answer = {.status = IMAP_BAD};
	char *line = mem_printf("UID FETCH %s (UID FLAGS)", set);
	int r;

	ret->max = (size_t)im->limits.messages;
	im->reader = &reader;
	r = imap_command(im, line, "FETCH", &answer, err);
	im->reader = outer;
	free(line);
	range_list_unite(&ret->unread);
	if (r == 0 && answer.status != IMAP_OK)
		r = imap_refused(&answer, "FETCH", ERR_SCOPE_MAILBOX, err);
	return r;
}

void imap_seen_correct(const struct imap_seen *s, struct message_meta *meta)
{
	if ((meta->has & MESSAGE_HAS_UID) == 0)
		return;
	for (size_t i = 0; i < s->unread.count; i++)
		if (meta->uid >= s->unread.ranges[i].first &&
			meta->uid <= s->unread.ranges[i].last)
			meta->flags.system &= (uint8_t)~FLAG_SEEN;
}

/* The ranges from *at on that fit into a line. */
static void seen_line(const struct imap_seen *s, size_t *at, struct buf *line)
{
	(void)buf_add_str(line, "UID STORE ");
	for (size_t n = 0; *at < s->unread.count && line->len < SEEN_LINE_BYTES;
		n++, ++*at) {
		const struct uid_range *r = &s->unread.ranges[*at];
		(void)buf_printf(line, n != 0 ? ",%u" : "%u", r->first);
		if (r->last != r->first)
			(void)buf_printf(line, ":%u", r->last);
	}
	(void)buf_add_str(line, " -FLAGS.SILENT (\\Seen)");
}

int imap_seen_restore(
	struct imap *im, const struct imap_seen *s, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_OK};
	struct buf line;
	size_t at = 0;
	int r = 0;

	buf_init(&line, SEEN_LINE_BYTES + 100);
	while (r == 0 && at < s->unread.count) {
		buf_reset(&line);
		seen_line(s, &at, &line);
		r = imap_command(im, buf_str(&line), "STORE", &answer, err);
		if (r == 0 && answer.status != IMAP_OK)
			LOG(LOG_LEVEL_WARN, NULL, "seen_not_taken_back",
				LOG_STR("answer", answer.text));
	}
	buf_free(&line);
	return r;
}

void imap_seen_clear(struct imap_seen *s)
{
	range_list_clear(&s->unread);
}
