/* SPDX-License-Identifier: BSD-2-Clause */
#include "monitor.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../remote/channel.h"
#include "listeners.h"
#include "process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FIRST_WAIT_MS 1000
#define MOST_WAIT_MS 60000
#define SOUND_MS 60000 /* who lived for so long was a good one */
#define DEAF_MS 10000  /* it takes nothing for so long: it hangs */
#define STOP_MS 2000
#define SEND_BYTES (128 * 1024) /* what it may have left unread */

struct monitor {
	uv_loop_t *loop;
	uv_process_t process;
	uv_timer_t killer;
	struct listeners listeners;
	bool process_open, stopping;
	bool told; /* the herald has the sockets as they are now */
	int control_fd;
	uint64_t starts;
	int64_t began_ms, next_ms, wait_ms;
	int64_t heard_ms; /* when it took a page the last time */
};

struct monitor *monitor_new(void)
{
	struct monitor *m = mem_alloc(sizeof *m);

	m->control_fd = -1;
	m->wait_ms = FIRST_WAIT_MS;
	return m;
}

void monitor_begin(struct monitor *m, uv_loop_t *loop)
{
	m->loop = loop;
	(void)uv_timer_init(loop, &m->killer);
	m->process.data = m->killer.data = m;
}

void monitor_free(struct monitor **m)
{
	listeners_close(&(*m)->listeners);
	free(*m);
	*m = NULL;
}

bool monitor_listens(const struct monitor *m)
{
	return m->listeners.count != 0;
}

uint64_t monitor_starts(const struct monitor *m)
{
	return m->starts;
}

static void close_control(struct monitor *m)
{
	if (m->control_fd >= 0)
		(void)close(m->control_fd);
	m->control_fd = -1;
}

int monitor_listen(struct monitor *m, const char *endpoints,
	int64_t patience_ms, struct err *err)
{
	if (listeners_open(&m->listeners, endpoints, patience_ms, err) < 0)
		return -1;
	m->told = false;
	if (!monitor_listens(m) && m->process_open) {
		close_control(m);
		(void)uv_process_kill(&m->process, SIGKILL);
	}
	return 0;
}

/* ---- the process */

static void on_closed(uv_handle_t *handle)
{
	struct monitor *m = handle->data;

	m->process_open = false;
	if (m->stopping)
		uv_close((uv_handle_t *)&m->killer, NULL);
}

/* The next one comes after a while; after a longer one each time. */
static void put_off(struct monitor *m)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms - m->began_ms >= SOUND_MS)
		m->wait_ms = FIRST_WAIT_MS;
	m->next_ms = now_ms + m->wait_ms;
	m->wait_ms =
		m->wait_ms * 2 > MOST_WAIT_MS ? MOST_WAIT_MS : m->wait_ms * 2;
}

static void on_process_exit(
	uv_process_t *process, int64_t status, int signal_number)
{
	struct monitor *m = process->data;

	if (!m->stopping && monitor_listens(m))
		LOG(LOG_LEVEL_WARN, NULL, "herald_died",
			LOG_NUM("status", status),
			LOG_NUM("signal", signal_number),
			LOG_NUM("again_ms", m->wait_ms));
	close_control(m);
	put_off(m);
	uv_close((uv_handle_t *)process, on_closed);
}

static void start(struct monitor *m)
{
	const int bytes = SEND_BYTES;
	struct err err = {0};

	m->began_ms = m->heard_ms = clock_mono_ms();
	m->told = false;
	if (process_spawn(m->loop, &m->process, "herald", on_process_exit,
		    &m->process_open, &m->control_fd, &err) == 0) {
		m->starts++;
		(void)setsockopt(m->control_fd, SOL_SOCKET, SO_SNDBUF, &bytes,
			sizeof bytes);
		return;
	}
	log_err(LOG_LEVEL_ERROR, NULL, "herald_not_started", &err);
	put_off(m);
	if (m->process_open)
		uv_close((uv_handle_t *)&m->process, on_closed);
}

/* ---- what it is told */

/* 1 sent, 0 not now, -1 it has gone. */
static int tell_sockets(struct monitor *m)
{
	struct pollfd p = {.fd = m->control_fd, .events = POLLOUT};
	const char what = HERALD_LISTEN;
	int fds[ENDPOINTS_MAX];
	struct err err = {0};

	if (m->told)
		return 1;
	if (poll(&p, 1, 0) <= 0)
		return 0;
	for (size_t i = 0; i < m->listeners.count; i++)
		fds[i] = m->listeners.all[i].fd;
	if (channel_send_fds(m->control_fd, &what, sizeof what, fds,
		    m->listeners.count, &err) < 0)
		return -1;
	m->told = true;
	return 1;
}

/* The same. */
static int tell_page(
	struct monitor *m, char letter, const struct monitor_page *page)
{
	char head[HERALD_HEAD_BYTES + 1];
	struct iovec parts[2] = {
		{head, HERALD_HEAD_BYTES}, {page->text.data, page->text.len}};
	const struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};

	(void)snprintf(
		head, sizeof head, "%c%03u", letter, page->status % 1000);
	if (parts[1].iov_len > HERALD_PAGE_BYTES)
		parts[1].iov_len = HERALD_PAGE_BYTES;
	if (sendmsg(m->control_fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 1;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0
									 : -1;
}

static void kill_deaf(struct monitor *m)
{
	int64_t since_ms = clock_mono_ms() - m->heard_ms;

	if (since_ms < DEAF_MS)
		return;
	LOG(LOG_LEVEL_WARN, NULL, "herald_hangs",
		LOG_NUM("seconds", since_ms / 1000));
	close_control(m);
	(void)uv_process_kill(&m->process, SIGKILL);
}

void monitor_tick(
	struct monitor *m, const struct monitor_page pages[HERALD_PAGES])
{
	int r;

	if (!m->process_open && clock_mono_ms() >= m->next_ms)
		start(m);
	if (m->control_fd < 0)
		return; /* it has ended, or is about to */
	r = tell_sockets(m);
	for (size_t i = 0; r > 0 && i < HERALD_PAGES; i++)
		r = tell_page(m, herald_letter((enum herald_page)i), &pages[i]);
	if (r > 0)
		m->heard_ms = clock_mono_ms();
	else if (r == 0)
		kill_deaf(m);
}

/* ---- the end */

static void on_killer(uv_timer_t *killer)
{
	struct monitor *m = killer->data;

	if (m->process_open)
		(void)uv_process_kill(&m->process, SIGKILL);
}

void monitor_stop(struct monitor *m)
{
	m->stopping = true;
	close_control(m);
	listeners_close(&m->listeners);
	if (m->process_open)
		(void)uv_timer_start(&m->killer, on_killer, STOP_MS, 0);
	else
		uv_close((uv_handle_t *)&m->killer, NULL);
}
