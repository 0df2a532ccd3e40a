/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LIST is read whole first (a number and a size a message), then UIDL is
 * compared with it line by line. A line that cannot be used is rejected and
 * counted; what decides is whether every message is named in the end. A
 * number that UIDL names twice is different: two identities for one message
 * cannot both be right, so none of the listing is believed.
 */
#include "pop3_list.h"

#include "../base/log.h"
#include "../base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT_LINES 4096 /* of UIDL, per deadline: fn may wait */
#define MAX_DEFAULT 2000000

/* A claim is 0: not listed; 1: listed without a size; else size + 2. */
#define CLAIM_ABSENT 0
#define CLAIM_NO_SIZE 1
#define CLAIM_SIZE 2

void pop3_listing_init(struct pop3_listing *l, uint64_t messages_max)
{
	memset(l, 0, sizeof *l);
	if (messages_max == 0 || messages_max > INT32_MAX)
		messages_max = MAX_DEFAULT;
	l->max = (uint32_t)messages_max;
	buf_init(&l->uidls, POP3_UIDLS_KEPT);
}

void pop3_listing_clear(struct pop3_listing *l)
{
	free(l->claims);
	l->claims = NULL;
	l->claims_cap = 0;
	l->loaded = false;
	buf_free(&l->uidls);
}

void pop3_listing_reset(struct pop3_listing *l)
{
	if (l->claims_cap != 0)
		memset(l->claims, 0, l->claims_cap * sizeof *l->claims);
	buf_reset(&l->uidls);
	l->loaded = false;
	l->count = l->rejected = l->top = 0;
}

bool pop3_listing_has(const struct pop3_listing *l, uint32_t number)
{
	return number < l->claims_cap && l->claims[number].size != CLAIM_ABSENT;
}

bool pop3_listing_size(
	const struct pop3_listing *l, uint32_t number, uint64_t *ret_bytes)
{
	if (number >= l->claims_cap || l->claims[number].size < CLAIM_SIZE)
		return false;
	*ret_bytes = l->claims[number].size - CLAIM_SIZE;
	return true;
}

void pop3_listing_meta(const struct pop3_listing *l, uint32_t number,
	struct message_meta *ret_meta)
{
	memset(ret_meta, 0, sizeof *ret_meta);
	ret_meta->uid = number;
	ret_meta->has = MESSAGE_HAS_UID;
	if (pop3_listing_size(l, number, &ret_meta->size_bytes))
		ret_meta->has |= MESSAGE_HAS_SIZE;
	if (number >= l->claims_cap || l->claims[number].uidl_at == 0)
		return;
	(void)snprintf(ret_meta->uidl, sizeof ret_meta->uidl, "%s",
		l->uidls.data + l->claims[number].uidl_at - 1);
	ret_meta->has |= MESSAGE_HAS_UIDL;
}

/* ---- lines ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* The message number that begins a line: 1 … max, a word of its own. */
static bool parse_index(
	const char **p, const char *end, uint32_t max, uint32_t *ret_number)
{
	uint64_t number;

	*p = skip_space(*p, end);
	if (!pop3_parse_number(p, end, &number))
		return false;
	if (number == 0 || number > max || (*p < end && !is_space(**p)))
		return false;
	*p = skip_space(*p, end);
	*ret_number = (uint32_t)number;
	return true;
}

static void add_claim(struct pop3_listing *l, uint32_t number, uint64_t claim)
{
	if (number >= l->claims_cap) {
		size_t cap = l->claims_cap != 0 ? l->claims_cap : 64;
		while (cap <= number)
			cap *= 2;
		l->claims = mem_grow(l->claims, cap, sizeof *l->claims);
		memset(l->claims + l->claims_cap, 0,
			(cap - l->claims_cap) * sizeof *l->claims);
		l->claims_cap = cap;
	}
	if (l->claims[number].size != CLAIM_ABSENT) {
		l->rejected++;
		return;
	}
	l->claims[number].size = claim;
	l->count++;
	if (number > l->top)
		l->top = number;
}

