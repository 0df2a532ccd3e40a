/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The name was resolved once, by the scout; from there on only addresses
 * count. Each is judged, and connect(2) gets the very bytes that were judged.
 */
#include "dial.h"

#include "../base/clock.h"
#include "policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADDRESS_MS 10000
#define IP_TEXT_BYTES (INET6_ADDRSTRLEN + 16)

static const char *ip_text(const struct policy_ip *ip, char out[IP_TEXT_BYTES])
{
	if (inet_ntop(ip->family, ip->bytes, out, IP_TEXT_BYTES) == NULL)
		(void)snprintf(out, IP_TEXT_BYTES, "?");
	return out;
}

/* An address that this machine itself has, however public it looks. */
static bool is_own(const struct policy_ip *ip)
{
	struct ifaddrs *list = NULL;
	bool own = false;

	if (getifaddrs(&list) < 0)
		return false;
	for (struct ifaddrs *i = list; i != NULL && !own; i = i->ifa_next) {
		struct policy_ip mine;
		if (i->ifa_addr == NULL || policy_ip_of(i->ifa_addr, &mine) < 0)
			continue;
		own = mine.family == ip->family &&
		      memcmp(mine.bytes, ip->bytes, sizeof mine.bytes) == 0;
	}
	freeifaddrs(list);
	return own;
}

static int refuse_address(const struct policy_ip *ip, enum policy_kind kind,
	const char *what, struct err *err)
{
	char text[IP_TEXT_BYTES];
	unsigned bits = ip->family == AF_INET ? 32 : 128;

	(void)ip_text(ip, text);
	(void)err_set(err, ERR_POLICY, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"%s is %s, which the operator has not allowed", text, what);
	if (kind == POLICY_PRIVATE)
		return err_hint(err,
			"set network.allow_private=yes, or "
			"network.allow=%s/%u",
			text, bits);
	return err_hint(err, "set network.allow=%s/%u", text, bits);
}

/* A list for a sentence: what is typed may be long. */
static int refuse_port(
	const struct dial_policy *policy, uint16_t port, struct err *err)
{
	(void)err_set(err, ERR_POLICY, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"port %u is not in network.ports (%.64s)", port, policy->ports);
	return err_hint(err, "add %u to network.ports", port);
}

/* One address as it stands, what is inside it not looked at. */
static int check_ip(const struct dial_policy *policy,
	const struct policy_ip *ip, struct err *err)
{
	enum policy_match match = POLICY_NO_MATCH;
	const char *what;
	enum policy_kind kind = policy_classify(ip, &what);
	bool port_listed = false;

	if (policy_match_allow(policy->allow != NULL ? policy->allow : "", ip,
		    &match, err) < 0 ||
		policy_match_ports(policy->ports != NULL ? policy->ports : "",
			ip->port, &port_listed, err) < 0)
		return -1;
	if (ip->port == 0)
		return refuse_port(policy, ip->port, err);
	if (match == POLICY_PORT_MATCH)
		return 0;
	if (kind == POLICY_PUBLIC && is_own(ip)) {
		kind = POLICY_PRIVATE;
		what = "an address of this machine";
	}
	if (match == POLICY_NO_MATCH &&
		(kind == POLICY_SPECIAL ||
			(kind == POLICY_PRIVATE && !policy->allow_private)))
		return refuse_address(ip, kind, what, err);
	return port_listed ? 0 : refuse_port(policy, ip->port, err);
}

int dial_check(const struct dial_policy *policy, const struct sockaddr *addr,
	struct err *err)
{
	struct policy_ip ip, inner;
	bool alias = false;

	if (policy_ip_of(addr, &ip) < 0)
		return err_set(err, ERR_POLICY, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "an address that is not of IP");
	if (policy_unwrap(&ip, &inner, &alias)) {
		if (check_ip(policy, &inner, err) < 0)
			return -1;
		if (alias)
			return 0;
	}
	return check_ip(policy, &ip, err);
}

/* Connecting. */

struct attempt {
	const char *host;
	struct policy_ip ip;
	const struct sockaddr *addr;
	socklen_t addr_bytes;
	int64_t until_ms; /* of all attempts */
	int cancel_fd;
};

static int cancelled(struct err *err)
{
	return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"cancelled");
}

