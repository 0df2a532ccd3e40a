/* SPDX-License-Identifier: BSD-2-Clause */
/* A piece of one message. */
#include "session_serve.h"

void serve_dialogue(struct serve *v)
{
	const char *dialogue = session_dialogue(v->session);

	if (v->over || dialogue[0] == '\0')
		return;
	channel_begin(v->channel, SESSION_DIALOGUE);
	channel_put_str(v->channel, dialogue);
	(void)serve_say(v, NULL);
}

void serve_piece(struct serve *v)
{
	struct session_piece piece;
	struct session_sink sink;
	struct err err = {0};
	int r;

	if (!session_get_piece(v->channel, &piece) ||
		!channel_done(v->channel)) {
		v->over = true;
		return;
	}
	serve_sink(v, &sink);
	r = session_fetch_piece(v->session, &piece, &sink, &err);
	serve_dialogue(v);
	serve_answer(v, r, &err);
}
