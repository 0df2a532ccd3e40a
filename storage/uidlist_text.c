/* SPDX-License-Identifier: BSD-2-Clause */
#include "uidlist.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UIDL_MAX 256

/* Digits only, 1 … UINT32_MAX; *end after them. */
static int read_number(const char *text, const char **end, uint32_t *ret)
{
	uint64_t n = 0;

	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++) {
		n = n * 10 + (uint64_t)(*text - '0');
		if (n > UINT32_MAX)
			return -1;
	}
	if (n == 0)
		return -1;
	*end = text;
	*ret = (uint32_t)n;
	return 0;
}

static int read_whole(const char *text, uint32_t *ret)
{
	const char *end;

	return read_number(text, &end, ret) == 0 && *end == '\0' ? 0 : -1;
}

static int read_guid(const char *text, char guid[UIDLIST_GUID])
{
	if (strlen(text) != UIDLIST_GUID - 1 ||
		strspn(text, "0123456789abcdefABCDEF") != UIDLIST_GUID - 1)
		return -1;
	memcpy(guid, text, UIDLIST_GUID);
	return 0;
}

static int add_other(struct uidlist_head *h, const char *field)
{
	size_t n = strlen(h->other);
	int w = snprintf(h->other + n, sizeof h->other - n, "%s%s",
		n > 0 ? " " : "", field);

	return w >= 0 && (size_t)w < sizeof h->other - n ? 0 : -1;
}

static int read_head_field(struct uidlist_head *h, const char *field)
{
	switch (field[0]) {
	case 'V':
		return read_whole(field + 1, &h->uidvalidity);
	case 'N':
		return read_whole(field + 1, &h->next);
	case 'G':
		return read_guid(field + 1, h->guid);
	default:
		return add_other(h, field);
	}
}

int uidlist_parse_head(char *line, struct uidlist_head *ret_head)
{
	struct uidlist_head h = {.uidvalidity = 0};
	char *field, *rest;

	if (line[0] != '3' || line[1] != ' ')
		return -1;
	for (field = strtok_r(line + 2, " ", &rest); field != NULL;
		field = strtok_r(NULL, " ", &rest))
		if (read_head_field(&h, field) != 0)
			return -1;
	if (h.uidvalidity == 0 || h.next == 0)
		return -1;
	*ret_head = h;
	return 0;
}

int uidlist_parse_record(char *line, struct uidlist_record *ret_record)
{
	struct uidlist_record r = {.uidl = ""};
	const char *end;
	char *p;

	if (read_number(line, &end, &r.uid) != 0 || *end != ' ' ||
		r.uid == UINT32_MAX)
		return -1;
	p = line + (end - line);
	for (;;) {
		p += strspn(p, " ");
		if (*p == ':' || *p == '\0')
			break;
		char *field = p;
		p += strcspn(p, " ");
		if (*p != '\0')
			*p++ = '\0';
		if (field[0] == 'P')
			r.uidl = field + 1;
		else if (field[0] == 'O' &&
			 read_whole(field + 1, &r.order) != 0)
			r.order = 0;
	}
	if (*p != ':' || p[1] == '\0' || strchr(p + 1, '/') != NULL)
		return -1;
	r.name = p + 1;
	p[1 + strcspn(p + 1, ":")] = '\0';
	if (r.name[0] == '\0')
		return -1;
	*ret_record = r;
	return 0;
}

bool uidlist_takes_uidl(const char *uidl)
{
	const unsigned char *p = (const unsigned char *)uidl;

	while (*p > 0x20 && *p != 0x7f)
		p++;
	return *p == '\0' && uidl[0] != '\0' &&
	       (size_t)(p - (const unsigned char *)uidl) <= UIDL_MAX;
}

void uidlist_format_head(const struct uidlist_head *head, struct buf *out)
{
	(void)buf_printf(
		out, "3 V%" PRIu32 " N%" PRIu32, head->uidvalidity, head->next);
	if (head->guid[0] != '\0')
		(void)buf_printf(out, " G%s", head->guid);
	if (head->other[0] != '\0')
		(void)buf_printf(out, " %s", head->other);
	(void)buf_add(out, "\n", 1);
}

void uidlist_format_record(const struct uidlist_record *r, struct buf *out)
{
	(void)buf_printf(out, "%" PRIu32, r->uid);
	if (uidlist_takes_uidl(r->uidl))
		(void)buf_printf(out, " P%s", r->uidl);
	if (r->order != 0)
		(void)buf_printf(out, " O%" PRIu32, r->order);
	(void)buf_printf(out, " :%s\n", r->name);
}