static void add_list_line(struct pop3_listing *l, const char *line, size_t n)
{
	const char *p = line, *end = line + n;
	uint64_t size, claim = CLAIM_NO_SIZE;
	uint32_t number;

	if (!parse_index(&p, end, l->max, &number)) {
		l->rejected++;
		return;
	}
	/* a size that makes no sense does not make the message go away */
	if (pop3_parse_number(&p, end, &size) && (p == end || is_space(*p)))
		claim = size + CLAIM_SIZE;
	add_claim(l, number, claim);
}

int pop3_listing_too_many(const struct pop3_listing *l, struct err *err)
{
	return err_set(err, ERR_LIMIT, ERR_SCOPE_SESSION, ERR_RETRY_CHANGE,
		"the maildrop has more than %u messages (limits.messages)",
		l->max);
}

int pop3_list_read(struct pop3_wire *w, struct pop3_listing *l, struct err *err)
{
	int r;

	pop3_listing_reset(l);
	while ((r = pop3_read_item(w, err)) > 0) {
		if (l->count + l->rejected >= l->max)
			return pop3_listing_too_many(l, err);
		add_list_line(l, buf_str(&w->line), w->line.len);
	}
	if (r < 0)
		return -1;
	if (l->rejected != 0)
		LOG(LOG_LEVEL_WARN, NULL, "pop3_list_rejected",
			LOG_NUM("lines", l->rejected),
			LOG_NUM("messages", l->count));
	if (l->count < l->expected)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"LIST names %u of the %u messages that STAT counted",
			l->count, l->expected);
	l->loaded = true;
	return 0;
}

/* ---- UIDL ---- */

/* RFC 1939 7: 1 to 70 characters 0x21 … 0x7E; up to 128 are accepted. Past
 * the bound of what is kept, the fetch does without them. */
static bool set_uidl(struct message_meta *meta, const char *p, const char *end)
{
	while (end > p && is_space(end[-1]))
		end--;
	if (end == p || (size_t)(end - p) >= sizeof meta->uidl)
		return false;
	for (const char *c = p; c < end; c++)
		if (*c < 0x21 || *c > 0x7e)
			return false;
	memcpy(meta->uidl, p, (size_t)(end - p));
	meta->has |= MESSAGE_HAS_UIDL;
	return true;
}

static void keep_uidl(struct pop3_listing *l, const struct message_meta *meta)
{
	size_t at = l->uidls.len;

	if (buf_add(&l->uidls, meta->uidl, strlen(meta->uidl) + 1) == 0)
		l->claims[meta->uid].uidl_at = (uint32_t)at + 1;
}

static int uidl_untrusted(uint32_t number, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"UIDL names message %u twice or out of order", number);
}

int pop3_uidl_read(struct pop3_wire *w, struct pop3_listing *l,
	session_message_fn *fn, void *arg, struct err *err)
{
	uint32_t last = 0, named = 0, lines = 0;
	int r;

	while ((r = pop3_read_item(w, err)) > 0) {
		struct message_meta meta = {0};
		const char *p = buf_str(&w->line);
		const char *end = p + w->line.len;

		if (lines++ >= l->max)
			return pop3_listing_too_many(l, err);
		if (lines % EXPECT_LINES == 0)
			pop3_expect(w, EXPECT_LINES * POP3_LINE_GUESS_BYTES);
		if (!parse_index(&p, end, l->max, &meta.uid))
			continue;
		if (meta.uid <= last)
			return uidl_untrusted(meta.uid, err);
		last = meta.uid;
		if (!pop3_listing_has(l, meta.uid))
			continue;
		pop3_listing_meta(l, meta.uid, &meta);
		if (set_uidl(&meta, p, end))
			keep_uidl(l, &meta);
		named++;
		if (fn(arg, &meta, err) < 0)
			return -1;
	}
	if (r < 0)
		return -1;
	if (named < l->count)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"UIDL names %u of the %u messages that LIST names",
			named, l->count);
	return 0;
}
