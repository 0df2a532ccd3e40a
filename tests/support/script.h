/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script: a scripted peer for tests. A thread plays a text on one end of a
 * socketpair; the code under test gets the other end. No port, no sleep.
 *
 * One step a line; blank lines and lines that begin with '#' are skipped:
 *   C: pattern   the client's next line (CRLF or LF taken off) must match:
 *                '*' any run, '\*' a star, '$T' one word, kept as the tag;
 *                '$T1' … '$T9' are further tags, for commands in flight
 *   B: n         n bytes from the client, whatever they are
 *   S: text      sends text and CRLF; $T … replaced; \r \n \t \0 \\ \xNN
 *   S<: text     the same without CRLF
 *   R: n text    sends text n times
 *   TLS          the server's side of a TLS handshake (tls_server.h)
 *   GATE         waits for script_go
 *   WAIT         reads and drops until the client closes
 *   QUIET        nothing else has come from the client so far
 *   EOF          the client must close without another byte
 *   SHUT         no more is sent (half close)
 *   CLOSE        closes without ceremony (TLS: no close_notify)
 * After the last step the peer closes in good order.
 * What the client sends and no step expects (a LOGOUT on the way out) is no
 * fault unless the step is EOF. A client that has gone ends the play: only
 * C: and B: steps left over are faults then.
 *
 *   struct script s;
 *   int fd = script_start(&s, "S: * OK hi\nC: $T NOOP\nS: $T OK\n");
 *   … use and close fd …
 *   assert_true(script_finish(&s)), else s.why says what went wrong
 *   script_heard(&s, "password") after finish: did it pass in the clear?
 */
#ifndef MAILHAUL_TESTS_SCRIPT_H
#define MAILHAUL_TESTS_SCRIPT_H

#include "collector/base/buf.h"
#include "collector/base/mem.h"
#include "script_text.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#define SCRIPT_PATIENCE_MS 20000 /* a test that hangs fails instead */
#define SCRIPT_LINE_MAX 65536
#define SCRIPT_HEARD_MAX ((size_t)8 << 20)

struct script;
/* How bytes travel; tls_server.h puts itself here. NULL: the plain socket. */
struct script_tls {
	int (*accept)(struct script *s);
	ssize_t (*recv)(struct script *s, void *p, size_t n);
	ssize_t (*send)(struct script *s, const void *p, size_t n);
	void (*goodbye)(struct script *s); /* close_notify */
	void (*free)(struct script *s);
};

struct script {
	pthread_t thread;
	int fd; /* our end */
	char *text;
	int line; /* of the script, from 1 */
	struct script_tags tags;
	char *in; /* received and not yet looked at */
	size_t in_len;
	bool gone; /* the client closed, or sending failed */
	bool failed;
	char why[1024];
	struct buf plain;  /* all that came in the clear */
	struct buf inside; /* all that came inside TLS */
	sem_t gate;
	const struct script_tls *tls;
	void *tls_arg;
	bool tls_on;
	bool tls_over; /* what comes now is the end of a TLS connection */
};

static inline void script_fail(
	struct script *s, const char *what, const char *detail)
{
	if (s->failed)
		return;
	s->failed = true;
	(void)snprintf(s->why, sizeof s->why, "script line %d: %s: %.800s",
		s->line, what, detail);
}

/* ---- bytes ---- */

static inline void script_send(struct script *s, const char *p, size_t n)
{
	while (n > 0 && !s->gone) {
		ssize_t r = s->tls_on ? s->tls->send(s, p, n)
				      : send(s->fd, p, n, MSG_NOSIGNAL);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			s->gone = true;
			return;
		}
		p += r;
		n -= (size_t)r;
	}
}

/* More bytes behind in_len; false at the end. */
static inline bool script_fill(struct script *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	ssize_t r;

	if (s->gone || s->in_len == SCRIPT_LINE_MAX)
		return false;
	if (!s->tls_on && poll(&p, 1, SCRIPT_PATIENCE_MS) == 0) {
		script_fail(s, "patience", "the client sends nothing");
		return false;
	}
	r = s->tls_on ? s->tls->recv(s, s->in + s->in_len,
				SCRIPT_LINE_MAX - s->in_len)
		      : recv(s->fd, s->in + s->in_len,
				SCRIPT_LINE_MAX - s->in_len, 0);
	if (r <= 0) {
		s->gone = true;
		return false;
	}
	if (!s->tls_over)
		(void)buf_add(s->tls_on ? &s->inside : &s->plain,
			s->in + s->in_len, (size_t)r);
	s->in_len += (size_t)r;
	return true;
}

