/* SPDX-License-Identifier: BSD-2-Clause */
/* The last rung: names that many domains have, and the mail exchanger itself,
 * each only if it is there. */
#include "../base/clock.h"
#include "discover_state.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RESOLVE_MS 16000
#define HOSTS_MAX 8
#define DOMAIN_MAX 240

struct guess {
	char host[URL_HOST_MAX];
	bool imap, pop3; /* what to try there */
	bool by_dns;
};

static void add(struct guess *guesses, size_t *count, const char *prefix,
	const char *domain, bool imap, bool pop3)
{
	struct guess *g = &guesses[*count];

	if (*count == HOSTS_MAX || strlen(domain) > DOMAIN_MAX)
		return;
	(void)snprintf(g->host, sizeof g->host, "%.8s%.*s", prefix, DOMAIN_MAX,
		domain);
	g->imap = imap;
	g->pop3 = pop3;
	g->by_dns = false;
	for (size_t i = 0; i < *count; i++)
		if (strcmp(guesses[i].host, g->host) == 0)
			return;
	(*count)++;
}

static size_t list(const struct ladder *l, struct guess *guesses)
{
	const char *domain = l->out->address.domain;
	size_t count = 0;

	add(guesses, &count, "imap.", domain, true, false);
	add(guesses, &count, "pop.", domain, false, true);
	add(guesses, &count, "pop3.", domain, false, true);
	add(guesses, &count, "mail.", domain, true, true);
	if (l->mx_count > 0) {
		size_t before = count;
		add(guesses, &count, "", l->mxs[0].target, true, true);
		if (count > before)
			guesses[before].by_dns = true;
	}
	add(guesses, &count, "", domain, true, true);
	return count;
}

/* 1: the host is there; 0: it is not, and need not be tried. */
static int is_there(struct ladder *l, const char *host, struct err *err)
{
	const struct scout_host asked = {
		host, 0, l->dialer->settings->network_resolver};
	struct sockaddr_storage addresses[SCOUT_ADDRESSES_MAX];
	struct err why = {0};
	size_t count;

	if (scout_resolve(l->scout_fd, &asked, RESOLVE_MS, addresses, &count,
		    &why) == 0)
		return 1;
	ladder_count_silence(l, &why);
	return ladder_note_err(l, host, &why, err);
}

static int try_kind(struct ladder *l, const struct guess *guesses, size_t count,
	size_t kind, struct err *err)
{
	struct offer o = {
		.url = {.protocol = kind < DISCOVER_POP3S ? PROTOCOL_IMAP
							  : PROTOCOL_POP3,
			.tls = kind == DISCOVER_IMAPS || kind == DISCOVER_POP3S
				       ? TLS_IMPLICIT
				       : TLS_STARTTLS,
			.port = l->ports[kind]}};
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (o.url.protocol == PROTOCOL_IMAP ? !guesses[i].imap
						    : !guesses[i].pop3)
			continue;
		memcpy(o.url.host, guesses[i].host, sizeof o.url.host);
		r = ladder_try(l, &o, guesses[i].by_dns, err);
	}
	return r;
}

int discover_guess(struct ladder *l, struct err *err)
{
	struct guess guesses[HOSTS_MAX];
	size_t count = list(l, guesses), there = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count && clock_mono_ms() < l->until_ms;
		i++) {
		r = is_there(l, guesses[i].host, err);
		if (r > 0)
			guesses[there++] = guesses[i];
	}
	if (r < 0)
		return -1;
	r = 0;
	for (size_t kind = DISCOVER_IMAPS; r == 0 && kind <= DISCOVER_POP3;
		kind++)
		r = try_kind(l, guesses, there, kind, err);
	return r;
}
