/* SPDX-License-Identifier: BSD-2-Clause */
/* The conductor's side: records, and visits to servers. What comes back has
 * passed through foreign hands and is checked as if they had written it. */
#include "scout.h"
#include "scout_call.h"
#include "scout_frames.h"

#include <stdio.h>
#include <string.h>

static int take_record(
	struct channel *c, struct srv_record *out, struct err *err)
{
	uint32_t priority, weight, port;
	char target[URL_HOST_MAX];

	if (!channel_get_u32(c, &priority) || !channel_get_u32(c, &weight) ||
		!channel_get_u32(c, &port) ||
		!channel_get_str(c, target, sizeof target) ||
		!channel_done(c) || priority > UINT16_MAX ||
		weight > UINT16_MAX || port > UINT16_MAX ||
		(target[0] != '\0' && !offer_host(target, out->target)))
		return scout_call_malformed(err);
	if (target[0] == '\0')
		out->target[0] = '\0';
	out->priority = (uint16_t)priority;
	out->weight = (uint16_t)weight;
	out->port = (uint16_t)port;
	return 0;
}

static int take_records(struct scout_call *call, struct srv_record *records,
	size_t *ret_count, struct err *err)
{
	size_t count = 0;
	uint8_t type;
	int r;

	while ((r = scout_call_next(call, &type, err)) > 0) {
		if (type != SCOUT_RECORD || count == SCOUT_RECORDS_MAX)
			return scout_call_malformed(err);
		if (take_record(call->channel, &records[count++], err) < 0)
			return -1;
	}
	if (r == 0)
		*ret_count = count;
	return r;
}

int scout_records(int control_fd, enum scout_records kind,
	const struct scout_host *host, int64_t timeout_ms,
	struct srv_record ret_records[SCOUT_RECORDS_MAX], size_t *ret_count,
	struct err *err)
{
	char what[SCOUT_HOST_MAX + 16];
	struct scout_call call;
	int r;

	(void)snprintf(what, sizeof what, "looking up %s", host->name);
	if (scout_call_begin(
		    &call, control_fd, what, NULL, 0, timeout_ms, err) < 0)
		return -1;
	channel_begin(
		call.channel, kind == SCOUT_RECORDS_SRV ? SCOUT_SRV : SCOUT_MX);
	channel_put_str(call.channel, host->name);
	channel_put_str(call.channel, host->resolver);
	r = channel_send(call.channel, err);
	if (r == 0)
		r = take_records(&call, ret_records, ret_count, err);
	scout_call_end(&call);
	return r;
}

/* ---- visits */

static void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text == 0x7f)
			*text = '?';
}

static int take_probed(struct scout_call *call, struct probe_result *ret_result,
	struct err *err)
{
	struct channel *c = call->channel;
	struct probe_result result;
	uint8_t type;

	if (scout_call_next(call, &type, err) < 0)
		return -1;
	if (type != SCOUT_PROBED ||
		!channel_get_str(c, result.tls, sizeof result.tls) ||
		!channel_get_str(c, result.greeting, sizeof result.greeting) ||
		!channel_get_str(
			c, result.capabilities, sizeof result.capabilities) ||
		!channel_done(c))
		return scout_call_malformed(err);
	make_printable(result.tls);
	make_printable(result.greeting);
	make_printable(result.capabilities);
	*ret_result = result;
	return 0;
}

static int visit(struct scout_call *call, int control_fd, const char *what,
	const struct scout_way *way, int64_t timeout_ms, struct err *err)
{
	const int fds[] = {way->socket_fd, way->anchors_fd};

	return scout_call_begin(
		call, control_fd, what, fds, 2, timeout_ms, err);
}

int scout_probe(int control_fd, const struct scout_way *way,
	const struct url *url, int64_t timeout_ms,
	struct probe_result *ret_result, struct err *err)
{
	char what[URL_HOST_MAX + 32];
	struct scout_call call;
	int r;

