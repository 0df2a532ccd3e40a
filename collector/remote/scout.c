/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process: one detached thread a request, since getaddrinfo blocks and
 * cannot be called off; a conductor that has lost its patience has closed
 * the channel, and the thread's answer goes nowhere.
 */
#include "scout.h"

#include "../base/log.h"
#include "../base/mem.h"
#include "../base/task.h"
#include "channel.h"
#include "dns.h"
#include "sandbox.h"
#include "scout_answer.h"

#include <netdb.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_FD 3
#define STATUS_CONFIG 3

/* What came with one question. */
struct request {
	int fds[3]; /* the channel; a socket and trust anchors, or -1 */
};

static void *serve(void *arg)
{
	struct request *r = arg;
	struct channel *c = channel_new(r->fds[0]);

	scout_answer(c, &r->fds[1], r->fds[2]);
	channel_free(&c);
	for (size_t i = 1; i < 3; i++)
		if (r->fds[i] >= 0)
			(void)close(r->fds[i]);
	free(r);
	return NULL;
}

static void take(const int *fds, size_t count)
{
	struct request *r;
	struct err err = {0};

	if (count == 1 || count == 3) {
		r = mem_alloc(sizeof *r);
		for (size_t i = 0; i < 3; i++)
			r->fds[i] = i < count ? fds[i] : -1;
		if (task_detach(serve, r, &err) == 0)
			return;
		free(r);
		log_err(LOG_LEVEL_ERROR, NULL, "scout", &err);
	}
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
}

/* Whatever the resolver opens when it is first used it shall open now. */
static void warm_up(void)
{
	struct addrinfo *list = NULL;

	SSL_CTX *ctx;

	tzset();
	dns_setup();
	(void)OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS |
				       OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
		NULL);
	ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_free(ctx);
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
