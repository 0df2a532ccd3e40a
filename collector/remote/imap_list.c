/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mailboxes of the personal namespaces:
 *   NAMESPACE where offered, else one with the prefix ""
 *   LIST "" "prefix*" for each, RETURN (SUBSCRIBED SPECIAL-USE) where
 *   offered; where that is refused or brings nothing, plainly, and LSUB
 * Rows are gathered, sorted, made unique and only then reported, so that the
 * callback may use the session. INBOX is always among them (RFC 9051 5.1).
 */
#include "imap_list.h"

#include "../base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_PREFIXES 16

struct list_row {
	char *name;
	char delimiter;
	uint32_t attrs;
	struct mailbox_state status;
};

struct list {
	struct imap *im;
	struct list_row *rows;
	size_t count, room;
	size_t lines; /* LIST lines of the present command */
	bool lsub;    /* it is LSUB: rows only gain MAILBOX_SUBSCRIBED */
	char personal[LIST_PREFIXES][NAME_MAILBOX_MAX];
	size_t personal_count;
	char foreign[LIST_PREFIXES][NAME_MAILBOX_MAX]; /* others', shared */
	size_t foreign_count;
	imap_line_fn *other; /* imap_list_send */
};

#define LIST_ALL_CAPS \
	(IMAP_CAP_NAMESPACE | IMAP_CAP_LIST_EXTENDED | IMAP_CAP_LIST_STATUS)