static inline void script_drop(struct script *s, size_t n)
{
	memmove(s->in, s->in + n, s->in_len - n);
	s->in_len -= n;
}

/* ---- steps ---- */

static inline void script_expect_line(struct script *s, const char *pattern)
{
	size_t from = 0;
	char *nl, *line;

	while ((nl = memchr(s->in + from, '\n', s->in_len - from)) == NULL) {
		from = s->in_len;
		if (!script_fill(s)) {
			script_fail(
				s, "no line from the client, wanted", pattern);
			return;
		}
	}
	size_t n = (size_t)(nl - s->in);
	line = mem_strndup(s->in, n > 0 && nl[-1] == '\r' ? n - 1 : n);
	script_drop(s, n + 1);
	if (!script_match(&s->tags, pattern, line)) {
		char both[900];
		(void)snprintf(both, sizeof both,
			"wanted `%.400s', got `%.400s'", pattern, line);
		script_fail(s, "mismatch", both);
	}
	free(line);
}

static inline void script_expect_bytes(struct script *s, size_t n)
{
	while (n > 0) {
		size_t some = n < s->in_len ? n : s->in_len;
		script_drop(s, some);
		n -= some;
		if (n > 0 && s->in_len == 0 && !script_fill(s)) {
			script_fail(s, "bytes", "the client sent too few");
			return;
		}
	}
}

static inline void script_drain(struct script *s)
{
	do
		s->in_len = 0;
	while (script_fill(s));
}

static inline void script_say(struct script *s, const char *text,
	unsigned long times, const char *end)
{
	struct buf once, all;

	buf_init(&once, SCRIPT_HEARD_MAX);
	buf_init(&all, (size_t)64 << 10);
	script_expand(&s->tags, text, &once);
	(void)buf_add_str(&once, end);
	for (unsigned long i = 0; i < times && !s->gone; i++) {
		if (all.len + once.len > all.max) {
			script_send(s, all.data, all.len);
			buf_reset(&all);
		}
		if (once.len > all.max)
			script_send(s, once.data, once.len);
		else
			(void)buf_add(&all, once.data, once.len);
	}
	script_send(s, buf_str(&all), all.len);
	buf_free(&once);
	buf_free(&all);
}

static inline void script_wait_gate(struct script *s)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SCRIPT_PATIENCE_MS / 1000;
	while (sem_timedwait(&s->gate, &until) < 0)
		if (errno != EINTR) {
			script_fail(s, "GATE", "never opened");
			return;
		}
}

/* What one flush of the client brings comes together: a command too many is
 * here when the one before it is. */
static inline void script_quiet(struct script *s)
{
	char c;

	if (s->in_len != 0 ||
		(!s->tls_on && recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0))
		script_fail(s, "QUIET", "the client has sent more");
}

static inline void script_close(struct script *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
	s->gone = true;
}

static inline void script_step(struct script *s, const char *step)
{
	unsigned long n;
	char *end;

	if (step[0] == '\0' || step[0] == '#')
		return;
	if (strncmp(step, "C: ", 3) == 0) {
		script_expect_line(s, step + 3);
	} else if (strncmp(step, "B: ", 3) == 0) {
		script_expect_bytes(s, strtoul(step + 3, NULL, 10));
	} else if (strncmp(step, "S: ", 3) == 0 || strcmp(step, "S:") == 0) {
		script_say(s, step[2] == ' ' ? step + 3 : "", 1, "\r\n");
	} else if (strncmp(step, "S<: ", 4) == 0) {
		script_say(s, step + 4, 1, "");
	} else if (strncmp(step, "R: ", 3) == 0) {
		n = strtoul(step + 3, &end, 10);
		script_say(s, *end == ' ' ? end + 1 : end, n, "");
	} else if (strcmp(step, "TLS") == 0 && s->tls != NULL) {
		if (s->tls->accept(s) < 0)
			s->gone = true;
		else
			s->tls_on = true;
	} else if (strcmp(step, "GATE") == 0) {
		script_wait_gate(s);
	} else if (strcmp(step, "WAIT") == 0) {
		script_drain(s);
	} else if (strcmp(step, "QUIET") == 0) {
		script_quiet(s);
	} else if (strcmp(step, "EOF") == 0) {
		if (s->in_len != 0 || script_fill(s))
			script_fail(s, "EOF", "the client sent more");
	} else if (strcmp(step, "SHUT") == 0) {
		(void)shutdown(s->fd, SHUT_WR);
	} else if (strcmp(step, "CLOSE") == 0) {
		script_close(s);
	} else {
		script_fail(s, "no such step", step);
	}
}

