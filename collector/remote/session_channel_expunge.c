/* SPDX-License-Identifier: BSD-2-Clause */
/* Deleting: what is said to be done must have been asked for. */
#include "session_proxy.h"

static bool is_asked(const struct uid_range *ranges, size_t count,
	const struct uid_range *told)
{
	for (size_t i = 0; i < count; i++)
		if (told->first >= ranges[i].first &&
			told->last <= ranges[i].last)
			return true;
	return false;
}

static int ask(struct proxy *p, const struct uid_range *ranges, size_t count,
	struct err *err)
{
	if (proxy_begin(p, SESSION_RANGES, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		channel_put_u32(p->channel, ranges[i].first);
		channel_put_u32(p->channel, ranges[i].last);
	}
	if (proxy_send(p, err) < 0 || proxy_begin(p, SESSION_EXPUNGE, err) < 0)
		return -1;
	return proxy_send(p, err);
}

struct told {
	const struct uid_range *ranges; /* asked for */
	size_t count;
	session_range_fn *fn;
	void *arg;
	uint32_t last;
};

static int take_frame(struct proxy *p, struct told *t, struct err *err)
{
	struct uid_range r;

	do {
		if (!session_get_range(p->channel, &r) || r.first <= t->last ||
			!is_asked(t->ranges, t->count, &r))
			return proxy_nonsense(p, "a range was due", err);
		t->last = r.last;
		if (t->fn(t->arg, &r, err) < 0) {
			p->dead = true;
			return -1;
		}
	} while (!channel_done(p->channel));
	return 0;
}

int proxy_expunge(struct session *s, const struct uid_range *ranges,
	size_t count, session_range_fn *fn, void *arg, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	struct told t = {
		.ranges = ranges, .count = count, .fn = fn, .arg = arg};
	bool cannot = false;
	uint8_t type;
	int r;

	if (count > SESSION_RANGES_FRAME)
		return err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX,
			ERR_RETRY_CHANGE, "%zu ranges to delete at once",
			count);
	if (count == 0)
		return 1;
	if (ask(p, ranges, count, err) < 0)
		return -1;
	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type == SESSION_CANNOT && !cannot && t.last == 0 &&
			channel_done(p->channel)) {
			cannot = true;
			continue;
		}
		if (type != SESSION_UID_RANGES || cannot)
			return proxy_nonsense(p, "ranges were due", err);
		if (take_frame(p, &t, err) < 0)
			return -1;
	}
	return r < 0 ? -1 : !cannot;
}

int proxy_commit(struct session *s, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	uint8_t type;
	int r;

	if (proxy_begin(p, SESSION_COMMIT, err) < 0 || proxy_send(p, err) < 0)
		return -1;
	r = proxy_next(p, &type, err);
	return r > 0 ? proxy_nonsense(p, "an end was due", err) : r;
}