static int list_compare(const void *a, const void *b)
{
	const struct list_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Sorts, and folds rows of one name into one. */
static void list_unite(struct list *l)
{
	size_t kept = 0;

	if (l->count == 0)
		return;
	qsort(l->rows, l->count, sizeof *l->rows, list_compare);
	for (size_t i = 1; i < l->count; i++) {
		if (strcmp(l->rows[i].name, l->rows[kept].name) == 0) {
			l->rows[kept].attrs |= l->rows[i].attrs;
			if (l->rows[kept].status.uidvalidity == 0)
				l->rows[kept].status = l->rows[i].status;
			free(l->rows[i].name);
		} else {
			l->rows[++kept] = l->rows[i];
		}
	}
	l->count = kept + 1;
}

static bool list_is_foreign(const struct list *l, const char *name)
{
	for (size_t i = 0; i < l->foreign_count; i++)
		if (strncmp(name, l->foreign[i], strlen(l->foreign[i])) == 0)
			return true;
	return false;
}

static void list_add(
	struct list *l, const char *name, char delimiter, uint32_t attrs)
{
	if (l->count == l->room) {
		l->room = l->room != 0 ? l->room * 2 : 64;
		l->rows = mem_grow(l->rows, l->room, sizeof *l->rows);
	}
	l->rows[l->count++] = (struct list_row){
		.name = mem_strdup(name),
		.delimiter = delimiter,
		.attrs = attrs,
	};
}

static int list_check(const struct list *l, struct err *err)
{
	if (l->count <= l->im->limits.mailboxes)
		return 0;
	(void)err_set(err, ERR_LIMIT, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"there are more than %llu mailboxes",
		(unsigned long long)l->im->limits.mailboxes);
	return err_hint(err, "raise limits.mailboxes");
}

static void list_subscribe(struct list *l, const char *name)
{
	const struct list_row key = {.name = (char *)name};
	struct list_row *row;

	row = l->count == 0 ? NULL
			    : bsearch(&key, l->rows, l->count, sizeof key,
				      list_compare);
	if (row != NULL)
		row->attrs |= MAILBOX_SUBSCRIBED;
}

/* It follows the LIST line of its mailbox (RFC 5819 2). */
static void list_on_status(struct list *l, struct imap_line *rest)
{
	char name[NAME_MAILBOX_MAX];
	struct mailbox_state state;

	if (imap_list_read_status(rest, name, sizeof name, &state) < 0)
		return;
	for (size_t i = l->count; i-- > 0;)
		if (strcmp(l->rows[i].name, name) == 0) {
			l->rows[i].status = state;
			return;
		}
}

static int list_on_line(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct list *l = arg;
	struct mailbox_info info;

	if (strcmp(word, "STATUS") == 0)
		list_on_status(l, rest);
	if (strcmp(word, l->lsub ? "LSUB" : "LIST") != 0)
		return 0;
	l->lines++;
	if (imap_list_read(rest, &info) < 0) {
		LOG(LOG_LEVEL_WARN, NULL, "list_unreadable",
			LOG_NUM("line", l->lines));
		return 0;
	}
	if (info.name[0] == '\0' || list_is_foreign(l, info.name))
		return 0;
	if (l->lsub) {
		list_subscribe(l, info.name);
		return 0;
	}
	list_add(l, info.name, info.delimiter, info.attrs);
	/* Some servers say everything twice. */
	if (l->count / 2 <= l->im->limits.mailboxes)
		return 0;
	list_unite(l);
	return list_check(l, err);
}

/* (("prefix" "/" ext…)(…)) or NIL. Prefixes that do not fit are left out. */
static void list_read_namespace(struct imap_line *rest,
	char prefixes[][NAME_MAILBOX_MAX], size_t *count)
{
	char delimiter[8];

	if (!imap_line_eat(rest, '(')) {
		(void)imap_line_skip(rest);
		return;
	}
	while (imap_line_eat(rest, '(')) {
		if (*count < LIST_PREFIXES &&
			imap_line_string(rest, prefixes[*count],
				NAME_MAILBOX_MAX) == 1 &&
			imap_line_string(rest, delimiter, sizeof delimiter) >=
				0)
			++*count;
		while (!imap_line_eat(rest, ')'))
			if (!imap_line_skip(rest))
				return;
	}
	(void)imap_line_eat(rest, ')');
}

static int list_on_namespace(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct list *l = arg;
	size_t kept = 0;

	(void)err;
	if (strcmp(word, "NAMESPACE") != 0)
		return 0;
	l->personal_count = l->foreign_count = 0;
	list_read_namespace(rest, l->personal, &l->personal_count);
	list_read_namespace(rest, l->foreign, &l->foreign_count);
	list_read_namespace(rest, l->foreign, &l->foreign_count);
	/* The empty prefix would make everything foreign. */
	for (size_t i = 0; i < l->foreign_count; i++)
		if (l->foreign[i][0] != '\0')
			memmove(l->foreign[kept++], l->foreign[i],
				NAME_MAILBOX_MAX);
	l->foreign_count = kept;
	return 0;
}

static int list_namespaces(struct list *l, bool known, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};

	if ((l->im->caps & IMAP_CAP_NAMESPACE) != 0 && !known) {
		l->im->tap = list_on_namespace;
		if (imap_command(
			    l->im, "NAMESPACE", "NAMESPACE", &answer, err) < 0)
			return -1;
	}
	if (l->personal_count == 0) {
		l->personal[0][0] = '\0';
		l->personal_count = 1;
	}
	return 0;
}

static const char *list_tail(const struct imap *im)
{
	if ((im->caps & IMAP_CAP_LIST_EXTENDED) == 0)
		return "";
	if ((im->caps & IMAP_CAP_SPECIAL_USE) == 0)
		return " RETURN (SUBSCRIBED)";
	if ((im->caps & IMAP_CAP_LIST_STATUS) == 0)
		return " RETURN (SUBSCRIBED SPECIAL-USE)";
	/* not MAILBOXID: Cyrus 3.6 tells it from memory it has freed */
	if ((im->caps & IMAP_CAP_CONDSTORE) == 0)
		return " RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES "
		       "UIDNEXT UIDVALIDITY))";
	return " RETURN (SUBSCRIBED SPECIAL-USE STATUS (MESSAGES UIDNEXT "
	       "UIDVALIDITY HIGHESTMODSEQ))";
}

