/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses in every spelling, ports and the operator's lists, through
 * dial_check as the conductor calls it. */
#include "collector/remote/dial.h"
#include "collector/remote/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* What opens an address: nothing has to, allow_private, only allow. */
enum verdict { YES, PRIVATE, SPECIAL };

static struct sockaddr_storage address(const char *text, uint16_t port)
{
	struct sockaddr_storage out;
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memset(&out, 0, sizeof out);
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		memcpy(&out, &in, sizeof in);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
		memcpy(&out, &in6, sizeof in6);
	}
	return out;
}

static int check(const struct dial_policy *policy, const char *text,
	uint16_t port, struct err *err)
{
	struct sockaddr_storage a = address(text, port);

	return dial_check(policy, (const struct sockaddr *)&a, err);
}

static const struct {
	const char *text;
	enum verdict verdict;
} table[] = {
	/* Public: next to each refused range, and real servers. */
	{"1.1.1.1", YES},
	{"8.8.8.8", YES},
	{"9.255.255.255", YES},
	{"11.0.0.0", YES},
	{"100.63.255.255", YES},
	{"100.128.0.0", YES},
	{"126.255.255.255", YES},
	{"128.0.0.1", YES},
	{"168.63.129.15", YES},
	{"168.63.129.17", YES},
	{"169.253.255.255", YES},
	{"169.255.0.0", YES},
	{"172.15.255.255", YES},
	{"172.32.0.0", YES},
	{"192.0.1.0", YES},
	{"192.0.3.0", YES},
	{"192.31.195.255", YES},
	{"192.31.197.0", YES},
	{"192.52.192.255", YES},
	{"192.52.194.0", YES},
	{"192.88.98.255", YES},
	{"192.88.100.0", YES},
	{"192.167.255.255", YES},
	{"192.169.0.0", YES},
	{"192.175.47.255", YES},
	{"192.175.49.0", YES},
	{"198.17.255.255", YES},
	{"198.20.0.0", YES},
	{"198.51.99.255", YES},
	{"198.51.101.0", YES},
	{"203.0.112.255", YES},
	{"203.0.114.0", YES},
	{"223.255.255.255", YES},
	{"2001:200::1", YES},
	{"2001:4860:4860::8888", YES},
	{"2001:db7:ffff::1", YES},
	{"2001:db9::1", YES},
	{"2003::1", YES},
	{"2606:4700::1111", YES},
	{"2620:4f:7fff::1", YES},
	{"2620:4f:8001::1", YES},
	{"2a00:1450:4001::6d", YES},
	{"3ffe:ffff::1", YES},
	{"3fff:1000::1", YES},

	/* Private: on the operator's own networks. */
	{"10.0.0.0", PRIVATE},
	{"10.1.2.3", PRIVATE},
	{"10.255.255.255", PRIVATE},
	{"100.64.0.0", PRIVATE},
	{"100.100.100.199", PRIVATE},
	{"100.127.255.255", PRIVATE},
	{"127.0.0.0", PRIVATE},
	{"127.0.0.1", PRIVATE},
	{"127.1.2.3", PRIVATE},
	{"127.255.255.255", PRIVATE},
	{"169.254.0.0", PRIVATE},
	{"169.254.169.253", PRIVATE},
	{"169.254.255.255", PRIVATE},
	{"172.16.0.0", PRIVATE},
	{"172.31.255.255", PRIVATE},
	{"192.168.0.0", PRIVATE},
	{"192.168.255.255", PRIVATE},
	{"::1", PRIVATE},
	{"fc00::", PRIVATE},
	{"fc00::1", PRIVATE},
	{"fd00::1", PRIVATE},
	{"fd00:ec2::253", PRIVATE},
	{"fdff:ffff:ffff::1", PRIVATE},
	{"fe80::1", PRIVATE},
	{"febf:ffff::1", PRIVATE},

	/* Special: no mail server is there. */
	{"0.0.0.0", SPECIAL},
	{"0.0.0.1", SPECIAL},
	{"0.255.255.255", SPECIAL},
	{"100.100.100.200", SPECIAL},
	{"168.63.129.16", SPECIAL},
	{"169.254.169.254", SPECIAL},
	{"192.0.0.0", SPECIAL},
	{"192.0.0.192", SPECIAL},
	{"192.0.0.255", SPECIAL},
	{"192.0.2.0", SPECIAL},
	{"192.0.2.255", SPECIAL},
	{"192.31.196.1", SPECIAL},
	{"192.52.193.1", SPECIAL},
	{"192.88.99.1", SPECIAL},
	{"192.175.48.6", SPECIAL},
	{"198.18.0.0", SPECIAL},
	{"198.19.255.255", SPECIAL},
	{"198.51.100.7", SPECIAL},
	{"203.0.113.9", SPECIAL},
	{"224.0.0.0", SPECIAL},
	{"224.0.0.251", SPECIAL},
	{"239.255.255.255", SPECIAL},
	{"240.0.0.0", SPECIAL},
	{"255.255.255.254", SPECIAL},
	{"255.255.255.255", SPECIAL},
	{"::", SPECIAL},
	{"100::1", SPECIAL},
	{"1fff:ffff::1", SPECIAL},
	{"2001::1", SPECIAL},
	{"2001:0:4136:e378::", SPECIAL}, /* Teredo */
	{"2001:2::1", SPECIAL},
	{"2001:10::1", SPECIAL},
	{"2001:1ff:ffff::1", SPECIAL},
	{"2001:db8::1", SPECIAL},
	{"2001:db8:ffff:ffff::", SPECIAL},
	{"2620:4f:8000::1", SPECIAL},
	{"3fff::1", SPECIAL},
	{"3fff:fff:ffff::1", SPECIAL},
	{"4000::1", SPECIAL},
	{"5f00::1", SPECIAL},
	{"64:ff9b:1::a00:1", SPECIAL},
	{"64:ff9b:0:1::1", SPECIAL},
	{"fd00:ec2::254", SPECIAL},
	{"fd20:ce::254", SPECIAL},
	{"fec0::1", SPECIAL},
	{"ff02::1", SPECIAL},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SPECIAL},

	/* IPv4 inside IPv6: mapped and NAT64 are the IPv4 address … */
	{"::ffff:8.8.8.8", YES},
	{"::ffff:127.0.0.1", PRIVATE},
	{"::ffff:7f00:1", PRIVATE},
	{"0:0:0:0:0:ffff:10.0.0.1", PRIVATE},
	{"::ffff:192.168.1.1", PRIVATE},
	{"::ffff:169.254.169.254", SPECIAL},
	{"::ffff:0.0.0.0", SPECIAL},
	{"64:ff9b::8.8.8.8", YES},
	{"64:ff9b::127.0.0.1", PRIVATE},
	{"64:ff9b::a9fe:a9fe", SPECIAL},
	{"64:ff9b::10.0.0.1", PRIVATE},
	/* … and the others nobody needs, whatever is inside. */
	{"::8.8.8.8", SPECIAL},
	{"::127.0.0.1", SPECIAL},
	{"::2", SPECIAL},
	{"::ffff:0:8.8.8.8", SPECIAL},
	{"::ffff:0:127.0.0.1", SPECIAL},
	{"2002:808:808::1", SPECIAL},
	{"2002:7f00:1::1", SPECIAL},
	{"2002:a9fe:a9fe::", SPECIAL},
	{"2002:a00:1::1", SPECIAL},
};

