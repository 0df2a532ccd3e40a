/* SPDX-License-Identifier: BSD-2-Clause */
#include "exposition.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static const int64_t bounds_s[EXPOSITION_BUCKETS] = {
	1, 5, 15, 60, 300, 900, 3600, 14400};

/* In HELP a quote stands for itself, in a label's value it does not. */
static void escaped(struct buf *out, const char *text, bool quoted)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			(void)buf_add_str(out, "\\n");
		else if (*text == '\\' || (quoted && *text == '"'))
			(void)buf_printf(out, "\\%c", *text);
		else
			(void)buf_add(out, text, 1);
	}
}

void exposition_head(
	struct buf *out, const char *name, const char *type, const char *help)
{
	(void)buf_printf(out, "# HELP %s ", name);
	escaped(out, help, false);
	(void)buf_printf(out, "\n# TYPE %s %s\n", name, type);
}

static void sample(struct buf *out, const char *name,
	const struct exposition_label *labels, const char *value)
{
	(void)buf_add_str(out, name);
	for (size_t i = 0; labels != NULL && i < EXPOSITION_LABELS_MAX &&
			   labels[i].name != NULL;
		i++) {
		(void)buf_printf(
			out, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
		escaped(out, labels[i].value, true);
		(void)buf_add_str(out, "\"");
	}
	(void)buf_printf(out, "%s %s\n",
		labels != NULL && labels[0].name != NULL ? "}" : "", value);
}

void exposition_count(struct buf *out, const char *name,
	const struct exposition_label *labels, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%" PRIu64, value);
	sample(out, name, labels, text);
}

void exposition_seconds(struct buf *out, const char *name,
	const struct exposition_label *labels, int64_t value_ms)
{
	char text[32];

	if (value_ms < 0)
		value_ms = 0;
	(void)snprintf(text, sizeof text, "%" PRId64 ".%03d", value_ms / 1000,
		(int)(value_ms % 1000));
	sample(out, name, labels, text);
}

void exposition_gauge(
	struct buf *out, const char *name, const char *help, uint64_t value)
{
	exposition_head(out, name, "gauge", help);
	exposition_count(out, name, NULL, value);
}

void exposition_observe(struct exposition_histogram *h, int64_t value_ms)
{
	size_t i = 0;

	if (value_ms < 0)
		value_ms = 0;
	while (i < EXPOSITION_BUCKETS && value_ms > bounds_s[i] * 1000)
		i++;
	h->buckets[i]++;
	h->sum_ms += (uint64_t)value_ms;
}

void exposition_histogram(struct buf *out, const char *name, const char *help,
	const struct exposition_histogram *h)
{
	char part[128], bound[16];
	const struct exposition_label le[EXPOSITION_LABELS_MAX] = {
		{"le", bound}, {NULL, NULL}};
	uint64_t sum = 0;

	exposition_head(out, name, "histogram", help);
	(void)snprintf(part, sizeof part, "%s_bucket", name);
	for (size_t i = 0; i <= EXPOSITION_BUCKETS; i++) {
		sum += h->buckets[i];
		(void)snprintf(bound, sizeof bound, "+Inf");
		if (i < EXPOSITION_BUCKETS)
			(void)snprintf(
				bound, sizeof bound, "%" PRId64, bounds_s[i]);
		exposition_count(out, part, le, sum);
	}
	(void)snprintf(part, sizeof part, "%s_sum", name);
	exposition_seconds(out, part, NULL, (int64_t)h->sum_ms);
	(void)snprintf(part, sizeof part, "%s_count", name);
	exposition_count(out, part, NULL, sum);
}
