/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delayproxy: a line of any bandwidth and a given length, on 127.0.0.1.
 *
 *     delayproxy ONE_WAY_MS PORT…
 *
 * Prints "PORT NEW_PORT" for each, then forwards NEW_PORT to PORT. What is
 * read in either direction is passed on ONE_WAY_MS later, however much is
 * under way. The server is called three times ONE_WAY_MS after the client
 * came, so that its greeting arrives two round trips after connect(), as it
 * does over a real line. On SIGTERM it prints "turns N connections N": how
 * often a client spoke after it had heard something.
 *
 * Two threads a direction: one reads and stamps, one waits and writes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE_BYTES = 128 << 10, QUEUE_BYTES = 128 << 20 };
#define NS_PER_S 1000000000LL

static long long delay_ns;
static atomic_ulong turns, connections;

struct piece {
	struct piece *next;
	long long due_ns;
	size_t n; /* 0: end of file */
	char bytes[];
};

struct line {
	int from, to;
	struct joint *joint;
	bool upward; /* client to server */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct piece *first, **last;
	size_t queued;
	bool broken; /* nobody takes any more */
};

/* One connection. */
struct joint {
	int client, server;
	unsigned short port;
	atomic_bool heard; /* the client, since it spoke */
	struct line up, down;
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static long long now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void sleep_until(long long due_ns)
{
	struct timespec t = {due_ns / NS_PER_S, due_ns % NS_PER_S};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		continue;
}

static void spawn(pthread_t *ret, void *(*body)(void *), void *arg)
{
	pthread_attr_t attr;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, 256 << 10);
	if (pthread_create(ret, &attr, body, arg) != 0)
		die("thread");
	(void)pthread_attr_destroy(&attr);
}

static struct sockaddr_in loopback(unsigned short port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static void no_delay(int fd)
{
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static bool put(struct line *l, const char *bytes, size_t n)
{
	struct piece *p = malloc(sizeof *p + n);
	bool goes_on;

	if (p == NULL)
		die("memory");
	*p = (struct piece){.due_ns = now_ns() + delay_ns, .n = n};
	memcpy(p->bytes, bytes, n);
	(void)pthread_mutex_lock(&l->lock);
	while (l->queued > QUEUE_BYTES && !l->broken)
		(void)pthread_cond_wait(&l->changed, &l->lock);
	*l->last = p;
	l->last = &p->next;
	l->queued += n;
	goes_on = !l->broken;
	(void)pthread_cond_broadcast(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	return goes_on;
}

static struct piece *take(struct line *l)
{
	struct piece *p;

	(void)pthread_mutex_lock(&l->lock);
	while (l->first == NULL)
		(void)pthread_cond_wait(&l->changed, &l->lock);
	p = l->first;
	l->first = p->next;
	if (l->first == NULL)
		l->last = &l->first;
	l->queued -= p->n;
	(void)pthread_cond_broadcast(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	return p;
}

static void *read_line(void *arg)
{
	struct line *l = arg;
	char *buf = malloc(PIECE_BYTES);
	ssize_t n;

	if (buf == NULL)
		die("memory");
	do {
		n = recv(l->from, buf, PIECE_BYTES, 0);
		if (n > 0 && l->upward &&
			atomic_exchange(&l->joint->heard, false))
			atomic_fetch_add(&turns, 1);
	} while (put(l, buf, n > 0 ? (size_t)n : 0) && n > 0);
	free(buf);
	return NULL;
}

static bool send_all(int fd, const char *bytes, size_t n)
{
	while (n != 0) {
		ssize_t k = send(fd, bytes, n, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		bytes += k;
		n -= (size_t)k;
	}
	return true;
}

static void *write_line(void *arg)
{
	struct line *l = arg;
	bool goes_on = true;

	while (goes_on) {
		struct piece *p = take(l);

		sleep_until(p->due_ns);
		goes_on = p->n != 0 && send_all(l->to, p->bytes, p->n);
		if (!l->upward)
			atomic_store(&l->joint->heard, true);
		free(p);
	}
	(void)shutdown(l->to, SHUT_WR);
	(void)shutdown(l->from, SHUT_RD);
	(void)pthread_mutex_lock(&l->lock);
	l->broken = true;
	(void)pthread_cond_broadcast(&l->changed);
	(void)pthread_mutex_unlock(&l->lock);
	return NULL;
}

static void line_init(struct line *l, struct joint *j, int from, int to)
{
	l->joint = j;
	l->from = from;
	l->to = to;
	l->upward = from == j->client;
	l->last = &l->first;
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_cond_init(&l->changed, NULL);
}

static void line_drop(struct line *l)
{
	while (l->first != NULL) {
		struct piece *p = l->first;

		l->first = p->next;
		free(p);
	}
	(void)pthread_cond_destroy(&l->changed);
	(void)pthread_mutex_destroy(&l->lock);
}

static void *serve(void *arg)
{
	struct joint *j = arg;
	struct sockaddr_in to = loopback(j->port);
	pthread_t threads[4];

	sleep_until(now_ns() + 3 * delay_ns);
	j->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(j->server, (const struct sockaddr *)&to, sizeof to) == 0) {
		no_delay(j->server);
		line_init(&j->up, j, j->client, j->server);
		line_init(&j->down, j, j->server, j->client);
		spawn(&threads[0], read_line, &j->up);
		spawn(&threads[1], write_line, &j->up);
		spawn(&threads[2], read_line, &j->down);
		spawn(&threads[3], write_line, &j->down);
		for (size_t i = 0; i < 4; i++)
			(void)pthread_join(threads[i], NULL);
		line_drop(&j->up);
		line_drop(&j->down);
	}
	(void)close(j->server);
	(void)close(j->client);
	free(j);
	return NULL;
}

struct door {
	int fd;
	unsigned short port;
};

static void *accept_all(void *arg)
{
	const struct door *d = arg;

	for (;;) {
		struct joint *j;
		pthread_t thread;
		int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		no_delay(fd);
		atomic_fetch_add(&connections, 1);
		j = calloc(1, sizeof *j);
		if (j == NULL)
			die("memory");
		j->client = fd;
		j->port = d->port;
		spawn(&thread, serve, j);
		(void)pthread_detach(thread);
	}
	return NULL;
}

static void open_door(struct door *d, const char *port)
{
	struct sockaddr_in here = loopback(0);
	socklen_t n = sizeof here;
	pthread_t thread;

	d->port = (unsigned short)strtoul(port, NULL, 10);
	d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(d->fd, (const struct sockaddr *)&here, sizeof here) != 0 ||
		listen(d->fd, 1024) != 0 ||
		getsockname(d->fd, (struct sockaddr *)&here, &n) != 0)
		die(port);
	(void)printf("%s %u\n", port, (unsigned)ntohs(here.sin_port));
	spawn(&thread, accept_all, d);
	(void)pthread_detach(thread);
}

int main(int argc, char **argv)
{
	struct door doors[8];
	sigset_t ends;
	int sig;

	if (argc < 3 || argc > 10) {
		(void)fprintf(stderr, "usage: delayproxy ONE_WAY_MS PORT...\n");
		return 64;
	}
	delay_ns = (long long)(strtod(argv[1], NULL) * 1e6);
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
	for (int i = 2; i < argc; i++)
		open_door(&doors[i - 2], argv[i]);
	(void)fflush(stdout);
	(void)sigwait(&ends, &sig);
	(void)printf("turns %lu connections %lu\n", atomic_load(&turns),
		atomic_load(&connections));
	return 0;
}
