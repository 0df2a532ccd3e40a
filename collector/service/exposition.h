/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exposition: the text format 0.0.4 of Prometheus: families, each with HELP
 * and TYPE before its samples. Values are whole numbers, or seconds out of
 * milliseconds, so that no locale and no rounding has a say. Pure.
 */
#ifndef MAILHAUL_SERVICE_EXPOSITION_H
#define MAILHAUL_SERVICE_EXPOSITION_H

#include "../base/buf.h"

#include <stddef.h>
#include <stdint.h>

struct exposition_label {
	const char *name, *value; /* any text */
};
#define EXPOSITION_LABELS_MAX 3

/* type: "counter", "gauge" or "histogram". All samples of a family follow
 * its head. */
void exposition_head(
	struct buf *out, const char *name, const char *type, const char *help);
/* labels: up to EXPOSITION_LABELS_MAX, the rest {NULL}; NULL = none. */
void exposition_count(struct buf *out, const char *name,
	const struct exposition_label *labels, uint64_t value);
void exposition_seconds(struct buf *out, const char *name,
	const struct exposition_label *labels, int64_t value_ms);
/* A family of one sample without labels. */
void exposition_gauge(
	struct buf *out, const char *name, const char *help, uint64_t value);

#define EXPOSITION_BUCKETS 8
/* Seconds, by the bounds that all our histograms have: 1, 5, 15, 60, 300,
 * 900, 3600, 14400. */
struct exposition_histogram {
	uint64_t buckets[EXPOSITION_BUCKETS + 1]; /* each by itself */
	uint64_t sum_ms;
};
void exposition_observe(struct exposition_histogram *h, int64_t value_ms);
void exposition_histogram(struct buf *out, const char *name, const char *help,
	const struct exposition_histogram *h);

#endif
