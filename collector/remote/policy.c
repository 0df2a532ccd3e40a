/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ranges are those of IANA's special-purpose registries (RFC 6890), the
 * metadata services of the large clouds, which lie in them or (Azure's)
 * outside, and for IPv6 everything that is not global unicast (2000::/3).
 */
#include "policy.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

struct range {
	uint8_t bytes[16];
	uint8_t bits;
	enum policy_kind kind;
	const char *what;
};

/* The first that matches counts: single addresses before their ranges. */
static const struct range ranges4[] = {
	{{168, 63, 129, 16}, 32, POLICY_SPECIAL, "a cloud's own service"},
	{{169, 254, 169, 254}, 32, POLICY_SPECIAL, "a cloud's own service"},
	{{100, 100, 100, 200}, 32, POLICY_SPECIAL, "a cloud's own service"},
	{{0}, 8, POLICY_SPECIAL, "in \"this network\""},
	{{10}, 8, POLICY_PRIVATE, "a private address"},
	{{100, 64}, 10, POLICY_PRIVATE, "an address behind carrier NAT"},
	{{127}, 8, POLICY_PRIVATE, "a loopback address"},
	{{169, 254}, 16, POLICY_PRIVATE, "a link-local address"},
	{{172, 16}, 12, POLICY_PRIVATE, "a private address"},
	{{192, 0, 0}, 24, POLICY_SPECIAL, "for protocol assignments"},
	{{192, 0, 2}, 24, POLICY_SPECIAL, "for documentation"},
	{{192, 31, 196}, 24, POLICY_SPECIAL, "an AS112 address"},
	{{192, 52, 193}, 24, POLICY_SPECIAL, "an AMT address"},
	{{192, 88, 99}, 24, POLICY_SPECIAL, "a 6to4 relay's address"},
	{{192, 168}, 16, POLICY_PRIVATE, "a private address"},
	{{192, 175, 48}, 24, POLICY_SPECIAL, "an AS112 address"},
	{{198, 18}, 15, POLICY_SPECIAL, "for benchmarks"},
	{{198, 51, 100}, 24, POLICY_SPECIAL, "for documentation"},
	{{203, 0, 113}, 24, POLICY_SPECIAL, "for documentation"},
	{{224}, 4, POLICY_SPECIAL, "a multicast address"},
	{{240}, 4, POLICY_SPECIAL, "a reserved address"},
};

static const struct range ranges6[] = {
	{{0xfd, 0, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}, 128, POLICY_SPECIAL,
		"a cloud's own service"},
	{{0xfd, 0x20, 0x00, 0xce, [14] = 0x02, [15] = 0x54}, 128,
		POLICY_SPECIAL, "a cloud's own service"},
	{{[15] = 1}, 128, POLICY_PRIVATE, "the loopback address"},
	{{0xfc}, 7, POLICY_PRIVATE, "a unique local address"},
	{{0xfe, 0x80}, 10, POLICY_PRIVATE, "a link-local address"},
	{{0xff}, 8, POLICY_SPECIAL, "a multicast address"},
	{{0x20, 0x01}, 23, POLICY_SPECIAL, "for protocol assignments"},
	{{0x20, 0x01, 0x0d, 0xb8}, 32, POLICY_SPECIAL, "for documentation"},
	{{0x3f, 0xff}, 20, POLICY_SPECIAL, "for documentation"},
	{{0x20, 0x02}, 16, POLICY_SPECIAL, "a 6to4 address"},
	{{0x26, 0x20, 0, 0x4f, 0x80}, 48, POLICY_SPECIAL, "an AS112 address"},
	{{0x20}, 3, POLICY_PUBLIC, "a public address"},
	{{0}, 0, POLICY_SPECIAL, "no global unicast address"},
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

int policy_ip_of(const struct sockaddr *addr, struct policy_ip *ret_ip)
{
	memset(ret_ip, 0, sizeof *ret_ip);
	ret_ip->family = addr->sa_family;
	if (addr->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, addr, sizeof in);
		memcpy(ret_ip->bytes, &in.sin_addr, 4);
		ret_ip->port = ntohs(in.sin_port);
		return 0;
	}
	if (addr->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, addr, sizeof in6);
		memcpy(ret_ip->bytes, &in6.sin6_addr, 16);
		ret_ip->port = ntohs(in6.sin6_port);
		ret_ip->scope_id = in6.sin6_scope_id;
		return 0;
	}
	return -1;
}

bool policy_has_prefix(
	const uint8_t *bytes, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(bytes, prefix, whole) != 0)
		return false;
	return rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

/* How an IPv4 address is written into an IPv6 one. */
static const struct {
	uint8_t prefix[12];
	uint8_t bits;
	uint8_t at; /* where the IPv4 address is */
	bool alias;
	uint8_t mask; /* which bits of it are turned over */
} forms[] = {
	/* RFC 4291 2.5.5.2: the kernel speaks IPv4 */
	{{[10] = 0xff, [11] = 0xff}, 96, 12, true, 0},
	/* RFC 6052 2.1: a translator does */
	{{0x00, 0x64, 0xff, 0x9b}, 96, 12, true, 0},
	{{0}, 96, 12, false, 0},		      /* RFC 4291 2.5.5.1 */
	{{[8] = 0xff, [9] = 0xff}, 96, 12, false, 0}, /* RFC 7915 */
	{{0x20, 0x02}, 16, 2, false, 0},	      /* RFC 3056 */
	/* RFC 4380 4: Teredo, the client's */
	{{0x20, 0x01}, 32, 12, false, 0xff},
};

bool policy_unwrap(const struct policy_ip *ip, struct policy_ip *ret_inner,
	bool *ret_alias)
{
	if (ip->family != AF_INET6)
		return false;
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (!policy_has_prefix(
			    ip->bytes, forms[i].prefix, forms[i].bits))
			continue;
		memset(ret_inner, 0, sizeof *ret_inner);
		ret_inner->family = AF_INET;
		for (size_t b = 0; b < 4; b++)
			ret_inner->bytes[b] =
				ip->bytes[forms[i].at + b] ^ forms[i].mask;
		ret_inner->port = ip->port;
		*ret_alias = forms[i].alias;
		/* ::1 and :: are addresses of their own. */
		return forms[i].bits != 96 || forms[i].alias ||
		       ip->bytes[12] != 0 || ip->bytes[13] != 0 ||
		       ip->bytes[14] != 0 || ip->bytes[15] > 1;
	}
	return false;
}

enum policy_kind policy_classify(
	const struct policy_ip *ip, const char **ret_what)
{
	const struct range *ranges = ip->family == AF_INET ? ranges4 : ranges6;
	size_t count = ip->family == AF_INET ? COUNT(ranges4) : COUNT(ranges6);

	for (size_t i = 0; i < count; i++)
		if (policy_has_prefix(
			    ip->bytes, ranges[i].bytes, ranges[i].bits)) {
			*ret_what = ranges[i].what;
			return ranges[i].kind;
		}
	*ret_what = "a public address";
	return POLICY_PUBLIC;
}