static void each_address_gets_its_verdict(void **state)
{
	static const struct dial_policy closed = {
		.ports = "110,143,993,995", .allow = ""};
	static const struct dial_policy open = {
		.allow_private = true, .ports = "any", .allow = "none"};

	(void)state;
	assert_true(COUNT(table) >= 120);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct err err = {0};
		int r = check(&closed, table[i].text, 993, &err);
		int r_open = check(&open, table[i].text, 993, &err);

		if ((r == 0) != (table[i].verdict == YES) ||
			(r_open == 0) != (table[i].verdict != SPECIAL))
			fail_msg("%s: closed %d, open %d", table[i].text, r,
				r_open);
	}
}

/* Every refusal is of one class and names the setting that would help. */
static void refusals_name_the_setting(void **state)
{
	static const struct dial_policy closed = {.ports = "143", .allow = ""};
	struct err err = {0};

	(void)state;
	assert_int_equal(check(&closed, "10.0.0.1", 143, &err), -1);
	assert_int_equal(err.class, ERR_POLICY);
	assert_int_equal(err.scope, ERR_SCOPE_ACCOUNT);
	assert_int_equal(err.retry, ERR_RETRY_CHANGE);
	assert_non_null(strstr(err.text, "10.0.0.1 is a private address"));
	assert_non_null(strstr(err.hint, "network.allow_private=yes"));
	assert_non_null(strstr(err.hint, "network.allow=10.0.0.1/32"));
	assert_int_equal(check(&closed, "192.0.2.1", 143, &err), -1);
	assert_null(strstr(err.hint, "allow_private"));
	assert_non_null(strstr(err.hint, "network.allow=192.0.2.1/32"));
	assert_int_equal(check(&closed, "fd00::1", 143, &err), -1);
	assert_non_null(strstr(err.hint, "network.allow=fd00::1/128"));
	assert_int_equal(check(&closed, "8.8.8.8", 25, &err), -1);
	assert_int_equal(err.class, ERR_POLICY);
	assert_non_null(strstr(err.text, "port 25"));
	assert_non_null(strstr(err.hint, "network.ports"));
	assert_int_equal(check(&closed, "8.8.8.8", 25, NULL), -1);
}

