/* SPDX-License-Identifier: BSD-2-Clause */
#include "scout_answer.h"

#include "autoconfig.h"
#include "ca_cache.h"
#include "dns.h"
#include "probe.h"
#include "scout.h"
#include "scout_frames.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MS 10000 /* the request follows its channel at once */

static int fail(struct channel *c, const struct err *why, struct err *err)
{
	channel_begin(c, SCOUT_FAIL);
	channel_put_err(c, why);
	return channel_send(c, err);
}

static int done(struct channel *c, struct err *err)
{
	channel_begin(c, SCOUT_DONE);
	return channel_send(c, err);
}

/* ---- addresses */

static int refuse(const char *host, int code, int errnum, struct err *err)
{
	switch (code) {
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		(void)err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "there is no host %s", host);
		return err_hint(err, "check the spelling of the host");
	case EAI_SYSTEM:
		return err_set_sys(err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, errnum, "cannot look up %s", host);
	default:
		(void)err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "cannot look up %s: %s", host,
			gai_strerror(code));
		return err_hint(err, "check the resolver of this machine "
				     "(/etc/resolv.conf)");
	}
}

static int system_addresses(const char *host,
	struct sockaddr_storage *addresses, size_t *ret_count, struct err *err)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	size_t count = 0;
	int r = getaddrinfo(host, NULL, &hints, &list);

	if (r != 0)
		return refuse(host, r, errno, err);
	for (const struct addrinfo *a = list;
		a != NULL && count < SCOUT_ADDRESSES_MAX; a = a->ai_next)
		if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
			memcpy(&addresses[count++], a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
	*ret_count = count;
	return 0;
}

static void put_address(struct channel *c, const struct sockaddr_storage *addr)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	channel_begin(c, SCOUT_ADDRESS);
	if (addr->ss_family == AF_INET) {
		memcpy(&in, addr, sizeof in);
		channel_put_bytes(c, &in.sin_addr, sizeof in.sin_addr);
	} else {
		memcpy(&in6, addr, sizeof in6);
		channel_put_bytes(c, &in6.sin6_addr, sizeof in6.sin6_addr);
	}
}

static int answer_resolve(struct channel *c, const char *host,
	const char *resolver, struct err *err)
{
	struct sockaddr_storage addresses[SCOUT_ADDRESSES_MAX];
	struct err why = {0};
	size_t count = 0;
	int r = strcmp(resolver, "system") == 0
			? system_addresses(host, addresses, &count, &why)
			: dns_addresses(resolver, host, addresses,
				  SCOUT_ADDRESSES_MAX, &count, &why);

	if (r < 0)
		return fail(c, &why, err);
	for (size_t i = 0; i < count; i++) {
		put_address(c, &addresses[i]);
		if (channel_send(c, err) < 0)
			return -1;
	}
	return done(c, err);
}

/* ---- records */

static int answer_records(struct channel *c, bool srv, const char *name,
	const char *resolver, struct err *err)
{
	struct srv_record records[DNS_RECORDS_MAX];
	struct err why = {0};
	size_t count = 0;
	int r = srv ? dns_srv(resolver, name, records, &count, &why)
		    : dns_mx(resolver, name, records, &count, &why);

	if (r < 0)
		return fail(c, &why, err);
	for (size_t i = 0; i < count; i++) {
		channel_begin(c, SCOUT_RECORD);
		channel_put_u32(c, records[i].priority);
		channel_put_u32(c, records[i].weight);
		channel_put_u32(c, records[i].port);
		channel_put_str(c, records[i].target);
		if (channel_send(c, err) < 0)
			return -1;
	}
	return done(c, err);
}

/* ---- servers */

struct visit {
	int *socket_fd;
	int anchors_fd;
	uint8_t tls13_only;
};

/* The certificates that the visit trusts; caller frees. */
static int load_anchors(const struct visit *v, struct tls_anchors **ret_anchors,
	struct err *err)
{
	struct ca_cache *cache;
	int r;

	if (*v->socket_fd < 0 || v->anchors_fd < 0)
		return err_set(err, ERR_TLS, ERR_SCOPE_SESSION,
			ERR_RETRY_CHANGE, "no trust anchors for TLS");
	cache = ca_cache_new();
	r = ca_cache_get(
		cache, v->anchors_fd, v->tls13_only != 0, ret_anchors, err);
	ca_cache_free(&cache);
	return r;
}

static int answer_probe(struct channel *c, const struct visit *v,
	const struct url *url, struct err *err)
{
	struct tls_anchors *anchors = NULL;
	struct probe_result result = {0};
	struct err why = {0};
	int r = load_anchors(v, &anchors, &why);

	if (r == 0) {
		r = probe_server(*v->socket_fd, url, anchors, &result, &why);
		*v->socket_fd = -1;
		tls_anchors_free(&anchors);
	}
	if (r < 0)
		return fail(c, &why, err);
	channel_begin(c, SCOUT_PROBED);
	channel_put_str(c, result.tls);
	channel_put_str(c, result.greeting);
	channel_put_str(c, result.capabilities);
	return channel_send(c, err) < 0 ? -1 : done(c, err);
}

