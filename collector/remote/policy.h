/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: what kind of address it is that somebody's mail server resolves
 * to, and what the operator's lists say of it. Pure. Any thread.
 *
 *     network.ports  143,993 or any
 *     network.allow  CIDR[:port[,port]…] separated by spaces: 10.0.0.0/8
 *                    192.0.2.7/32:143,1143 fd00::/8:993
 */
#ifndef MAILHAUL_REMOTE_POLICY_H
#define MAILHAUL_REMOTE_POLICY_H

#include "../base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum policy_kind {
	POLICY_PUBLIC,
	POLICY_PRIVATE, /* network.allow_private opens it */
	POLICY_SPECIAL, /* only network.allow does: no mail server is there,
			   or a cloud's metadata service is */
};

struct policy_ip {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
	uint16_t port;
	uint32_t scope_id; /* the zone of a link-local address */
};

/* -1 for any other family. */
int policy_ip_of(const struct sockaddr *addr, struct policy_ip *ret_ip);
/*
 * An IPv4 address inside ip (IPv4-mapped, -compatible, -translated, 6to4,
 * Teredo, NAT64) into *ret_inner. *ret_alias: ip is only another spelling of
 * it, whose own range says nothing.
 */
bool policy_unwrap(const struct policy_ip *ip, struct policy_ip *ret_inner,
	bool *ret_alias);
bool policy_has_prefix(
	const uint8_t *bytes, const uint8_t *prefix, unsigned bits);
/* By range; ret_what: "a private address" …, static. */
enum policy_kind policy_classify(
	const struct policy_ip *ip, const char **ret_what);

enum policy_match {
	POLICY_NO_MATCH,
	POLICY_ADDRESS_MATCH, /* the port is for network.ports to say */
	POLICY_PORT_MATCH,    /* address and port */
};
/* 0 or -1 with ERR_CONFIG where a list cannot be read. */
int policy_match_allow(const char *allow, const struct policy_ip *ip,
	enum policy_match *ret_match, struct err *err);
int policy_match_ports(
	const char *ports, uint16_t port, bool *ret_match, struct err *err);

#endif
