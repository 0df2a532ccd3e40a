/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mailbox as a whole: EXAMINE, then every message by sequence numbers,
 * which are dense where UIDs may not be: 1 to EXISTS, in ranges. A listing is
 * complete if as many ascending UIDs came as there are messages; a server
 * that cuts it short must have said why (EXPUNGE, EXISTS), at the latest when
 * asked by NOOP. EXPUNGE while ranges were under way shifts the numbers of
 * the later ones: then it is no listing at all.
 */
#include "imap_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Messages a command. libetpan keeps the lines until it ends: the first
 * 5,000 may have 800 bytes each within limits.command, and tell how many the
 * next ones can be. */
#define SCAN_FIRST 5000
#define SCAN_MIN 500
#define SCAN_MAX 20000
#define CHANGES_RANGE 10000
#define PEEK_LINE_MAX 512

struct scan {
	struct imap *im;
	session_message_fn *fn;
	void *arg;
	const char *items; /* behind the set */
	uint32_t exists;
	uint32_t range;
	bool steady; /* the range stays as it is */
	uint32_t commands;
	uint32_t next_seq; /* of the next command */
	uint32_t last_uid;
	uint32_t got;
};

const char *imap_emailid_item(const struct imap *im)
{
	if ((im->caps & IMAP_CAP_GMAIL) != 0)
		return " X-GM-MSGID";
	return (im->caps & IMAP_CAP_OBJECTID) != 0 ? " EMAILID" : "";
}

int imap_need_selected(const struct imap *im, struct err *err)
{
	if (im->selected)
		return 0;
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER,
		"no mailbox is selected");
}

/* By the answer that is there. */
static uint32_t scan_fit(const struct scan *s)
{
	uint64_t bytes = s->im->m->imap_stream_buffer->len;
	uint64_t fit = s->im->limits.command_bytes / 2 / (bytes / s->range + 1);

	if (fit < SCAN_MIN)
		return SCAN_MIN;
	return fit < SCAN_MAX ? (uint32_t)fit : SCAN_MAX;
}

static bool scan_next(void *arg, struct buf *line)
{
	struct scan *s = arg;
	uint32_t last;

	if (s->next_seq > s->exists || s->next_seq == 0)
		return false;
	if (s->commands++ > 0 && !s->steady)
		s->range = scan_fit(s);
	last = s->exists - s->next_seq < s->range ? s->exists
						  : s->next_seq + s->range - 1;
	(void)buf_printf(line, "FETCH %u:%u %s", s->next_seq, last, s->items);
	s->next_seq = last + 1;
	return true;
}

/* Flags of messages passed already, or numbers beyond the listing, come
 * unasked: only what goes up counts. */
static int scan_message(void *arg, uint32_t seq,
	const struct message_meta *meta, struct err *err)
{
	struct scan *s = arg;

	if ((meta->has & MESSAGE_HAS_UID) == 0 || seq > s->exists ||
		meta->uid <= s->last_uid)
		return 0;
	s->last_uid = meta->uid;
	s->got++;
	return s->fn(s->arg, meta, err);
}

static int change_message(void *arg, uint32_t seq,
	const struct message_meta *meta, struct err *err)
{
	const struct scan *s = arg;

	(void)seq;
	if ((meta->has & MESSAGE_HAS_UID) == 0)
		return 0;
	return s->fn(s->arg, meta, err);
}

static int scan_run(struct scan *s,
	int (*message)(
		void *, uint32_t, const struct message_meta *, struct err *),
	const char *what, struct err *err)
{
	const struct imap_reader reader = {.message = message, .arg = s};
	const struct imap_run run = {.what = what, .next = scan_next, .arg = s};
	uint32_t expunged = s->im->expunged;
	int r;

	s->im->reader = &reader;
	r = imap_run(s->im, &run, err);
	s->im->reader = NULL;
	if (r == 0 && s->im->expunged != expunged && s->commands > 1)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_NOW,
			"messages were expunged while they were listed");
	return r;
}

