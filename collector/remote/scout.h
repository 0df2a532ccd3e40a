/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scout: the process that asks strangers where things are (`mailhaul scout`):
 * it resolves names, asks for records, and says hello to servers that it is
 * handed a socket to. No keys, no store, no password. A request is a channel
 * handed over its control socket; one thread serves one request.
 *
 * Conductor, any thread: the questions. control_fd: the scout's control
 * socket. timeout_ms for the whole question; the scout gone: ERR_CRASH.
 */
#ifndef MAILHAUL_REMOTE_SCOUT_H
#define MAILHAUL_REMOTE_SCOUT_H

#include "../base/err.h"
#include "../model/offer.h"
#include "http.h"
#include "probe.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define SCOUT_ADDRESSES_MAX 16
#define SCOUT_RECORDS_MAX 16
#define SCOUT_OFFERS_MAX 8

int scout_main(void); /* control socket is descriptor 3 */

/* What is asked for, and of whom. */
struct scout_host {
	const char *name;
	uint16_t port;	      /* of the addresses */
	const char *resolver; /* network.resolver */
};

/*
 * Addresses of a host, ports filled in. Literal addresses need no scout and
 * are parsed here. Unknown host: ERR_NETWORK/later with a hint.
 */
int scout_resolve(int control_fd, const struct scout_host *host,
	int64_t timeout_ms,
	struct sockaddr_storage addresses[SCOUT_ADDRESSES_MAX],
	size_t *ret_count, struct err *err);

enum scout_records { SCOUT_RECORDS_SRV, SCOUT_RECORDS_MX };
/* SRV or MX records of a name, by priority, as dns.h gives them; none: count
 * 0. Targets are host names, or "". */
int scout_records(int control_fd, enum scout_records kind,
	const struct scout_host *host, int64_t timeout_ms,
	struct srv_record ret_records[SCOUT_RECORDS_MAX], size_t *ret_count,
	struct err *err);

/* A socket connected to a checked address, and trust anchors (a memfd); both
 * stay the caller's. */
struct scout_way {
	int socket_fd, anchors_fd;
	bool tls13_only; /* tls.min_version = 1.3 */
};
/* probe.h's probe_server, there. The texts are printable. */
int scout_probe(int control_fd, const struct scout_way *way,
	const struct url *url, int64_t timeout_ms,
	struct probe_result *ret_result, struct err *err);
/*
 * The domain's autoconfig at a place behind https://: 0 and its offers,
 * checked and with hosts as url.h takes them; 1: look there instead.
 */
int scout_autoconfig(int control_fd, const struct scout_way *way,
	const struct http_place *place, const struct mail_address *address,
	int64_t timeout_ms, struct offer ret_offers[SCOUT_OFFERS_MAX],
	size_t *ret_count, struct http_place *ret_place, struct err *err);

#endif
