/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conductor's side. A literal needs nobody. What is neither a literal in
 * its one spelling nor a name is refused here: getaddrinfo would take "127.1"
 * or "0x7f000001" for an address.
 */
#include "scout.h"
#include "scout_call.h"
#include "scout_frames.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void fill_ip4(
	struct sockaddr_storage *out, const void *bytes, uint16_t port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(port)};

	memcpy(&in.sin_addr, bytes, sizeof in.sin_addr);
	memset(out, 0, sizeof *out);
	memcpy(out, &in, sizeof in);
}

static void fill_ip6(
	struct sockaddr_storage *out, const void *bytes, uint16_t port)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memcpy(&in6.sin6_addr, bytes, sizeof in6.sin6_addr);
	memset(out, 0, sizeof *out);
	memcpy(out, &in6, sizeof in6);
}

static bool parse_literal(
	const char *host, uint16_t port, struct sockaddr_storage *ret_address)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, host, bytes) == 1)
		fill_ip4(ret_address, bytes, port);
	else if (inet_pton(AF_INET6, host, bytes) == 1)
		fill_ip6(ret_address, bytes, port);
	else
		return false;
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters, digits, hyphens (RFC 1123 2.1), and the underscore that some
 * names have; labels of 1 to 63; one dot at the end may stand. */
static bool is_label(const char *s, size_t n)
{
	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_letter(s[i]) && !is_digit(s[i]) && s[i] != '-' &&
			s[i] != '_')
			return false;
	return true;
}

/* The last label of a name begins with a letter; that of a number in any of
 * inet_aton's spellings does not ("0x7f" begins with a digit too). */
static bool is_name(const char *host)
{
	const char *last = host;
	size_t n = strlen(host);

	if (n == 0 || n >= SCOUT_HOST_MAX)
		return false;
	for (const char *s = host; *s != '\0';) {
		size_t label = strcspn(s, ".");
		if (!is_label(s, label))
			return false;
		last = s;
		s += label;
		if (*s == '.')
			s++;
	}
	return is_letter(*last);
}

static int refuse_host(const char *host, struct err *err)
{
	(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"\"%.256s\" is neither a host name nor an address", host);
	return err_hint(err, "write a name, an IPv4 address as four decimal "
			     "numbers, or an IPv6 address without a zone");
}

static int take_address(struct channel *c, uint16_t port,
	struct sockaddr_storage *addresses, size_t *count, struct err *err)
{
	const void *bytes;
	size_t n;

	if (*count == SCOUT_ADDRESSES_MAX ||
		!channel_get_bytes(c, &bytes, &n) || !channel_done(c))
		return scout_call_malformed(err);
	if (n == 4)
		fill_ip4(&addresses[(*count)++], bytes, port);
	else if (n == 16)
		fill_ip6(&addresses[(*count)++], bytes, port);
	else
		return scout_call_malformed(err);
	return 0;
}

static int take_answer(struct scout_call *call, uint16_t port,
	struct sockaddr_storage *addresses, size_t *ret_count, struct err *err)
{
	size_t count = 0;
	uint8_t type;
	int r;

	while ((r = scout_call_next(call, &type, err)) > 0) {
		if (type != SCOUT_ADDRESS)
			return scout_call_malformed(err);
		if (take_address(call->channel, port, addresses, &count, err) <
			0)
			return -1;
	}
	if (r == 0 && count == 0)
		return scout_call_malformed(err);
	if (r == 0)
		*ret_count = count;
	return r;
}

static int ask(int control_fd, const struct scout_host *host,
	int64_t timeout_ms, struct sockaddr_storage *addresses,
	size_t *ret_count, struct err *err)
{
	char what[SCOUT_HOST_MAX + 16];
	struct scout_call call;
	int r;

	(void)snprintf(what, sizeof what, "looking up %s", host->name);
	if (scout_call_begin(
		    &call, control_fd, what, NULL, 0, timeout_ms, err) < 0)
		return -1;
	channel_begin(call.channel, SCOUT_RESOLVE);
	channel_put_str(call.channel, host->name);
	channel_put_str(call.channel, host->resolver);
	r = channel_send(call.channel, err);
	if (r == 0)
		r = take_answer(&call, host->port, addresses, ret_count, err);
	scout_call_end(&call);
	return r;
}

int scout_resolve(int control_fd, const struct scout_host *host,
	int64_t timeout_ms,
	struct sockaddr_storage addresses[SCOUT_ADDRESSES_MAX],
	size_t *ret_count, struct err *err)
{
	if (parse_literal(host->name, host->port, &addresses[0])) {
		*ret_count = 1;
		return 0;
	}
	if (!is_name(host->name))
		return refuse_host(host->name, err);
	return ask(control_fd, host, timeout_ms, addresses, ret_count, err);
}
