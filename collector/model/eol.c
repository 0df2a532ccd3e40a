/* SPDX-License-Identifier: BSD-2-Clause */
/* From LF to LF: only the two bytes before each decide. */
#include "eol.h"

#include <string.h>

void eol_init(struct eol *e)
{
	memset(e, 0, sizeof *e);
}

/* What stands before the LF at in[len], the held bytes included. */
struct before {
	bool cr;   /* a CR */
	bool crcr; /* two */
};

static struct before look_before(
	const struct eol *e, const char *in, size_t len)
{
	struct before b;
	bool second = len >= 2 ? in[len - 2] == '\r'
			       : (len == 1 ? e->cr : e->prev_cr);

	b.cr = len >= 1 ? in[len - 1] == '\r' : e->cr;
	b.crcr = b.cr && second;
	return b;
}

/* Remembers the end of n bytes that hold no LF. */
static void remember_end(struct eol *e, const char *in, size_t n)
{
	struct before b;

	if (n == 0)
		return;
	b = look_before(e, in, n);
	e->cr = b.cr;
	e->prev_cr = b.crcr;
}

static size_t copy(char *out, const char *in, size_t n)
{
	memcpy(out, in, n);
	return n;
}

size_t eol_to_lf(struct eol *e, const char *in, size_t in_bytes, char *out,
	bool *ret_undoable, bool *ret_held)
{
	const struct eol start = *e;
	size_t used = 0, left = in_bytes, len;
	const char *lf;

	*ret_undoable = true;
	*ret_held = e->cr;
	e->bytes += in_bytes;
	while (left > 0 && (lf = memchr(in, '\n', left)) != NULL) {
		struct before b;
		len = (size_t)(lf - in);
		b = look_before(e, in, len);
		if (!b.cr || b.crcr) {
			*e = start;
			*ret_undoable = false;
			return 0;
		}
		if (len > 0) {
			if (e->cr) /* it stood alone */
				out[used++] = '\r';
			used += copy(out + used, in, len - 1);
		}
		out[used++] = '\n';
		e->cr = e->prev_cr = false;
		e->lf++;
		in += len + 1;
		left -= len + 1;
	}
	if (left == 0)
		return used;
	if (e->cr)
		out[used++] = '\r';
	remember_end(e, in, left);
	return used + copy(out + used, in, left - (e->cr ? 1 : 0));
}

size_t eol_finish(struct eol *e, char *out)
{
	if (!e->cr)
		return 0;
	e->cr = e->prev_cr = false;
	out[0] = '\r';
	return 1;
}

void eol_count(struct eol *e, const char *in, size_t in_bytes)
{
	size_t left = in_bytes, len;
	const char *lf;

	e->bytes += in_bytes;
	while (left > 0 && (lf = memchr(in, '\n', left)) != NULL) {
		struct before b;
		len = (size_t)(lf - in);
		b = look_before(e, in, len);
		e->bare_lf += !b.cr;
		e->crcrlf += b.crcr;
		e->lf++;
		e->cr = e->prev_cr = false;
		in += len + 1;
		left -= len + 1;
	}
	remember_end(e, in, left);
}
