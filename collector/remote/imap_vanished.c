/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QRESYNC (RFC 7162): which UIDs are gone. libetpan's own commands for it are
 * wrong, and it keeps only the first VANISHED line; the guard's tap has all.
 *     ENABLE QRESYNC           in front of the first EXAMINE (RFC 5161 3.1:
 *                              never behind one), in the same flight
 *     FETCH 20000,40000 (UID)  where the mailbox is larger: where to cut it
 *     UID FETCH a:b (UID) (CHANGEDSINCE n VANISHED)
 * From ENABLE on the server says VANISHED where it said EXPUNGE.
 */
#include "imap_command.h"

#include "../base/mem.h"
#include "range_list.h"

#include <string.h>

#define VANISHED_SHARE 20000 /* messages a command */
#define VANISHED_LINE_BYTES 900

struct vanished {
	struct imap *im;
	struct range_list gone;
	struct range_list cuts; /* a command each */
	size_t next;
	uint32_t cut_at; /* UID of the last cut */
	uint64_t since;
	bool cuts_asked;
	bool unreadable; /* a line cannot be read, or there are too many */
};

int imap_enable(struct imap *im, bool wait, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};

	if ((im->caps & IMAP_CAP_QRESYNC) == 0 ||
		im->enable != IMAP_ENABLE_UNASKED)
		return 0;
	imap_begin(im);
	imap_put(im, "ENABLE QRESYNC\r\n");
	im->enable = IMAP_ENABLE_SENT;
	return wait ? imap_enable_wait(im, &answer, err) : 0;
}

int imap_enable_wait(
	struct imap *im, struct imap_answer *ret_answer, struct err *err)
{
	if (im->enable != IMAP_ENABLE_SENT)
		return 0;
	im->enable = IMAP_ENABLE_REFUSED; /* until ENABLED has been seen */
	(void)mailstream_flush(im->m->imap_stream);
	if (imap_wait(im, "ENABLE", ret_answer, err) < 0)
		return -1;
	/* OK without ENABLED (iCloud): nobody knows. */
	im->info.qresync = im->enable == IMAP_ENABLED;
	return 0;
}

void imap_note_enabled(struct imap *im, struct imap_line *rest)
{
	char word[32];

	while (imap_line_word(rest, word, sizeof word))
		if (strcmp(word, "QRESYNC") == 0)
			im->enable = IMAP_ENABLED;
}

static bool vanished_is_earlier(struct imap_line *rest)
{
	struct imap_line at = *rest;
	char word[16];

	if (!imap_line_eat(&at, '(') ||
		!imap_line_word(&at, word, sizeof word) ||
		strcmp(word, "EARLIER") != 0 || !imap_line_eat(&at, ')'))
		return false;
	*rest = at;
	return true;
}

void imap_note_vanished(struct imap *im, struct imap_line rest)
{
	struct uid_range r;

	if (vanished_is_earlier(&rest))
		return;
	while (imap_line_range(&rest, &r) > 0) {
		uint64_t n = (uint64_t)r.last - r.first + 1;
		if (n > im->mailbox.exists)
			n = im->mailbox.exists;
		im->expunged += (uint32_t)n;
		im->mailbox.exists -= (uint32_t)n;
	}
}

/* With or without EARLIER: gone is gone. */
static int vanished_on_line(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct vanished *v = arg;
	struct uid_range r;
	int more;

	(void)err;
	if (strcmp(word, "VANISHED") != 0)
		return 0;
	(void)vanished_is_earlier(rest);
	while ((more = imap_line_range(rest, &r)) > 0)
		if (!range_list_add(&v->gone, r.first, r.last,
			    (size_t)v->im->limits.messages))
			v->unreadable = true;
	if (more < 0)
		v->unreadable = true;
	return 0;
}

static bool vanished_next(void *arg, struct buf *line)
{
	struct vanished *v = arg;
	const struct uid_range *r;

	if (v->unreadable || v->next == v->cuts.count)
		return false;
	r = &v->cuts.ranges[v->next++];
	(void)buf_printf(line,
		"UID FETCH %u:%u (UID) (CHANGEDSINCE %llu VANISHED)", r->first,
		r->last, (unsigned long long)v->since);
	return true;
}

