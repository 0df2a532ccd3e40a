/* SPDX-License-Identifier: BSD-2-Clause */
/* What the texts among the settings have to look like. */
#include "settings.h"

#include "../base/mem.h"
#include "budget.h"
#include "endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number of digits only from min to max at *s; moves behind it. */
static int parse_decimal(
	const char **s, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;
	const char *p = *s;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > max)
			return -1;
	}
	if (n < min)
		return -1;
	*s = p;
	*ret = n;
	return 0;
}

/* "110,143", up to n bytes. */
static bool is_port_list(const char *s, size_t n)
{
	const char *end = s + n;
	uint64_t port;

	for (;;) {
		const char *start = s;
		if (s >= end || parse_decimal(&s, 1, 65535, &port) < 0 ||
			s - start > 5)
			return false;
		if (s == end)
			return true;
		if (*s++ != ',')
			return false;
	}
}

/* 10.0.0.0/8 or fd00::/8:993,143. Behind the '/' a ':' can only mean ports. */
static bool is_rule(const char *rule, size_t n)
{
	const char *slash = memchr(rule, '/', n), *end = rule + n, *p;
	char addr[INET6_ADDRSTRLEN];
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t len = slash != NULL ? (size_t)(slash - rule) : sizeof addr;
	uint64_t prefix;
	bool six;

	if (len >= sizeof addr)
		return false;
	memcpy(addr, rule, len);
	addr[len] = '\0';
	six = strchr(addr, ':') != NULL;
	if (inet_pton(six ? AF_INET6 : AF_INET, addr, bytes) != 1)
		return false;
	p = slash + 1;
	if (parse_decimal(&p, 0, six ? 128 : 32, &prefix) < 0)
		return false;
	return p == end ||
	       (*p == ':' && is_port_list(p + 1, (size_t)(end - p - 1)));
}

static bool is_allow(const char *s)
{
	for (;;) {
		size_t n;
		s += strspn(s, " ");
		if (*s == '\0')
			return true;
		n = strcspn(s, " ");
		if (!is_rule(s, n))
			return false;
		s += n;
	}
}

static bool is_ports(const char *s)
{
	return strcmp(s, "any") == 0 || is_port_list(s, strlen(s));
}

/* The name of a system user; %u, %n or %d has to make it one a user. */
static bool is_user_template(const char *s)
{
	bool varies = false;

	for (; *s != '\0'; s++) {
		if (*s == ':' || *s == '/')
			return false;
		if (*s != '%')
			continue;
		if (*++s == '\0' || strchr("und%", *s) == NULL)
			return false;
		varies = varies || *s != '%';
	}
	return varies;
}

static bool is_owner(const char *s)
{
	uint64_t id;
	/* (uid_t)-1 means "leave it" to chown(2). */
	const uint64_t max = (uint64_t)UINT32_MAX - 1;

	if (*s == '\0')
		return true;
	if (strncmp(s, "user:", 5) == 0)
		return is_user_template(s + 5);
	if (strncmp(s, "file:", 5) == 0)
		return s[5] == '/';
	return parse_decimal(&s, 0, max, &id) == 0 && *s++ == ':' &&
	       parse_decimal(&s, 0, max, &id) == 0 && *s == '\0';
}

/* Bytes of the template's variable at s, which is a '%'; 0: unknown. */
static size_t variable_bytes(const char *s)
{
	if (s[1] != '\0' && strchr("und%", s[1]) != NULL)
		return 2;
	return strncmp(s, "%{state}", 8) == 0 ? 8 : 0;
}

static bool is_template(const char *s)
{
	if (*s == '\0')
		return false;
	for (size_t n; *s != '\0'; s += n) {
		n = *s == '%' ? variable_bytes(s) : 1;
		if (n == 0)
			return false;
	}
	return true;
}

/* A relative path would mean another place for every working directory: for
 * the daemon, the command and the process beside them. */
static bool is_absolute(const char *s)
{
	return *s == '/';
}

static bool is_store_path(const char *s)
{
	return (*s == '/' || strncmp(s, "%{state}", 8) == 0) && is_template(s);
}

static bool is_ca_file(const char *s)
{
	return *s == '/' || strcmp(s, "system") == 0;
}

