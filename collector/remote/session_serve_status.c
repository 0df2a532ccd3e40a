/* SPDX-License-Identifier: BSD-2-Clause */
#include "session_serve.h"

#include <stdlib.h>

void serve_take_name(struct serve *v)
{
	char name[NAME_MAILBOX_MAX];

	if (v->name_count == SESSION_NAMES_MAX ||
		!channel_get_str(v->channel, name, sizeof name) ||
		name[0] == '\0' || !channel_done(v->channel)) {
		v->over = true;
		return;
	}
	/* doubled whenever the count is a power of two */
	if ((v->name_count & (v->name_count - 1)) == 0)
		v->names = mem_grow(
			v->names, v->name_count * 2 + 1, sizeof *v->names);
	v->names[v->name_count++] = mem_strdup(name);
}

static int on_status(void *arg, size_t index, const struct mailbox_state *state,
	struct err *err)
{
	struct serve *v = arg;

	channel_begin(v->channel, SESSION_STATUS);
	channel_put_u32(v->channel, (uint32_t)index);
	session_put_state(v->channel, state);
	return serve_say(v, err);
}

void serve_names_free(struct serve *v)
{
	for (size_t i = 0; i < v->name_count; i++)
		free(v->names[i]);
	free(v->names);
	v->names = NULL;
	v->name_count = 0;
}

void serve_statuses(struct serve *v)
{
	struct err err = {0};
	int r = session_statuses(v->session, (const char *const *)v->names,
		v->name_count, on_status, v, &err);

	serve_names_free(v);
	serve_answer(v, r, &err);
}