/* Fewer than announced: does the server say that they are gone? */
static int scan_explain(struct scan *s, uint32_t expunged, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	uint32_t gone;

	if (imap_command(s->im, "NOOP", "NOOP", &answer, err) < 0)
		return -1;
	gone = s->im->expunged - expunged;
	if ((uint64_t)s->got + gone >= s->exists ||
		s->im->mailbox.exists <= s->got)
		return 0;
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER,
		"the server announced %u messages and listed %u", s->exists,
		s->got);
}

int imap_scan(struct session *session, uint32_t items, session_message_fn *fn,
	void *arg, struct err *err)
{
	struct imap *im = (struct imap *)session;
	char text[96];
	struct scan s = {.im = im,
		.fn = fn,
		.arg = arg,
		.items = text,
		.range = SCAN_FIRST,
		.next_seq = 1};
	uint32_t expunged;

	if (imap_need_selected(im, err) < 0 || imap_ahead_settle(im, err) < 0)
		return -1;
	s.exists = im->mailbox.exists;
	expunged = im->expunged;
	(void)snprintf(text, sizeof text, "(UID%s%s%s%s%s)",
		(items & SESSION_SCAN_FLAGS) != 0 ? " FLAGS" : "",
		(items & SESSION_SCAN_SIZE) != 0 ? " RFC822.SIZE" : "",
		(items & SESSION_SCAN_DATE) != 0 ? " INTERNALDATE" : "",
		(items & SESSION_SCAN_EMAILID) != 0 ? imap_emailid_item(im)
						    : "",
		(items & SESSION_SCAN_LABELS) != 0 &&
				(im->caps & IMAP_CAP_GMAIL) != 0
			? " X-GM-LABELS"
			: "");
	if (scan_run(&s, scan_message, "the listing", err) < 0)
		return -1;
	if (s.got >= s.exists)
		return 0;
	return scan_explain(&s, expunged, err);
}

static void peek_line(const struct session_peek *peek, struct buf *line)
{
	const char *comma = "UID FETCH ";

	for (size_t i = 0; i < peek->count; i++) {
		const struct uid_range *r = &peek->ranges[i];
		(void)buf_printf(line, "%s%u", comma, r->first);
		if (r->last != r->first)
			(void)buf_printf(line, ":%u", r->last);
		comma = ",";
	}
	(void)buf_add_str(line, " (UID INTERNALDATE RFC822.SIZE)");
}

/* A command of its own, ended before the next: Dovecot puts off the OK of a UID
 * FETCH behind which another command waits, and ends that one first. What is
 * refused is not told; the listing goes on. */
static int peek_run(
	struct scan *s, const struct session_peek *peek, struct err *err)
{
	const struct imap_reader reader = {.message = change_message, .arg = s};
	struct imap *im = s->im;
	struct imap_answer answer = {.status = IMAP_BAD};
	struct buf line;
	int r;

	if (peek->count == 0 || s->exists == 0 || imap_is_worn(im, 2))
		return 0;
	buf_init(&line, PEEK_LINE_MAX);
	peek_line(peek, &line);
	im->reader = &reader;
	r = imap_command(im, buf_str(&line), "FETCH", &answer, err);
	im->reader = NULL;
	buf_free(&line);
	return r;
}

