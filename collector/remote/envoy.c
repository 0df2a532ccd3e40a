/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The envoy's side: give everything up, then serve what is handed over, one
 * detached thread a session. The main thread reads the control socket, and
 * while sessions live it looks every few seconds whether one of them hangs:
 * a parser that a server's bytes have sent round in circles would otherwise
 * keep a processor busy until the conductor ends.
 */
#include "envoy.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"
#include "../base/task.h"
#include "ca_cache.h"
#include "channel.h"
#include "sandbox.h"
#include "session_channel.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 5000
#define STATUS_STUCK 70 /* EX_SOFTWARE */
#define STATUS_CONFIG 3
#define ARENAS 2

struct envoy;
struct handed {
	struct handed *next;
	struct envoy *envoy;
	int channel_fd; /* the serving thread's; here only looked at */
	int socket_fd;
	int anchors_fd;	    /* -1 = none */
	int64_t hung_up_ms; /* 0 = the conductor is still there */
};

struct envoy {
	pthread_mutex_t lock;
	pthread_cond_t over; /* the last session has ended */
	struct handed *sessions;
	struct ca_cache *anchors;
};

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
	r = session_open_anchors(
		config, socket_fd, anchors, hangup_fd, ret_session, err);
	if (anchors != NULL)
		tls_anchors_free(&anchors);
	return r;
}

static void forget(struct handed *h)
{
	struct envoy *e = h->envoy;
	bool last;

	(void)pthread_mutex_lock(&e->lock);
	for (struct handed **p = &e->sessions; *p != NULL; p = &(*p)->next)
		if (*p == h) {
			*p = h->next;
			break;
		}
	last = e->sessions == NULL;
	if (last)
		(void)pthread_cond_signal(&e->over);
	(void)pthread_mutex_unlock(&e->lock);
	close_fd(&h->anchors_fd);
	free(h);
	if (last)
		(void)malloc_trim(0);
}

static void *serve(void *arg)
{
	struct handed *h = arg;

	session_channel_serve(h->channel_fd, h->socket_fd, open_session, h);
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
	h->socket_fd = fds[1];
	h->anchors_fd = count == 3 ? fds[2] : -1;
	(void)pthread_mutex_lock(&e->lock);
	h->next = e->sessions;
	e->sessions = h;
	(void)pthread_mutex_unlock(&e->lock);
	if (task_detach(serve, h, &err) == 0)
		return;
	log_err(LOG_LEVEL_ERROR, NULL, "envoy", &err);
	close_fd(&h->channel_fd);
	close_fd(&h->socket_fd);
	forget(h);
}

/* Has a thread kept a session for long after its channel was closed? */
static bool is_stuck(struct envoy *e)
{
	int64_t now_ms = clock_mono_ms();
	bool stuck = false;

	(void)pthread_mutex_lock(&e->lock);
	for (struct handed *h = e->sessions; h != NULL; h = h->next) {
		struct pollfd p = {.fd = h->channel_fd, .events = POLLRDHUP};
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

/* Until the control socket ends. */
static void serve_control(struct envoy *e)
{
	for (;;) {
		struct pollfd p = {.fd = ENVOY_CONTROL_FD, .events = POLLIN};
		int fds[CHANNEL_FDS_MAX], r;
		size_t count = 0, n;
		struct err err = {0};
		char what;

		r = poll(&p, 1, has_sessions(e) ? LOOK_MS : -1);
		if (r == 0 || (r < 0 && errno == EINTR)) {
			exit_if_stuck(e);
			continue;
		}
		r = channel_recv_fds(ENVOY_CONTROL_FD, &what, sizeof what, &n,
			fds, &count, &err);
		if (r == 0)
			return;
		if (r > 0)
			take(e, fds, count);
		else
			log_err(LOG_LEVEL_ERROR, NULL, "envoy", &err);
		if (r < 0 && err.scope == ERR_SCOPE_SERVICE)
			return;
	}
}

static void wait_for_sessions(struct envoy *e)
{
	while (has_sessions(e)) {
		struct timespec until;
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += LOOK_MS / 1000;
		(void)pthread_mutex_lock(&e->lock);
		if (e->sessions != NULL)
			(void)pthread_cond_timedwait(
				&e->over, &e->lock, &until);
		(void)pthread_mutex_unlock(&e->lock);
		exit_if_stuck(e);
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
	return 0;
}

int envoy_main(void)
{
	struct envoy e = {.sessions = NULL};
	struct sandbox_report report;
	struct err err = {0};

	sandbox_prepare(ENVOY_CONTROL_FD);
	(void)mallopt(M_ARENA_MAX, ARENAS);
	if (warm_up(&err) < 0 ||
		sandbox_enter(SANDBOX_ENVOY, &report, &err) < 0) {
		log_err(LOG_LEVEL_ERROR, NULL, "envoy", &err);
		return STATUS_CONFIG;
	}
	(void)pthread_mutex_init(&e.lock, NULL);
	(void)pthread_cond_init(&e.over, NULL);
	e.anchors = ca_cache_new();
	serve_control(&e);
	wait_for_sessions(&e);
	ca_cache_free(&e.anchors);
	(void)pthread_cond_destroy(&e.over);
	(void)pthread_mutex_destroy(&e.lock);
	return 0;
}
