/* SPDX-License-Identifier: BSD-2-Clause */
/* date_words: months and zones by name. Pure; for date and its kin. */
#ifndef MAILHAUL_MODEL_DATE_WORDS_H
#define MAILHAUL_MODEL_DATE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* 1 … 12 for "Jan", "jan", "January", "Sept"; 0 if it is no month. n bytes. */
int date_month(const char *word, size_t n);
/* ±hhmm of a zone's name; an unknown one is 0 (RFC 5322 4.3). */
int date_zone(const char *word, size_t n);
/* "AM", "pm". */
bool date_is_half_day(const char *word, size_t n, bool *ret_afternoon);

#endif
