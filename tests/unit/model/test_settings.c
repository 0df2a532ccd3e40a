/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void check_get(
	const struct settings *s, const char *key, const char *want)
{
	char *text = settings_get(s, settings_find(key));

	if (strcmp(text, want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", key, text, want);
	free(text);
}

/* Every key of the interface with its default, and nothing else. */
static const struct {
	const char *key, *value;
} defaults[] = {
	{"state.dir", "/var/lib/mailhaul"},
	{"store.path", "%{state}/mail/%u"},
	{"store.owner", "none"},
	{"store.eol", "lf"},
	{"store.durability", "syncfs"},
	{"pool.envoys", "32"},
	{"pool.sessions", "64"},
	{"pool.per_host", "8"},
	{"pool.parked", "2000"},
	{"pool.slice", "5m"},
	{"pool.slice_bytes", "1G"},
	{"sync.every", "15m"},
	{"network.allow_private", "no"},
	{"network.ports", "110,143,993,995"},
	{"network.allow", "none"},
	{"network.timeout", "1m"},
	{"network.resolver", "system"},
	{"tls.ca_file", "system"},
	{"tls.min_version", "1.2"},
	{"tls.allow_plain", "yes"},
	{"discover.autoconfig", "yes"},
	{"discover.ports", "993,143,995,110,443"},
	{"limits.message", "128M"},
	{"limits.account", "none"},
	{"limits.line", "1M"},
	{"limits.nesting", "100"},
	{"limits.command", "4M"},
	{"limits.pop3_line", "64K"},
	{"limits.greeting", "4K"},
	{"limits.messages", "2000000"},
	{"limits.mailboxes", "5000"},
	{"limits.hosts", "none"},
	{"limits.known", "yes"},
	{"limits.learn", "yes"},
	{"serve.listen", "none"},
	{"log.format", "text"},
	{"log.level", "info"},
};

static void test_defaults(void **state)
{
	struct settings s;
	struct err err = {0};
	size_t n = 0;
	uint16_t ports[DISCOVER_PORTS];

	(void)state;
	settings_init(&s);
	for (size_t i = 0; i < COUNT(defaults); i++) {
		assert_non_null(settings_find(defaults[i].key));
		check_get(&s, defaults[i].key, defaults[i].value);
	}
	while (settings_keys[n].key != NULL)
		n++;
	assert_int_equal(n, COUNT(defaults));
	assert_int_equal(s.sync_every_s, 900);
	assert_int_equal(s.network_timeout_s, 60);
	assert_true(s.limits_message_bytes == 128U << 20);
	assert_true(s.limits_account_bytes == 0);
	assert_true(s.limits_line_bytes == 1U << 20);
	assert_string_equal(s.store_owner, "");
	assert_string_equal(s.network_allow, "");
	settings_discover_ports(&s, ports);
	assert_int_equal(ports[DISCOVER_IMAPS], 993);
	assert_int_equal(ports[DISCOVER_POP3], 110);
	assert_int_equal(ports[DISCOVER_HTTPS], 443);
	assert_true(s.tls_allow_plain);
	assert_false(s.network_allow_private);
	assert_int_equal(settings_check(&s, &err), 0);
	settings_clear(&s);
}

/* Every default, and every canonical spelling, can be set again; no two keys
 * share a member. */
static void test_table(void **state)
{
	struct settings s, copy = {0};
	struct err err = {0};

	(void)state;
	settings_init(&s);
	for (const struct settings_key *k = settings_keys; k->key != NULL;
		k++) {
		char *text = settings_get(&s, k);
		assert_int_equal(settings_set(&s, k->key, text, &err), 0);
		check_get(&s, k->key, text);
		free(text);
		assert_int_equal(
			settings_set(&s, k->key, k->default_value, &err), 0);
		assert_non_null(k->meaning);
		assert_true(k->offset < sizeof s);
		for (const struct settings_key *o = k + 1; o->key != NULL;
			o++) {
			assert_true(o->offset != k->offset);
			assert_string_not_equal(o->key, k->key);
		}
	}
	assert_int_equal(settings_set(&s, "store.owner", "5:6", &err), 0);
	assert_int_equal(settings_set(&s, "pool.envoys", "7", &err), 0);
	settings_copy(&s, &copy);
	settings_copy(&s, &copy); /* what was there is freed */
	settings_clear(&s);
	check_get(&copy, "store.owner", "5:6");
	check_get(&copy, "pool.envoys", "7");
	check_get(&copy, "state.dir", "/var/lib/mailhaul");
	settings_clear(&copy);
}

static const struct {
	const char *key, *value, *canonical;
} good[] = {
	{"state.dir", "/srv/m", "/srv/m"},
	{"state.dir", "/none", "/none"},
	{"store.path", "/home/%n/Maildir", "/home/%n/Maildir"},
	{"store.path", "%{state}/%d/%n/100%%", "%{state}/%d/%n/100%%"},
	{"store.owner", "1000:1000", "1000:1000"},
	{"store.owner", "0:0", "0:0"},
	{"store.owner", "none", "none"},
	{"store.owner", "", "none"},
	{"store.eol", "crlf", "crlf"},
	{"pool.envoys", "1", "1"},
	{"pool.envoys", "007", "7"},
	{"pool.parked", "0", "0"},
	{"sync.every", "3600", "1h"},
	{"network.allow_private", "TRUE", "yes"},
	{"network.allow_private", "off", "no"},
	{"network.ports", "any", "any"},
	{"network.ports", "1", "1"},
	{"network.ports", "65535,110", "65535,110"},
	{"network.allow", "10.0.0.0/8", "10.0.0.0/8"},
	{"network.allow", "127.0.0.1/32:1143,1110 ::1/128:1143",
		"127.0.0.1/32:1143,1110 ::1/128:1143"},
	{"network.allow", " 10.0.0.0/8  fd00::/8 ", " 10.0.0.0/8  fd00::/8 "},
	{"network.allow", "0.0.0.0/0 ::/0", "0.0.0.0/0 ::/0"},
	{"network.allow", "::ffff:10.0.0.0/104:993", "::ffff:10.0.0.0/104:993"},
	{"network.allow", "none", "none"},
	{"network.timeout", "5", "5s"},
	{"network.resolver", "192.0.2.53", "192.0.2.53"},
	{"network.resolver", "192.0.2.53:5353", "192.0.2.53:5353"},
	{"network.resolver", "2001:db8::35", "2001:db8::35"},
	{"network.resolver", "[2001:db8::35]:53", "[2001:db8::35]:53"},
	{"discover.ports", "1,2,3,4,65535", "1,2,3,4,65535"},
	{"tls.min_version", "1.3", "1.3"},
	{"limits.message", "1048576", "1M"},
	{"limits.message", "1", "1"},
	{"limits.account", "10G", "10G"},
	{"limits.account", "none", "none"},
	{"limits.messages", "10", "10"},
	{"log.level", "wire", "wire"},
};

static void test_set_good(void **state)
{
	struct settings s;

	(void)state;
	settings_init(&s);
	for (size_t i = 0; i < COUNT(good); i++) {
		struct err err = {0};
		if (settings_set(&s, good[i].key, good[i].value, &err) < 0)
			fail_msg("%s", err.text);
		check_get(&s, good[i].key, good[i].canonical);
		assert_int_equal(settings_check(&s, &err), 0);
	}
	settings_clear(&s);
}

/* What the error has to name, besides the key and the value. */
static const struct {
	const char *key, *value, *word;
} bad[] = {
	{"state.dir", "", "directory"},
	{"state.dir", "none", "absolute"},
	{"state.dir", "./state", "absolute"},
	{"store.path", "mail/%u", "absolute"},
	{"store.path", "%u", "absolute"},
	{"tls.ca_file", "ca.pem", "absolute"},
	{"store.path", "", "path"},
	{"store.path", "/mail/%x", "%u"},
	{"store.path", "/mail/%", "%u"},
	{"store.path", "/mail/%{home}", "%u"},
	{"store.path", "/mail/%{state", "%u"},
	{"store.owner", "1000", "uid:gid"},
	{"store.owner", "joe:joe", "uid:gid"},
	{"store.owner", "1000:", "uid:gid"},
	{"store.owner", "-1:0", "uid:gid"},
	{"store.owner", "4294967295:0", "uid:gid"},
	{"store.owner", "1:18446744073709551617", "uid:gid"},
	{"store.owner", "1:1:1", "uid:gid"},
	{"store.eol", "cr", "lf|crlf"},
	{"store.eol", "", "lf|crlf"},
	{"store.eol", "LF", "lf|crlf"},
	{"store.eol", "lf|crlf", "lf|crlf"},
	{"store.eol", "none", "lf|crlf"},
	{"store.durability", "sync", "syncfs|fsync"},
	{"pool.envoys", "0", "1 to 1000"},
	{"pool.envoys", "1001", "1 to 1000"},
	{"pool.envoys", "1K", "number"},
	{"pool.envoys", "-1", "number"},
	{"pool.envoys", "", "number"},
	{"pool.envoys", "none", "number"},
	{"pool.envoys", "18446744073709551617", "number"},
	{"pool.envoys", "9223372036854775808", "number"},
	{"pool.envoys", " 3", "number"},
	{"pool.envoys", "3\n", "number"},
	{"sync.every", "0", "15m"},
	{"sync.every", "never", "15m"},
	{"sync.every", "15 m", "15m"},
	{"network.allow_private", "maybe", "yes or no"},
	{"network.ports", "", "ports"},
	{"network.ports", "none", "ports"},
	{"network.ports", "0", "ports"},
	{"network.ports", "65536", "ports"},
	{"network.ports", "000110", "ports"},
	{"network.ports", "110,", "ports"},
	{"network.ports", ",110", "ports"},
	{"network.ports", "110,,143", "ports"},
	{"network.ports", "110 143", "ports"},
	{"network.ports", "110-143", "ports"},
	{"network.ports", "all", "ports"},
	{"network.allow", "10.0.0.1", "networks"},
	{"network.allow", "10.0.0.0/33", "networks"},
	{"network.allow", "10.0.0.0/", "networks"},
	{"network.allow", "10.0.0.0/8x", "networks"},
	{"network.allow", "10.0.0.0/8:", "networks"},
	{"network.allow", "10.0.0.0/8:0", "networks"},
	{"network.allow", "10.0.0.0/8:993,", "networks"},
	{"network.allow", "10.0.0.0/8,11.0.0.0/8", "networks"},
	{"network.allow", "10.0.0/8", "networks"},
	{"network.allow", "010.0.0.0/8", "networks"},
	{"network.allow", "fd00::/129", "networks"},
	{"network.allow", "fd00::g/8", "networks"},
	{"network.allow", "fe80::1%eth0/64", "networks"},
	{"network.allow", "localhost/8", "networks"},
	{"network.allow", "/8", "networks"},
	{"network.allow", "10.0.0.0/8 x", "networks"},
	{"network.allow", "1111111111111111111111111111111111111111111111/8",
		"networks"},
	{"network.resolver", "", "system"},
	{"network.resolver", "dns.example.org", "system"},
	{"network.resolver", "192.0.2", "system"},
	{"network.resolver", "192.0.2.53:", "system"},
	{"network.resolver", "192.0.2.53:0", "system"},
	{"network.resolver", "192.0.2.53:65536", "system"},
	{"network.resolver", "192.0.2.53,192.0.2.54", "system"},
	{"network.resolver", "[2001:db8::35]", "system"},
	{"network.resolver", "[2001:db8::35", "system"},
	{"network.resolver", "[192.0.2.53]:53", "system"},
	{"discover.ports", "993,143,995,110", "five ports"},
	{"discover.ports", "993,143,995,110,443,1", "five ports"},
	{"discover.ports", "993,143,995,110,", "five ports"},
	{"discover.ports", "any", "five ports"},
	{"discover.autoconfig", "maybe", "yes"},
	{"network.timeout", "0", "1s to 1d"},
	{"network.timeout", "2d", "1s to 1d"},
	{"tls.ca_file", "", "system"},
	{"tls.min_version", "1.1", "1.2|1.3"},
	{"limits.message", "none", "128M"},
	{"limits.message", "0", "128M"},
	{"limits.message", "9223372036854775808", "128M"},
	{"limits.message", "lots", "128M"},
	{"limits.account", "0", "none"},
	{"limits.account", "None", "none"},
	{"limits.line", "1", "1K to 1G"},
	{"limits.nesting", "501", "1 to 500"},
	{"log.level", "trace", "error|warn|info|debug|wire"},
};

static void test_set_bad(void **state)
{
	struct settings s;

	(void)state;
	settings_init(&s);
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct settings_key *k = settings_find(bad[i].key);
		struct err err = {0};
		char *before = settings_get(&s, k), *after;

		if (settings_set(&s, bad[i].key, bad[i].value, &err) == 0)
			fail_msg("%s = %s accepted", bad[i].key, bad[i].value);
		after = settings_get(&s, k);
		assert_string_equal(before, after);
		free(before);
		free(after);
		assert_int_equal(err.class, ERR_CONFIG);
		if (strstr(err.text, bad[i].key) == NULL ||
			strstr(err.text, bad[i].word) == NULL)
			fail_msg("%s = %s: %s", bad[i].key, bad[i].value,
				err.text);
		if (strchr(bad[i].value, '\n') == NULL)
			assert_non_null(strstr(err.text, bad[i].value));
		assert_null(strchr(err.text, '\n'));
		assert_int_equal(
			settings_set(&s, bad[i].key, bad[i].value, NULL), -1);
	}
	settings_clear(&s);
}

static void test_unknown(void **state)
{
	static const struct {
		const char *key, *nearest;
	} rows[] = {
		{"store.dir", "state.dir"},
		{"store.pth", "store.path"},
		{"pool.per-host", "pool.per_host"},
		{"pool.perhost", "pool.per_host"},
		{"pool.envoy", "pool.envoys"},
		{"log.levle", "log.level"},
		{"tls.ca", "tls.ca_file"},
		{"limits.mesages", "limits.messages"},
		{"sync_every", "sync.every"},
		{"Sync.every", "sync.every"},
		{"network.allow_privat", "network.allow_private"},
	};
	struct settings s;
	struct err err;
	char longest[5000];

	(void)state;
	settings_init(&s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(&err, 0, sizeof err);
		assert_int_equal(settings_set(&s, rows[i].key, "1", &err), -1);
		assert_int_equal(err.class, ERR_CONFIG);
		assert_non_null(strstr(err.text, rows[i].key));
		if (strstr(err.hint, rows[i].nearest) == NULL)
			fail_msg("%s: %s", rows[i].key, err.hint);
	}
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(settings_set(&s, longest, "1", &err), -1);
	assert_int_equal(settings_set(&s, "", "1", &err), -1);
	assert_true(err.hint[0] != '\0');
	settings_clear(&s);
}

static void test_store_path(void **state)
{
	static const struct {
		const char *template, *user, *path;
	} rows[] = {
		{"%{state}/mail/%u", "joe", "/s%t/mail/joe"},
		{"%{state}/mail/%u", "joe@example.com",
			"/s%t/mail/joe@example.com"},
		{"/m/%d/%n", "joe@example.com", "/m/example.com/joe"},
		{"/m/%d/%n", "joe", "/m//joe"},
		{"/m/%n/%d", "a@b@c", "/m/a/b@c"},
		{"/m/%d/%n", "joe@", "/m//joe"},
		{"/m/100%%/%u", "%u", "/m/100%/%u"},
		{"/m/%u", "%{state}", "/m/%{state}"},
		{"/m/%u%u", "j.r", "/m/j.rj.r"},
		{"/m/fixed", "joe", "/m/fixed"},
		{"/m/%u", "j\xc3\xb6", "/m/j\xc3\xb6"}, {"/m/%u", "", NULL},
		{"/m/%u", "@example.com", NULL}, {"/m/%u", ".", NULL},
		{"/m/%u", "..", NULL}, {"/m/%u", ".joe", NULL},
		{"/m/%u", "joe@.ssh", NULL}, {"/m/%u", "joe@..", NULL},
		{"/m/%u", "a..b", NULL}, {"/m/%u", "../etc", NULL},
		{"/m/%u", "a/b", NULL}, {"/m/%u", "/", NULL},
		{"/m/%d", "joe@a/b", NULL}, {"/m/%u", "a\nb", NULL},
		{"/m/%u", "a\x7f", NULL},
		{"/m/%z", "joe", NULL}, /* not by way of settings_set */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct settings s;
		struct err err = {0};
		char *path = NULL;
		int r;

		settings_init(&s);
		assert_int_equal(
			settings_set(&s, "state.dir", "/s%t", NULL), 0);
		free(s.store_path);
		s.store_path = strdup(rows[i].template);
		r = settings_store_path(&s, rows[i].user, &path, &err);
		if (rows[i].path == NULL) {
			assert_int_equal(r, -1);
			assert_null(path);
			assert_int_equal(err.class, ERR_CONFIG);
		} else {
			assert_int_equal(r, 0);
			assert_string_equal(path, rows[i].path);
		}
		free(path);
		settings_clear(&s);
	}
}

static void test_store_path_long(void **state)
{
	char user[300];
	struct settings s;
	char *path = NULL;

	(void)state;
	memset(user, 'u', sizeof user);
	user[256] = '\0';
	settings_init(&s);
	assert_int_equal(settings_store_path(&s, user, &path, NULL), -1);
	user[255] = '\0';
	assert_int_equal(settings_store_path(&s, user, &path, NULL), 0);
	assert_int_equal(strlen(path), strlen("/var/lib/mailhaul/mail/") + 255);
	free(path);
	settings_clear(&s);
}

static void test_check(void **state)
{
	struct settings s;
	struct err err = {0};

	(void)state;
	settings_init(&s);
	free(s.network_ports);
	s.network_ports = strdup("x");
	assert_int_equal(settings_check(&s, &err), -1);
	assert_non_null(strstr(err.text, "network.ports"));
	settings_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_set_good),
		cmocka_unit_test(test_set_bad),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_store_path),
		cmocka_unit_test(test_store_path_long),
		cmocka_unit_test(test_check),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
