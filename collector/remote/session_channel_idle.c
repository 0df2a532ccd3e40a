/* SPDX-License-Identifier: BSD-2-Clause */
/* The conductor's end of a session that waits in IDLE. */
#include "session_channel.h"
#include "session_proxy.h"

int proxy_idle(struct session *s, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	bool cannot = false;
	uint8_t type;
	int r;

	if (proxy_begin(p, SESSION_IDLE, err) < 0 || proxy_send(p, err) < 0)
		return -1;
	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type != SESSION_CANNOT || cannot ||
			!channel_done(p->channel))
			return proxy_nonsense(p, "IDLE was due", err);
		cannot = true;
	}
	p->idling = r == 0 && !cannot;
	if (p->idling)
		channel_slim(p->channel);
	return r < 0 ? -1 : p->idling;
}

/* True for EVENT, once; it may be under way when the session is woken. */
static bool take_event(struct proxy *p, uint8_t type)
{
	if (type != SESSION_EVENT || p->news || !channel_done(p->channel))
		return false;
	p->news = true;
	return true;
}

int proxy_idle_end(struct session *s, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	bool news;
	uint8_t type;
	int r;

	if (!p->idling && !p->dead)
		return proxy_nonsense(p, "it does not wait", err);
	if (proxy_begin(p, SESSION_WAKE, err) < 0 || proxy_send(p, err) < 0)
		return -1;
	while ((r = proxy_next(p, &type, err)) > 0)
		if (!take_event(p, type))
			return proxy_nonsense(
				p, "the end of IDLE was due", err);
	news = p->news;
	p->idling = p->news = false;
	return r < 0 ? -1 : news;
}

int session_channel_news(struct session *s, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	struct err e = {0};
	uint8_t type;
	int r;

	if (p->dead)
		return proxy_ended(err);
	if (p->news)
		return 1;
	if (channel_is_quiet(p->channel))
		return 0;
	/* the caller is not to wait for an envoy */
	r = proxy_next_within(p, 0, &type, &e);
	if (r < 0 && e.class == ERR_TIMEOUT)
		return proxy_nonsense(p, "half a frame", err);
	if (r < 0 && err != NULL)
		*err = e;
	if (r < 0)
		return -1;
	if (r == 0 || !take_event(p, type))
		return proxy_nonsense(p, "news was due", err);
	return 1;
}

void session_channel_set_wait(
	struct session *s, const struct session_wait *wait)
{
	channel_set_wait(((struct proxy *)s)->channel, wait);
}

int session_channel_fd(const struct session *s)
{
	return channel_fd(((const struct proxy *)s)->channel);
}
