/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns: what getaddrinfo does not tell, by c-ares, from the name servers of
 * this machine or from one that the operator has named. In the scout; blocks,
 * for DNS_MS at most; any thread.
 *
 * Whoever sits on the way can forge an answer: it is bounded, and no more
 * than somebody's word.
 */
#ifndef MAILHAUL_REMOTE_DNS_H
#define MAILHAUL_REMOTE_DNS_H

#include "../base/err.h"
#include "../model/offer.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#define DNS_RECORDS_MAX 16
#define DNS_NAME_MAX 254 /* RFC 1035 2.3.4, NUL included */
#define DNS_MS 10000

/* Once, before the first question. */
void dns_setup(void);

/*
 * resolver: network.resolver. Up to DNS_RECORDS_MAX records (of an MX: the
 * preference as priority, the host as target), by priority; those that cannot
 * be a host's name are left out. None: 0, and count 0. A name server that
 * cannot be asked, or refuses: ERR_NETWORK or ERR_TIMEOUT.
 */
int dns_srv(const char *resolver, const char *name,
	struct srv_record ret_records[DNS_RECORDS_MAX], size_t *ret_count,
	struct err *err);
int dns_mx(const char *resolver, const char *domain,
	struct srv_record ret_records[DNS_RECORDS_MAX], size_t *ret_count,
	struct err *err);
/* Addresses of a host, ports 0. None: ERR_NETWORK. */
int dns_addresses(const char *resolver, const char *host,
	struct sockaddr_storage *ret_addresses, size_t max, size_t *ret_count,
	struct err *err);

/* The readers of an answer's bytes: how many records; -1: malformed. Pure. */
int dns_read_srv(const unsigned char *answer, size_t n,
	struct srv_record ret_records[DNS_RECORDS_MAX]);
int dns_read_mx(const unsigned char *answer, size_t n,
	struct srv_record ret_records[DNS_RECORDS_MAX]);

#endif
