/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver that libetpan reads and writes through. Two rules it relies on
 * and does not state: read never returns 0 (its literal reader would loop for
 * ever), write neither. The guard stands here: what it takes out is never
 * seen by libetpan, so a read goes on until something is left to show.
 */
#include "transport.h"

#include "transport_state.h"

#include <stdlib.h>
#include <sys/types.h>

static int fail_guard(struct transport *t)
{
	bool limit = false;
	const char *why = guard_why(t->guard, &limit);

	if (limit)
		return transport_fail(t, ERR_LIMIT, ERR_SCOPE_SESSION,
			ERR_RETRY_CHANGE, "the server sent too much: %s", why);
	return transport_fail(t, ERR_PROTOCOL, ERR_SCOPE_SESSION,
		ERR_RETRY_LATER, "the server sent what cannot be read: %s",
		why);
}

static ssize_t low_read(mailstream_low *low, void *buf, size_t n)
{
	struct transport *t = low->data;

	for (;;) {
		ssize_t r;
		long kept;
		if (t->failed || t->poisoned)
			return -1;
		if (t->guard != NULL &&
			(kept = (long)guard_drain(t->guard, buf, n)) > 0)
			return kept;
		/* some never close, or say BYE for ever (Yandex) */
		if (t->guard != NULL && guard_is_over(t->guard))
			return -1;
		r = transport_recv(t, buf, n);
		if (r < 0)
			return -1;
		if (t->wire != NULL)
			wire_received(t->wire, buf, (size_t)r);
		if (t->guard == NULL)
			return r;
		kept = guard_feed(t->guard, buf, (size_t)r);
		if (kept < 0)
			return fail_guard(t);
		if (kept > 0)
			return kept;
	}
}

static ssize_t low_write(mailstream_low *low, const void *buf, size_t n)
{
	struct transport *t = low->data;
	ssize_t r = transport_send(t, buf, n);

	if (r > 0 && t->wire != NULL)
		wire_sent(t->wire, buf, (size_t)r);
	return r;
}

static int low_close(mailstream_low *low)
{
	transport_close(low->data);
	return 0;
}

static int low_get_fd(mailstream_low *low)
{
	struct transport *t = low->data;

	return t->fd;
}

static void low_free(mailstream_low *low)
{
	struct transport *t = low->data;

	t->stream = NULL;
	free(low);
}

static void low_cancel(mailstream_low *low)
{
	transport_cancel(low->data);
}

static struct mailstream_cancel *low_get_cancel(mailstream_low *low)
{
	(void)low;
	return NULL;
}

static carray *low_get_certificate_chain(mailstream_low *low)
{
	(void)low;
	return NULL;
}

/* Waiting in IDLE is ours; without these libetpan makes a pipe for it. */
static int low_idle(mailstream_low *low)
{
	(void)low;
	return 0;
}

static mailstream_low_driver driver = {
	.mailstream_read = low_read,
	.mailstream_write = low_write,
	.mailstream_close = low_close,
	.mailstream_get_fd = low_get_fd,
	.mailstream_free = low_free,
	.mailstream_cancel = low_cancel,
	.mailstream_get_cancel = low_get_cancel,
	.mailstream_get_certificate_chain = low_get_certificate_chain,
	.mailstream_setup_idle = low_idle,
	.mailstream_unsetup_idle = low_idle,
	.mailstream_interrupt_idle = low_idle,
};

int transport_pump(struct transport *t)
{
	mailstream *s = t->stream;
	ssize_t r = 1;

	t->no_wait = true;
	t->would_wait = false;
	while (r > 0 && s->read_buffer_len < s->buffer_max_size) {
		r = low_read(s->low, s->read_buffer + s->read_buffer_len,
			s->buffer_max_size - s->read_buffer_len);
		if (r > 0)
			s->read_buffer_len += (size_t)r;
	}
	t->no_wait = false;
	return r > 0 || (t->would_wait && !transport_failed(t)) ? 0 : -1;
}

mailstream *transport_stream(struct transport *t, size_t buffer_bytes)
{
	mailstream_low *low = mailstream_low_new(t, &driver);

	if (low == NULL)
		abort();
	t->stream = mailstream_new(low, buffer_bytes);
	if (t->stream == NULL)
		abort();
	return t->stream;
}
