/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands sent before the answers in front of them have come, so that a
 * round trip is not paid for each mailbox. The rule that makes it safe: what
 * is in flight is a sequence of EXAMINE, or EXAMINE and one UID FETCH behind
 * it, and a server answers these in order, since each EXAMINE changes what
 * the next FETCH means (RFC 9051 5.5).
 *
 *     in flight            E1 F1  E2 F2  E3 …
 *     imap_ahead_select    reads the answer to E1, and sends more at the end
 *     imap_ahead_fetch     lets the caller read the answer to F1
 *
 * Nothing is believed beforehand: a FETCH is used only if it is, to the
 * letter, the one that is asked for after EXAMINE has told the state. Whatever
 * turns out otherwise costs the bytes in flight: the answers are read and
 * dropped (imap_ahead_settle), and the conversation goes on one by one.
 */
#include "imap_command.h"

#include <stdlib.h>
#include <string.h>

/* Small enough for any socket's buffer: a write never waits for a server
 * that waits for us to read. */
#define AHEAD_BYTES ((size_t)4096)
#define AHEAD_MAILBOXES 16
#define AHEAD_LINE_MAX 8192

struct imap_ahead {
	struct imap_ahead *next;
	char *mailbox;
	char *fetch; /* the command behind EXAMINE; NULL: none */
	bool sent;
	bool last; /* nothing may be sent behind it */
	size_t bytes;
};

static void ahead_free(struct imap_ahead *a)
{
	free(a->mailbox);
	free(a->fetch);
	free(a);
}

void imap_ahead_free(struct imap *im)
{
	struct imap_ahead *a;

	while ((a = im->ahead) != NULL) {
		im->ahead = a->next;
		ahead_free(a);
	}
	free(im->flying);
	im->flying = NULL;
}

int imap_ahead(struct session *s, const struct session_ahead *what)
{
	struct imap *im = (struct imap *)s;
	struct imap_ahead *a, **end = &im->ahead;
	struct buf line;
	bool whole = true;

	/* A literal could have to be waited for. */
	if (!imap_can_quote(what->mailbox, strlen(what->mailbox)) ||
		imap_has_quirk(im, QUIRK_NO_PIPELINING) ||
		imap_has_quirk(im, QUIRK_PEEK_SETS_SEEN))
		return 0;
	while (*end != NULL) {
		if ((*end)->last)
			return 0;
		end = &(*end)->next;
	}
	a = mem_alloc(sizeof *a);
	a->mailbox = mem_strdup(what->mailbox);
	buf_init(&line, AHEAD_LINE_MAX);
	if (what->uids.first != 0) {
		whole = imap_fetch_line(im, &what->status, &what->uids, &line);
		a->fetch = mem_strdup(buf_str(&line));
	}
	a->last = what->last || !whole;
	a->bytes = strlen(a->mailbox) + line.len + 64;
	buf_free(&line);
	*end = a;
	return 0;
}

static void ahead_send(struct imap *im, struct imap_ahead *a)
{
	(void)imap_enable(im, false, NULL);
	imap_begin(im);
	imap_put(im, imap_select_verb(im));
	imap_put(im, " ");
	imap_put_quoted(im, a->mailbox, strlen(a->mailbox));
	imap_put(im, (im->caps & IMAP_CAP_CONDSTORE) != 0 ? " (CONDSTORE)\r\n"
							  : "\r\n");
	if (a->fetch != NULL) {
		imap_begin(im);
		imap_put(im, a->fetch);
		imap_put(im, "\r\n");
	}
	a->sent = true;
}

/* What fits behind what is in flight. A failed write is sticky. */
static void ahead_fill(struct imap *im)
{
	size_t bytes = 0, count = 0;
	bool sent = false;

	for (struct imap_ahead *a = im->ahead; a != NULL; a = a->next) {
		bytes += a->bytes;
		count++;
		if (!a->sent &&
			(count > AHEAD_MAILBOXES || bytes > AHEAD_BYTES ||
				imap_is_worn(im, im->sent - im->answered + 2)))
			break;
		if (!a->sent) {
			ahead_send(im, a);
			sent = true;
		}
		if (a->last)
			break;
	}
	if (sent)
		(void)mailstream_flush(im->m->imap_stream);
}

/* Reads an answer that nobody wants any more. */
static int ahead_drop(struct imap *im, const char *what, struct err *err)
{
	const struct imap_reader *reader = im->reader;
	struct imap_answer answer;
	int r;

	im->reader = NULL;
	r = imap_wait(im, what, &answer, err);
	im->reader = reader;
	return r;
}

static int ahead_drop_flying(struct imap *im, struct err *err)
{
	if (im->flying == NULL)
		return 0;
	free(im->flying);
	im->flying = NULL;
	return ahead_drop(im, "FETCH", err);
}

/* Everything in flight; *ret_moved: an EXAMINE was among it. */
static int ahead_drop_all(struct imap *im, bool *ret_moved, struct err *err)
{
	int r = ahead_drop_flying(im, err);
	struct imap_ahead *a;

	*ret_moved = false;
	while ((a = im->ahead) != NULL) {
		im->ahead = a->next;
		if (r == 0 && a->sent) {
			*ret_moved = true;
			r = ahead_drop(im, "EXAMINE", err);
			if (r == 0 && a->fetch != NULL)
				r = ahead_drop(im, "FETCH", err);
		}
		ahead_free(a);
	}
	return r;
}

int imap_ahead_settle(struct imap *im, struct err *err)
{
	struct mailbox_state state;
	bool moved;

	if (imap_list_settle(im, err) < 0)
		return -1;
	if (im->ahead == NULL || !im->ahead->sent)
		return ahead_drop_flying(im, err);
	if (ahead_drop_all(im, &moved, err) < 0)
		return -1;
	if (!moved || !im->selected)
		return 0;
	return imap_select(&im->session, im->selected_name, &state, err);
}

/* Reads the answer to the EXAMINE of a, which is taken. */
static int ahead_answer(struct imap *im, struct imap_ahead *a,
	struct imap_answer *ret_answer, struct err *err)
{
	int r;

	imap_mailbox_forget(im);
	r = imap_wait(im, "EXAMINE", ret_answer, err);
	im->flying = a->fetch;
	a->fetch = NULL;
	if (r == 0 && ret_answer->status != IMAP_OK)
		r = ahead_drop_flying(im, err);
	return r;
}

int imap_ahead_select(struct imap *im, const char *mailbox,
	struct imap_answer *ret_answer, struct err *err)
{
	struct imap_ahead *a = im->ahead;
	bool moved;
	int r;

	if (imap_list_settle(im, err) < 0 || ahead_drop_flying(im, err) < 0)
		return -1;
	if (a == NULL)
		return 0;
	if (strcmp(a->mailbox, mailbox) != 0)
		return ahead_drop_all(im, &moved, err);
	ahead_fill(im);
	im->ahead = a->next;
	r = a->sent ? ahead_answer(im, a, ret_answer, err) : 0;
	/* Without (CONDSTORE) it may be understood: one by one. */
	if (r == 0 && a->sent && ret_answer->status == IMAP_BAD)
		r = ahead_drop_all(im, &moved, err);
	else if (r == 0 && a->sent)
		r = 1;
	ahead_free(a);
	return r;
}

int imap_ahead_fetch(struct imap *im, const char *line, struct err *err)
{
	if (im->flying != NULL && strcmp(im->flying, line) == 0) {
		free(im->flying);
		im->flying = NULL;
		return 1;
	}
	return imap_ahead_settle(im, err);
}
