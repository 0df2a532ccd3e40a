/* SPDX-License-Identifier: BSD-2-Clause */
#include "provider.h"

#include "budget.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* name is the domain of n bytes, or lies below it. */
static bool is_below(const char *name, const char *domain, size_t n)
{
	size_t h = strlen(name);

	return h >= n && strncasecmp(name + h - n, domain, n) == 0 &&
	       (h == n || name[h - n - 1] == '.');
}

/* name is, or lies below, one of the domains. */
static bool is_in(const char *name, const char *domains, bool below)
{
	const char *p = domains;

	while (p != NULL && *p != '\0') {
		size_t n = strcspn(p, " ");
		if (is_below(name, p, n) && (below || strlen(name) == n))
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

static bool is_server(const struct provider_server *server, const char *host)
{
	return server->host != NULL && strcasecmp(server->host, host) == 0;
}

const struct provider *provider_of_domain(const char *domain)
{
	for (const struct provider *p = providers; p->name != NULL; p++)
		if (is_in(domain, p->domains, false))
			return p;
	return NULL;
}

const struct provider *provider_of_mx(const char *host)
{
	for (const struct provider *p = providers; p->name != NULL; p++)
		if (is_in(host, p->mxs, true))
			return p;
	return NULL;
}

const struct provider *provider_of_host(const char *host)
{
	/* imap.exmail.qq.com is somebody else's than imap.qq.com */
	for (const struct provider *p = providers; p->name != NULL; p++)
		if (is_server(&p->imap, host) || is_server(&p->pop3, host))
			return p;
	for (const struct provider *p = providers; p->name != NULL; p++)
		if (is_in(host, p->hosts, true))
			return p;
	return NULL;
}

const char *provider_login_hint(const char *host)
{
	const struct provider *p = provider_of_host(host);

	return p != NULL ? p->hint : NULL;
}

void provider_limits(
	const char *host, enum protocol protocol, struct budget_limits *limits)
{
	const struct provider *p = provider_of_host(host);
	uint64_t day;

	if (p == NULL)
		return;
	day = protocol == PROTOCOL_POP3 ? p->pop3_day : p->imap_day;
	if (day != 0)
		limits->account_bytes = day;
	if (p->sessions != 0)
		limits->account_sessions = p->sessions;
}
