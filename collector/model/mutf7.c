/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modified UTF-7, RFC 3501 5.1.3. Only the one spelling that the RFC allows
 * is read: no printable ASCII in base64, no bits left over, no shift right
 * behind another. So two different inputs never give the same name, and a
 * "/" or "." cannot be smuggled in as base64.
 */
#include "name.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

struct writer {
	char *out;
	size_t used;
	size_t max; /* NUL not counted */
};

static int put(struct writer *w, const void *bytes, size_t n)
{
	if (n > w->max - w->used)
		return -1;
	memcpy(w->out + w->used, bytes, n);
	w->used += n;
	return 0;
}

static int put_code_point(struct writer *w, uint32_t c)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)c, bytes);

	return n > 0 ? put(w, bytes, (size_t)n) : -1;
}

static bool is_printable(uint32_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

/* A UTF-16 unit out of base64. *high: the first half of a pair, or 0. NUL is
 * refused: no name here can hold it. */
static int put_unit(struct writer *w, uint32_t unit, uint32_t *high)
{
	uint32_t c = unit;

	if (*high != 0) {
		if (unit < 0xdc00 || unit > 0xdfff)
			return -1;
		c = 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00);
		*high = 0;
	} else if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
		return 0;
	} else if (unit == 0 || is_printable(unit) ||
		   (unit >= 0xdc00 && unit <= 0xdfff)) {
		return -1;
	}
	return put_code_point(w, c);
}

/* From behind the '&' to behind the '-'. */
static int decode_run(struct writer *w, const char **pos)
{
	uint32_t bits = 0, high = 0;
	unsigned count = 0;
	size_t start = w->used;
	const char *p = *pos;

	for (; *p != '-'; p++) {
		const char *digit = *p != '\0' ? strchr(alphabet, *p) : NULL;
		if (digit == NULL)
			return -1;
		bits = (bits << 6 | (uint32_t)(digit - alphabet)) & 0x3fffff;
		count += 6;
		if (count < 16)
			continue;
		count -= 16;
		if (put_unit(w, bits >> count & 0xffff, &high) < 0)
			return -1;
	}
	if (high != 0 || count >= 6 || (bits & ((1U << count) - 1)) != 0 ||
		w->used == start)
		return -1;
	*pos = p + 1;
	return 0;
}

int name_from_mutf7(const char *mutf7, char *out, size_t out_bytes)
{
	struct writer w = {.out = out, .max = out_bytes - 1};
	bool shifted = false; /* a run of base64 has just ended */

	if (out_bytes == 0)
		return -1;
	for (const char *p = mutf7; *p != '\0';) {
		if (!is_printable((unsigned char)*p))
			return -1;
		if (*p != '&' || p[1] == '-') {
			if (put(&w, p, 1) < 0)
				return -1;
			p += *p == '&' ? 2 : 1;
			shifted = false;
			continue;
		}
		p++;
		if (shifted || decode_run(&w, &p) < 0)
			return -1;
		shifted = true;
	}
	out[w.used] = '\0';
	return 0;
}

/* The base64 being written. */
struct run {
	bool open;
	uint32_t bits;
	unsigned count; /* bits not yet written */
};

static int put_digits(struct writer *w, struct run *r)
{
	while (r->count >= 6) {
		r->count -= 6;
		if (put(w, &alphabet[r->bits >> r->count & 63], 1) < 0)
			return -1;
	}
	return 0;
}

static int encode_unit(struct writer *w, struct run *r, uint32_t unit)
{
	if (!r->open && put(w, "&", 1) < 0)
		return -1;
	r->open = true;
	r->bits = r->bits << 16 | unit;
	r->count += 16;
	return put_digits(w, r);
}

static int close_run(struct writer *w, struct run *r)
{
	if (!r->open)
		return 0;
	if (r->count > 0) {
		r->bits <<= 6 - r->count;
		r->count = 6;
		if (put_digits(w, r) < 0)
			return -1;
	}
	r->open = false;
	r->bits = 0;
	return put(w, "-", 1);
}

static int encode_char(struct writer *w, struct run *r, uint32_t c)
{
	if (is_printable(c)) {
		char ascii = (char)c;
		if (close_run(w, r) < 0 || put(w, &ascii, 1) < 0)
			return -1;
		return c == '&' ? put(w, "-", 1) : 0;
	}
	if (c < 0x10000)
		return encode_unit(w, r, c);
	c -= 0x10000;
	if (encode_unit(w, r, 0xd800 + (c >> 10)) < 0)
		return -1;
	return encode_unit(w, r, 0xdc00 + (c & 0x3ff));
}

int name_to_mutf7(const char *utf8, char *out, size_t out_bytes)
{
	struct writer w = {.out = out, .max = out_bytes - 1};
	const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)utf8;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(utf8);
	struct run r = {0};

	if (out_bytes == 0)
		return -1;
	while (left > 0) {
		utf8proc_int32_t c = -1;
		utf8proc_ssize_t n = utf8proc_iterate(p, left, &c);
		if (n <= 0 || encode_char(&w, &r, (uint32_t)c) < 0)
			return -1;
		p += n;
		left -= n;
	}
	if (close_run(&w, &r) < 0)
		return -1;
	out[w.used] = '\0';
	return 0;
}
