/* SPDX-License-Identifier: BSD-2-Clause */
/* An envoy that a server has taken over: every way to break the rules of the
 * channel that we could think of, and what the run gets. */
#include "collector/remote/session_channel.h"
#include "hostile_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct envoy {
	int fd;
	struct buf says;
};

static void *say(void *arg)
{
	struct envoy *e = arg;
	size_t done = 0;

	while (done < e->says.len) {
		ssize_t n = send(e->fd, e->says.data + done, e->says.len - done,
			MSG_NOSIGNAL);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	(void)shutdown(e->fd, SHUT_WR);
	return NULL;
}

struct seen {
	unsigned calls;
	unsigned uids;
	uint64_t bytes;
};

static int on_mailbox(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	(void)info;
	(void)err;
	((struct seen *)arg)->calls++;
	return 0;
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *v = arg;

	(void)err;
	v->calls++;
	v->uids += (meta->has & MESSAGE_HAS_UID) != 0;
	return 0;
}

static int on_range(void *arg, const struct uid_range *range, struct err *err)
{
	(void)range;
	(void)err;
	((struct seen *)arg)->calls++;
	return 0;
}

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	(void)bytes;
	(void)err;
	((struct seen *)arg)->bytes += n;
	return 0;
}

static int play_idle(
	char what, struct session *s, struct seen *v, struct err *err)
{
	struct pollfd p = {.fd = session_channel_fd(s), .events = POLLIN};
	int r = session_idle(s, err);

	if (r == 1 && what == 'e') {
		r = session_idle_end(s, err);
		v->calls += r == 1;
	}
	if (r == 1 && what == 'w') {
		while ((r = session_channel_news(s, err)) == 0)
			if (poll(&p, 1, 10000) != 1)
				fail_msg("no news");
		v->calls += r == 1;
	}
	return r < 0 ? -1 : 0;
}

/* Opens, makes one call ('o' none, 'l' 's' 'n' 'c' 'f' 'u' 'v' 'i', 'e'
 * which ends IDLE, 'w' which waits for news), closes. */
static int play(char what, const char *script, struct seen *v, struct err *err)
{
	const struct uid_range ranges[] = {{5, 7}, {9, 9}};
	const struct session_sink sink = {
		.body = on_body, .message = on_message, .arg = v};
	struct session_config config;
	struct envoy e;
	struct mailbox_state box;
	struct session *s = NULL;
	pthread_t thread;
	int fds[2], r;

	memset(&config, 0, sizeof config);
	config.limits = (struct session_limits){.message_bytes = MESSAGE_BYTES,
		.messages = 6,
		.mailboxes = 3,
		.idle_ms = 5000};
	buf_init(&e.says, (size_t)64 << 20);
	compile(&e.says, script);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	e.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, say, &e), 0);
	r = session_channel_open(fds[0], &config, &s, err);
	if (r == 0 && what == 'l')
		r = session_list(s, on_mailbox, v, err);
	else if (r == 0 && what == 's')
		r = session_select(s, "INBOX", &box, err);
	else if (r == 0 && what == 'n')
		r = session_scan(s, 7, on_message, v, err);
	else if (r == 0 && what == 'c')
		r = session_changes(s, 1, on_message, v, err);
	else if (r == 0 && what == 'f')
		r = session_fetch(s, ranges, 2, &sink, err);
	else if (r == 0 && what == 'u')
		r = session_uids(s, on_range, v, err);
	else if (r == 0 && what == 'v')
		r = session_vanished(s, 1, on_range, v, err) < 0 ? -1 : 0;
	else if (r == 0 && strchr("iew", what) != NULL)
		r = play_idle(what, s, v, err);
	else if (r == 0 && what == 'd')
		r = session_select_writable(s, "INBOX", &box, err);
	else if (r == 0 && what == 'x')
		r = session_expunge(s, ranges, 2, on_range, v, err) < 0 ? -1
									: 0;
	else if (r == 0 && what == 'y')
		r = session_commit(s, err);
	session_close(&s);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(close(fds[1]), 0);
	buf_free(&e.says);
	return r;
}

