/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A URL may hold, by mistake, a password. So no error repeats a part of it
 * that stands before the host, and nothing at all before we know that no
 * password is there.
 */
#include "url.h"

#include "text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *scheme;
	enum protocol protocol;
	enum tls_mode tls;
	uint16_t port;
} schemes[] = {
	{"imaps", PROTOCOL_IMAP, TLS_IMPLICIT, 993},
	{"imap", PROTOCOL_IMAP, TLS_STARTTLS, 143},
	{"pop3s", PROTOCOL_POP3, TLS_IMPLICIT, 995},
	{"pop3", PROTOCOL_POP3, TLS_STARTTLS, 110},
};

#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])

static int refuse(struct err *err, const char *sentence)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"bad URL: %s", sentence);
}

/* A piece of the text being read. */
struct piece {
	const char *at;
	size_t len;
};

static const char *find(struct piece p, char c)
{
	return memchr(p.at, c, p.len);
}

static const char *find_last(struct piece p, char c)
{
	return memrchr(p.at, c, p.len);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int parse_user(struct piece p, char *out, struct err *err)
{
	size_t used = 0;

	if (p.len == 0)
		return refuse(err, "there is no user before the '@'");
	if (find(p, ':') != NULL)
		return refuse(err,
			"a password does not belong into a URL: leave ':' and "
			"what follows out (a ':' in the user is %3A)");
	for (size_t i = 0; i < p.len; i++) {
		int high, low;
		char c = p.at[i];
		if (c == '%') {
			high = p.len - i > 2 ? hex_value(p.at[i + 1]) : -1;
			low = high >= 0 ? hex_value(p.at[i + 2]) : -1;
			if (low < 0)
				return refuse(err,
					"'%' in the user needs two "
					"hexadecimal digits behind it ('%' "
					"itself is %25)");
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0' || c == '\r' || c == '\n')
			return refuse(err, "a user cannot hold NUL, CR or LF");
		if (used + 1 >= URL_USER_MAX)
			return refuse(err, "the user is too long");
		out[used++] = c;
	}
	out[used] = '\0';
	return 0;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What stays as it is in a user: RFC 3986 2.3, and the '+' of tagged
 * addresses. */
static bool is_unreserved(char c)
{
	return is_alnum(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
	       c == '_' || c == '~' || c == '+';
}

/* RFC 1123 2.1: letters, digits, hyphens; 63 a label, 253 in all. */
static bool is_ldh(const char *host)
{
	size_t label = 0;

	if (strlen(host) > 253)
		return false;
	for (const char *p = host;; p++) {
		if (*p == '.' || *p == '\0') {
			if (label == 0 || label > 63 || p[-1] == '-')
				return false;
			if (*p == '\0')
				return true;
			label = 0;
			continue;
		}
		if (!is_alnum(*p) && (*p != '-' || label == 0))
			return false;
		label++;
	}
}

/* What getaddrinfo would take for a number: "127.1", "0x7f.1", "017700000001"
 * and "2130706433" are all 127.0.0.1 to it, and to no reader. */
static bool ends_in_number(const char *host)
{
	const char *label = strrchr(host, '.');

	label = label != NULL ? label + 1 : host;
	if (label[0] == '0' && label[1] == 'x')
		return strspn(label + 2, "0123456789abcdef") ==
		       strlen(label + 2);
	return *label != '\0' && strspn(label, "0123456789") == strlen(label);
}

static int parse_host6(struct piece p, char *out, struct err *err)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (find(p, '%') != NULL)
		return refuse(err, "an address with a zone is not allowed");
	if (p.len >= sizeof text)
		return refuse(err, "there is no IPv6 address in the brackets");
	memcpy(text, p.at, p.len);
	text[p.len] = '\0';
	if (inet_pton(AF_INET6, text, &addr) != 1)
		return refuse(err, "there is no IPv6 address in the brackets");
	(void)inet_ntop(AF_INET6, &addr, out, URL_HOST_MAX);
	return 0;
}

static int parse_host(struct piece p, char *out, struct err *err)
{
	struct in_addr addr;

	if (p.len == 0)
		return refuse(err, "there is no host");
	if (p.len >= URL_HOST_MAX)
		return refuse(err, "the host is too long");
	for (size_t i = 0; i < p.len; i++) {
		char c = p.at[i];
		if ((unsigned char)c >= 0x80)
			return refuse(err, "write the host in ASCII (xn--…)");
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	out[p.len] = '\0';
	if (!is_ldh(out))
		return refuse(err,
			"the host is no name of letters, digits, hyphens and "
			"single dots");
	if (ends_in_number(out) && inet_pton(AF_INET, out, &addr) != 1)
		return refuse(err,
			"an IPv4 address has four decimal numbers without "
			"leading zeros");
	return 0;
}

static int parse_port(struct piece p, uint16_t *ret_port, struct err *err)
{
	unsigned long port = 0;

	for (size_t i = 0; i < p.len; i++) {
		if (p.at[i] < '0' || p.at[i] > '9' || i >= 5)
			port = 65536;
		else
			port = port * 10 + (unsigned)(p.at[i] - '0');
		if (port > 65535)
			break;
	}
	if (port < 1 || port > 65535)
		return refuse(err, "a port is a number from 1 to 65535");
	*ret_port = (uint16_t)port;
	return 0;
}

/* HOST or [IPV6], then perhaps :PORT. */
static int parse_place(struct piece p, struct url *url, struct err *err)
{
	struct piece host = p, port = {NULL, 0};
	const char *colon;

	if (p.len > 0 && p.at[0] == '[') {
		const char *end = find(p, ']');
		if (end == NULL)
			return refuse(err, "']' is missing behind the address");
		host.at = p.at + 1;
		host.len = (size_t)(end - host.at);
		colon = end + 1;
		if (colon < p.at + p.len && *colon != ':')
			return refuse(
				err, "only a port may follow the address");
		if (parse_host6(host, url->host, err) < 0)
			return -1;
	} else {
		colon = find(p, ':');
		if (colon != find_last(p, ':'))
			return refuse(
				err, "an IPv6 address goes into brackets");
		if (colon == NULL)
			colon = p.at + p.len;
		host.len = (size_t)(colon - p.at);
		if (parse_host(host, url->host, err) < 0)
			return -1;
	}
	if (colon == p.at + p.len)
		return 0;
	port.at = colon + 1;
	port.len = (size_t)(p.at + p.len - port.at);
	return parse_port(port, &url->port, err);
}

static int parse_query(const char *query, struct url *url, struct err *err)
{
	if (strcmp(query, "security=none") != 0)
		return refuse(err,
			"the only thing known behind '?' is security=none");
	if (url->tls == TLS_IMPLICIT)
		return refuse(err,
			"security=none contradicts imaps and pop3s: write "
			"imap or pop3");
	url->tls = TLS_NONE;
	return 0;
}

static int parse_scheme(const char **text, struct url *url, struct err *err)
{
	const char *sep = strstr(*text, "://");
	size_t n = sep != NULL ? (size_t)(sep - *text) : 0;

	for (size_t i = 0; i < SCHEME_COUNT; i++) {
		if (strlen(schemes[i].scheme) != n ||
			!text_equal_n(schemes[i].scheme, *text, n))
			continue;
		url->protocol = schemes[i].protocol;
		url->tls = schemes[i].tls;
		url->port = schemes[i].port;
		*text = sep + 3;
		return 0;
	}
	return refuse(err,
		"it has to begin with imaps://, imap://, pop3s:// or pop3://");
}

int url_parse(const char *text, struct url *ret_url, struct err *err)
{
	struct url url = {0};
	struct piece authority, user;
	const char *at, *rest;

	if (strlen(text) >= URL_TEXT_MAX)
		return refuse(err, "it is too long");
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f)
			return refuse(err,
				"it holds a blank or a control character (a "
				"blank in the user is %20)");
	if (parse_scheme(&text, &url, err) < 0)
		return -1;
	authority.at = text;
	authority.len = strcspn(text, "/?#");
	rest = text + authority.len;
	/* The last one: joe@example.com@imap.example.com is what people type,
	 * and can mean one thing only. */
	at = find_last(authority, '@');
	if (at == NULL)
		return refuse(err,
			"there is no user: write USER@HOST (a '/', '?' or '#' "
			"in the user is %2F, %3F, %23)");
	user.at = authority.at;
	user.len = (size_t)(at - authority.at);
	if (parse_user(user, url.user, err) < 0)
		return -1;
	authority.len -= user.len + 1;
	authority.at = at + 1;
	if (parse_place(authority, &url, err) < 0)
		return -1;
	if (*rest == '?' && parse_query(rest + 1, &url, err) < 0)
		return -1;
	if (*rest != '\0' && *rest != '?')
		return refuse(err, "nothing may follow the host: folders are "
				   "chosen by --folder");
	*ret_url = url;
	return 0;
}

void url_format(const struct url *url, char out[URL_TEXT_MAX])
{
	static const char hex[] = "0123456789ABCDEF";
	const char *scheme = "";
	char user[3 * URL_USER_MAX], port[8] = "";
	enum tls_mode tls =
		url->tls == TLS_IMPLICIT ? TLS_IMPLICIT : TLS_STARTTLS;
	bool six = strchr(url->host, ':') != NULL;
	size_t used = 0;

	for (const char *p = url->user; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		if (is_unreserved(*p)) {
			user[used++] = *p;
			continue;
		}
		user[used++] = '%';
		user[used++] = hex[c >> 4];
		user[used++] = hex[c & 15];
	}
	user[used] = '\0';
	for (size_t i = 0; i < SCHEME_COUNT; i++)
		if (schemes[i].protocol == url->protocol &&
			schemes[i].tls == tls)
			scheme = schemes[i].scheme;
	if (url->port != url_default_port(url->protocol, url->tls))
		(void)snprintf(port, sizeof port, ":%u", url->port);
	(void)snprintf(out, URL_TEXT_MAX, "%s://%s@%s%s%s%s%s", scheme, user,
		six ? "[" : "", url->host, six ? "]" : "", port,
		url->tls == TLS_NONE ? "?security=none" : "");
}

const char *protocol_name(enum protocol p)
{
	return p == PROTOCOL_IMAP ? "imap" : "pop3";
}

uint16_t url_default_port(enum protocol p, enum tls_mode tls)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++)
		if (schemes[i].protocol == p &&
			schemes[i].tls ==
				(tls == TLS_NONE ? TLS_STARTTLS : tls))
			return schemes[i].port;
	return 0;
}