static int send_offers(struct channel *c, const struct offer *offers,
	size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		channel_begin(c, SCOUT_OFFER);
		channel_put_u8(c, (uint8_t)offers[i].url.protocol);
		channel_put_u8(c, (uint8_t)offers[i].url.tls);
		channel_put_str(c, offers[i].url.host);
		channel_put_u32(c, offers[i].url.port);
		channel_put_str(c, offers[i].url.user);
		channel_put_u8(c, offers[i].oauth);
		channel_put_u8(c, offers[i].password);
		if (channel_send(c, err) < 0)
			return -1;
	}
	return done(c, err);
}

static int answer_document(struct channel *c, const struct http_answer *a,
	const struct mail_address *address, struct err *err)
{
	struct offer offers[AUTOCONFIG_SERVERS_MAX];
	struct err why = {0};
	size_t count = 0;

	if (a->location[0] != '\0') {
		channel_begin(c, SCOUT_REDIRECT);
		channel_put_str(c, a->location);
		return channel_send(c, err) < 0 ? -1 : done(c, err);
	}
	if (a->status != 200) {
		(void)err_set(&why, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "the web server has none (status %d)",
			a->status);
		return fail(c, &why, err);
	}
	if (autoconfig_read(
		    a->body, a->body_bytes, address, offers, &count, &why) < 0)
		return fail(c, &why, err);
	return send_offers(c, offers, count, err);
}

static int answer_get(struct channel *c, const struct visit *v,
	const struct http_place *place, const struct mail_address *address,
	struct err *err)
{
	struct tls_anchors *anchors = NULL;
	struct http_answer a = {0};
	struct err why = {0};
	int r = load_anchors(v, &anchors, &why);

	if (r == 0) {
		r = probe_get(*v->socket_fd, place, anchors,
			AUTOCONFIG_BYTES_MAX, &a, &why);
		*v->socket_fd = -1;
		tls_anchors_free(&anchors);
	}
	if (r < 0)
		return fail(c, &why, err);
	r = answer_document(c, &a, address, err);
	free(a.body);
	return r;
}

/* ---- the question */

static int read_probe(struct channel *c, struct visit *v, struct err *err)
{
	struct url url = {0};
	uint8_t protocol, tls;

	if (!channel_get_u8(c, &v->tls13_only) ||
		!channel_get_u8(c, &protocol) || !channel_get_u8(c, &tls) ||
		!channel_get_str(c, url.host, sizeof url.host) ||
		!channel_done(c))
		return -1;
	url.protocol =
		protocol == PROTOCOL_POP3 ? PROTOCOL_POP3 : PROTOCOL_IMAP;
	url.tls = tls == TLS_STARTTLS ? TLS_STARTTLS : TLS_IMPLICIT;
	return answer_probe(c, v, &url, err);
}

static int read_get(struct channel *c, struct visit *v, struct err *err)
{
	struct mail_address address;
	struct http_place place;
	uint32_t port;

	if (!channel_get_u8(c, &v->tls13_only) ||
		!channel_get_str(c, place.host, sizeof place.host) ||
		!channel_get_u32(c, &port) ||
		!channel_get_str(c, place.path, sizeof place.path) ||
		!channel_get_str(c, address.local, sizeof address.local) ||
		!channel_get_str(c, address.domain, sizeof address.domain) ||
		!channel_done(c))
		return -1;
	place.port = (uint16_t)port;
	return answer_get(c, v, &place, &address, err);
}

static int answer(
	struct channel *c, uint8_t type, struct visit *v, struct err *err)
{
	char host[SCOUT_HOST_MAX], resolver[SCOUT_RESOLVER_MAX];

	if (type == SCOUT_PROBE)
		return read_probe(c, v, err);
	if (type == SCOUT_GET)
		return read_get(c, v, err);
	if (!channel_get_str(c, host, sizeof host) ||
		!channel_get_str(c, resolver, sizeof resolver) ||
		!channel_done(c))
		return -1;
	if (type == SCOUT_RESOLVE)
		return answer_resolve(c, host, resolver, err);
	if (type == SCOUT_SRV || type == SCOUT_MX)
		return answer_records(
			c, type == SCOUT_SRV, host, resolver, err);
	return -1;
}

void scout_answer(struct channel *c, int *socket_fd, int anchors_fd)
{
	struct visit v = {socket_fd, anchors_fd, 0};
	struct err err = {0};
	uint8_t type;

	if (channel_recv(c, REQUEST_MS, &type, &err) > 0 &&
		answer(c, type, &v, &err) == 0)
		(void)channel_flush(c, &err);
}
