/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies, by ranges of UIDs: a command asks for what fits in its line and in
 * its share of messages. libetpan keeps the text of an answer but for the
 * bodies, so the share bounds memory.
 */
#include "imap_command.h"
#include "imap_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 2683 3.2.1.5: servers should take 8,000 octets; some take 1,000. */
#define FETCH_LINE_BYTES 8000
#define FETCH_SHORT_LINE_BYTES 1000
#define FETCH_MESSAGES 2000 /* a command */
#define FETCH_UIDS 20000    /* a command, where UIDs are sparse */

struct fetch {
	struct imap *im;
	const struct session_sink *sink;
	const struct uid_range *ranges;
	size_t count;
	size_t at;	/* range that comes next */
	uint64_t first; /* what is left of it begins here */
	uint64_t uids;	/* a command */
	size_t line_bytes;
	char item[48];		      /* the body asked for */
	const char *emailid;	      /* item, or "" */
	const struct imap_seen *seen; /* NULL, or what was unread before */
};

static int fetch_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	const struct fetch *f = arg;

	return f->sink->body(f->sink->arg, bytes, n, err);
}

static int fetch_message(void *arg, uint32_t seq,
	const struct message_meta *meta, struct err *err)
{
	const struct fetch *f = arg;
	struct message_meta told;

	(void)seq;
	if (f->seen == NULL)
		return f->sink->message(f->sink->arg, meta, err);
	told = *meta;
	imap_seen_correct(f->seen, &told);
	return f->sink->message(f->sink->arg, &told, err);
}

static int fetch_large(void *arg, uint32_t uid, uint64_t bytes, struct err *err)
{
	const struct fetch *f = arg;

	if (f->sink->large == NULL)
		return 0;
	return f->sink->large(f->sink->arg, uid, bytes, err);
}

/* How many UIDs hold about FETCH_MESSAGES messages here. */
static uint64_t fetch_share(const struct mailbox_state *m)
{
	uint64_t uids = FETCH_MESSAGES;

	if (m->exists != 0 && m->uidnext != 0)
		uids = (uint64_t)FETCH_MESSAGES * m->uidnext / m->exists;
	if (uids < FETCH_MESSAGES)
		uids = FETCH_MESSAGES;
	return uids < FETCH_UIDS ? uids : FETCH_UIDS;
}

static size_t fetch_line_bytes(const struct imap *im)
{
	return imap_has_quirk(im, QUIRK_SHORT_LINES) ? FETCH_SHORT_LINE_BYTES
						     : FETCH_LINE_BYTES;
}

/* Goes to range `at`; one that is empty would never end. */
static void fetch_enter(struct fetch *f, size_t at)
{
	while (at < f->count && f->ranges[at].first > f->ranges[at].last)
		at++;
	f->at = at;
	if (at < f->count)
		f->first = f->ranges[at].first;
}

static bool fetch_next(void *arg, struct buf *line)
{
	static const char items[] =
		" (UID FLAGS INTERNALDATE RFC822.SIZE X-GM-MSGID"
		" BODY.PEEK[HEADER]<4294967295.4294967295>)";
	/* The tag before, CRLF behind, and the longest entry. */
	const size_t tail = sizeof items + 3 * sizeof "4294967295 ";
	struct fetch *f = arg;
	uint64_t left = f->uids;

	(void)buf_add_str(line, "UID FETCH ");
	while (f->at < f->count && left > 0 &&
		line->len + tail < f->line_bytes) {
		uint64_t end = f->ranges[f->at].last;
		if (end - f->first >= left)
			end = f->first + left - 1;
		if (left < f->uids)
			(void)buf_add_str(line, ",");
		if (end == f->first)
			(void)buf_printf(line, "%llu", (unsigned long long)end);
		else
			(void)buf_printf(line, "%llu:%llu",
				(unsigned long long)f->first,
				(unsigned long long)end);
		left -= end - f->first + 1;
		f->first = end + 1;
		if (end == f->ranges[f->at].last)
			fetch_enter(f, f->at + 1);
	}
	(void)buf_printf(line, " (UID FLAGS INTERNALDATE RFC822.SIZE%s %s)",
		f->emailid, f->item);
	return left < f->uids;
}

/* piece NULL: the whole section. */
static void fetch_set_item(struct fetch *f, enum session_section section,
	const struct session_piece *piece)
{
	static const char *const names[SESSION_SECTIONS] = {
		[SESSION_WHOLE] = "",
		[SESSION_HEADER] = "HEADER",
		[SESSION_TEXT] = "TEXT"};
	int n = snprintf(
		f->item, sizeof f->item, "BODY.PEEK[%s]", names[section]);

	if (piece != NULL && piece->bytes != 0)
		(void)snprintf(f->item + n, sizeof f->item - (size_t)n,
			"<%lu.%lu>", (unsigned long)piece->offset,
			(unsigned long)piece->bytes);
}