static void ports_are_listed(void **state)
{
	static const struct {
		const char *ports;
		uint16_t port;
		int r;
	} cases[] = {
		{"110,143,993,995", 110, 0},
		{"110,143,993,995", 995, 0},
		{"110,143,993,995", 99, -1},
		{"110,143,993,995", 1430, -1},
		{"any", 1, 0},
		{"any", 65535, 0},
		{"any", 0, -1},
		{"65535", 65535, 0},
		{"", 143, -1},
		{"143,", 143, -1},
		{",143", 143, -1},
		{"143 993", 143, -1},
		{"65536", 143, -1},
		{"0", 143, -1},
		{"143,x", 143, -1},
		{"+143", 143, -1},
		{"0x8f", 143, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct dial_policy p = {
			.ports = cases[i].ports, .allow = ""};
		if (check(&p, "8.8.8.8", cases[i].port, NULL) != cases[i].r)
			fail_msg("%s %u", cases[i].ports, cases[i].port);
	}
}

static const struct {
	const char *allow;
	const char *text;
	uint16_t port;
	int r;
} allowed[] = {
	{"10.0.0.0/8", "10.1.2.3", 143, 0},
	{"10.0.0.0/8", "10.1.2.3", 144, -1}, /* network.ports still holds */
	{"10.0.0.0/8", "11.1.2.3", 144, -1},
	{"10.0.0.0/8:144", "10.1.2.3", 144, 0},
	{"10.0.0.0/8:144", "10.1.2.3", 145, -1},
	{"10.0.0.0/8:1,144", "10.1.2.3", 144, 0},
	{"10.0.0.0/8:144", "10.1.2.3", 143, -1}, /* those ports only */
	{"10.1.2.3/32", "10.1.2.3", 143, 0},
	{"10.1.2.3/32", "10.1.2.4", 143, -1},
	{"10.1.2.2/31", "10.1.2.3", 143, 0},
	{"0.0.0.0/0", "127.0.0.1", 143, 0},
	{"  127.0.0.1/32   ::1/128 ", "::1", 143, 0},
	{"127.0.0.1/32 ::1/128:999", "::1", 999, 0},
	{"fd00::/8:993", "fd12::3", 993, 0},
	{"fd00::/8:144", "fd12::3", 144, 0},
	{"fd00::/8", "fe80::1", 143, -1},
	{"8.8.8.8/32:25", "8.8.8.8", 25, 0}, /* a port for one server */
	{"8.8.8.8/32:25", "8.8.4.4", 25, -1},
	{"169.254.169.254/32", "169.254.169.254", 143, 0},
	{"192.0.2.0/24", "192.0.2.9", 143, 0},
	/* A wrapped address is never more than what is inside. */
	{"::ffff:0:0/96", "::ffff:127.0.0.1", 143, -1},
	{"127.0.0.0/8", "::ffff:127.0.0.1", 143, 0},
	{"64:ff9b::/96", "64:ff9b::10.0.0.1", 143, -1},
	{"10.0.0.0/8:144", "64:ff9b::10.0.0.1", 144, 0},
	{"2002::/16", "2002:808:808::1", 143, 0},
	{"2002::/16", "2002:7f00:1::1", 143, -1},
	{"2002::/16 127.0.0.0/8", "2002:7f00:1::1", 143, 0},
	{"127.0.0.0/8", "2002:7f00:1::1", 143, -1},
	{"2001::/32", "2001:0:4136:e378::f7f7:f7f7", 143, 0},  /* 8.8.8.8 */
	{"2001::/32", "2001:0:4136:e378::80ff:fffe", 143, -1}, /* 127.0.0.1 */
	{"2001::/32", "2001:0:4136:e378::5601:5601", 143, -1}, /* metadata */
	{"2001::/32 127.0.0.0/8", "2001:0:4136:e378::80ff:fffe", 143, 0},
	{"2001::/32:144", "2001:0:4136:e378::f7f7:f7f7", 143, -1},
	{"::/0", "::127.0.0.1", 143, -1},
	/* What cannot be read opens nothing. */
	{"10.0.0.0", "10.0.0.0", 143, -1},
	{"10.0.0.0/33", "10.0.0.0", 143, -1},
	{"10.0.0.0/8:", "10.0.0.0", 143, -1},
	{"10.0.0.0/8:0", "10.0.0.0", 143, -1},
	{"10.0.0.0/8:143;", "10.0.0.0", 143, -1},
	{"10.0.0/8", "10.0.0.0", 143, -1},
	{"10.0.0.0/", "10.0.0.0", 143, -1},
	{"/8", "10.0.0.0", 143, -1},
	{"fd00::/129", "fd00::", 143, -1},
	{"[fd00::]/8", "fd00::", 143, -1},
	{"fe80::%lo/64", "fe80::", 143, -1},
	{"0x0a000000/8", "10.0.0.0", 143, -1},
	{"10.0.0.0/8 nonsense", "10.0.0.0", 143, -1},
};

static void the_operator_may_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(allowed); i++) {
		const struct dial_policy p = {
			.ports = "143", .allow = allowed[i].allow};
		struct err err = {0};
		if (check(&p, allowed[i].text, allowed[i].port, &err) !=
			allowed[i].r)
			fail_msg("allow=%s: %s port %u: %s", allowed[i].allow,
				allowed[i].text, allowed[i].port, err.text);
	}
}

