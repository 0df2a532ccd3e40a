/* SPDX-License-Identifier: BSD-2-Clause */
#include "headers.h"

#include "digest.h"
#include "uidset.h"

#include <stdlib.h>
#include <string.h>

struct headers {
	struct work *work;
	headers_fn *fn;
	void *arg;
	struct digest *digest;
	bool broken; /* our own refusal has ended the session */
};

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct headers *h = arg;

	(void)err;
	if (h->digest == NULL)
		digest_begin(&h->digest);
	digest_add(h->digest, bytes, n);
	h->work->progress.now.bytes_done += n;
	progress_tick(&h->work->progress);
	return 0;
}

static int finish(
	struct headers *h, const struct message_meta *meta, struct err *err)
{
	unsigned char sha256[DIGEST_BYTES];

	if (h->digest == NULL)
		return 0;
	digest_end(&h->digest, sha256);
	if ((meta->has & MESSAGE_HAS_BODY) == 0 ||
		(meta->has & MESSAGE_HAS_UID) == 0)
		return 0;
	return h->fn(h->arg, meta, sha256, err);
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct headers *h = arg;

	if (finish(h, meta, err) == 0 && work_check_cancel(h->work, err) == 0)
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

	ranges = uid_ranges(uids, count, &range_count);
	if (range_count != 0)
		rc = session_headers(
			w->link.session, ranges, range_count, &sink, err);
	if (rc != 0 && h.broken && err->scope < ERR_SCOPE_SESSION)
		err->scope = ERR_SCOPE_SESSION;
	digest_drop(&h.digest);
	free(ranges);
	return rc;
}