bool imap_fetch_line(const struct imap *im, const struct mailbox_state *state,
	const struct uid_range *range, struct buf *line)
{
	struct fetch f = {
		.ranges = range, .count = 1, .emailid = imap_emailid_item(im)};

	fetch_set_item(&f, SESSION_WHOLE, NULL);
	fetch_enter(&f, 0);
	f.uids = fetch_share(state);
	f.line_bytes = fetch_line_bytes(im);
	(void)fetch_next(&f, line);
	return f.at == f.count;
}

static int fetch_done(void *arg, struct err *err)
{
	const struct fetch *f = arg;

	return imap_message_end(f->im, err);
}

/* One command between what imap_seen.h does before and after it. What was
 * unread is so again, whatever became of the command. */
static int fetch_unseen(struct fetch *f, const char *line, struct err *err)
{
	const char *set = line + sizeof "UID FETCH " - 1;
	struct imap_answer answer = {.status = IMAP_BAD};
	struct imap_seen seen = {.max = 0};
	char *uids = mem_strndup(set, strcspn(set, " "));
	int r = imap_seen_before(f->im, uids, &seen, err);

	free(uids);
	f->seen = &seen;
	if (r == 0)
		r = imap_command(f->im, line, "FETCH", &answer, err);
	if (r == 0)
		r = fetch_done(f, err);
	f->seen = NULL;
	if (r == 0)
		r = imap_seen_restore(f->im, &seen, err);
	if (r == 0 && answer.status != IMAP_OK)
		r = imap_refused(&answer, "FETCH", ERR_SCOPE_MAILBOX, err);
	imap_seen_clear(&seen);
	return r;
}

static int fetch_all_unseen(struct fetch *f, struct err *err)
{
	struct buf line;
	int r = imap_ahead_settle(f->im, err);

	buf_init(&line, f->line_bytes + 200);
	while (r == 0 && (buf_reset(&line), fetch_next(f, &line)))
		r = fetch_unseen(f, buf_str(&line), err);
	buf_free(&line);
	return r;
}

/* Of one message alone it is worth knowing how it was refused. */
static void fetch_record(struct imap *im)
{
	im->dialogue[0] = '\0';
	if (im->alone && im->sent == im->answered &&
		im->m->imap_stream->read_buffer_len == 0)
		transport_record(im->t);
}

static int fetch_run(struct imap *im, enum session_section section,
	const struct session_piece *piece, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	struct fetch f = {.emailid = imap_emailid_item(im),
		.im = im,
		.sink = sink,
		.ranges = ranges,
		.count = count};
	const struct imap_reader reader = {.section = section,
		.piece = piece,
		.large = section == SESSION_WHOLE && piece == NULL ? fetch_large
								   : NULL,
		.body = fetch_body,
		.message = fetch_message,
		.arg = &f};
	const struct imap_run run = {.what = "FETCH",
		.next = fetch_next,
		.done = fetch_done,
		.ahead = true,
		.arg = &f};
	int r;

	if (!im->selected)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER, "no mailbox is selected");
	fetch_set_item(&f, section, piece);
	fetch_enter(&f, 0);
	f.uids = fetch_share(&im->mailbox);
	f.line_bytes = fetch_line_bytes(im);
	im->reader = &reader;
	im->alone = count == 1 && ranges[0].first == ranges[0].last;
	fetch_record(im);
	if (imap_has_quirk(im, QUIRK_PEEK_SETS_SEEN)) {
		f.uids = IMAP_SEEN_MESSAGES;
		r = fetch_all_unseen(&f, err);
	} else {
		r = imap_run(im, &run, err);
	}
	transport_recorded(im->t, im->dialogue, sizeof im->dialogue);
	im->alone = false;
	im->reader = NULL;
	return r;
}

int imap_fetch(struct session *s, const struct uid_range *ranges, size_t count,
	const struct session_sink *sink, struct err *err)
{
	return fetch_run((struct imap *)s, SESSION_WHOLE, NULL, ranges, count,
		sink, err);
}

int imap_headers(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	return fetch_run((struct imap *)s, SESSION_HEADER, NULL, ranges, count,
		sink, err);
}

int imap_fetch_piece(struct session *s, const struct session_piece *piece,
	const struct session_sink *sink, struct err *err)
{
	const struct uid_range range = {piece->uid, piece->uid};

	return fetch_run(
		(struct imap *)s, piece->section, piece, &range, 1, sink, err);
}
