/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process: one detached thread a request, since getaddrinfo blocks and
 * cannot be called off; a conductor that has lost its patience has closed
 * the channel, and the thread's answer goes nowhere.
 */
#include "scout.h"

#include "../base/log.h"
#include "../base/task.h"
#include "channel.h"
#include "sandbox.h"
#include "scout_frames.h"

#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_FD 3
#define REQUEST_MS 10000 /* the request follows its channel at once */
#define STATUS_CONFIG 3

static int refuse(const char *host, int code, int errnum, struct err *err)
{
	switch (code) {
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		(void)err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "there is no host %s", host);
		return err_hint(err, "check the spelling of the host");
	case EAI_SYSTEM:
		return err_set_sys(err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, errnum, "cannot look up %s", host);
	default:
		(void)err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "cannot look up %s: %s", host,
			gai_strerror(code));
		return err_hint(err, "check the resolver of this machine "
				     "(/etc/resolv.conf)");
	}
}

static void put_address(struct channel *c, const struct sockaddr *addr)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	channel_begin(c, SCOUT_ADDRESS);
	if (addr->sa_family == AF_INET) {
		memcpy(&in, addr, sizeof in);
		channel_put_bytes(c, &in.sin_addr, sizeof in.sin_addr);
	} else {
		memcpy(&in6, addr, sizeof in6);
		channel_put_bytes(c, &in6.sin6_addr, sizeof in6.sin6_addr);
	}
}

static int answer(struct channel *c, const char *host, struct err *err)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	size_t count = 0;
	int r = getaddrinfo(host, NULL, &hints, &list);

	if (r != 0) {
		(void)refuse(host, r, errno, err);
		channel_begin(c, SCOUT_FAIL);
		channel_put_err(c, err);
		return channel_send(c, err);
	}
	r = 0;
	for (const struct addrinfo *a = list;
		a != NULL && r == 0 && count < SCOUT_ADDRESSES_MAX;
		a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		put_address(c, a->ai_addr);
		r = channel_send(c, err);
		count++;
	}
	freeaddrinfo(list);
	if (r < 0)
		return -1;
	channel_begin(c, SCOUT_DONE);
	return channel_send(c, err);
}

static void *serve(void *arg)
{
	struct channel *c = channel_new((int)(intptr_t)arg);
	char host[SCOUT_HOST_MAX];
	struct err err = {0};
	uint8_t type;

	if (channel_recv(c, REQUEST_MS, &type, &err) > 0 &&
		type == SCOUT_RESOLVE &&
		channel_get_str(c, host, sizeof host) && channel_done(c) &&
		answer(c, host, &err) == 0)
		(void)channel_flush(c, &err);
	channel_free(&c);
	return NULL;
}

static void take(const int *fds, size_t count)
{
	struct err err = {0};

	if (count == 1 &&
		task_detach(serve, (void *)(intptr_t)fds[0], &err) == 0)
		return;
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
	if (count == 1)
		log_err(LOG_LEVEL_ERROR, NULL, "scout", &err);
}

/* Whatever the resolver opens when it is first used it shall open now. */
static void warm_up(void)
{
	struct addrinfo *list = NULL;

	tzset();
	if (getaddrinfo("localhost", NULL, NULL, &list) == 0)
		freeaddrinfo(list);
}

int scout_main(void)
{
	struct sandbox_report report;
	struct err err = {0};
	int r;

	sandbox_prepare(CONTROL_FD);
	warm_up();
	if (sandbox_enter(SANDBOX_SCOUT, &report, &err) < 0) {
		log_err(LOG_LEVEL_ERROR, NULL, "scout", &err);
		return STATUS_CONFIG;
	}
	for (;;) {
		int fds[CHANNEL_FDS_MAX];
		size_t n, count = 0;
		char what;

		r = channel_recv_fds(
			CONTROL_FD, &what, sizeof what, &n, fds, &count, &err);
		if (r == 0)
			return 0;
		if (r > 0)
			take(fds, count);
		else
			log_err(LOG_LEVEL_ERROR, NULL, "scout", &err);
		if (r < 0 && err.scope == ERR_SCOPE_SERVICE)
			return STATUS_CONFIG;
	}
}
