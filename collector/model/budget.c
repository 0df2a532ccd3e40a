/* SPDX-License-Identifier: BSD-2-Clause */
#include "budget.h"

#include "provider.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 64
#define COUNT_MAX 10000

enum what { SESSIONS, LOGINS, DAY, ACCOUNT_DAY };

static const char *const names[] = {
	[SESSIONS] = "sessions",
	[LOGINS] = "logins",
	[DAY] = "day",
	[ACCOUNT_DAY] = "account_day",
};

#define NAMES (sizeof names / sizeof names[0])

/* ---- rules */

static bool is_count(enum what what)
{
	return what == SESSIONS || what == LOGINS;
}

static bool parse_value(enum what what, const char *value, uint64_t *ret)
{
	char last = value[0] != '\0' ? value[strlen(value) - 1] : '\0';

	if (strcmp(value, "none") == 0) {
		*ret = 0;
		return true;
	}
	if (text_parse_size(value, ret) < 0 || *ret == 0 || *ret > INT64_MAX)
		return false;
	return !is_count(what) ||
	       (last >= '0' && last <= '9' && *ret <= COUNT_MAX);
}

static void put(struct budget_limits *l, enum what what, uint64_t value)
{
	switch (what) {
	case SESSIONS:
		l->sessions = (int64_t)value;
		return;
	case LOGINS:
		l->logins = (int64_t)value;
		return;
	case DAY:
		l->day_bytes = value;
		return;
	case ACCOUNT_DAY:
		l->account_bytes = value;
		return;
	}
}

/* n bytes of "NAME=VALUE". limits NULL: it is only read. */
static bool take_one(const char *s, size_t n, struct budget_limits *limits)
{
	char word[WORD_MAX], *value;
	uint64_t number;

	if (n == 0 || n >= sizeof word)
		return false;
	memcpy(word, s, n);
	word[n] = '\0';
	value = strchr(word, '=');
	if (value == NULL)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < NAMES; i++) {
		if (strcmp(names[i], word) != 0)
			continue;
		if (!parse_value((enum what)i, value, &number))
			return false;
		if (limits != NULL)
			put(limits, (enum what)i, number);
		return true;
	}
	return false;
}

/* n bytes of "NAME=VALUE,NAME=VALUE". */
static bool take_all(const char *s, size_t n, struct budget_limits *limits)
{
	for (;;) {
		const char *comma = memchr(s, ',', n);
		size_t one = comma != NULL ? (size_t)(comma - s) : n;
		if (!take_one(s, one, limits))
			return false;
		if (comma == NULL)
			return true;
		s += one + 1;
		n -= one + 1;
	}
}

/* Bytes of the domain of a rule of n bytes; 0: it has none. A name may have
 * colons (IPv6): the last one counts. */
static size_t domain_bytes(const char *rule, size_t n)
{
	while (n > 0 && rule[n - 1] != ':')
		n--;
	return n > 0 ? n - 1 : 0;
}

static bool is_domain(const char *s, size_t n)
{
	if (n == 1 && s[0] == '*')
		return true;
	for (size_t i = 0; i < n; i++)
		if (strchr("*/@[]%", s[i]) != NULL ||
			(unsigned char)s[i] <= ' ')
			return false;
	return n > 0 && n < URL_HOST_MAX;
}

/* The next rule at *s, which moves behind it; 0: there is none. */
static size_t next_rule(const char **s, const char **ret_rule)
{
	size_t n;

	*s += strspn(*s, " ");
	n = strcspn(*s, " ");
	*ret_rule = *s;
	*s += n;
	return n;
}

bool budget_rules_are_good(const char *rules)
{
	const char *rule;
	size_t n, domain;

	while ((n = next_rule(&rules, &rule)) != 0) {
		domain = domain_bytes(rule, n);
		if (!is_domain(rule, domain) ||
			!take_all(rule + domain + 1, n - domain - 1, NULL))
			return false;
	}
	return true;
}

