/* SPDX-License-Identifier: BSD-2-Clause */
/* States of many mailboxes: names go out, numbers of names come back. */
#include "session_proxy.h"

static int take_state(struct proxy *p, size_t count, size_t *next,
	session_status_fn *fn, void *arg, struct err *err)
{
	struct mailbox_state state;
	uint32_t index;

	if (!channel_get_u32(p->channel, &index) ||
		!session_get_state(p->channel, &state) ||
		!channel_done(p->channel) || index < *next || index >= count ||
		state.uidvalidity == 0)
		return proxy_nonsense(p, "a status was due", err);
	*next = (size_t)index + 1;
	if (fn(arg, index, &state, err) == 0)
		return 0;
	p->dead = true;
	return -1;
}

int proxy_statuses(struct session *s, const char *const *mailboxes,
	size_t count, session_status_fn *fn, void *arg, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	size_t next = 0;
	uint8_t type;
	int r;

	if (count > p->limits.mailboxes)
		return err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX,
			ERR_RETRY_CHANGE, "%zu mailboxes in one question",
			count);
	for (size_t i = 0; i < count; i++) {
		if (proxy_begin(p, SESSION_NAME, err) < 0)
			return -1;
		channel_put_str(p->channel, mailboxes[i]);
		if (proxy_send(p, err) < 0)
			return -1;
	}
	if (proxy_begin(p, SESSION_STATUSES, err) < 0 || proxy_send(p, err) < 0)
		return -1;
	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type != SESSION_STATUS)
			return proxy_nonsense(p, "a status was due", err);
		if (take_state(p, count, &next, fn, arg, err) < 0)
			return -1;
	}
	return r;
}