	(void)snprintf(what, sizeof what, "the greeting of %s", url->host);
	if (visit(&call, control_fd, what, way, timeout_ms, err) < 0)
		return -1;
	channel_begin(call.channel, SCOUT_PROBE);
	channel_put_u8(call.channel, way->tls13_only);
	channel_put_u8(call.channel, (uint8_t)url->protocol);
	channel_put_u8(call.channel, (uint8_t)url->tls);
	channel_put_str(call.channel, url->host);
	r = channel_send(call.channel, err);
	if (r == 0)
		r = take_probed(&call, ret_result, err);
	scout_call_end(&call);
	return r;
}

static int take_offer(struct channel *c, struct offer *out, struct err *err)
{
	uint8_t protocol, tls, oauth, password;
	char host[URL_HOST_MAX];
	uint32_t port;

	memset(out, 0, sizeof *out);
	if (!channel_get_u8(c, &protocol) || !channel_get_u8(c, &tls) ||
		!channel_get_str(c, host, sizeof host) ||
		!channel_get_u32(c, &port) ||
		!channel_get_str(c, out->url.user, sizeof out->url.user) ||
		!channel_get_u8(c, &oauth) || !channel_get_u8(c, &password) ||
		!channel_done(c) || protocol > PROTOCOL_POP3 ||
		tls > TLS_NONE || port == 0 || port > UINT16_MAX ||
		!offer_host(host, out->url.host))
		return scout_call_malformed(err);
	make_printable(out->url.user);
	out->url.protocol = (enum protocol)protocol;
	out->url.tls = (enum tls_mode)tls;
	out->url.port = (uint16_t)port;
	out->oauth = oauth != 0;
	out->password = password != 0;
	return out->url.user[0] != '\0' ? 0 : scout_call_malformed(err);
}

static int take_redirect(struct channel *c, const struct http_place *from,
	struct http_place *ret_place, struct err *err)
{
	char location[HTTP_PATH_MAX + URL_HOST_MAX];

	if (!channel_get_str(c, location, sizeof location) || !channel_done(c))
		return scout_call_malformed(err);
	return http_redirect(from, location, ret_place, err) < 0 ? -1 : 1;
}

static int take_offers(struct scout_call *call, const struct http_place *from,
	struct offer *offers, size_t *ret_count, struct http_place *ret_place,
	struct err *err)
{
	size_t count = 0;
	uint8_t type;
	int r;

	while ((r = scout_call_next(call, &type, err)) > 0) {
		if (type == SCOUT_REDIRECT && count == 0)
			return take_redirect(
				call->channel, from, ret_place, err);
		if (type != SCOUT_OFFER || count == SCOUT_OFFERS_MAX)
			return scout_call_malformed(err);
		if (take_offer(call->channel, &offers[count++], err) < 0)
			return -1;
	}
	if (r == 0)
		*ret_count = count;
	return r;
}

int scout_autoconfig(int control_fd, const struct scout_way *way,
	const struct http_place *place, const struct mail_address *address,
	int64_t timeout_ms, struct offer ret_offers[SCOUT_OFFERS_MAX],
	size_t *ret_count, struct http_place *ret_place, struct err *err)
{
	char what[URL_HOST_MAX + 32];
	struct scout_call call;
	int r;

	(void)snprintf(what, sizeof what, "the autoconfig of %s", place->host);
	if (visit(&call, control_fd, what, way, timeout_ms, err) < 0)
		return -1;
	channel_begin(call.channel, SCOUT_GET);
	channel_put_u8(call.channel, way->tls13_only);
	channel_put_str(call.channel, place->host);
	channel_put_u32(call.channel, place->port);
	channel_put_str(call.channel, place->path);
	channel_put_str(call.channel, address->local);
	channel_put_str(call.channel, address->domain);
	r = channel_send(call.channel, err);
	if (r == 0)
		r = take_offers(
			&call, place, ret_offers, ret_count, ret_place, err);
	scout_call_end(&call);
	return r;
}
