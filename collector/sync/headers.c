/* SPDX-License-Identifier: BSD-2-Clause */
#include "headers.h"

#include "uidset.h"

#include <stdlib.h>

struct headers {
	struct work *work;
	headers_fn *fn;
	void *arg;
	struct header header;
	bool broken; /* our own refusal has ended the session */
};

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct headers *h = arg;

	(void)err;
	(void)header_add(&h->header, bytes, n);
	work_receive(h->work, n);
	return 0;
}

static int finish(
	struct headers *h, const struct message_meta *meta, struct err *err)
{
	struct header_bare head;
	bool there = h->header.n != 0 && (meta->has & MESSAGE_HAS_BODY) != 0 &&
		     (meta->has & MESSAGE_HAS_UID) != 0;

	if (there)
		header_make_bare(&h->header, &head);
	header_begin(&h->header);
	return there ? h->fn(h->arg, meta, &head, err) : 0;
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct headers *h = arg;

	if (finish(h, meta, err) == 0 && work_may_receive(h->work, err) == 0)
		return 0;
	h->broken = true;
	return -1;
}

int headers_fetch(struct work *w, const uint32_t *uids, size_t count,
	headers_fn *fn, void *arg, struct err *err)
{
	struct headers h = {.work = w, .fn = fn, .arg = arg};
	const struct session_sink sink = {
		.body = on_body, .message = on_message, .arg = &h};
	struct uid_range *ranges;
	size_t range_count;
	int rc = 0;

	header_begin(&h.header);
	ranges = uid_ranges(uids, count, &range_count);
	if (range_count != 0)
		rc = session_headers(
			w->link.session, ranges, range_count, &sink, err);
	if (rc != 0 && h.broken && err->scope < ERR_SCOPE_SESSION)
		err->scope = ERR_SCOPE_SESSION;
	header_clear(&h.header);
	free(ranges);
	return rc;
}
