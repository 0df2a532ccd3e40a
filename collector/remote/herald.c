/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One thread, one poll: the control socket, the listening sockets, and
 * libmicrohttpd's epoll. We accept ourselves, since the library's time-out
 * begins anew with each byte: here a connection ends so long after it was
 * made, whatever it has said, and sooner where many are open. One request a
 * connection.
 */
#include "herald.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "channel.h"
#include "sandbox.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_FD 3
#define STATUS_CONFIG 3
#define CONNECTIONS 64
#define REQUEST_BYTES ((size_t)8 * 1024)
#define LIFE_MS 10000
/* Where more than half of the places are taken. */
#define CROWDED_LIFE_MS 1000
#define POLL_MS 500

struct page {
	unsigned status; /* 0: none has come yet */
	struct MHD_Response *response;
};

struct guest {
	int fd; /* -1: the place is free */
	int64_t since_ms;
};

struct herald {
	struct MHD_Daemon *daemon;
	int epoll_fd;
	struct page pages[HERALD_PAGES];
	int64_t renewed_ms;
	int listeners[CHANNEL_FDS_MAX];
	size_t listener_count;
	struct guest guests[CONNECTIONS];
	size_t guest_count;
	char text[HERALD_HEAD_BYTES + HERALD_PAGE_BYTES];
};

char herald_letter(enum herald_page page)
{
	switch (page) {
	case HERALD_METRICS:
		return 'm';
	case HERALD_HEALTH:
		return 'h';
	case HERALD_READY:
		return 'r';
	case HERALD_PAGES:
		break;
	}
	return '\0';
}

/* ---- answers */

static struct MHD_Response *make_response(
	const char *text, size_t bytes, const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		bytes, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

	if (r == NULL)
		return NULL;
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(
		r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	return r;
}

/* allow: the methods that would do; NULL. */
static enum MHD_Result say(struct MHD_Connection *connection, unsigned status,
	const char *text, const char *allow)
{
	struct MHD_Response *r =
		make_response(text, strlen(text), "text/plain; charset=utf-8");
	enum MHD_Result done;

	if (r == NULL)
		return MHD_NO;
	if (allow != NULL)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, allow);
	done = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return done;
}

static enum MHD_Result say_page(struct herald *h,
	struct MHD_Connection *connection, const struct page *page)
{
	int64_t age_s = (clock_mono_ms() - h->renewed_ms) / 1000;
	char text[128];

	if (page->status == 0)
		return say(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"the daemon is starting\n", NULL);
	if (age_s > HERALD_STALE_S) {
		(void)snprintf(text, sizeof text,
			"the daemon's loop has not turned for %lld s\n",
			(long long)age_s);
		return say(
			connection, MHD_HTTP_SERVICE_UNAVAILABLE, text, NULL);
	}
	return MHD_queue_response(connection, page->status, page->response);
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version,
	const char *upload, size_t *upload_bytes, void **mark)
{
	static const char *const paths[HERALD_PAGES] = {
		[HERALD_METRICS] = "/metrics",
		[HERALD_HEALTH] = "/healthz",
		[HERALD_READY] = "/readyz"};
	struct herald *h = arg;

	(void)version;
	(void)upload;
	(void)upload_bytes;
	(void)mark;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
		strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			"GET and HEAD only\n", "GET, HEAD");
	for (size_t i = 0; i < HERALD_PAGES; i++)
		if (strcmp(url, paths[i]) == 0)
			return say_page(h, connection, &h->pages[i]);
	return say(connection, MHD_HTTP_NOT_FOUND,
		"here are /metrics, /healthz and /readyz\n", NULL);
}

/* ---- guests */

static int fd_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}

static void on_connection(void *arg, struct MHD_Connection *connection,
	void **place, enum MHD_ConnectionNotificationCode code)
{
	struct herald *h = arg;
	struct guest *g = *place;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (g != NULL) {
			g->fd = -1;
			h->guest_count--;
		}
		return;
	}
	for (g = h->guests; g < h->guests + CONNECTIONS && g->fd >= 0; g++)
		;
	if (g == h->guests + CONNECTIONS)
		return; /* the library has its own limit, which is the same */
	*g = (struct guest){
		.fd = fd_of(connection), .since_ms = clock_mono_ms()};
	h->guest_count++;
	*place = g;
}

/* The library sees an end, and closes. */
static void expire(struct herald *h)
{
	int64_t now_ms = clock_mono_ms();
	int64_t life_ms =
		h->guest_count > CONNECTIONS / 2 ? CROWDED_LIFE_MS : LIFE_MS;

	for (size_t i = 0; i < CONNECTIONS; i++)
		if (h->guests[i].fd >= 0 &&
			now_ms - h->guests[i].since_ms > life_ms)
			(void)shutdown(h->guests[i].fd, SHUT_RDWR);
}

