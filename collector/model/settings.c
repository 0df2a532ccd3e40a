/* SPDX-License-Identifier: BSD-2-Clause */
#include "settings.h"

#include "../base/mem.h"
#include "text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BYTES 64 /* longer than any key, and than any near miss */

static void *slot(struct settings *s, const struct settings_key *key)
{
	return (char *)s + key->offset;
}

static const void *slot_const(
	const struct settings *s, const struct settings_key *key)
{
	return (const char *)s + key->offset;
}

/* Whether the member is a string that the struct owns. */
static bool is_owned(const struct settings_key *key)
{
	return key->kind == SETTINGS_TEXT || key->kind == SETTINGS_CHOICE;
}

static void put_text(
	struct settings *s, const struct settings_key *key, const char *text)
{
	char **at = slot(s, key);
	char *copy = mem_strdup(text);

	free(*at);
	*at = copy;
}

const struct settings_key *settings_find(const char *key)
{
	for (const struct settings_key *k = settings_keys; k->key != NULL; k++)
		if (strcmp(k->key, key) == 0)
			return k;
	return NULL;
}

/* Levenshtein, one row at a time. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[KEY_BYTES + 1];
	size_t n = strnlen(b, KEY_BYTES);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < KEY_BYTES && a[i] != '\0'; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < n; j++) {
			unsigned best = diagonal + (a[i] != b[j]);
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			diagonal = row[j + 1];
			row[j + 1] = best;
		}
	}
	return row[n];
}

static const char *nearest_key(const char *key)
{
	const char *nearest = "";
	unsigned least = UINT32_MAX;

	for (const struct settings_key *k = settings_keys; k->key != NULL;
		k++) {
		unsigned d = distance(k->key, key);
		if (d < least) {
			least = d;
			nearest = k->key;
		}
	}
	return nearest;
}

static int refuse(const struct settings_key *key, const char *value,
	struct err *err, const char *what_would_do)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"%s = \"%s\" will not do: it has to be %s", key->key, value,
		what_would_do);
}

static void add_range(const struct settings_key *key, char *what, size_t bytes)
{
	char min[32], max[32];
	const char *tail = key->choices != NULL ? ", or none" : "";

	switch (key->kind) {
	case SETTINGS_COUNT:
		(void)snprintf(what, bytes,
			"a number from %" PRId64 " to %" PRId64 "%s", key->min,
			key->max, tail);
		return;
	case SETTINGS_SIZE:
		text_format_size((uint64_t)key->min, min);
		if (key->max == INT64_MAX) {
			(void)snprintf(what, bytes,
				"a size in bytes like 64K, 128M or 1G%s", tail);
			return;
		}
		text_format_size((uint64_t)key->max, max);
		(void)snprintf(what, bytes,
			"a size in bytes from %s to %s, like 64K or 4M%s", min,
			max, tail);
		return;
	case SETTINGS_DURATION:
		text_format_duration(key->min, min);
		text_format_duration(key->max, max);
		(void)snprintf(what, bytes,
			"a time from %s to %s, like 90s, 15m, 1h or 14d%s", min,
			max, tail);
		return;
	case SETTINGS_BOOL:
		(void)snprintf(what, bytes, "yes or no");
		return;
	case SETTINGS_TEXT:
	case SETTINGS_CHOICE:
		break;
	}
	(void)snprintf(what, bytes, "one of %s",
		key->choices != NULL ? key->choices : "(any text)");
}

static int parse_number(
	const struct settings_key *key, const char *value, int64_t *ret)
{
	uint64_t bytes;
	int64_t n = 0;
	char last = value[0] != '\0' ? value[strlen(value) - 1] : '\0';

	if (key->kind == SETTINGS_DURATION) {
		if (text_parse_duration(value, &n) < 0)
			return -1;
	} else {
		if (key->kind == SETTINGS_COUNT && (last < '0' || last > '9'))
			return -1;
		if (text_parse_size(value, &bytes) < 0 || bytes > INT64_MAX)
			return -1;
		n = (int64_t)bytes;
	}
	if (n < key->min || n > key->max)
		return -1;
	*ret = n;
	return 0;
}

static bool is_choice(const char *choices, const char *value)
{
	size_t n = strlen(value);

	while (n > 0 && *choices != '\0') {
		size_t have = strcspn(choices, "|");
		if (have == n && memcmp(choices, value, n) == 0)
			return true;
		choices += have;
		choices += *choices == '|';
	}
	return false;
}

/* 0, or -1 where the value does not fit the kind; texts always do. */
static int put(
	struct settings *s, const struct settings_key *key, const char *value)
{
	bool none = key->choices != NULL && strcmp(value, "none") == 0;
	int64_t number = 0;

