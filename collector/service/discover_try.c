/* SPDX-License-Identifier: BSD-2-Clause */
/* How a server is reached and asked for its greeting, as a run would reach it:
 * the scout resolves, the policy checks, we connect, the scout speaks. */
#include "../base/clock.h"
#include "../remote/dial.h"
#include "dialer_held.h"
#include "discover_state.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RESOLVE_MS 16000
#define CONNECT_MS 8000
#define PROBE_WAIT_MS (PROBE_MS + 1000)

int ladder_connect(struct ladder *l, const char *host, uint16_t port,
	bool https, int *ret_fd, struct err *err)
{
	const struct settings *s = l->dialer->settings;
	const struct scout_host asked = {host, port, s->network_resolver};
	struct sockaddr_storage addresses[SCOUT_ADDRESSES_MAX], peer;
	struct dial_policy policy = {
		.allow_private = s->network_allow_private,
		.ports = s->network_ports,
		.allow = s->network_allow,
	};
	char port_text[8];
	size_t count = 0;

	/* network.ports is of mail; this one has a setting of its own */
	(void)snprintf(port_text, sizeof port_text, "%u", port);
	if (https)
		policy.ports = port_text;
	if (scout_resolve(l->scout_fd, &asked, RESOLVE_MS, addresses, &count,
		    err) < 0) {
		ladder_count_silence(l, err);
		return -1;
	}
	return dial_connect(&policy, host, addresses, count, CONNECT_MS,
		l->dialer->cancel_fd, ret_fd, &peer, err);
}

static void take(struct ladder *l, const struct offer *offer, bool by_dns)
{
	struct discovery *d = l->out;

	d->found = *offer;
	d->is_found = d->tried = true;
	d->rung = l->rung;
	d->doubtful = by_dns &&
		      !offer_is_within(offer->url.host, d->address.domain) &&
		      provider_of_host(offer->url.host) == NULL;
}

static const char *describe(const struct offer *o, char out[URL_TEXT_MAX])
{
	static const char *const schemes[2][3] = {
		{"imaps", "imap", "imap (no TLS)"},
		{"pop3s", "pop3", "pop3 (no TLS)"}};

	(void)snprintf(out, URL_TEXT_MAX, "%s://%s:%u",
		schemes[o->url.protocol][o->url.tls], o->url.host, o->url.port);
	return out;
}

static int hello(struct ladder *l, const struct offer *o,
	struct probe_result *ret_result, struct err *err)
{
	struct scout_way way = {.anchors_fd = l->anchors_fd,
		.tls13_only = strcmp(l->dialer->settings->tls_min_version,
				      "1.3") == 0};
	int r;

	if (ladder_connect(l, o->url.host, o->url.port, false, &way.socket_fd,
		    err) < 0)
		return -1;
	dialer_note_channel(l->dialer, way.socket_fd);
	r = scout_probe(
		l->scout_fd, &way, &o->url, PROBE_WAIT_MS, ret_result, err);
	dialer_forget_channel(l->dialer);
	(void)close(way.socket_fd);
	if (r < 0 && atomic_load(l->dialer->cancel))
		(void)err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "cancelled");
	return r;
}

int ladder_try(struct ladder *l, const struct offer *offer, bool by_dns,
	struct err *err)
{
	struct probe_result result;
	struct err why = {0};
	char what[URL_TEXT_MAX];

	(void)describe(offer, what);
	if (offer->url.tls == TLS_NONE) {
		ladder_note(l, false, what,
			"not used: it has no TLS (whoever wants it all the "
			"same writes a URL with ?security=none)");
		return 0;
	}
	if (clock_mono_ms() >= l->until_ms) {
		ladder_note(l, false, what, "not tried: it has taken too long");
		return 0;
	}
	if (hello(l, offer, &result, &why) < 0)
		return ladder_note_err(l, what, &why, err);
	ladder_note(l, true, what, "answers: %s, %.120s", result.tls,
		result.greeting);
	take(l, offer, by_dns);
	return 1;
}

int ladder_try_all(struct ladder *l, struct offer *offers, size_t count,
	bool by_dns, struct err *err)
{
	int r = 0;

	offer_sort(offers, count);
	for (size_t i = 0; i < count && r == 0; i++)
		r = ladder_try(l, &offers[i], by_dns, err);
	return r;
}
