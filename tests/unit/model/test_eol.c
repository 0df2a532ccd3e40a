/* SPDX-License-Identifier: BSD-2-Clause */
#include "collector/model/eol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES_MAX 256

/* A message and what comes of it. lf NULL: it cannot be undone. */
static const struct {
	const char *in, *lf;
} messages[] = {
	{"", ""},
	{"a", "a"},
	{"a\r\n", "a\n"},
	{"\r\n", "\n"},
	{"\r\n\r\n", "\n\n"},
	{"Subject: x\r\n\r\nbody\r\n.\r\n", "Subject: x\n\nbody\n.\n"},
	{"no end", "no end"},
	{"a\r\nb", "a\nb"},
	{"\r", "\r"},
	{"a\r", "a\r"},
	{"a\rb", "a\rb"},
	{"a\rb\r\n", "a\rb\n"},
	{"\r\r", "\r\r"},
	{"\r\ra\r\n", "\r\ra\n"},
	{"a\r\n\r", "a\n\r"},
	{"a\r\n\rb\r\n", "a\n\rb\n"},
	{"\ra\r\n", "\ra\n"},
	{"\n", NULL},
	{"a\n", NULL},
	{"\n\r\n", NULL},
	{"a\r\n\n", NULL},
	{"a\r\nb\nc\r\n", NULL},
	{"\r\r\n", NULL},
	{"a\r\r\n", NULL},
	{"\r\r\r\n", NULL},
	{"a\r\n\r\r\n", NULL},
	{"a\r\n\r\n\r\r\nb", NULL},
	{"a\n\r", NULL},
};

/* What a reader does with the file: an LF without a CR becomes CRLF. */
static size_t read_back(const char *lf, size_t n, char *out)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		if (lf[i] == '\n' && (i == 0 || lf[i - 1] != '\r'))
			out[used++] = '\r';
		out[used++] = lf[i];
	}
	return used;
}

/* By the definition, to compare with. */
static struct eol count_slowly(const char *in, size_t n)
{
	struct eol e = {.bytes = n};

	for (size_t i = 0; i < n; i++) {
		if (in[i] != '\n')
			continue;
		e.lf++;
		if (i == 0 || in[i - 1] != '\r')
			e.bare_lf++;
		else if (i > 1 && in[i - 2] == '\r')
			e.crcrlf++;
	}
	return e;
}

struct piece {
	const char *at;
	size_t n;
};

struct result {
	char lf[BYTES_MAX];
	size_t bytes;
	bool undoable;
};

/* As a store does it: on failure what was written is turned back, and the
 * rest is kept and counted as received. */
static void convert(const struct piece *pieces, size_t count,
	struct result *ret, struct eol *ret_counts)
{
	struct eol e;
	bool held = false;

	memset(ret, 0, sizeof *ret);
	ret->undoable = true;
	eol_init(&e);
	for (size_t i = 0; i < count; i++) {
		const struct piece *p = &pieces[i];
		char out[BYTES_MAX];
		size_t n;

		if (ret->undoable) {
			struct eol before = e;
			memset(out, 'X', sizeof out);
			n = eol_to_lf(
				&e, p->at, p->n, out, &ret->undoable, &held);
			assert_true(n <= p->n + 1);
			assert_int_equal(out[p->n + 1], 'X');
			if (ret->undoable) {
				memcpy(ret->lf + ret->bytes, out, n);
				ret->bytes += n;
				continue;
			}
			assert_memory_equal(&e, &before, sizeof e);
			assert_int_equal(held, before.cr);
			n = read_back(ret->lf, ret->bytes, out);
			memcpy(ret->lf, out, n);
			ret->bytes = n;
			if (held)
				ret->lf[ret->bytes++] = '\r';
		}
		eol_count(&e, p->at, p->n);
		memcpy(ret->lf + ret->bytes, p->at, p->n);
		ret->bytes += p->n;
	}
	if (ret->undoable)
		ret->bytes += eol_finish(&e, ret->lf + ret->bytes);
	*ret_counts = e;
}

static void check(const char *in, size_t n, const struct piece *pieces,
	size_t count, const char *lf)
{
	struct eol counts, want = count_slowly(in, n);
	struct result r;

	convert(pieces, count, &r, &counts);
	assert_int_equal(r.undoable, want.bare_lf == 0 && want.crcrlf == 0);
	assert_true(counts.bytes == n);
	assert_true(counts.lf == want.lf);
	assert_true(counts.bare_lf == want.bare_lf);
	assert_true(counts.crcrlf == want.crcrlf);
	if (r.undoable) {
		char back[2 * BYTES_MAX];
		size_t m = read_back(r.lf, r.bytes, back);
		assert_int_equal(m, n);
		assert_memory_equal(back, in, n);
		assert_int_equal(r.bytes, n - want.lf);
		if (lf != NULL)
			assert_memory_equal(r.lf, lf, r.bytes);
	} else {
		assert_int_equal(r.bytes, n);
		assert_memory_equal(r.lf, in, n);
	}
}

/* Every message in every division into up to three pieces. */
static void test_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		const char *in = messages[i].in;
		size_t n = strlen(in);
		struct eol want = count_slowly(in, n);

		assert_int_equal(messages[i].lf != NULL,
			want.bare_lf == 0 && want.crcrlf == 0);
		for (size_t a = 0; a <= n; a++) {
			for (size_t b = a; b <= n; b++) {
				const struct piece pieces[] = {{in, a},
					{in + a, b - a}, {in + b, n - b}};
				check(in, n, pieces, 3, messages[i].lf);
			}
		}
	}
}

static void test_byte_by_byte(void **state)
{
	struct piece pieces[BYTES_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		const char *in = messages[i].in;
		size_t n = strlen(in);
		for (size_t k = 0; k < n; k++)
			pieces[k] = (struct piece){in + k, 1};
		check(in, n, pieces, n, messages[i].lf);
	}
}

/* Every string over CR, LF, a letter and NUL of up to seven bytes, in one
 * piece and cut in two. */
static void test_every_string(void **state)
{
	static const char alphabet[] = {'\r', '\n', 'a', '\0'};
	char in[8];

	(void)state;
	for (size_t n = 0; n <= 7; n++) {
		for (unsigned code = 0; code < 1U << 2 * n; code++) {
			for (size_t i = 0; i < n; i++)
				in[i] = alphabet[code >> 2 * i & 3];
			for (size_t a = 0; a <= n; a++) {
				const struct piece pieces[] = {
					{in, a}, {in + a, n - a}};
				check(in, n, pieces, 2, NULL);
			}
		}
	}
}

/* ,W= is what Dovecot computes: all line ends as CRLF. */
static void test_virtual_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		char back[2 * BYTES_MAX];
		size_t n = strlen(messages[i].in);
		struct eol e;

		eol_init(&e);
		eol_count(&e, messages[i].in, n);
		assert_true(e.bytes + e.bare_lf ==
			    read_back(messages[i].in, n, back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_every_string),
		cmocka_unit_test(test_virtual_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