	switch (key->kind) {
	case SETTINGS_TEXT:
		put_text(s, key, none ? "" : value);
		return 0;
	case SETTINGS_CHOICE:
		if (key->choices == NULL || !is_choice(key->choices, value))
			return -1;
		put_text(s, key, value);
		return 0;
	case SETTINGS_COUNT:
	case SETTINGS_SIZE:
	case SETTINGS_DURATION:
		if (!none && parse_number(key, value, &number) < 0)
			return -1;
		/* int64_t or uint64_t: of one size, and it is not negative. */
		memcpy(slot(s, key), &number, sizeof number);
		return 0;
	case SETTINGS_BOOL:
		return text_parse_bool(value, slot(s, key));
	}
	return -1;
}

int settings_set(
	struct settings *s, const char *key, const char *value, struct err *err)
{
	const struct settings_key *k = settings_find(key);
	char what[160];

	if (k == NULL) {
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "unknown key \"%s\"", key);
		return err_hint(err, "did you mean %s?", nearest_key(key));
	}
	if (k->kind == SETTINGS_TEXT &&
		(k->choices == NULL || strcmp(value, "none") != 0) &&
		settings_check_text(key, value, err) < 0)
		return -1;
	if (put(s, k, value) == 0)
		return 0;
	add_range(k, what, sizeof what);
	return refuse(k, value, err, what);
}

void settings_init(struct settings *s)
{
	memset(s, 0, sizeof *s);
	for (const struct settings_key *k = settings_keys; k->key != NULL;
		k++) {
		int r = put(s, k, k->default_value);
		assert(r == 0);
		(void)r;
	}
}

void settings_clear(struct settings *s)
{
	for (const struct settings_key *k = settings_keys; k->key != NULL; k++)
		if (is_owned(k))
			free(*(char **)slot(s, k));
	memset(s, 0, sizeof *s);
}

void settings_copy(const struct settings *s, struct settings *ret_copy)
{
	struct settings copy = *s;

	for (const struct settings_key *k = settings_keys; k->key != NULL;
		k++) {
		char *const *at = slot_const(s, k);
		if (!is_owned(k))
			continue;
		*(char **)slot(&copy, k) = mem_strdup(*at);
	}
	settings_clear(ret_copy);
	*ret_copy = copy;
}

char *settings_get(const struct settings *s, const struct settings_key *key)
{
	const void *at = slot_const(s, key);
	const char *text;
	char out[32] = "";
	int64_t number;

	if (is_owned(key)) {
		text = *(char *const *)at;
		return mem_strdup(text[0] == '\0' && key->choices != NULL
					  ? "none"
					  : text);
	}
	if (key->kind == SETTINGS_BOOL)
		return mem_strdup(*(const bool *)at ? "yes" : "no");
	memcpy(&number, at, sizeof number);
	if (number == 0 && key->choices != NULL)
		return mem_strdup("none");
	if (key->kind == SETTINGS_SIZE)
		text_format_size((uint64_t)number, out);
	else if (key->kind == SETTINGS_DURATION)
		text_format_duration(number, out);
	else
		(void)snprintf(out, sizeof out, "%" PRId64, number);
	return mem_strdup(out);
}