/* 192.0.2.1, 192.0.2.1:53, 2001:db8::1 or [2001:db8::1]:53 */
static bool is_resolver(const char *s)
{
	char text[INET6_ADDRSTRLEN + 2];
	unsigned char bytes[sizeof(struct in6_addr)];
	bool brackets = *s == '[';
	size_t n;
	uint64_t port;

	if (strcmp(s, "system") == 0 || inet_pton(AF_INET6, s, bytes) == 1)
		return true;
	n = brackets ? strcspn(++s, "]") : strcspn(s, ":");
	if (n >= sizeof text)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	s += n + (brackets && s[n] == ']');
	if (inet_pton(brackets ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	if (*s == '\0')
		return !brackets;
	return *s++ == ':' && parse_decimal(&s, 1, 65535, &port) == 0 &&
	       *s == '\0';
}

static bool is_five_ports(const char *s)
{
	size_t commas = 0;

	for (const char *p = s; *p != '\0'; p++)
		commas += *p == ',';
	return commas == DISCOVER_PORTS - 1 && is_port_list(s, strlen(s));
}

static const struct {
	const char *key;
	bool (*is_good)(const char *value);
	const char *what_would_do;
} texts[] = {
	{"state.dir", is_absolute, "an absolute path: a directory"},
	{"store.path", is_store_path,
		"an absolute path with no other variables but %u, %n, %d, "
		"%{state} and "
		"%%"},
	{"store.owner", is_owner,
		"uid:gid in numbers, user: and a name with %u, %n or %d, file: "
		"and "
		"an absolute path, or none"},
	{"serve.listen", endpoints_are_good,
		"up to four of ADDRESS:PORT like 127.0.0.1:9180 or [::1]:9180 "
		"(an address, no name) or unix:/PATH, separated by spaces, or "
		"none"},
	{"network.ports", is_ports,
		"ports from 1 to 65535 separated by commas, or any"},
	{"network.allow", is_allow,
		"networks like 10.0.0.0/8 or 192.168.1.7/32:143,993 or "
		"fd00::/8:993, separated by spaces, or none"},
	{"network.resolver", is_resolver,
		"an address like 192.0.2.53, 192.0.2.53:5353 or "
		"[2001:db8::35]:53, or system"},
	{"discover.ports", is_five_ports,
		"five ports from 1 to 65535 separated by commas"},
	{"limits.hosts", budget_rules_are_good,
		"rules like imap.example.org:sessions=4,logins=30,day=50G or "
		"*:account_day=2G, separated by spaces, or none"},
	{"tls.ca_file", is_ca_file, "the absolute path of a file, or system"},
};

int settings_check_text(const char *key, const char *value, struct err *err)
{
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (strcmp(texts[i].key, key) != 0 || texts[i].is_good(value))
			continue;
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE,
			"%s = \"%.200s\" will not do: it has to be %s", key,
			value, texts[i].what_would_do);
	}
	return 0;
}

void settings_discover_ports(
	const struct settings *s, uint16_t ret_ports[DISCOVER_PORTS])
{
	const char *p = s->discover_ports;

	for (size_t i = 0; i < DISCOVER_PORTS; i++) {
		uint64_t port = 0;
		(void)parse_decimal(&p, 1, 65535, &port);
		ret_ports[i] = (uint16_t)port;
		p += *p == ',';
	}
}

int settings_check(const struct settings *s, struct err *err)
{
	for (const struct settings_key *k = settings_keys; k->key != NULL;
		k++) {
		const char *const *at =
			(const void *)((const char *)s + k->offset);
		if (k->kind == SETTINGS_TEXT &&
			settings_check_text(k->key, *at, err) < 0)
			return -1;
	}
	return 0;
}

static int refuse_user(struct err *err, const char *user, const char *why)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the local user \"%.200s\" %s", user, why);
}

/* Any of user, its part before @ and its part after may become the name of a
 * directory. */
static int check_user(const char *user, const char *at, struct err *err)
{
	if (user[0] == '\0' || user[0] == '@')
		return refuse_user(err, user, "has no name before the @");
	if (strlen(user) > 255)
		return refuse_user(err, user, "is longer than 255 bytes");
	if (strchr(user, '/') != NULL || strstr(user, "..") != NULL)
		return refuse_user(err, user, "holds a \"/\" or \"..\"");
	if (user[0] == '.' || (at != NULL && at[1] == '.'))
		return refuse_user(err, user, "begins with a dot");
	for (const char *p = user; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return refuse_user(
				err, user, "holds a control character");
	return 0;
}

int settings_store_path(const struct settings *s, const char *user,
	char **ret_path, struct err *err)
{
	const char *at = strchr(user, '@');
	char *path, *longer;

	if (check_user(user, at, err) < 0 ||
		settings_check_text("store.path", s->store_path, err) < 0)
		return -1;
	path = mem_strdup("");
	for (const char *t = s->store_path; *t != '\0';) {
		size_t n = *t == '%' ? variable_bytes(t) : 1, len = 1;
		const char *piece = t;
		if (n == 2 && t[1] == 'n') {
			piece = user;
			len = at != NULL ? (size_t)(at - user) : strlen(user);
		} else if (n == 2 && t[1] != '%') {
			piece = t[1] == 'u' ? user : at != NULL ? at + 1 : "";
			len = strlen(piece);
		} else if (n == 8) {
			piece = s->state_dir;
			len = strlen(piece);
		}
		longer = mem_printf("%s%.*s", path, (int)len, piece);
		free(path);
		path = longer;
		t += n;
	}
	*ret_path = path;
	return 0;
}
