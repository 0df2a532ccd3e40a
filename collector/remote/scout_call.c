/* SPDX-License-Identifier: BSD-2-Clause */
#include "scout_call.h"

#include "../base/clock.h"
#include "scout_frames.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int scout_call_malformed(struct err *err)
{
	return err_set(err, ERR_CRASH, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the scout's answer makes no sense");
}

int scout_call_begin(struct scout_call *call, int control_fd, const char *what,
	const int *fds, size_t count, int64_t timeout_ms, struct err *err)
{
	int pair[2], all[3], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, errno, "cannot make a socket pair");
	all[0] = pair[1];
	for (size_t i = 0; i < count; i++)
		all[1 + i] = fds[i];
	r = channel_send_fds(control_fd, "R", 1, all, 1 + count, err);
	(void)close(pair[1]);
	if (r < 0) {
		(void)close(pair[0]);
		return -1;
	}
	call->channel = channel_new(pair[0]);
	call->what = what;
	call->visit = count > 0;
	call->until_ms = clock_mono_ms() + timeout_ms;
	return 0;
}

static int take_fail(struct channel *c, struct err *err)
{
	struct err e = {0};

	if (!channel_get_err(c, &e) || !channel_done(c))
		return scout_call_malformed(err);
	if (err != NULL)
		*err = e;
	return -1;
}

int scout_call_next(struct scout_call *call, uint8_t *ret_type, struct err *err)
{
	int64_t left_ms = call->until_ms - clock_mono_ms();
	struct err e = {0};
	uint8_t type;
	int r = channel_recv(
		call->channel, left_ms > 0 ? left_ms : 0, &type, &e);

	if (r < 0 && e.class == ERR_TIMEOUT) {
		(void)err_set(err, ERR_TIMEOUT, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "%s took too long", call->what);
		return call->visit
			       ? -1
			       : err_hint(err, "check the resolver of this "
					       "machine (/etc/resolv.conf)");
	}
	if (r < 0 && err != NULL)
		*err = e;
	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(err, ERR_CRASH, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
			"the scout died");
	if (type == SCOUT_FAIL)
		return take_fail(call->channel, err);
	if (type == SCOUT_DONE)
		return channel_done(call->channel) ? 0
						   : scout_call_malformed(err);
	*ret_type = type;
	return 1;
}

void scout_call_end(struct scout_call *call)
{
	channel_free(&call->channel);
}