static inline void *script_play(void *arg)
{
	struct script *s = arg;
	char *pos = s->text, *step;

	while (!s->failed && (step = strsep(&pos, "\n")) != NULL) {
		s->line++;
		script_step(s, step);
	}
	/* Says end of file, and swallows a farewell, so that the client's
	 * last write does not fail by our closing too early. */
	if (!s->gone && s->tls_on)
		s->tls->goodbye(s);
	if (!s->gone) {
		s->tls_over = s->tls_on;
		s->tls_on = false;
		(void)shutdown(s->fd, SHUT_WR);
		if (!s->failed)
			script_drain(s);
	}
	script_close(s);
	if (s->tls != NULL)
		s->tls->free(s);
	return NULL;
}

/* ---- what tests call ---- */

/* The client's end of the conversation. tls may be NULL. */
static inline int script_start_over(struct script *s, const char *text,
	const struct script_tls *tls, void *tls_arg)
{
	struct timeval patience = {.tv_sec = SCRIPT_PATIENCE_MS / 1000};
	int ends[2];

	memset(s, 0, sizeof *s);
	(void)signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	(void)setsockopt(
		ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	(void)setsockopt(
		ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	s->fd = ends[0];
	s->text = mem_strdup(text);
	s->in = mem_alloc(SCRIPT_LINE_MAX);
	buf_init(&s->plain, SCRIPT_HEARD_MAX);
	buf_init(&s->inside, SCRIPT_HEARD_MAX);
	(void)sem_init(&s->gate, 0, 0);
	s->tls = tls;
	s->tls_arg = tls_arg;
	if (pthread_create(&s->thread, NULL, script_play, s) != 0)
		abort();
	return ends[1];
}

static inline int script_start(struct script *s, const char *text)
{
	return script_start_over(s, text, NULL, NULL);
}

#ifdef TEST_DATA
/* A script from tests/transcripts/NAME. Caller frees. */
static inline char *script_load(const char *name)
{
	char path[4096];
	struct buf b;
	FILE *f;
	int c;

	(void)snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
	buf_init(&b, SCRIPT_HEARD_MAX);
	f = fopen(path, "rbe");
	if (f == NULL) {
		perror(path);
		abort();
	}
	while ((c = getc(f)) != EOF)
		(void)buf_add(&b, &(char){(char)c}, 1);
	(void)fclose(f);
	return b.data != NULL ? b.data : mem_strdup("");
}

static inline int script_start_file(struct script *s, const char *name)
{
	char *text = script_load(name);
	int fd = script_start(s, text);

	free(text);
	return fd;
}
#endif

/* Opens one GATE. */
static inline void script_go(struct script *s)
{
	(void)sem_post(&s->gate);
}

/* Joins; true if every expectation was met. The caller has closed its end,
 * or the script ends by itself. script_free afterwards. */
static inline bool script_finish(struct script *s)
{
	(void)pthread_join(s->thread, NULL);
	(void)sem_destroy(&s->gate);
	free(s->text);
	free(s->in);
	s->text = s->in = NULL;
	if (s->failed)
		(void)fprintf(stderr, "%s\n", s->why);
	return !s->failed;
}

/* After script_finish: whether bytes passed outside TLS. */
static inline bool script_heard(const struct script *s, const char *bytes)
{
	return s->plain.len != 0 && memmem(s->plain.data, s->plain.len, bytes,
					    strlen(bytes)) != NULL;
}

static inline void script_free(struct script *s)
{
	buf_free(&s->plain);
	buf_free(&s->inside);
}

#endif
