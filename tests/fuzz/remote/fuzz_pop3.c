/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The POP3 readers on a mailstream of memory. Input: one byte that chooses
 * the reader, one for the size of the pieces, then what the server says.
 */
#include "collector/base/log.h"
#include "collector/remote/pop3_capa.h"
#include "collector/remote/pop3_list.h"
#include "collector/remote/pop3_transfer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- a stream of memory ---- */

struct memory {
	const uint8_t *bytes;
	size_t n, at, piece;
};

static ssize_t memory_read(mailstream_low *low, void *buf, size_t n)
{
	struct memory *m = low->data;

	if (n > m->piece)
		n = m->piece;
	if (n > m->n - m->at)
		n = m->n - m->at;
	if (n == 0)
		return -1;
	memcpy(buf, m->bytes + m->at, n);
	m->at += n;
	return (ssize_t)n;
}

static ssize_t memory_write(mailstream_low *low, const void *buf, size_t n)
{
	(void)low;
	(void)buf;
	return (ssize_t)n;
}

static int memory_close(mailstream_low *low)
{
	(void)low;
	return 0;
}

static void memory_free(mailstream_low *low)
{
	free(low);
}

static mailstream_low_driver driver = {
	.mailstream_read = memory_read,
	.mailstream_write = memory_write,
	.mailstream_close = memory_close,
	.mailstream_get_fd = memory_close,
	.mailstream_free = memory_free,
	.mailstream_cancel = memory_free,
};

/* ---- sinks that check ---- */

static int see(void *arg, const struct message_meta *meta, struct err *err)
{
	uint32_t *last = arg;

	(void)err;
	MUST(meta->uid > *last && meta->has & MESSAGE_HAS_UID);
	MUST(!(meta->has & MESSAGE_HAS_UIDL) || meta->uidl[0] != '\0');
	MUST(strlen(meta->uidl) < MESSAGE_UIDL_MAX);
	*last = meta->uid;
	return 0;
}

static int take_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	(void)err;
	MUST(n > 0);
	MUST(buf_add(arg, bytes, n) == 0);
	return 0;
}

static int take_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	(void)arg;
	(void)err;
	MUST(meta->uid == 1 || meta->uid == 3);
	return 0;
}

/* The rule of a body said slowly; see test_pop3_transfer.c. */
static bool reference(const char *in, size_t n, struct buf *out)
{
	for (size_t from = 0; from < n;) {
		const char *lf = memchr(in + from, '\n', n - from);
		size_t line;

		if (lf == NULL)
			return false;
		line = (size_t)(lf - in) - from + 1;
		if (in[from] == '.' &&
			(line == 2 || (line == 3 && in[from + 1] == '\r')))
			return true;
		if (in[from] == '.')
			(void)buf_add(out, in + from + 1, line - 1);
		else
			(void)buf_add(out, in + from, line);
		from += line;
	}
	return false;
}

static void read_body(struct pop3_wire *w, const struct memory *m)
{
	struct buf got, want;
	struct session_sink sink = {
		.body = take_body, .message = take_message, .arg = &got};
	uint64_t bytes = 0;
	struct err err;
	bool ends;

	buf_init(&got, (size_t)16 << 20);
	buf_init(&want, (size_t)16 << 20);
	ends = reference((const char *)m->bytes, m->n, &want);
	MUST((pop3_body_read(w, 0, &sink, &bytes, &err) == 0) == ends);
	if (ends) {
		MUST(bytes == want.len && got.len == want.len);
		MUST(memcmp(buf_str(&got), buf_str(&want), want.len) == 0);
	}
	buf_free(&got);
	buf_free(&want);
}

/* A whole conversation after the login: STAT, LIST, UIDL, two RETRs. */
static void converse(struct pop3_wire *w, bool pipelining)
{
	static const struct uid_range ranges[] = {{1, 1}, {3, 3}};
	struct pop3_capa capa = {.pipelining = pipelining};
	struct pop3_listing l;
	struct buf body;
	struct session_sink sink = {
		.body = take_body, .message = take_message, .arg = &body};
	struct err err;
	uint32_t last = 0;

	buf_init(&body, (size_t)16 << 20);
	pop3_listing_init(&l, 500);
	if (pop3_capa_ask(w, &capa, &err) == 0 &&
		pop3_listing_count(w, &capa, &l, &err) == 0 &&
		pop3_listing_scan(w, &capa, &l, see, &last, &err) == 0) {
		MUST(l.count >= l.expected && l.count <= 500);
		(void)pop3_transfer(w, &l, ranges, 2,
			pipelining ? POP3_WINDOW : 1, 100000, &sink, &err);
	}
	pop3_listing_clear(&l);
	buf_free(&body);
}

static void read_list(struct pop3_wire *w, bool uidl)
{
	struct pop3_listing l;
	struct err err;
	uint32_t last = 0;

	pop3_listing_init(&l, 2000);
	if (pop3_list_read(w, &l, &err) == 0)
		MUST(l.loaded && l.count <= 2000 && l.top <= 2000);
	if (uidl)
		(void)pop3_uidl_read(w, &l, see, &last, &err);
	pop3_listing_clear(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory m = {.piece = 1};
	mailstream_low *low;
	struct pop3_wire w;
	mailstream *s;

	if (size < 2)
		return 0;
	log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, 2);
	m.bytes = data + 2;
	m.n = size - 2;
	m.piece = data[1] % 64 + (size_t)1;
	low = mailstream_low_new(&m, &driver);
	MUST(low != NULL);
	s = mailstream_new(low, 64);
	MUST(s != NULL);
	pop3_wire_init(&w, NULL, s, 300, 1000);
	switch (data[0] % 5) {
	case 0:
		read_body(&w, &m);
		break;
	case 1:
		read_list(&w, false);
		break;
	case 2:
		read_list(&w, true);
		break;
	case 3:
		converse(&w, false);
		break;
	case 4:
		converse(&w, true);
		break;
	}
	pop3_wire_clear(&w);
	(void)mailstream_close(s);
	return 0;
}