/* NAMESPACE, then LIST, as they come. */
static int list_on_ahead(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct list *l = arg;

	if (strcmp(word, "NAMESPACE") == 0)
		return list_on_namespace(l, word, rest, err);
	if (strcmp(word, "LIST") == 0 || strcmp(word, "STATUS") == 0)
		return list_on_line(l, word, rest, err);
	return l->other(l->im, word, rest, err);
}

/* VERB "" "prefix*" TAIL */
static int list_ask(struct list *l, const char *verb, const char *prefix,
	const char *tail, struct imap_answer *answer, struct err *err)
{
	char pattern[NAME_MAILBOX_MAX + 1];

	(void)snprintf(pattern, sizeof pattern, "%s*", prefix);
	l->im->tap = list_on_line;
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
	if ((im->caps & LIST_ALL_CAPS) != LIST_ALL_CAPS)
		return;
	im->listing = mem_alloc(sizeof *im->listing);
	im->listing->im = im;
	im->listing->other = other;
	im->tap = list_on_ahead;
	im->tap_arg = im->listing;
	imap_put(im, "\r\n");
	imap_begin(im);
	imap_put(im, "NAMESPACE\r\n");
	imap_begin(im);
	imap_put(im, "LIST \"\" \"*\"");
	imap_put(im, list_tail(im));
}

static void list_empty(struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->rows[i].name);
	l->count = 0;
}

static void list_free(struct list *l)
{
	list_empty(l);
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

	if (imap_wait(l->im, "NAMESPACE", &namespace, err) < 0 ||
		imap_wait(l->im, "LIST", &list, err) < 0)
		return -1;
	if (list.status == IMAP_OK && l->lines > 0 &&
		(l->personal_count == 0 ||
			(l->personal_count == 1 && l->personal[0][0] == '\0')))
		return 1;
	list_empty(l);
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

/* One namespace. ret_subscribed: subscriptions came with it. */
static int list_prefix(struct list *l, const char *prefix, bool *ret_subscribed,
	struct err *err)
{
	const char *tail = list_tail(l->im);
	struct imap_answer answer = {.status = IMAP_BAD};

	*ret_subscribed = tail[0] != '\0';
	if (tail[0] != '\0') {
		if (list_ask(l, "LIST", prefix, tail, &answer, err) < 0)
			return -1;
		if (answer.status == IMAP_OK && l->lines > 0)
			return 0;
		*ret_subscribed = false;
	}
	if (list_ask(l, "LIST", prefix, "", &answer, err) < 0)
		return -1;
	if (answer.status != IMAP_OK)
		return imap_refused(&answer, "LIST", ERR_SCOPE_SESSION, err);
	return 0;
}

static int list_gather(struct list *l, bool whole, struct err *err)
{
	bool subscribed[LIST_PREFIXES] = {false};
	struct imap_answer answer = {.status = IMAP_BAD};
	bool inbox = false;

	for (size_t i = 0; !whole && i < l->personal_count; i++)
		if (list_prefix(l, l->personal[i], &subscribed[i], err) < 0)
			return -1;
	for (size_t i = 0; i < l->count; i++)
		inbox = inbox || strcmp(l->rows[i].name, "INBOX") == 0;
	if (!inbox)
		list_add(
			l, "INBOX", l->count > 0 ? l->rows[0].delimiter : 0, 0);
	list_unite(l);
	if (list_check(l, err) < 0)
		return -1;
	for (size_t i = 0; i < l->personal_count; i++) {
		if (whole || subscribed[i])
			continue;
		/* Refused: then nobody knows what is subscribed. */
		if (list_ask(l, "LSUB", l->personal[i], "", &answer, err) < 0)
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
		info.status = l->rows[i].status;
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
	im->tap = NULL;
	im->tap_arg = NULL;
	if (r == 0)
		r = list_report(l, fn, arg, err);
	list_free(l);
	return r;
}
