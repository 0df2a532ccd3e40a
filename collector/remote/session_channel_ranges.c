/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of UIDs: ascending over all frames of an answer, and bounded. */
#include "session_proxy.h"

struct ranges_in {
	session_range_fn *fn;
	void *arg;
	uint64_t count; /* ranges so far */
	uint64_t uids;	/* in them */
	uint32_t last;
};

/* One frame. Those of a mailbox are as many as it may have messages; of
 * UIDs that are gone only the ranges can be counted. */
static int take_frame(
	struct proxy *p, struct ranges_in *in, bool mailbox, struct err *err)
{
	struct uid_range r;

	do {
		if (!session_get_range(p->channel, &r) || r.first <= in->last)
			return proxy_nonsense(p, "a range was due", err);
		in->last = r.last;
		in->uids += (uint64_t)r.last - r.first + 1;
		if (++in->count > p->limits.messages ||
			(mailbox && in->uids > p->limits.messages))
			return proxy_over_limit(
				p, "messages", p->limits.messages, err);
		if (in->fn(in->arg, &r, err) < 0) {
			p->dead = true;
			return -1;
		}
	} while (!channel_done(p->channel));
	return 0;
}

int proxy_uids(
	struct session *s, session_range_fn *fn, void *arg, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	struct ranges_in in = {.fn = fn, .arg = arg};
	uint8_t type;
	int r;

	if (proxy_begin(p, SESSION_UIDS, err) < 0 || proxy_send(p, err) < 0)
		return -1;
	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type != SESSION_UID_RANGES)
			return proxy_nonsense(p, "ranges were due", err);
		if (take_frame(p, &in, true, err) < 0)
			return -1;
	}
	return r;
}

int proxy_vanished(struct session *s, uint64_t since_modseq,
	session_range_fn *fn, void *arg, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	struct ranges_in in = {.fn = fn, .arg = arg};
	bool cannot = false;
	uint8_t type;
	int r;

	if (proxy_begin(p, SESSION_VANISHED, err) < 0)
		return -1;
	channel_put_u64(p->channel, since_modseq);
	if (proxy_send(p, err) < 0)
		return -1;
	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type == SESSION_CANNOT && !cannot && in.count == 0 &&
			channel_done(p->channel)) {
			cannot = true;
			continue;
		}
		if (type != SESSION_UID_RANGES || cannot)
			return proxy_nonsense(p, "ranges were due", err);
		if (take_frame(p, &in, false, err) < 0)
			return -1;
	}
	return r < 0 ? -1 : !cannot;
}
