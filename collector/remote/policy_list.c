/* SPDX-License-Identifier: BSD-2-Clause */
/* The operator's lists: network.ports and network.allow. */
#include "policy.h"

#include <arpa/inet.h>
#include <string.h>

static bool parse_number(const char *s, size_t n, unsigned max, unsigned *ret)
{
	unsigned v = 0;

	if (n == 0 || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	*ret = v;
	return v <= max;
}

/* "143,993" of n bytes; false where it cannot be read. */
static bool match_ports(const char *s, size_t n, uint16_t port, bool *ret_match)
{
	const char *end = s + n;

	*ret_match = false;
	for (;;) {
		const char *comma = memchr(s, ',', (size_t)(end - s));
		const char *stop = comma != NULL ? comma : end;
		unsigned listed;

		if (!parse_number(s, (size_t)(stop - s), UINT16_MAX, &listed) ||
			listed == 0)
			return false;
		if (listed == port)
			*ret_match = true;
		if (comma == NULL)
			return true;
		s = comma + 1;
	}
}

static int unreadable(const char *key, const char *s, size_t n, struct err *err)
{
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"%s: cannot read \"%.*s\"", key, n < 128 ? (int)n : 128, s);
	return err_hint(err, "see %s in mailhaul.conf(5)", key);
}

int policy_match_ports(
	const char *ports, uint16_t port, bool *ret_match, struct err *err)
{
	if (strcmp(ports, "any") == 0) {
		*ret_match = true;
		return 0;
	}
	if (match_ports(ports, strlen(ports), port, ret_match))
		return 0;
	return unreadable("network.ports", ports, strlen(ports), err);
}

static bool match_cidr(
	const char *s, size_t n, const struct policy_ip *ip, bool *ret_match)
{
	const char *slash = memchr(s, '/', n);
	size_t len = slash != NULL ? (size_t)(slash - s) : n;
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	unsigned bits;
	int family;

	if (slash == NULL || len >= sizeof text)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(family, text, bytes) != 1 ||
		!parse_number(slash + 1, n - len - 1,
			family == AF_INET6 ? 128 : 32, &bits))
		return false;
	*ret_match = family == ip->family &&
		     policy_has_prefix(ip->bytes, bytes, bits);
	return true;
}

/* One rule: behind the '/' a ':' can only mean ports. */
static bool match_rule(const char *s, size_t n, const struct policy_ip *ip,
	enum policy_match *ret_match)
{
	const char *slash = memchr(s, '/', n);
	const char *colon =
		slash != NULL ? memchr(slash, ':', n - (size_t)(slash - s))
			      : NULL;
	bool inside = false, port = false;

	*ret_match = POLICY_NO_MATCH;
	if (!match_cidr(
		    s, colon != NULL ? (size_t)(colon - s) : n, ip, &inside))
		return false;
	if (colon == NULL) {
		if (inside)
			*ret_match = POLICY_ADDRESS_MATCH;
		return true;
	}
	if (!match_ports(
		    colon + 1, n - (size_t)(colon + 1 - s), ip->port, &port))
		return false;
	if (inside && port)
		*ret_match = POLICY_PORT_MATCH;
	return true;
}

int policy_match_allow(const char *allow, const struct policy_ip *ip,
	enum policy_match *ret_match, struct err *err)
{
	enum policy_match best = POLICY_NO_MATCH, match;

	if (strcmp(allow, "none") == 0)
		allow = "";
	for (;;) {
		size_t n;
		allow += strspn(allow, " ");
		n = strcspn(allow, " ");
		if (n == 0)
			break;
		if (!match_rule(allow, n, ip, &match))
			return unreadable("network.allow", allow, n, err);
		if (match > best)
			best = match;
		allow += n;
	}
	*ret_match = best;
	return 0;
}