static bool is_below(const char *host, const char *domain, size_t n)
{
	size_t h = strlen(host);

	return h >= n && text_equal_n(host + h - n, domain, n) &&
	       (h == n || host[h - n - 1] == '.');
}

/* The rules whose domain has n bytes; of *, n is 0. */
static void apply(const char *rules, const char *host, size_t n,
	struct budget_limits *limits)
{
	const char *rule;
	size_t len, domain;

	while ((len = next_rule(&rules, &rule)) != 0) {
		bool any;
		domain = domain_bytes(rule, len);
		any = domain == 1 && rule[0] == '*';
		if (n == 0 ? any
			   : !any && domain == n && is_below(host, rule, n))
			(void)take_all(
				rule + domain + 1, len - domain - 1, limits);
	}
}

void budget_limits_of(const char *rules, bool known, const char *host,
	enum protocol protocol, struct budget_limits *ret_limits)
{
	struct budget_limits limits = {0};

	apply(rules, host, 0, &limits);
	if (known)
		provider_limits(host, protocol, &limits);
	for (size_t n = 1; n <= strlen(host); n++)
		apply(rules, host, n, &limits);
	*ret_limits = limits;
}

/* ---- days */

static bool goes_on(const struct budget_day *day, int64_t now_s)
{
	return now_s >= day->from_s && now_s - day->from_s < BUDGET_DAY_S;
}

uint64_t budget_used(const struct budget_day *day, int64_t now_s)
{
	return goes_on(day, now_s) ? day->used : 0;
}

int64_t budget_ends_s(const struct budget_day *day, int64_t now_s)
{
	return goes_on(day, now_s) ? day->from_s + BUDGET_DAY_S : now_s;
}

/* A day that begins with these bytes. */
static int64_t until_s(const struct budget_day *day, int64_t now_s)
{
	return goes_on(day, now_s) ? day->from_s + BUDGET_DAY_S
				   : now_s + BUDGET_DAY_S;
}

enum budget_verdict budget_judge(const struct budget *b, uint64_t more,
	int64_t now_s, int64_t *ret_until_s)
{
	uint64_t account = budget_used(&b->account, now_s) + more;
	uint64_t host = budget_used(&b->host, now_s) + more;
	uint64_t share =
		b->accounts > 1 ? b->day_bytes / (uint64_t)b->accounts : 0;

	if (b->account_bytes != 0 && account >= b->account_bytes) {
		*ret_until_s = until_s(&b->account, now_s);
		return BUDGET_ACCOUNT_DAY;
	}
	if (b->day_bytes != 0 && host >= b->day_bytes) {
		*ret_until_s = until_s(&b->host, now_s);
		return BUDGET_HOST_DAY;
	}
	if (share != 0 && host >= b->day_bytes - b->day_bytes / 4 &&
		account >= share) {
		*ret_until_s = until_s(&b->host, now_s);
		return BUDGET_HOST_SHARE;
	}
	return BUDGET_GOES_ON;
}

int budget_err(enum budget_verdict verdict, const struct budget *b,
	const char *host, int64_t wait_s, struct err *err)
{
	char bytes[32];

	text_format_bytes(
		verdict == BUDGET_ACCOUNT_DAY ? b->account_bytes : b->day_bytes,
		bytes);
	(void)err_set(err, ERR_QUOTA, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		verdict == BUDGET_ACCOUNT_DAY
			? "the %s that this account may receive from %s in a "
			  "day are used up"
		: verdict == BUDGET_HOST_DAY
			? "the %s that may be received from %s in a day are "
			  "used up"
			: "of the %s that may be received from %s in a day the "
			  "rest is for accounts that have had less",
		bytes, host);
	if (err != NULL)
		err->retry_after_s = wait_s > 0 ? (uint32_t)wait_s : 1;
	return err_hint(err, "nothing to do: what is here stays, and it goes "
			     "on by itself; limits.hosts sets another limit");
}
