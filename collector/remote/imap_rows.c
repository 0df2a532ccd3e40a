/* SPDX-License-Identifier: BSD-2-Clause */
#include "imap_rows.h"

#include "../base/log.h"
#include "imap_list.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_FOREIGN ((uint32_t)MAILBOX_OTHERS | MAILBOX_SHARED)

static int list_compare(const void *a, const void *b)
{
	const struct list_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

void imap_rows_unite(struct list *l)
{
	size_t kept = 0;

	if (l->count == 0)
		return;
	qsort(l->rows, l->count, sizeof *l->rows, list_compare);
	for (size_t i = 1; i < l->count; i++) {
		if (strcmp(l->rows[i].name, l->rows[kept].name) == 0) {
			l->rows[kept].attrs |= l->rows[i].attrs;
			if (l->rows[kept].status.uidvalidity == 0) {
				l->rows[kept].status = l->rows[i].status;
				l->rows[kept].bytes = l->rows[i].bytes;
				l->rows[kept].bytes_known =
					l->rows[i].bytes_known;
			}
			free(l->rows[i].name);
		} else {
			l->rows[++kept] = l->rows[i];
		}
	}
	l->count = kept + 1;
}

void imap_rows_add(
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

int imap_rows_check(const struct list *l, struct err *err)
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

/* It follows the LIST line of its mailbox (RFC 5819 2), or was asked for. */
static void list_on_status(struct list *l, struct imap_line *rest)
{
	struct mailbox_info info;

	if (imap_list_read_status(rest, &info) < 0)
		return;
	for (size_t i = l->count; i-- > 0;)
		if (strcmp(l->rows[i].name, info.name) == 0) {
			l->rows[i].status = info.status;
			l->rows[i].bytes = info.bytes;
			l->rows[i].bytes_known = info.bytes_known;
			return;
		}
}

int imap_rows_on_line(
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
	info.attrs |= imap_namespaces_attr(&l->spaces, info.name);
	if (info.name[0] == '\0' ||
		(!l->im->shared && (info.attrs & ROWS_FOREIGN) != 0))
		return 0;
	if (l->lsub) {
		list_subscribe(l, info.name);
		return 0;
	}
	imap_rows_add(l, info.name, info.delimiter, info.attrs);
	/* Some servers say everything twice. */
	if (l->count / 2 <= l->im->limits.mailboxes)
		return 0;
	imap_rows_unite(l);
	return imap_rows_check(l, err);
}

int imap_rows_on_namespace(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct list *l = arg;

	(void)err;
	if (strcmp(word, "NAMESPACE") == 0)
		imap_namespaces_read(&l->spaces, rest);
	return 0;
}

int imap_rows_on_ahead(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct list *l = arg;

	if (strcmp(word, "NAMESPACE") == 0)
		return imap_rows_on_namespace(l, word, rest, err);
	if (strcmp(word, "LIST") == 0 || strcmp(word, "STATUS") == 0)
		return imap_rows_on_line(l, word, rest, err);
	return l->other(l->im, word, rest, err);
}

void imap_rows_empty(struct list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->rows[i].name);
	l->count = 0;
}

bool imap_rows_has(const struct list *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->rows[i].name, name) == 0)
			return true;
	return false;
}
