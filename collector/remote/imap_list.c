/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mailboxes of the personal namespaces:
 *   NAMESPACE where offered, else one with the prefix ""
 *   LIST "" "prefix*" for each, RETURN (SUBSCRIBED SPECIAL-USE) where
 *   offered; where that is refused or brings nothing, plainly, and LSUB
 *   the same for others' namespaces where they are wanted; those that are
 *   refused are left out
 *   STATUS, where counts are wanted, of what has come without
 * Rows are gathered, sorted, made unique and only then reported, so that the
 * callback may use the session. INBOX is always among them (RFC 9051 5.1).
 */
#include "imap_list.h"

#include "imap_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_ITEMS_MAX 96
#define LIST_TAIL_MAX 160

#define LIST_ALL_CAPS \
	(IMAP_CAP_NAMESPACE | IMAP_CAP_LIST_EXTENDED | IMAP_CAP_LIST_STATUS)

static int list_namespaces(struct list *l, bool known, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};

	if ((l->im->caps & IMAP_CAP_NAMESPACE) != 0 && !known) {
		l->im->tap = imap_rows_on_namespace;
		if (imap_command(
			    l->im, "NAMESPACE", "NAMESPACE", &answer, err) < 0)
			return -1;
	}
	imap_namespaces_default(&l->spaces);
	return 0;
}

/* RFC 9051 6.3.11; SIZE only where somebody asks for it: it can cost the
 * server a look at every message; not MAILBOXID: Cyrus 3.6 tells it from
 * memory it has freed. */
static void list_status_items(const struct imap *im, char out[LIST_ITEMS_MAX])
{
	(void)snprintf(out, LIST_ITEMS_MAX,
		"(MESSAGES UIDNEXT UIDVALIDITY%s%s)",
		(im->caps & IMAP_CAP_CONDSTORE) != 0 ? " HIGHESTMODSEQ" : "",
		im->counts && (im->caps & IMAP_CAP_STATUS_SIZE) != 0 ? " SIZE"
								     : "");
}

/* "" where LIST has to be asked plainly. */
static void list_tail(const struct imap *im, char out[LIST_TAIL_MAX])
{
	char items[LIST_ITEMS_MAX];
	bool special = (im->caps & IMAP_CAP_SPECIAL_USE) != 0;

	out[0] = '\0';
	if ((im->caps & IMAP_CAP_LIST_EXTENDED) == 0)
		return;
	list_status_items(im, items);
	if (special && (im->caps & IMAP_CAP_LIST_STATUS) != 0)
		(void)snprintf(out, LIST_TAIL_MAX,
			" RETURN (SUBSCRIBED SPECIAL-USE STATUS %s)", items);
	else
		(void)snprintf(out, LIST_TAIL_MAX, " RETURN (SUBSCRIBED%s)",
			special ? " SPECIAL-USE" : "");
}

/* VERB "" "prefix*" TAIL */
static int list_ask(struct list *l, const char *verb, const char *prefix,
	const char *tail, struct imap_answer *answer, struct err *err)
{
	char pattern[NAME_MAILBOX_MAX + 1];

	(void)snprintf(pattern, sizeof pattern, "%s*", prefix);
	l->im->tap = imap_rows_on_line;
	l->lines = 0;
	l->lsub = strcmp(verb, "LSUB") == 0;
	imap_begin(l->im);
	imap_put(l->im, verb);
	imap_put(l->im, " \"\" ");
	if (imap_put_string(l->im, pattern, strlen(pattern), err) < 0)
		return -1;
	imap_put(l->im, tail);
	if (imap_end(l->im, err) < 0)
		return -1;
	return imap_wait(l->im, verb, answer, err);
}

void imap_list_send(struct imap *im, imap_line_fn *other)
{
	char tail[LIST_TAIL_MAX];

	if ((im->caps & LIST_ALL_CAPS) != LIST_ALL_CAPS)
		return;
	im->listing = mem_alloc(sizeof *im->listing);
	im->listing->im = im;
	im->listing->other = other;
	im->tap = imap_rows_on_ahead;
	im->tap_arg = im->listing;
	imap_put(im, "\r\n");
	imap_begin(im);
	imap_put(im, "NAMESPACE\r\n");
	imap_begin(im);
	imap_put(im, "LIST \"\" \"*\"");
	list_tail(im, tail);
	imap_put(im, tail);
}

static void list_free(struct list *l)
{
	imap_rows_empty(l);
	free(l->rows);
	free(l);
}

void imap_list_free(struct imap *im)
{
	if (im->listing == NULL)
		return;
	im->tap = NULL;
	im->tap_arg = NULL;
	list_free(im->listing);
	im->listing = NULL;
}

/* Reads both answers; 1: the list is all that is there; 0: of no use but for
 * the namespaces. */
static int list_read_ahead(struct list *l, struct err *err)
{
	struct imap_answer namespace = {.status = IMAP_BAD};
	struct imap_answer list = {.status = IMAP_BAD};
	const struct imap_namespaces *spaces = &l->spaces;

	if (imap_wait(l->im, "NAMESPACE", &namespace, err) < 0 ||
		imap_wait(l->im, "LIST", &list, err) < 0)
		return -1;
	if (list.status == IMAP_OK && l->lines > 0 &&
		(spaces->personal_count == 0 ||
			(spaces->personal_count == 1 &&
				spaces->personal[0][0] == '\0')))
		return 1;
	imap_rows_empty(l);
	return 0;
}

