/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hours: times of the day in which something may be done, in the local time
 * of the machine: "22:00-06:00" or "12:00-13:00,18:30-24:00". Where clocks are
 * set forward or back it is what they show that counts. Pure but for the
 * machine's time zone.
 */
#ifndef MAILHAUL_MODEL_HOURS_H
#define MAILHAUL_MODEL_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#define HOURS_MAX 8
#define HOURS_TEXT_MAX 128

struct hours {
	int count; /* 0: all hours */
	struct {
		int from, to; /* minutes of the day; from > to: over midnight */
	} ranges[HOURS_MAX];
};

/* "" is all hours. False: it is none of that form, or a range is empty. */
bool hours_parse(const char *text, struct hours *ret_hours);
bool hours_are_open(const struct hours *h, int64_t wall_s);
/* When that changes next; 0: never, within two days. */
int64_t hours_change(const struct hours *h, int64_t wall_s);

#endif
