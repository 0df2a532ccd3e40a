/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The envoy's side: give everything up, then serve what is handed over, one
 * detached thread a session, none for one that waits in IDLE. The main thread
 * reads the control socket, watches who waits, and while sessions live it
 * looks every few seconds whether one of them hangs: a parser that a server's
 * bytes have sent round in circles would otherwise keep a processor busy until
 * the conductor ends. Each thread's processor clock tells (RLIMIT_CPU would
 * end a process that has worked long and well).
 */
#include "envoy.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../base/task.h"
#include "ca_cache.h"
#include "channel.h"
#include "envoy_parked.h"
#include "sandbox.h"
#include "sasl.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 5000
#define STATUS_STUCK 70 /* EX_SOFTWARE */
#define STATUS_CONFIG 3
#define ARENAS 2

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int open_session(void *arg, const struct session_config *config,
	int socket_fd, int hangup_fd, struct session **ret_session,
	struct err *err)
{
	struct handed *h = arg;
	struct tls_anchors *anchors = NULL;
	int r = 0;

	if (config->url.tls != TLS_NONE && h->anchors_fd < 0)
		r = err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "no trust anchors for TLS");
	else if (config->url.tls != TLS_NONE)
		r = ca_cache_get(h->envoy->anchors, h->anchors_fd,
			config->tls13_only, &anchors, err);
	close_fd(&h->anchors_fd);
	if (r < 0) {
		(void)close(socket_fd);
		return -1;
	}
	r = session_open_anchors(config, socket_fd, anchors, hangup_fd,
		&h->effort, ret_session, err);
	if (anchors != NULL)
		tls_anchors_free(&anchors);
	return r;
}

static void forget(struct handed *h)
{
	struct envoy *e = h->envoy;
	const uint64_t one = 1;
	bool last;

	(void)pthread_mutex_lock(&e->lock);
	for (struct handed **p = &e->sessions; *p != NULL; p = &(*p)->next)
		if (*p == h) {
			*p = h->next;
			break;
		}
	last = e->sessions == NULL;
	(void)pthread_mutex_unlock(&e->lock);
	close_fd(&h->anchors_fd);
	free(h);
	if (!last)
		return;
	(void)malloc_trim(0);
	if (write(e->over_fd, &one, sizeof one) < 0) {
		/* it is readable already */
	}
}

/*
 * The life of a session, up to its end or its next rest. Nobody joins this
 * thread: once h is out of its hands the process may end before it does, and
 * take away from under it what OpenSSL keeps for each thread (its random
 * numbers) and frees when it ends. So that goes first.
 */
static void *serve(void *arg)
{
	struct handed *h = arg;
	bool renew = h->renew;

	effort_begin(&h->effort);
	while (session_serve(h->serve, renew)) {
		effort_end(&h->effort);
		OPENSSL_thread_stop();
		if (envoy_park(h))
			return NULL; /* h is no longer ours */
		effort_begin(&h->effort);
		renew = session_serve_wait(h->serve);
	}
	session_serve_free(&h->serve);
	effort_end(&h->effort);
	OPENSSL_thread_stop();
	forget(h);
	return NULL;
}

static void take(struct envoy *e, const int *fds, size_t count)
{
	struct handed *h;
	struct err err = {0};

	if (count < 2 || count > 3) {
		for (size_t i = 0; i < count; i++)
			(void)close(fds[i]);
		return;
	}
	h = mem_alloc(sizeof *h);
	h->envoy = e;
	h->channel_fd = fds[0];
	h->anchors_fd = count == 3 ? fds[2] : -1;
	h->serve = session_serve_new(fds[0], fds[1], open_session, h);
	h->go_on = serve;
	(void)pthread_mutex_lock(&e->lock);
	h->next = e->sessions;
	e->sessions = h;
	(void)pthread_mutex_unlock(&e->lock);
	if (task_detach(serve, h, &err) == 0)
		return;
	log_err(LOG_LEVEL_ERROR, NULL, "envoy", &err);
	session_serve_free(&h->serve);
	forget(h);
}

/* Has a thread kept a session for long after its channel was closed, or been
 * at its bytes for too long? */
