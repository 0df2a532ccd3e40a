/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All UIDs of the mailbox, in the cheapest way that this server does right:
 *     UID SEARCH RETURN (ALL) 1:20000    RFC 4731: one short line
 *     UID SEARCH 1:20000                 a number each
 *     FETCH 1:20000 (UID)                a line each; imap_scan
 * By message numbers, which are dense where UIDs may not be. Each answer has
 * to hold as many UIDs as messages were asked about; whoever caps, forgets or
 * garbles (iCloud's ESEARCH, Yandex' SEARCH) is not asked that way again in
 * this session. The list is gathered before anybody sees it, so that the next
 * way begins afresh.
 */
#include "imap_command.h"

#include "../base/log.h"
#include "range_list.h"

#include <string.h>

#define UIDS_RANGE 20000 /* messages a command */

struct uids {
	struct imap *im;
	struct range_list found;
	uint32_t exists;
	uint32_t next_seq; /* of the next command */
	uint32_t asked;	   /* messages, by the present command */
	uint64_t came;	   /* numbers in its answer */
	uint32_t commands;
	bool garbled;
	bool cut; /* an answer held fewer */
};

static bool uids_next(void *arg, struct buf *line)
{
	struct uids *u = arg;
	uint32_t last;

	if (u->garbled || u->cut || u->next_seq > u->exists || u->next_seq == 0)
		return false;
	last = u->exists - u->next_seq < UIDS_RANGE
		       ? u->exists
		       : u->next_seq + UIDS_RANGE - 1;
	(void)buf_printf(line, "UID SEARCH %s%u:%u",
		u->im->uids_way == IMAP_UIDS_ESEARCH ? "RETURN (ALL) " : "",
		u->next_seq, last);
	u->asked = last - u->next_seq + 1;
	u->came = 0;
	u->next_seq = last + 1;
	u->commands++;
	return true;
}

static void uids_add(struct uids *u, uint32_t first, uint32_t last)
{
	u->came += (uint64_t)last - first + 1;
	if (first == 0 || !range_list_add(&u->found, first, last,
				  (size_t)u->im->limits.messages))
		u->garbled = true;
}

/* SEARCH 4 5 9, perhaps with (MODSEQ 7) behind. */
static void uids_read_search(struct uids *u, struct imap_line *rest)
{
	uint64_t n;

	while (imap_line_number(rest, &n)) {
		if (n == 0 || n > UINT32_MAX) {
			u->garbled = true;
			return;
		}
		uids_add(u, (uint32_t)n, (uint32_t)n);
	}
	while (imap_line_peek(rest) == ' ')
		rest->p++;
	if (!imap_line_at_end(rest) && imap_line_peek(rest) != '(')
		u->garbled = true;
}

/* ESEARCH (TAG "7") UID ALL 4:5,9 …: without UID these are numbers of
 * messages, with another tag an answer to somebody else. */
static void uids_read_esearch(struct uids *u, struct imap_line *rest)
{
	struct uid_range r;
	char word[16];
	bool uid = false;
	int more;

	while (imap_line_peek(rest) == ' ')
		rest->p++;
	if (imap_line_peek(rest) == '(')
		(void)imap_line_skip(rest);
	while (imap_line_word(rest, word, sizeof word)) {
		if (strcmp(word, "UID") == 0) {
			uid = true;
			continue;
		}
		if (strcmp(word, "ALL") != 0) {
			(void)imap_line_skip(rest);
			continue;
		}
		while ((more = imap_line_range(rest, &r)) > 0)
			uids_add(u, r.first, r.last);
		if (more < 0 || !uid)
			u->garbled = true;
	}
}

static int uids_on_line(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct uids *u = arg;

	(void)err;
	if (strcmp(word, "SEARCH") == 0)
		uids_read_search(u, rest);
	else if (strcmp(word, "ESEARCH") == 0)
		uids_read_esearch(u, rest);
	return 0;
}

static int uids_done(void *arg, struct err *err)
{
	struct uids *u = arg;

	(void)err;
	if (u->came < u->asked)
		u->cut = true;
	return 0;
}

