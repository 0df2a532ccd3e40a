/* SPDX-License-Identifier: BSD-2-Clause */
/* text: durations, sizes and yes/no as people type them. Pure. */
#ifndef MAILHAUL_MODEL_TEXT_H
#define MAILHAUL_MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Equal without regard to the case of ASCII letters; no locale. */
bool text_equal(const char *a, const char *b);
/* The same for the first n bytes of both. */
bool text_equal_n(const char *a, const char *b, size_t n);

/* "90s" "15m" "1h" "14d" "2w", a plain number = seconds. 1 s … 10 years.
 * -1 if it is none. */
int text_parse_duration(const char *s, int64_t *ret_s);
/* Shortest form: "15m", "1h", "90s". out ≥ 32 bytes. */
void text_format_duration(int64_t seconds, char out[32]);
/* "128M", "64K", "1G", "123"; powers of 1024. */
int text_parse_size(const char *s, uint64_t *ret_bytes);
/* The shortest exact form: "128M", "1536K", "123". */
void text_format_size(uint64_t bytes, char out[32]);
/* "1.2 MB", for people; powers of 1000. */
void text_format_bytes(uint64_t bytes, char out[32]);
/* yes no true false on off 1 0 */
int text_parse_bool(const char *s, bool *ret_b);
/* "1,234,567" */
void text_format_count(uint64_t n, char out[32]);
/* Server text for a terminal: control, bidi and invalid bytes become '?';
 * at most out_bytes - 1 bytes, cut at a character. */
void text_printable(const char *s, char *out, size_t out_bytes);

#endif