static int no_answer(const struct attempt *a, int errnum, struct err *err)
{
	bool late = errnum == ETIMEDOUT;
	char text[IP_TEXT_BYTES];

	(void)err_set_sys(err, late ? ERR_TIMEOUT : ERR_NETWORK,
		ERR_SCOPE_SESSION, ERR_RETRY_LATER, errnum,
		"nothing answers on %.256s port %u (%s)", a->host, a->ip.port,
		ip_text(&a->ip, text));
	if (errnum == ECONNREFUSED)
		return err_hint(err,
			"check the host and the port: no server listens "
			"there, or a firewall refuses");
	return err_hint(err, "check the host, the port, and the way there "
			     "(routes, firewalls)");
}

/* 0 writable, -1 with err; errno-like results go to no_answer. */
static int wait_connected(const struct attempt *a, int fd, struct err *err)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLOUT},
		{.fd = a->cancel_fd, .events = POLLIN | POLLRDHUP}};
	int64_t end_ms = clock_mono_ms() + ADDRESS_MS;
	socklen_t n = sizeof(int);
	int errnum = 0;

	if (end_ms > a->until_ms)
		end_ms = a->until_ms;
	for (;;) {
		int64_t left_ms = end_ms - clock_mono_ms();
		int r = poll(p, 2, left_ms > 0 ? (int)left_ms : 0);
		if (r < 0 && errno != EINTR)
			return no_answer(a, errno, err);
		if (r > 0 && p[1].revents != 0)
			return cancelled(err);
		if (r > 0)
			break;
		if (r == 0 && left_ms <= 0)
			return no_answer(a, ETIMEDOUT, err);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errnum, &n) < 0)
		errnum = errno;
	return errnum == 0 ? 0 : no_answer(a, errnum, err);
}

/* The peer must be the very address that was judged. */
static int check_peer(const struct attempt *a, int fd,
	struct sockaddr_storage *ret_peer, struct err *err)
{
	struct policy_ip peer;
	socklen_t n = sizeof *ret_peer;

	memset(ret_peer, 0, sizeof *ret_peer);
	if (getpeername(fd, (struct sockaddr *)ret_peer, &n) < 0)
		return no_answer(a, errno, err);
	if (policy_ip_of((struct sockaddr *)ret_peer, &peer) == 0 &&
		peer.family == a->ip.family && peer.port == a->ip.port &&
		memcmp(peer.bytes, a->ip.bytes, sizeof peer.bytes) == 0)
		return 0;
	return err_set(err, ERR_POLICY, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the connection to %.256s reached another address than the "
		"one that was allowed",
		a->host);
}

static void set_options(int fd)
{
	const int on = 1, idle_s = 120, every_s = 30, count = 4;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
	(void)setsockopt(
		fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof every_s);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

static int try_address(const struct attempt *a, int *ret_fd,
	struct sockaddr_storage *ret_peer, struct err *err)
{
	int fd = socket(
		a->ip.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return no_answer(a, errno, err);
	set_options(fd);
	if (connect(fd, a->addr, a->addr_bytes) < 0 && errno != EINPROGRESS) {
		(void)no_answer(a, errno, err);
		goto out;
	}
	if (wait_connected(a, fd, err) < 0 ||
		check_peer(a, fd, ret_peer, err) < 0)
		goto out;
	*ret_fd = fd;
	return 0;
out:
	(void)close(fd);
	return -1;
}

int dial_connect(const struct dial_policy *policy, const char *host,
	const struct sockaddr_storage *addresses, size_t count,
	int64_t timeout_ms, int cancel_fd, int *ret_fd,
	struct sockaddr_storage *ret_peer, struct err *err)
{
	struct err why = {0}; /* of the last address tried, else refused */
	struct sockaddr_storage peer;
	bool tried = false;
	struct attempt a = {.host = host,
		.cancel_fd = cancel_fd,
		.until_ms = clock_mono_ms() + timeout_ms};

	(void)err_set(&why, ERR_NETWORK, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"%.256s has no address", host);
	for (size_t i = 0; i < count; i++) {
		struct err e = {0};
		a.addr = (const struct sockaddr *)&addresses[i];
		a.addr_bytes = a.addr->sa_family == AF_INET
				       ? sizeof(struct sockaddr_in)
				       : sizeof(struct sockaddr_in6);
		if (dial_check(policy, a.addr, &e) < 0) {
			if (!tried && why.class != ERR_POLICY) {
				(void)err_where(&e, "%.256s", host);
				why = e;
			}
			continue;
		}
		(void)policy_ip_of(a.addr, &a.ip);
		tried = true;
		if (try_address(&a, ret_fd, &peer, &e) == 0) {
			*ret_peer = peer;
			return 0;
		}
		why = e;
		if (e.class == ERR_CANCELLED || clock_mono_ms() >= a.until_ms)
			break;
	}
	if (err != NULL)
		*err = why;
	return -1;
}