static bool is_stuck(struct envoy *e)
{
	int64_t now_ms = clock_mono_ms();
	bool stuck = false;

	(void)pthread_mutex_lock(&e->lock);
	for (struct handed *h = e->sessions; h != NULL; h = h->next) {
		struct pollfd p = {.fd = h->channel_fd, .events = POLLRDHUP};
		if (effort_ms(&h->effort) > ENVOY_EFFORT_S * 1000)
			stuck = true;
		if (poll(&p, 1, 0) <= 0 ||
			(p.revents & (POLLRDHUP | POLLHUP)) == 0)
			h->hung_up_ms = 0;
		else if (h->hung_up_ms == 0)
			h->hung_up_ms = now_ms;
		else if (now_ms - h->hung_up_ms > ENVOY_STUCK_S * 1000)
			stuck = true;
	}
	(void)pthread_mutex_unlock(&e->lock);
	return stuck;
}

static void exit_if_stuck(struct envoy *e)
{
	if (!is_stuck(e))
		return;
	LOG(LOG_LEVEL_ERROR, NULL, "envoy_stuck",
		LOG_STR("error", "a session does not end; its process does"));
	_exit(STATUS_STUCK);
}

static bool has_sessions(struct envoy *e)
{
	bool has;

	(void)pthread_mutex_lock(&e->lock);
	has = e->sessions != NULL;
	(void)pthread_mutex_unlock(&e->lock);
	return has;
}

/* What the control socket says; false once it has ended. */
static bool read_control(struct envoy *e)
{
	int fds[CHANNEL_FDS_MAX], r;
	size_t count = 0, n;
	struct err err = {0};
	char what;

	r = channel_recv_fds(
		ENVOY_CONTROL_FD, &what, sizeof what, &n, fds, &count, &err);
	if (r > 0)
		take(e, fds, count);
	else if (r < 0)
		log_err(LOG_LEVEL_ERROR, NULL, "envoy", &err);
	return r > 0 || (r < 0 && err.scope != ERR_SCOPE_SERVICE);
}

/* Until the control socket and the last session have ended. */
static void serve_all(struct envoy *e)
{
	int64_t looked_ms = clock_mono_ms();
	bool control = true;
	uint64_t over;

	while (control || has_sessions(e)) {
		int wait_ms = has_sessions(e) ? LOOK_MS : -1;
		struct epoll_event event;
		int r = epoll_wait(e->epoll_fd, &event, 1, wait_ms);

		if (r > 0 && event.data.ptr == e) {
			control = read_control(e);
			if (!control)
				(void)epoll_ctl(e->epoll_fd, EPOLL_CTL_DEL,
					ENVOY_CONTROL_FD, NULL);
		} else if (r > 0 && event.data.ptr == &e->over_fd) {
			(void)!read(e->over_fd, &over, sizeof over);
		} else if (r > 0) {
			envoy_wake(event.data.ptr, false);
		}
		if (clock_mono_ms() - looked_ms < LOOK_MS)
			continue;
		looked_ms = clock_mono_ms();
		exit_if_stuck(e);
		envoy_look_at_parked(e);
	}
}

/* Whatever libraries open, read or allocate when they are first used, they
 * shall do now: after sandbox_enter there are no files. */
static int warm_up(struct err *err)
{
	const time_t now = time(NULL);
	unsigned char byte;
	SSL_CTX *ctx;
	struct tm tm;

	tzset();
	(void)gmtime_r(&now, &tm);
	ctx = OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS |
				       OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		      NULL) == 1
		      ? SSL_CTX_new(TLS_client_method())
		      : NULL;
	if (ctx == NULL || RAND_bytes(&byte, 1) != 1)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "OpenSSL cannot be initialised");
	SSL_CTX_free(ctx);
	sasl_prepare();
	return 0;
}

static int watch(struct envoy *e, int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	return fd < 0 ? -1 : epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_watch(struct envoy *e, struct err *err)
{
	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	e->over_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->epoll_fd >= 0 && watch(e, ENVOY_CONTROL_FD, e) == 0 &&
		watch(e, e->over_fd, &e->over_fd) == 0)
		return 0;
	return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		errno, "epoll");
}

int envoy_main(void)
{
	struct envoy e = {.sessions = NULL};
	struct sandbox_report report;
	struct err err = {0};

	sandbox_prepare(ENVOY_CONTROL_FD);
	(void)mallopt(M_ARENA_MAX, ARENAS);
	if (warm_up(&err) < 0 || open_watch(&e, &err) < 0 ||
		sandbox_enter(SANDBOX_ENVOY, &report, &err) < 0) {
		log_err(LOG_LEVEL_ERROR, NULL, "envoy", &err);
		return STATUS_CONFIG;
	}
	(void)pthread_mutex_init(&e.lock, NULL);
	e.anchors = ca_cache_new();
	serve_all(&e);
	ca_cache_free(&e.anchors);
	(void)pthread_mutex_destroy(&e.lock);
	return 0;
}
