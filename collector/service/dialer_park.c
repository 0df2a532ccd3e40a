/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session goes from run to run: the run that ends leaves it to the dialer,
 * the loop keeps it (parked.h), the next run of the account finds it offered.
 */
#include "../base/log.h"
#include "../remote/session_channel.h"
#include "dialer_held.h"
#include "parked.h"

#include <stdlib.h>

void parked_session_close(struct envoys *envoys, struct parked_session *s)
{
	if (s->inner == NULL)
		return;
	session_channel_cancel(s->inner);
	session_close(&s->inner);
	envoys_release(envoys, &s->envoy);
}

bool dialer_may_park(void *dialer)
{
	struct dialer *d = dialer;

	/* an envoy of one's own is for a run */
	return !d->suspect && parked_reserve(d->parked);
}

void dialer_park(void *dialer, struct session *session, bool news)
{
	struct held *h = (struct held *)session;
	struct dialer *d = dialer;

	if (h == NULL) {
		parked_unreserve(d->parked);
		return;
	}
	dialer_forget_channel(d);
	session_channel_set_wait(h->inner, NULL);
	d->left.inner = h->inner;
	d->left.envoy = h->envoy;
	d->news = news;
	free(h);
}

bool dialer_take_offered(struct dialer *d, const struct session_wait *wait,
	struct session **ret_session)
{
	struct parked_session s = d->offered;
	struct err err = {0};
	struct held *h;

	if (s.inner == NULL)
		return false;
	d->offered.inner = NULL;
	h = held_new(d, s.envoy);
	h->inner = s.inner;
	dialer_note_channel(d, session_channel_fd(s.inner));
	if (session_idle_end(s.inner, &err) >= 0) {
		session_channel_set_wait(s.inner, wait);
		*ret_session = &h->base;
		return true;
	}
	/* not a fault of the run: it opens another one */
	log_err(LOG_LEVEL_DEBUG, NULL, "parked_session_lost", &err);
	session_close((struct session **)&h);
	return false;
}
