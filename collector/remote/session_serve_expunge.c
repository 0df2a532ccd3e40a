/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_serve.h"

#include <stdlib.h>

/* What is done goes out at once: the conductor writes it down. */
static int on_done(void *arg, const struct uid_range *range, struct err *err)
{
	struct serve *v = arg;

	channel_begin(v->channel, SESSION_UID_RANGES);
	channel_put_u32(v->channel, range->first);
	channel_put_u32(v->channel, range->last);
	return serve_say(v, err);
}

void serve_expunge(struct serve *v)
{
	struct err err = {0};
	int r = session_expunge(
		v->session, v->ranges, v->range_count, on_done, v, &err);

	free(v->ranges);
	v->ranges = NULL;
	v->range_count = 0;
	if (r == 0) {
		channel_begin(v->channel, SESSION_CANNOT);
		r = serve_say(v, &err);
	} else if (r > 0) {
		r = 0;
	}
	serve_answer(v, r, &err);
}

void serve_commit(struct serve *v)
{
	struct err err = {0};

	serve_answer(v, session_commit(v->session, &err), &err);
}
