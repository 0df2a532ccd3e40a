/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking: one c-ares channel a question, driven in the thread that asks. */
#include "dns.h"

#include "../base/clock.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <string.h>

#define TRY_MS 2500 /* the second waits for twice as long */
#define TRIES 2

struct question {
	ares_channel channel;
	const char *name;
	int (*read)(const unsigned char *answer, size_t n,
		struct srv_record ret_records[DNS_RECORDS_MAX]);
	struct srv_record *records;
	struct ares_addrinfo *addresses;
	int count; /* -1: malformed */
	int status;
	bool done;
};

void dns_setup(void)
{
	(void)ares_library_init(ARES_LIB_INIT_ALL);
}

static int refuse(const char *name, int status, struct err *err)
{
	bool late = status == ARES_ETIMEOUT || status == ARES_ECANCELLED;

	(void)err_set(err, late ? ERR_TIMEOUT : ERR_NETWORK, ERR_SCOPE_SESSION,
		ERR_RETRY_LATER, "cannot look up %s: %s", name,
		ares_strerror(status));
	return err_hint(err, "check the resolver of this machine "
			     "(/etc/resolv.conf), or network.resolver");
}

static int begin(struct question *q, const char *resolver, struct err *err)
{
	struct ares_options options = {
		.timeout = TRY_MS, .tries = TRIES, .flags = ARES_FLAG_EDNS};
	int r = ares_init_options(&q->channel, &options,
		ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_FLAGS |
			ARES_OPT_DOMAINS);

	if (r == ARES_SUCCESS && strcmp(resolver, "system") != 0) {
		r = ares_set_servers_ports_csv(q->channel, resolver);
		if (r != ARES_SUCCESS)
			ares_destroy(q->channel);
	}
	return r == ARES_SUCCESS ? 0 : refuse(q->name, r, err);
}

/* Not select(2): descriptors may be above its 1,024. */
static void serve_sockets(ares_channel channel, int wait_ms)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	/* not by the macros of ares.h, which shift an int by 31 */
	unsigned bits =
		(unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
	struct pollfd p[ARES_GETSOCK_MAXNUM];
	nfds_t n = 0;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short in = (bits & 1u << i) != 0 ? POLLIN : 0;
		short out = (bits & 1u << (i + ARES_GETSOCK_MAXNUM)) != 0
				    ? POLLOUT
				    : 0;
		if (in != 0 || out != 0)
			p[n++] = (struct pollfd){
				sockets[i], (short)(in | out), 0};
	}
	if (poll(p, n, wait_ms) <= 0)
		n = 0;
	for (nfds_t i = 0; i < n; i++)
		if (p[i].revents != 0)
			ares_process_fd(channel,
				(p[i].revents & ~POLLOUT) != 0
					? p[i].fd
					: ARES_SOCKET_BAD,
				(p[i].revents & POLLOUT) != 0
					? p[i].fd
					: ARES_SOCKET_BAD);
	/* what has waited too long is asked again, or given up */
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* Until the answer is there, or time is up. */
static void wait_answer(struct question *q)
{
	int64_t until_ms = clock_mono_ms() + DNS_MS;

	while (!q->done && clock_mono_ms() < until_ms) {
		struct timeval most = {1, 0}, tv, *t;
		t = ares_timeout(q->channel, &most, &tv);
		serve_sockets(q->channel,
			(int)(t->tv_sec * 1000 + t->tv_usec / 1000 + 1));
	}
	/* calls back with ARES_ECANCELLED where nothing has come */
	ares_cancel(q->channel);
	ares_destroy(q->channel);
}

static void on_answer(
	void *arg, int status, int timeouts, unsigned char *answer, int n)
{
	struct question *q = arg;

	(void)timeouts;
	q->done = true;
	q->status = status;
	if (status == ARES_SUCCESS)
		q->count = q->read(answer, (size_t)n, q->records);
}

static int ask(struct question *q, const char *resolver, int type,
	size_t *ret_count, struct err *err)
{
	if (begin(q, resolver, err) < 0)
		return -1;
	ares_query(q->channel, q->name, C_IN, type, on_answer, q);
	wait_answer(q);
	if (q->status == ARES_ENODATA || q->status == ARES_ENOTFOUND) {
		*ret_count = 0;
		return 0;
	}
	if (q->status != ARES_SUCCESS)
		return refuse(q->name, q->status, err);
	if (q->count < 0)
		return refuse(q->name, ARES_EBADRESP, err);
	*ret_count = (size_t)q->count;
	return 0;
}

int dns_srv(const char *resolver, const char *name,
	struct srv_record ret_records[DNS_RECORDS_MAX], size_t *ret_count,
	struct err *err)
{
	struct question q = {
		.name = name, .read = dns_read_srv, .records = ret_records};

	return ask(&q, resolver, T_SRV, ret_count, err);
}

int dns_mx(const char *resolver, const char *domain,
	struct srv_record ret_records[DNS_RECORDS_MAX], size_t *ret_count,
	struct err *err)
{
	struct question q = {
		.name = domain, .read = dns_read_mx, .records = ret_records};

	return ask(&q, resolver, T_MX, ret_count, err);
}

/* ---- addresses */

static void on_addresses(
	void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct question *q = arg;

	(void)timeouts;
	q->done = true;
	q->status = status;
	q->addresses = result;
}

static int no_host(const char *host, struct err *err)
{
	(void)err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"there is no host %s", host);
	return err_hint(err, "check the spelling of the host");
}

int dns_addresses(const char *resolver, const char *host,
	struct sockaddr_storage *ret_addresses, size_t max, size_t *ret_count,
	struct err *err)
{
	const struct ares_addrinfo_hints hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct question q = {.name = host};
	size_t count = 0;

	if (begin(&q, resolver, err) < 0)
		return -1;
	ares_getaddrinfo(q.channel, host, NULL, &hints, on_addresses, &q);
	wait_answer(&q);
	if (q.status == ARES_ENODATA || q.status == ARES_ENOTFOUND)
		return no_host(host, err);
	if (q.status != ARES_SUCCESS)
		return refuse(host, q.status, err);
	for (const struct ares_addrinfo_node *a = q.addresses->nodes;
		a != NULL && count < max; a = a->ai_next) {
		if ((a->ai_family != AF_INET && a->ai_family != AF_INET6) ||
			a->ai_addrlen > sizeof *ret_addresses)
			continue;
		memset(&ret_addresses[count], 0, sizeof *ret_addresses);
		memcpy(&ret_addresses[count++], a->ai_addr, a->ai_addrlen);
	}
	ares_freeaddrinfo(q.addresses);
	*ret_count = count;
	return count > 0 ? 0 : no_host(host, err);
}