int imap_changes(struct session *session, uint64_t since_modseq,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err)
{
	struct imap *im = (struct imap *)session;
	char text[80];
	struct scan s = {.im = im,
		.fn = fn,
		.arg = arg,
		.items = text,
		.range = CHANGES_RANGE,
		.steady = true,
		.next_seq = 1};

	if (imap_need_selected(im, err) < 0 || imap_ahead_settle(im, err) < 0)
		return -1;
	s.exists = im->mailbox.exists;
	if ((im->caps & IMAP_CAP_CONDSTORE) == 0 ||
		im->mailbox.highestmodseq == 0)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER,
			"the server keeps no MODSEQ for this mailbox");
	/* RFC 7162 3.1.4.1: at least 1. */
	(void)snprintf(text, sizeof text,
		"(UID FLAGS MODSEQ) (CHANGEDSINCE %llu)",
		(unsigned long long)(since_modseq != 0 ? since_modseq : 1));
	if (peek_run(&s, peek, err) < 0)
		return -1;
	s.exists = im->mailbox.exists; /* a UID FETCH may tell of expunges */
	return scan_run(&s, change_message, "the listing of changes", err);
}

void imap_mailbox_forget(struct imap *im)
{
	memset(&im->mailbox, 0, sizeof im->mailbox);
	im->selected = im->exists_known = false;
	im->expunged = 0;
}

static int select_examine(struct imap *im, const char *verb,
	const char *mailbox, struct imap_answer *ret_answer, struct err *err)
{
	bool condstore = (im->caps & IMAP_CAP_CONDSTORE) != 0;
	bool quoted = imap_can_quote(mailbox, strlen(mailbox));

	imap_mailbox_forget(im);
	if (imap_enable(im, !quoted, err) < 0)
		return -1;
	imap_begin(im);
	imap_put(im, verb);
	imap_put(im, " ");
	if (imap_put_string(im, mailbox, strlen(mailbox), err) < 0)
		return -1;
	if (condstore)
		imap_put(im, " (CONDSTORE)");
	if (imap_end(im, err) < 0 || imap_wait(im, verb, ret_answer, err) < 0)
		return -1;
	if (ret_answer->status != IMAP_BAD || !condstore)
		return 0;
	/* Offered, and not understood. */
	im->caps &= ~(uint32_t)IMAP_CAP_CONDSTORE;
	im->info.condstore = false;
	return select_examine(im, verb, mailbox, ret_answer, err);
}

/* The mailbox is selected, as answer says. */
static int select_conclude(struct imap *im, const char *mailbox,
	const struct imap_answer *answer, struct mailbox_state *ret_state,
	struct err *err)
{
	if (answer->status != IMAP_OK)
		return imap_refused(answer, "EXAMINE", ERR_SCOPE_MAILBOX, err);
	if (!im->exists_known)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER,
			"the server does not say how many messages there are");
	if (im->mailbox.exists > im->limits.messages) {
		(void)err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX,
			ERR_RETRY_CHANGE,
			"it holds %u messages, allowed are %llu",
			im->mailbox.exists,
			(unsigned long long)im->limits.messages);
		return err_hint(err, "raise limits.messages");
	}
	if ((im->caps & IMAP_CAP_CONDSTORE) == 0)
		im->mailbox.highestmodseq = 0;
	im->selected = true;
	if (im->selected_name != mailbox) {
		free(im->selected_name);
		im->selected_name = mem_strdup(mailbox);
	}
	*ret_state = im->mailbox;
	return 0;
}

int imap_select(struct session *session, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	struct imap *im = (struct imap *)session;
	struct imap_answer answer = {.status = IMAP_BAD};
	int r = imap_ahead_select(im, mailbox, &answer, err);

	if (r < 0 || (r == 0 && select_examine(im, imap_select_verb(im),
					mailbox, &answer, err) < 0))
		return -1;
	return select_conclude(im, mailbox, &answer, ret_state, err);
}

int imap_select_writable(struct session *session, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	struct imap *im = (struct imap *)session;
	struct imap_answer answer = {.status = IMAP_BAD};

	if (imap_ahead_settle(im, err) < 0 ||
		select_examine(im, "SELECT", mailbox, &answer, err) < 0 ||
		select_conclude(im, mailbox, &answer, ret_state, err) < 0)
		return -1;
	if (strcmp(answer.code, "READ-ONLY") != 0)
		return 0;
	return err_set(err, ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER,
		"the server lets us only read this mailbox");
}
