/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IDLE (RFC 2177, RFC 9051 6.3.13). While the server is silent there is
 * nothing to be done, and nothing on any stack: what it sends is taken into
 * the stream's buffer without waiting, and there looked at line by line. Small
 * talk ("* OK Still here") is read away; anything else is news and stays where
 * it is: it is parsed like any other answer when DONE has been said.
 */
#include "imap_command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IDLE_BYTES ((uint64_t)65536) /* of small talk; more is no news */
#define IDLE_KEEP_BYTES 4096

/* What the last answers have left behind. */
static void idle_slim(struct imap *im)
{
	mailimap *m = im->m;

	if (m->imap_response_info != NULL)
		mailimap_response_info_free(m->imap_response_info);
	m->imap_response_info = NULL;
	if (m->imap_stream_buffer->allocated_len <= IDLE_KEEP_BYTES)
		return;
	mmap_string_free(m->imap_stream_buffer);
	m->imap_stream_buffer = mmap_string_new("");
	if (m->imap_stream_buffer == NULL)
		abort(); /* out of memory, as in base/mem.h */
}

int imap_idle(struct session *s, struct err *err)
{
	struct imap *im = (struct imap *)s;
	struct imap_answer answer = {.status = IMAP_BAD};
	int r;

	if (imap_need_selected(im, err) < 0 || imap_ahead_settle(im, err) < 0)
		return -1;
	if ((im->caps & IMAP_CAP_IDLE) == 0 || imap_is_worn(im, 1))
		return 0;
	im->news = im->idle_over = false;
	imap_begin(im);
	imap_put(im, "IDLE\r\n");
	r = imap_await_go(im, "IDLE", &answer, err);
	transport_set_deadline(im->t, 0);
	if (r < 0)
		return -1;
	if (r == 0) { /* offered, and refused */
		im->refused += answer.status != IMAP_OK;
		im->caps &= ~(uint32_t)IMAP_CAP_IDLE;
		return 0;
	}
	im->idling = true;
	idle_slim(im);
	transport_begin_command(im->t);
	transport_set_budget(im->t, IDLE_BYTES);
	transport_set_session_deadline(im->t, 0);
	return 1;
}

int imap_idle_end(struct session *s, struct err *err)
{
	struct imap *im = (struct imap *)s;
	struct imap_answer answer;

	if (!im->idling)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "the session does not wait in IDLE");
	im->idling = false;
	transport_set_budget(im->t, 0);
	transport_set_session_deadline(im->t, im->limits.session_ms != 0
						      ? im->limits.session_ms
						      : SESSION_MS);
	if (!im->idle_over) {
		imap_put(im, "DONE\r\n");
		if (mailstream_flush(im->m->imap_stream) < 0)
			return imap_broken(
				im, MAILIMAP_ERROR_STREAM, "IDLE", err);
	}
	/* NO and BAD change nothing: it is over */
	if (imap_wait(im, "IDLE", &answer, err) < 0)
		return -1;
	return im->news;
}

/* "* OK …", or another "+": nothing to get up for. A literal at its end would
 * have to be read by whoever can read one. */
static bool idle_is_small_talk(const char *line, size_t n)
{
	if (n > 0 && line[n - 1] == '}')
		return false;
	return n == 0 || line[0] == '+' ||
	       (n >= 4 && strncasecmp(line, "* OK", 4) == 0 &&
		       (n == 4 || line[4] == ' '));
}

/* Takes the first line that has come if it is small talk; false: it is not,
 * or none is whole. */
static bool idle_take_line(struct imap *im)
{
	const mailstream *stream = im->m->imap_stream;
	const char *line = stream->read_buffer;
	const char *nl = memchr(line, '\n', stream->read_buffer_len);
	size_t n;

	if (nl == NULL)
		return false;
	n = (size_t)(nl - line);
	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (idle_is_small_talk(line, n))
		return mailimap_read_line(im->m) != NULL;
	im->news = true;
	/* it has ended IDLE by itself */
	im->idle_over = n > 0 && isdigit((unsigned char)line[0]);
	if (n >= 5 && strncasecmp(line, "* BYE", 5) == 0)
		imap_note_line(im, line, n);
	return false;
}

int imap_idle_look(struct session *s, struct err *err)
{
	struct imap *im = (struct imap *)s;
	const mailstream *stream = im->m->imap_stream;
	int r = transport_pump(im->t);

	while (!im->news && idle_take_line(im)) {
		/* the next one */
	}
	if (im->bye[0] != '\0' || (r < 0 && !im->news))
		return imap_broken(im, MAILIMAP_ERROR_STREAM, "IDLE", err);
	if (im->news)
		return 1;
	if (stream->read_buffer_len < stream->buffer_max_size)
		return 0;
	transport_poison(im->t);
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the server sends a line without an end while it is waited "
		"for");
}

int imap_idle_fd(struct session *s)
{
	return transport_fd(((struct imap *)s)->t);
}