int imap_list_settle(struct imap *im, struct err *err)
{
	int r;

	if (im->listing == NULL)
		return 0;
	r = list_read_ahead(im->listing, err);
	imap_list_free(im);
	return r < 0 ? -1 : 0;
}

/* One namespace. ret_subscribed: subscriptions came with it. foreign: it may
 * be refused. */
static int list_prefix(struct list *l, const char *prefix, bool foreign,
	bool *ret_subscribed, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	char tail[LIST_TAIL_MAX];

	list_tail(l->im, tail);
	*ret_subscribed = tail[0] != '\0';
	if (tail[0] != '\0') {
		if (list_ask(l, "LIST", prefix, tail, &answer, err) < 0)
			return -1;
		if (answer.status == IMAP_OK && (l->lines > 0 || foreign))
			return 0;
		*ret_subscribed = false;
	}
	if (list_ask(l, "LIST", prefix, "", &answer, err) < 0)
		return -1;
	if (answer.status != IMAP_OK && !foreign)
		return imap_refused(&answer, "LIST", ERR_SCOPE_SESSION, err);
	return 0;
}

/* LSUB where subscriptions did not come with the list. Refused: then nobody
 * knows what is subscribed. */
static int list_subscriptions(struct list *l,
	char (*prefixes)[NAME_MAILBOX_MAX], size_t count,
	const bool *subscribed, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};

	for (size_t i = 0; i < count; i++)
		if (!subscribed[i] &&
			list_ask(l, "LSUB", prefixes[i], "", &answer, err) < 0)
			return -1;
	return 0;
}

static int list_gather(struct list *l, bool whole, struct err *err)
{
	struct imap_namespaces *n = &l->spaces;
	bool own[IMAP_PREFIXES] = {false}, others[IMAP_PREFIXES] = {false};
	size_t foreign = l->im->shared ? n->foreign_count : 0;

	for (size_t i = 0; i < n->personal_count; i++)
		own[i] = whole;
	for (size_t i = 0; !whole && i < n->personal_count; i++)
		if (list_prefix(l, n->personal[i], false, &own[i], err) < 0)
			return -1;
	for (size_t i = 0; i < foreign; i++)
		if (list_prefix(l, n->foreign[i], true, &others[i], err) < 0)
			return -1;
	if (!imap_rows_has(l, "INBOX"))
		imap_rows_add(
			l, "INBOX", l->count > 0 ? l->rows[0].delimiter : 0, 0);
	imap_rows_unite(l);
	if (imap_rows_check(l, err) < 0 ||
		list_subscriptions(
			l, n->personal, n->personal_count, own, err) < 0)
		return -1;
	return list_subscriptions(l, n->foreign, foreign, others, err);
}

/* 0: an answer came, or the name was refused; -1. */
static int list_ask_status(
	struct list *l, const char *name, const char *items, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	struct err why = {0};

	imap_begin(l->im);
	imap_put(l->im, "STATUS ");
	if (imap_put_string(l->im, name, strlen(name), &why) < 0) {
		if (why.scope <= ERR_SCOPE_MAILBOX)
			return 0;
		*err = why;
		return -1;
	}
	imap_put(l->im, " ");
	imap_put(l->im, items);
	if (imap_end(l->im, err) < 0)
		return -1;
	return imap_wait(l->im, "STATUS", &answer, err);
}

/* Counts of those that came without. What is refused stays unknown. */
static int list_counts(struct list *l, struct err *err)
{
	char items[LIST_ITEMS_MAX];

	list_status_items(l->im, items);
	l->im->tap = imap_rows_on_line;
	for (size_t i = 0; l->im->counts && i < l->count; i++) {
		const struct list_row *row = &l->rows[i];
		if (imap_is_worn(l->im, 1))
			return 0;
		if (row->status.uidvalidity != 0 ||
			(row->attrs & MAILBOX_NOSELECT) != 0)
			continue;
		if (list_ask_status(l, row->name, items, err) < 0)
			return -1;
	}
	return 0;
}

static int list_report(const struct list *l, session_mailbox_fn *fn, void *arg,
	struct err *err)
{
	struct mailbox_info info;

	for (size_t i = 0; i < l->count; i++) {
		memset(&info, 0, sizeof info);
		(void)snprintf(
			info.name, sizeof info.name, "%s", l->rows[i].name);
		info.delimiter = l->rows[i].delimiter;
		info.attrs = l->rows[i].attrs;
		info.prefix_bytes =
			imap_namespaces_prefix(&l->spaces, info.name);
		info.status = l->rows[i].status;
		info.bytes = l->rows[i].bytes;
		info.bytes_known = l->rows[i].bytes_known;
		if (fn(arg, &info, err) < 0)
			return -1;
	}
	return 0;
}

int imap_list(
	struct session *s, session_mailbox_fn *fn, void *arg, struct err *err)
{
	struct imap *im = (struct imap *)s;
	bool known = im->listing != NULL;
	struct list *l = known ? im->listing : mem_alloc(sizeof *l);
	int whole, r;

	l->im = im;
	im->listing = NULL;
	whole = known ? list_read_ahead(l, err) : imap_ahead_settle(im, err);
	im->tap_arg = l;
	r = whole < 0 ? -1 : list_namespaces(l, known, err);
	if (r == 0)
		r = list_gather(l, whole > 0, err);
	if (r == 0)
		r = list_counts(l, err);
	im->tap = NULL;
	im->tap_arg = NULL;
	if (r == 0)
		r = list_report(l, fn, arg, err);
	list_free(l);
	return r;
}
