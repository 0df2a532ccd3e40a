/* SPDX-License-Identifier: BSD-2-Clause */
/* The rungs that ask the DNS: SRV (RFC 6186, RFC 8314 5.1), and the provider
 * behind the mail exchangers. */
#include "discover_state.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define RECORDS_MS 16000

static const struct {
	const char *name;
	enum protocol protocol;
	enum tls_mode tls;
} services[] = {
	{"_imaps._tcp", PROTOCOL_IMAP, TLS_IMPLICIT},
	{"_imap._tcp", PROTOCOL_IMAP, TLS_STARTTLS},
	{"_pop3s._tcp", PROTOCOL_POP3, TLS_IMPLICIT},
	{"_pop3._tcp", PROTOCOL_POP3, TLS_STARTTLS},
};

static uint32_t draw(void *arg, uint32_t max)
{
	uint32_t n = 0;

	(void)arg;
	(void)RAND_bytes((unsigned char *)&n, sizeof n);
	return (uint32_t)((uint64_t)n * ((uint64_t)max + 1) >> 32);
}

static int ask(struct ladder *l, enum scout_records kind, const char *name,
	struct srv_record *records, size_t *ret_count, struct err *err)
{
	const struct scout_host host = {
		name, 0, l->dialer->settings->network_resolver};
	struct err why = {0};

	*ret_count = 0;
	if (scout_records(l->scout_fd, kind, &host, RECORDS_MS, records,
		    ret_count, &why) < 0) {
		ladder_count_silence(l, &why);
		return ladder_note_err(l, name, &why, err);
	}
	if (*ret_count == 0)
		ladder_note(l, false, name, "no such record");
	return 0;
}

/* One that says "." says no for all of its service (RFC 2782). */
static int try_service(struct ladder *l, size_t service, const char *name,
	struct srv_record *records, size_t count, struct err *err)
{
	int r = 0;

	srv_order(records, count, draw, NULL);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct offer o = {
			.url = {.protocol = services[service].protocol,
				.tls = services[service].tls,
				.port = records[i].port}};
		if (records[i].target[0] == '\0') {
			ladder_note(l, false, name,
				"the domain says that it is not offered");
			return 0;
		}
		(void)snprintf(
			o.url.host, sizeof o.url.host, "%s", records[i].target);
		ladder_note(l, true, name,
			"%s port %u (priority %u, weight %u)", o.url.host,
			o.url.port, records[i].priority, records[i].weight);
		r = ladder_try(l, &o, true, err);
	}
	return r;
}

int discover_srv(struct ladder *l, struct err *err)
{
	struct srv_record records[SCOUT_RECORDS_MAX];
	char name[URL_HOST_MAX + 16];
	size_t count;
	int r = 0;

	for (size_t i = 0; r == 0 && l->silences == 0 &&
			   i < sizeof services / sizeof *services;
		i++) {
		(void)snprintf(name, sizeof name, "%s.%s", services[i].name,
			l->out->address.domain);
		r = ask(l, SCOUT_RECORDS_SRV, name, records, &count, err);
		if (r == 0 && count > 0)
			r = try_service(l, i, name, records, count, err);
	}
	return r;
}

int discover_mx(struct ladder *l, struct err *err)
{
	const char *domain = l->out->address.domain;

	if (ask(l, SCOUT_RECORDS_MX, domain, l->mxs, &l->mx_count, err) < 0)
		return -1;
	for (size_t i = 0; i < l->mx_count; i++) {
		const char *host = l->mxs[i].target;
		const struct provider *p = provider_of_mx(host);
		if (p != NULL)
			return ladder_take_provider(l, host, p);
		ladder_note(l, false, host,
			"a mail exchanger of no provider that is known");
	}
	return 0;
}