/* Yahoo takes no lines over 1,000 octets; what is beyond is one cut. */
static bool vanished_next_cuts(void *arg, struct buf *line)
{
	struct vanished *v = arg;
	uint32_t exists = v->im->mailbox.exists;
	const char *comma = "FETCH ";

	if (v->cuts_asked || exists <= VANISHED_SHARE)
		return false;
	v->cuts_asked = true;
	for (uint64_t seq = VANISHED_SHARE;
		seq < exists && line->len < VANISHED_LINE_BYTES;
		seq += VANISHED_SHARE) {
		(void)buf_printf(
			line, "%s%llu", comma, (unsigned long long)seq);
		comma = ",";
	}
	(void)buf_add_str(line, " (UID)");
	return true;
}

/* What has been given out so far ends here. */
static uint32_t vanished_top(const struct imap *im)
{
	return im->mailbox.uidnext > 1 ? im->mailbox.uidnext - 1 : UINT32_MAX;
}

static void vanished_add_cut(struct vanished *v, uint32_t last)
{
	if (last <= v->cut_at)
		return;
	/* Not range_list_add: these touch each other. */
	v->cuts.ranges = mem_grow(
		v->cuts.ranges, v->cuts.count + 1, sizeof *v->cuts.ranges);
	v->cuts.ranges[v->cuts.count++] =
		(struct uid_range){.first = v->cut_at + 1, .last = last};
	v->cut_at = last;
}

static int vanished_on_cut(void *arg, uint32_t seq,
	const struct message_meta *meta, struct err *err)
{
	(void)err;
	if (seq % VANISHED_SHARE == 0 && (meta->has & MESSAGE_HAS_UID) != 0)
		vanished_add_cut(arg, meta->uid);
	return 0;
}

static int vanished_run(struct vanished *v, struct err *err)
{
	struct imap *im = v->im;
	const struct imap_reader reader = {
		.message = vanished_on_cut, .arg = v};
	const struct imap_run cuts = {
		.what = "FETCH", .next = vanished_next_cuts, .arg = v};
	const struct imap_run run = {
		.what = "FETCH", .next = vanished_next, .arg = v};
	int r;

	im->reader = &reader;
	r = imap_run(im, &cuts, err);
	im->reader = NULL;
	if (r < 0)
		return -1;
	vanished_add_cut(v, vanished_top(im));
	im->tap = vanished_on_line;
	im->tap_arg = v;
	r = imap_run(im, &run, err);
	im->tap = NULL;
	im->tap_arg = NULL;
	return r;
}

/* 1: all of it has come; 0: it cannot, and is not asked again; -1. */
static int vanished_ask(struct vanished *v, struct err *err)
{
	struct imap *im = v->im;

	if (vanished_run(v, err) < 0) {
		if (err->scope > ERR_SCOPE_MAILBOX)
			return -1;
		v->unreadable = true;
	}
	if (v->unreadable)
		im->enable = IMAP_ENABLE_REFUSED;
	return !v->unreadable;
}

int imap_vanished(struct session *session, uint64_t since_modseq,
	session_range_fn *fn, void *arg, struct err *err)
{
	struct imap *im = (struct imap *)session;
	struct vanished v = {.im = im, .since = since_modseq};
	struct err own = {.class = ERR_NONE};
	int r;

	if (err == NULL)
		err = &own;
	if (imap_need_selected(im, err) < 0 || imap_ahead_settle(im, err) < 0)
		return -1;
	if (im->enable != IMAP_ENABLED || since_modseq == 0 ||
		since_modseq > im->mailbox.highestmodseq)
		return 0;
	if (im->mailbox.exists == 0)
		r = range_list_add(&v.gone, 1, vanished_top(im), 1);
	else
		r = vanished_ask(&v, err);
	range_list_unite(&v.gone);
	for (size_t i = 0; r == 1 && i < v.gone.count; i++)
		if (fn(arg, &v.gone.ranges[i], err) < 0)
			r = -1;
	range_list_clear(&v.gone);
	range_list_clear(&v.cuts);
	return r;
}
