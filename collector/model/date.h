/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date: INTERNALDATE (RFC 9051 9) and RFC 5322 dates to seconds. Pure.
 * Years are 1900 to 9999: what servers say of a message without a date is
 * often the year 0 or 1, and no file system keeps that.
 */
#ifndef MAILHAUL_MODEL_DATE_H
#define MAILHAUL_MODEL_DATE_H

#include <stddef.h>
#include <stdint.h>

/* "17-Jul-1996 02:44:25 -0700" (day may be one digit or space + digit).
 * Impossible dates ("00-Jan-0000") give -1. ret_wall_s: seconds since 1970. */
int date_parse_internal(const char *text, int64_t *ret_wall_s);
/* From broken-down fields; zone as ±hhmm. -1 if impossible. */
int date_from_fields(int year, int month, int day, int hour, int min, int sec,
	int zone_hhmm, int64_t *ret_wall_s);
/* RFC 5322 3.3 with obsolete forms (comments, two-digit years, named zones,
 * missing weekday or seconds). n bytes, no NUL needed. -1 if it is no date. */
int date_parse_rfc5322(const char *text, size_t n, int64_t *ret_wall_s);
/*
 * The date of a message from its header bytes: that behind the last ';' of
 * the topmost Received, else Date. -1 where there is neither. header: at most
 * the first 64 KiB of the message, any bytes, any line ends.
 */
int date_of_header(const char *header, size_t n, int64_t *ret_wall_s);

#endif
