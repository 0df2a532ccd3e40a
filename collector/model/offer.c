/* SPDX-License-Identifier: BSD-2-Clause */
#include "offer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int refuse(const char *text, const char *why, struct err *err)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"\"%.200s\" is no e-mail address: %s", text, why);
}

/* RFC 5322 3.4.1: a dot-atom, and UTF-8 (RFC 6532). */
static bool is_local(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c <= ' ' || c == 0x7f || strchr("\"(),:;<>@[\\]", c))
			return false;
	}
	return n > 0;
}

bool offer_host(const char *text, char out[URL_HOST_MAX])
{
	size_t n = strlen(text), label = 0;
	bool dot = false;

	if (n > 0 && text[n - 1] == '.')
		n--;
	if (n == 0 || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '.') {
			if (label == 0 || text[i - 1] == '-')
				return false;
			label = 0;
			dot = true;
		} else if (++label > 63 || (!isalnum(c) && c != '-') ||
			   (label == 1 && c == '-')) {
			return false;
		}
		out[i] = (char)tolower(c);
	}
	out[n] = '\0';
	/* a last label of digits would be an address in some spelling */
	return dot && label > 0 && out[n - 1] != '-' &&
	       isalpha((unsigned char)*(strrchr(out, '.') + 1));
}

int mail_address_parse(
	const char *text, struct mail_address *ret_address, struct err *err)
{
	const char *at = strrchr(text, '@');
	struct mail_address a = {0};
	size_t n;

	if (at == NULL)
		return refuse(text, "it has no @", err);
	n = (size_t)(at - text);
	if (!is_local(text, n) || n >= 128)
		return refuse(text, "what stands before the @ cannot be", err);
	for (const char *p = at + 1; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return refuse(text,
				"write the domain in its ASCII form (xn--)",
				err);
	if (!offer_host(at + 1, a.domain))
		return refuse(
			text, "what stands behind the @ is no domain", err);
	memcpy(a.local, text, n);
	*ret_address = a;
	return 0;
}

static int rank(const struct offer *o)
{
	if (o->url.tls == TLS_NONE)
		return 4 + (o->url.protocol == PROTOCOL_POP3);
	return 2 * (o->url.protocol == PROTOCOL_POP3) +
	       (o->url.tls == TLS_STARTTLS);
}

int offer_compare(const struct offer *a, const struct offer *b)
{
	return rank(a) - rank(b);
}

void offer_sort(struct offer *offers, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i;
			k > 0 && offer_compare(&offers[k], &offers[k - 1]) < 0;
			k--) {
			struct offer o = offers[k];
			offers[k] = offers[k - 1];
			offers[k - 1] = o;
		}
}

bool offer_is_within(const char *host, const char *domain)
{
	size_t h = strlen(host), d = strlen(domain);

	return d > 0 && h >= d && strcasecmp(host + h - d, domain) == 0 &&
	       (h == d || host[h - d - 1] == '.');
}

/* ---- SRV */

static void swap(struct srv_record *a, struct srv_record *b)
{
	struct srv_record r = *a;

	*a = *b;
	*b = r;
}

/* The one of records[0 … n-1] that chance takes: its running sum is the first
 * that reaches the number drawn. Those of weight 0 stand first, so that they
 * have a small chance only. */
static size_t pick(struct srv_record *records, size_t n,
	uint32_t (*draw)(void *arg, uint32_t max), void *arg)
{
	uint32_t sum = 0, drawn;
	size_t zeros = 0;

	for (size_t i = 0; i < n; i++) {
		sum += records[i].weight;
		if (records[i].weight == 0)
			swap(&records[i], &records[zeros++]);
	}
	drawn = draw(arg, sum);
	sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += records[i].weight;
		if (sum >= drawn)
			return i;
	}
	return n - 1;
}

void srv_order(struct srv_record *records, size_t count,
	uint32_t (*draw)(void *arg, uint32_t max), void *arg)
{
	size_t same;

	for (size_t i = 1; i < count; i++)
		for (size_t k = i;
			k > 0 && records[k].priority < records[k - 1].priority;
			k--)
			swap(&records[k], &records[k - 1]);
	for (size_t i = 0; i < count; i++) {
		for (same = 1; i + same < count && records[i + same].priority ==
							   records[i].priority;
			same++) {
		}
		swap(&records[i],
			&records[i + pick(&records[i], same, draw, arg)]);
	}
}
