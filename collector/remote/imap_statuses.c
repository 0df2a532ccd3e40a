/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * STATUS of many mailboxes (RFC 9051 6.3.11), where LIST did not tell: some
 * in flight at once, each answer matched by its name. Who says nothing useful
 * is left out, and selected like any other (163: an empty list).
 */
#include "imap_list.h"

#include <stdlib.h>
#include <string.h>

/* In flight: small enough for any socket's buffer (imap_ahead.c). */
#define STATUSES_WINDOW 32
#define STATUSES_BYTES ((size_t)4096)
#define STATUSES_REFUSED_MAX 3 /* in a row: it does not like them */

struct flying {
	size_t index;
	size_t bytes;
	struct mailbox_state state;
};

struct statuses {
	struct imap *im;
	const char *const *mailboxes;
	size_t count, next;
	struct flying flying[STATUSES_WINDOW]; /* in order, from head */
	size_t head, in_flight, bytes;
	size_t window;
	unsigned refused;
};

static int statuses_on_line(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct statuses *s = arg;
	struct mailbox_info info;

	(void)err;
	if (strcmp(word, "STATUS") != 0 ||
		imap_list_read_status(rest, &info) < 0)
		return 0;
	for (size_t i = 0; i < s->in_flight; i++) {
		struct flying *f = &s->flying[(s->head + i) % STATUSES_WINDOW];
		if (strcmp(s->mailboxes[f->index], info.name) == 0)
			f->state = info.status;
	}
	return 0;
}

static void statuses_say(struct statuses *s, const char *mailbox)
{
	struct flying *f =
		&s->flying[(s->head + s->in_flight) % STATUSES_WINDOW];

	imap_begin(s->im);
	imap_put(s->im, "STATUS ");
	imap_put_quoted(s->im, mailbox, strlen(mailbox));
	imap_put(s->im, " (MESSAGES UIDNEXT UIDVALIDITY");
	if ((s->im->caps & IMAP_CAP_CONDSTORE) != 0)
		imap_put(s->im, " HIGHESTMODSEQ");
	imap_put(s->im, ")\r\n");
	*f = (struct flying){.index = s->next, .bytes = strlen(mailbox) + 80};
	s->bytes += f->bytes;
	s->in_flight++;
}

/* As many as may be in flight. */
static void statuses_fill(struct statuses *s)
{
	size_t before = s->in_flight;

	while (s->next < s->count && s->in_flight < s->window &&
		(s->in_flight == 0 || s->bytes < STATUSES_BYTES)) {
		const char *mailbox = s->mailboxes[s->next];
		/* A literal could have to be waited for. */
		if (imap_can_quote(mailbox, strlen(mailbox)))
			statuses_say(s, mailbox);
		s->next++;
	}
	if (s->in_flight != before)
		(void)mailstream_flush(s->im->m->imap_stream);
}

static int statuses_take(
	struct statuses *s, session_status_fn *fn, void *arg, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	struct flying f;

	if (imap_wait(s->im, "STATUS", &answer, err) < 0)
		return -1;
	f = s->flying[s->head];
	s->head = (s->head + 1) % STATUSES_WINDOW;
	s->in_flight--;
	s->bytes -= f.bytes;
	if (answer.status == IMAP_OK) {
		s->refused = 0;
	} else if (++s->refused == STATUSES_REFUSED_MAX) {
		s->next = s->count;
	}
	if (answer.status != IMAP_OK || f.state.uidvalidity == 0)
		return 0;
	if ((s->im->caps & IMAP_CAP_CONDSTORE) == 0)
		f.state.highestmodseq = 0;
	return fn(arg, f.index, &f.state, err);
}

int imap_statuses(struct session *session, const char *const *mailboxes,
	size_t count, session_status_fn *fn, void *arg, struct err *err)
{
	struct imap *im = (struct imap *)session;
	struct statuses *s;
	int r = 0;

	if (imap_ahead_settle(im, err) < 0)
		return -1;
	s = mem_alloc(sizeof *s);
	s->im = im;
	s->mailboxes = mailboxes;
	s->count = count;
	s->window =
		imap_has_quirk(im, QUIRK_NO_PIPELINING) ? 1 : STATUSES_WINDOW;
	im->tap = statuses_on_line;
	im->tap_arg = s;
	for (;;) {
		statuses_fill(s);
		if (s->in_flight == 0 ||
			(r = statuses_take(s, fn, arg, err)) < 0)
			break;
	}
	im->tap = NULL;
	im->tap_arg = NULL;
	free(s);
	/* answers in flight that nobody reads */
	if (r < 0 && im->sent != im->answered)
		transport_poison(im->t);
	return r;
}