static const struct {
	char what;
	const char *says;
	enum err_class class; /* ERR_NONE: the call succeeds */
	enum err_scope scope;
} cases[] = {
	/* Deleting: FETCH's ranges. */
	{'d', "IDSD", ERR_NONE, 0},
	{'d', "IDD", ERR_CRASH, ERR_SCOPE_SESSION},
	{'x', "IDD", ERR_NONE, 0},
	{'x', "IDf", ERR_REFUSED, ERR_SCOPE_MAILBOX},
	{'x', "IDr99999D", ERR_CRASH, ERR_SCOPE_SESSION}, /* not asked for */
	{'x', "IDm1D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'x', "IDt72D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'x', "ID", ERR_CRASH, ERR_SCOPE_SESSION},
	{'y', "IDD", ERR_NONE, 0},
	{'y', "IDF", ERR_REFUSED, ERR_SCOPE_SESSION},
	{'y', "IDSD", ERR_CRASH, ERR_SCOPE_SESSION},
	{'y', "ID", ERR_CRASH, ERR_SCOPE_SESSION},
	/* Opening. */
	{'o', "ID", ERR_NONE, 0},
	{'o', "", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "k", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "I", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "IID", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "S", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "b10", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "m1", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "t65", ERR_CRASH, ERR_SCOPE_SESSION}, /* an empty INFO */
	{'o', "t71", ERR_CRASH, ERR_SCOPE_SESSION}, /* an empty FAIL */
	{'o', "t0", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "t1", ERR_CRASH, ERR_SCOPE_SESSION}, /* our own OPEN */
	{'o', "t255", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "l65537", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "l4294967295", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "l2147483648", ERR_CRASH, ERR_SCOPE_SESSION},
	{'o', "F", ERR_REFUSED, ERR_SCOPE_SESSION},
	/* Lists. */
	{'l', "ID D", ERR_NONE, 0},
	{'l', "ID XXX D", ERR_NONE, 0},
	{'l', "ID XXXX D", ERR_LIMIT, ERR_SCOPE_SESSION},
	{'l', "ID XX", ERR_CRASH, ERR_SCOPE_SESSION},
	{'l', "ID X m1 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'l', "ID X I D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'l', "ID t66 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'l', "ID X f", ERR_REFUSED, ERR_SCOPE_MAILBOX},
	/* Selecting. */
	{'s', "ID SD", ERR_NONE, 0},
	{'s', "ID D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'s', "ID SSD", ERR_CRASH, ERR_SCOPE_SESSION},
	{'s', "ID t67 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'s', "ID X D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'s', "ID S f", ERR_REFUSED, ERR_SCOPE_MAILBOX},
	/* Scanning. */
	{'n', "ID m1m2m3m4m5m6D", ERR_NONE, 0},
	{'n', "ID m1m2m3m4m5m6m7D", ERR_LIMIT, ERR_SCOPE_SESSION},
	{'n', "ID M1D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'n', "ID b1D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'n', "ID m1 X D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'n', "ID m1 t68 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'n', "ID m1k", ERR_CRASH, ERR_SCOPE_SESSION},
	{'n', "ID m1 F", ERR_REFUSED, ERR_SCOPE_SESSION},
	{'c', "ID m1D", ERR_NONE, 0},
	{'c', "ID D", ERR_NONE, 0},
	{'c', "ID m1m2m3m4m5m6m7D", ERR_LIMIT, ERR_SCOPE_SESSION},
	{'c', "ID b5 D", ERR_CRASH, ERR_SCOPE_SESSION},
	/* UIDs. */
	{'u', "ID D", ERR_NONE, 0},
	{'u', "ID r1R2r5D", ERR_NONE, 0},
	{'u', "ID R1R4 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'u', "ID R1r3 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'u', "ID r2r1 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'u', "ID r0 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'u', "ID t72 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'u', "ID t73 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'u', "ID m1 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'u', "ID R1r4r5r6r7D", ERR_LIMIT, ERR_SCOPE_SESSION},
	{'u', "ID r1 f", ERR_REFUSED, ERR_SCOPE_MAILBOX},
	{'v', "ID D", ERR_NONE, 0},
	{'v', "ID t73 D", ERR_NONE, 0},
	{'v', "ID r1r2r4D", ERR_NONE, 0},
	{'v', "ID t73t73 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'v', "ID t73r1 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'v', "ID r1t73 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'v', "ID r1r3r5r7r9r11r13D", ERR_LIMIT, ERR_SCOPE_SESSION},
	/* Waiting: 73 CANNOT, 75 EVENT. */
	{'i', "ID D", ERR_NONE, 0},
	{'i', "ID t73 D", ERR_NONE, 0},
	{'i', "ID f", ERR_REFUSED, ERR_SCOPE_MAILBOX},
	{'i', "ID F", ERR_REFUSED, ERR_SCOPE_SESSION},
	{'i', "ID", ERR_CRASH, ERR_SCOPE_SESSION},
	{'i', "ID t73 t73 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'i', "ID t75 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'i', "ID m1 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'e', "ID D D", ERR_NONE, 0},
	{'e', "ID D t75 D", ERR_NONE, 0},
	{'e', "ID D t75 t75 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'e', "ID D t73 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'e', "ID D b100 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'e', "ID D F", ERR_REFUSED, ERR_SCOPE_SESSION},
	{'e', "ID D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'w', "ID D t75", ERR_NONE, 0},
	{'w', "ID D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'w', "ID D D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'w', "ID D t73", ERR_CRASH, ERR_SCOPE_SESSION},
	{'w', "ID D F", ERR_REFUSED, ERR_SCOPE_SESSION},
	{'w', "ID D k", ERR_CRASH, ERR_SCOPE_SESSION},
	/* Fetching 5:7,9. */
	{'f', "ID D", ERR_NONE, 0},
	{'f', "ID b10M5 b60000b40000M6 M7 b1M9 D", ERR_NONE, 0},
	{'f', "ID m1 b10M5 m5 m9 D", ERR_NONE, 0},
	{'f', "ID b60000b40000b1M5 D", ERR_LIMIT, ERR_SCOPE_SESSION},
	{'f', "ID b50000b50000b50000b50000", ERR_LIMIT, ERR_SCOPE_SESSION},
	{'f', "ID b0 M5 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'f', "ID b10 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'f', "ID b10", ERR_CRASH, ERR_SCOPE_SESSION},
	{'f', "ID b10 k", ERR_CRASH, ERR_SCOPE_SESSION},
	{'f', "ID b10 F", ERR_REFUSED, ERR_SCOPE_SESSION},
	{'f', "ID M5M6M7M9M5 D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'f', "ID m1m1m1m1m1m1m1 D", ERR_LIMIT, ERR_SCOPE_SESSION},
	{'f', "ID b10 S D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'f', "ID X D", ERR_CRASH, ERR_SCOPE_SESSION},
	{'f', "ID t68 D", ERR_CRASH, ERR_SCOPE_SESSION},
};

static void each_broken_rule_ends_the_session(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct seen v = {0};
		struct err err = {0};
		int r = play(cases[i].what, cases[i].says, &v, &err);

		if (r != (cases[i].class == ERR_NONE ? 0 : -1) ||
			err.class != cases[i].class ||
			(r < 0 && err.scope != cases[i].scope))
			fail_msg("%c \"%s\": %d %s %d %s", cases[i].what,
				cases[i].says, r, err_class_name(err.class),
				(int)err.scope, err.text);
	}
}

/* A body under a UID that nobody asked for is nobody's. */
static void foreign_uids_are_taken_away(void **state)
{
	static const struct {
		const char *says;
		unsigned uids;
	} table[] = {
		{"ID b1M5 D", 1}, {"ID b1M7 D", 1}, {"ID b1M9 D", 1},
		{"ID b1M4 D", 0}, {"ID b1M8 D", 0}, {"ID b1M10 D", 0},
		{"ID b1M0 D", 0}, {"ID b1M4294967295 D", 0},
		{"ID m4294967295 D", 1}, /* no body: flags of another */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct seen v = {0};
		struct err err = {0};
		assert_int_equal(play('f', table[i].says, &v, &err), 0);
		assert_int_equal(v.calls, 1);
		if (v.uids != table[i].uids)
			fail_msg("%s", table[i].says);
	}
}

/* Never a byte over the limit reaches the sink. */
static void a_body_over_the_limit_stops_there(void **state)
{
	struct seen v = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(play('f',
				 "ID b60000b40000b60000b60000b60000b60000"
				 "b60000b60000b60000b60000b60000M5D",
				 &v, &err),
		-1);
	assert_int_equal(err.class, ERR_LIMIT);
	assert_int_equal(v.bytes, MESSAGE_BYTES);
	assert_int_equal(v.calls, 0);
	assert_non_null(strstr(err.text, "limits.message"));
}

static void silence_is_a_timeout(void **state)
{
	struct session_config config;
	struct session *s = NULL;
	struct err err = {0};
	int fds[2];

	(void)state;
	memset(&config, 0, sizeof config);
	config.limits.idle_ms = -30000 + 20; /* the grace taken off again */
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(session_channel_open(fds[0], &config, &s, &err), -1);
	assert_int_equal(err.class, ERR_TIMEOUT);
	assert_int_equal(err.scope, ERR_SCOPE_SESSION);
	assert_int_equal(close(fds[1]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_broken_rule_ends_the_session),
		cmocka_unit_test(foreign_uids_are_taken_away),
		cmocka_unit_test(a_body_over_the_limit_stops_there),
		cmocka_unit_test(silence_is_a_timeout),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
