/* SPDX-License-Identifier: BSD-2-Clause */
/* A piece of one message. */
#include "session_serve.h"

void serve_piece(struct serve *v)
{
	struct session_piece piece;
	struct session_sink sink;
	struct err err = {0};

	if (!session_get_piece(v->channel, &piece) ||
		!channel_done(v->channel)) {
		v->over = true;
		return;
	}
	serve_sink(v, &sink);
	serve_answer(
		v, session_fetch_piece(v->session, &piece, &sink, &err), &err);
}
