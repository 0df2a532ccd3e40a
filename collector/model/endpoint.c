/* SPDX-License-Identifier: BSD-2-Clause */
#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define UNIX "unix:"

/* Digits only, 0 to 65535. */
static bool parse_port(const char *s, uint16_t *ret_port)
{
	unsigned n = 0;
	size_t digits = strspn(s, "0123456789");

	if (digits == 0 || digits > 5 || s[digits] != '\0')
		return false;
	for (; *s != '\0'; s++)
		n = n * 10 + (unsigned)(*s - '0');
	*ret_port = (uint16_t)n;
	return n <= 65535;
}

static bool parse_unix(const char *path, struct endpoint *e)
{
	struct sockaddr_un *a = (void *)&e->address;
	size_t n = strlen(path);

	if (path[0] != '/' || n < 2 || n >= sizeof a->sun_path)
		return false;
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, n + 1);
	e->address_bytes =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return true;
}

/* host: without brackets. */
static bool parse_inet(
	const char *host, bool six, uint16_t port, struct endpoint *e)
{
	struct sockaddr_in *in = (void *)&e->address;
	struct sockaddr_in6 *in6 = (void *)&e->address;

	if (six) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		e->address_bytes = sizeof *in6;
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	e->address_bytes = sizeof *in;
	return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

static bool parse_one(const char *word, size_t n, struct endpoint *e)
{
	char text[ENDPOINT_TEXT_MAX], *colon, *host = text;
	uint16_t port;
	bool six;

	memset(e, 0, sizeof *e);
	if (n >= sizeof text)
		return false;
	memcpy(text, word, n);
	text[n] = '\0';
	memcpy(e->text, text, n + 1);
	if (strncmp(text, UNIX, strlen(UNIX)) == 0)
		return parse_unix(text + strlen(UNIX), e);
	colon = strrchr(text, ':');
	if (colon == NULL || !parse_port(colon + 1, &port))
		return false;
	six = text[0] == '[';
	if (six && (colon == text || colon[-1] != ']'))
		return false;
	colon[six ? -1 : 0] = '\0';
	host += six;
	return parse_inet(host, six, port, e);
}

static bool is_known(const struct endpoint *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].text, all[count].text) == 0)
			return true;
	return false;
}

int endpoints_parse(const char *text, struct endpoint ret_all[ENDPOINTS_MAX],
	size_t *ret_count)
{
	struct endpoint all[ENDPOINTS_MAX] = {{.text = ""}};
	size_t count = 0, n;

	for (; *(text += strspn(text, " ")) != '\0'; text += n) {
		n = strcspn(text, " ");
		if (count == ENDPOINTS_MAX || !parse_one(text, n, &all[count]))
			return -1;
		if (is_known(all, count))
			return -1;
		count++;
	}
	memcpy(ret_all, all, count * sizeof *all);
	*ret_count = count;
	return 0;
}

bool endpoints_are_good(const char *text)
{
	struct endpoint all[ENDPOINTS_MAX];
	size_t count;

	return endpoints_parse(text, all, &count) == 0;
}

void endpoint_format(
	const struct sockaddr_storage *address, char out[ENDPOINT_TEXT_MAX])
{
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;
	const struct sockaddr_un *un = (const void *)address;
	char host[INET6_ADDRSTRLEN] = "";

	out[0] = '\0';
	if (address->ss_family == AF_UNIX) {
		(void)snprintf(out, ENDPOINT_TEXT_MAX, UNIX "%s", un->sun_path);
	} else if (address->ss_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		(void)snprintf(out, ENDPOINT_TEXT_MAX, "[%s]:%u", host,
			ntohs(in6->sin6_port));
	} else if (address->ss_family == AF_INET) {
		(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		(void)snprintf(out, ENDPOINT_TEXT_MAX, "%s:%u", host,
			ntohs(in->sin_port));
	}
}