/* Fewer came than there were: 1 if the server says that they are gone (at the
 * latest when asked), 0 if it does not, -1. */
static int uids_explain(struct uids *u, uint32_t expunged, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};

	if (u->garbled || range_list_total(&u->found) >= u->exists)
		return 0;
	if (imap_command(u->im, "NOOP", "NOOP", &answer, err) < 0)
		return -1;
	if (u->im->expunged == expunged)
		return 0;
	if (u->commands > 1)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_NOW,
			"messages were expunged while they were listed");
	return range_list_total(&u->found) + (u->im->expunged - expunged) >=
	       u->exists;
}

/* Just 1 to EXISTS, though higher UIDs have been given: perhaps these are
 * numbers of messages after all. */
static bool uids_in_doubt(const struct uids *u)
{
	return u->found.count == 1 && u->found.ranges[0].first == 1 &&
	       u->found.ranges[0].last == u->exists &&
	       u->im->mailbox.uidnext > u->exists &&
	       u->im->mailbox.uidnext - 1 > u->exists;
}

/* 1: the list is complete; 0: this way is no good here; -1. */
static int uids_search(struct uids *u, struct err *err)
{
	const struct imap_run run = {.what = "SEARCH",
		.next = uids_next,
		.done = uids_done,
		.arg = u};
	uint32_t expunged = u->im->expunged;
	int r;

	u->exists = u->im->mailbox.exists;
	u->next_seq = 1;
	u->im->tap = uids_on_line;
	u->im->tap_arg = u;
	r = imap_run(u->im, &run, err);
	u->im->tap = NULL;
	u->im->tap_arg = NULL;
	if (r < 0) /* NO or BAD to the command is an answer */
		return err->scope <= ERR_SCOPE_MAILBOX ? 0 : -1;
	range_list_unite(&u->found);
	if (!u->garbled && range_list_total(&u->found) == u->exists)
		return 1;
	return uids_explain(u, expunged, err);
}

static int uids_on_fetched(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct uids *u = arg;

	(void)err;
	uids_add(u, meta->uid, meta->uid);
	return 0;
}

static enum imap_uids_way uids_choose(const struct imap *im)
{
	if (imap_has_quirk(im, QUIRK_NO_SEARCH))
		return IMAP_UIDS_FETCH;
	if (im->uids_way == IMAP_UIDS_ESEARCH &&
		(im->caps & IMAP_CAP_ESEARCH) == 0)
		return IMAP_UIDS_SEARCH;
	return im->uids_way;
}

static int uids_gather(struct uids *u, struct err *err)
{
	struct imap *im = u->im;

	im->uids_way = uids_choose(im);
	while (im->uids_way != IMAP_UIDS_FETCH) {
		int r = uids_search(u, err);
		if (r < 0)
			return -1;
		if (r > 0 && !uids_in_doubt(u))
			return 0;
		range_list_clear(&u->found);
		u->garbled = u->cut = false;
		u->commands = 0;
		if (r > 0)
			break;
		LOG(LOG_LEVEL_INFO, NULL, "search_not_believed",
			LOG_STR("mailbox", im->selected_name),
			LOG_NUM("exists", u->exists),
			LOG_STR("way", im->uids_way == IMAP_UIDS_ESEARCH
					       ? "esearch"
					       : "search"));
		im->uids_way++;
	}
	if (imap_scan(&im->session, 0, uids_on_fetched, u, err) < 0)
		return -1;
	range_list_unite(&u->found);
	return 0;
}

int imap_uids(struct session *session, session_range_fn *fn, void *arg,
	struct err *err)
{
	struct imap *im = (struct imap *)session;
	struct uids u = {.im = im};
	struct err own = {.class = ERR_NONE};
	int r;

	if (err == NULL)
		err = &own;
	if (imap_need_selected(im, err) < 0 || imap_ahead_settle(im, err) < 0)
		return -1;
	if (im->mailbox.exists == 0)
		return 0;
	r = uids_gather(&u, err);
	for (size_t i = 0; r == 0 && i < u.found.count; i++)
		r = fn(arg, &u.found.ranges[i], err);
	range_list_clear(&u.found);
	return r;
}