static void a_bad_list_is_a_fault_of_config(void **state)
{
	const struct dial_policy p = {.ports = "143", .allow = "10/8"};
	const struct dial_policy q = {.ports = "143;", .allow = ""};
	struct err err = {0};

	(void)state;
	assert_int_equal(check(&p, "8.8.8.8", 143, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "network.allow"));
	assert_int_equal(check(&q, "8.8.8.8", 143, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "network.ports"));
}

static void other_families_are_refused(void **state)
{
	const struct dial_policy p = {
		.allow_private = true, .ports = "any", .allow = "0.0.0.0/0"};
	struct sockaddr_storage a;
	struct err err = {0};

	(void)state;
	memset(&a, 0, sizeof a);
	a.ss_family = AF_UNIX;
	assert_int_equal(dial_check(&p, (const struct sockaddr *)&a, &err), -1);
	assert_int_equal(err.class, ERR_POLICY);
}

/* Whatever addresses this machine has, none of them is open by default. */
static void own_addresses_are_private(void **state)
{
	const struct dial_policy closed = {.ports = "any", .allow = ""};
	struct ifaddrs *list = NULL;
	size_t seen = 0;

	(void)state;
	assert_int_equal(getifaddrs(&list), 0);
	for (struct ifaddrs *i = list; i != NULL; i = i->ifa_next) {
		struct sockaddr_storage a;
		uint16_t port = htons(143);

		if (i->ifa_addr == NULL ||
			(i->ifa_addr->sa_family != AF_INET &&
				i->ifa_addr->sa_family != AF_INET6))
			continue;
		memset(&a, 0, sizeof a);
		if (i->ifa_addr->sa_family == AF_INET)
			memcpy(&a, i->ifa_addr, sizeof(struct sockaddr_in));
		else
			memcpy(&a, i->ifa_addr, sizeof(struct sockaddr_in6));
		memcpy((char *)&a + offsetof(struct sockaddr_in, sin_port),
			&port, sizeof port);
		assert_int_equal(
			dial_check(&closed, (const struct sockaddr *)&a, NULL),
			-1);
		seen++;
	}
	freeifaddrs(list);
	if (seen == 0)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_gets_its_verdict),
		cmocka_unit_test(refusals_name_the_setting),
		cmocka_unit_test(ports_are_listed),
		cmocka_unit_test(the_operator_may_open),
		cmocka_unit_test(a_bad_list_is_a_fault_of_config),
		cmocka_unit_test(other_families_are_refused),
		cmocka_unit_test(own_addresses_are_private),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