/* Who finds no place waits in the socket's queue. */
static void let_in(struct herald *h, int listener)
{
	struct sockaddr_storage address;

	while (h->guest_count < CONNECTIONS) {
		socklen_t bytes = sizeof address;
		int fd = accept4(listener, (struct sockaddr *)&address, &bytes,
			SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		/* on failure it has closed the descriptor */
		if (MHD_add_connection(h->daemon, fd,
			    (struct sockaddr *)&address, bytes) != MHD_YES)
			return;
	}
}

/* ---- the conductor's messages */

static void take_listeners(struct herald *h, const int *fds, size_t count)
{
	for (size_t i = 0; i < h->listener_count; i++)
		(void)close(h->listeners[i]);
	for (size_t i = 0; i < count; i++)
		h->listeners[i] = fds[i];
	h->listener_count = count;
}

static void take_page(struct herald *h, enum herald_page which, size_t bytes)
{
	static const char metrics[] =
		"text/plain; version=0.0.4; charset=utf-8";
	struct page *page = &h->pages[which];
	char status[HERALD_HEAD_BYTES] = {h->text[1], h->text[2], h->text[3]};
	struct MHD_Response *r = make_response(h->text + HERALD_HEAD_BYTES,
		bytes - HERALD_HEAD_BYTES,
		which == HERALD_METRICS ? metrics
					: "text/plain; charset=utf-8");

	if (r == NULL)
		return; /* no memory: it grows stale, and says so */
	if (page->response != NULL)
		MHD_destroy_response(page->response);
	page->response = r;
	page->status = (unsigned)strtoul(status, NULL, 10);
	h->renewed_ms = clock_mono_ms();
}

/* 1; 0: the conductor has gone; -1. */
static int listen_to_conductor(struct herald *h, struct err *err)
{
	int fds[CHANNEL_FDS_MAX];
	size_t bytes, count = 0;
	int r = channel_recv_fds(
		CONTROL_FD, h->text, sizeof h->text, &bytes, fds, &count, err);

	if (r <= 0)
		return r;
	if (h->text[0] == HERALD_LISTEN) {
		take_listeners(h, fds, count);
		return 1;
	}
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
	for (size_t i = 0; bytes >= HERALD_HEAD_BYTES && i < HERALD_PAGES; i++)
		if (h->text[0] == herald_letter((enum herald_page)i))
			take_page(h, (enum herald_page)i, bytes);
	return 1;
}

/* ---- the loop */

static int wait_ms(struct herald *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(h->daemon, &ms) == MHD_YES && ms < POLL_MS)
		return (int)ms;
	return POLL_MS;
}

static int turn(struct herald *h, struct err *err)
{
	struct pollfd p[2 + CHANNEL_FDS_MAX] = {
		{.fd = CONTROL_FD, .events = POLLIN},
		{.fd = h->epoll_fd, .events = POLLIN}};
	size_t n = 2, listeners = h->listener_count;
	int r = 1;

	/* without a place nobody is let in, nor looked at */
	for (size_t i = 0; h->guest_count < CONNECTIONS && i < listeners; i++)
		p[n++] = (struct pollfd){
			.fd = h->listeners[i], .events = POLLIN};
	if (poll(p, n, wait_ms(h)) < 0 && errno != EINTR)
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, errno, "poll");
	for (size_t i = 2; i < n; i++)
		if (p[i].revents != 0)
			let_in(h, p[i].fd);
	if (p[0].revents != 0)
		r = listen_to_conductor(h, err);
	(void)MHD_run(h->daemon);
	expire(h);
	return r;
}

static int start(struct herald *h, struct err *err)
{
	const union MHD_DaemonInfo *info;

	for (size_t i = 0; i < CONNECTIONS; i++)
		h->guests[i].fd = -1;
	tzset();
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET,
		0, NULL, NULL, answer, h, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		REQUEST_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)(LIFE_MS / 1000), MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, h, MHD_OPTION_END);
	info = h->daemon == NULL ? NULL
				 : MHD_get_daemon_info(
					   h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, "libmicrohttpd does not start");
	h->epoll_fd = info->epoll_fd;
	return 0;
}

static void stop(struct herald *h)
{
	take_listeners(h, NULL, 0);
	if (h->daemon != NULL)
		MHD_stop_daemon(h->daemon);
	for (size_t i = 0; i < HERALD_PAGES; i++)
		if (h->pages[i].response != NULL)
			MHD_destroy_response(h->pages[i].response);
	free(h);
}

int herald_main(void)
{
	struct herald *h = mem_alloc(sizeof *h);
	struct sandbox_report report;
	struct err err = {0};
	int r;

	sandbox_prepare(CONTROL_FD);
	r = start(h, &err);
	if (r == 0)
		r = sandbox_enter(SANDBOX_HERALD, &report, &err);
	if (r == 0)
		while ((r = turn(h, &err)) > 0)
			;
	if (r < 0)
		log_err(LOG_LEVEL_ERROR, NULL, "herald", &err);
	stop(h);
	return r < 0 ? STATUS_CONFIG : 0;
}
