/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces, announcements and dialogues over the channel, and envoys that break
 * the rules of these. */
#include "collector/base/buf.h"
#include "collector/remote/session_channel.h"
#include "collector/remote/session_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE (2u << 20)
#define LIMIT (4u << 20)

static void put_u32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static void add_frame(struct buf *out, uint8_t type, const void *p, size_t n)
{
	unsigned char head[5];

	put_u32(head, (uint32_t)n);
	head[4] = type;
	assert_int_equal(buf_add(out, head, sizeof head), 0);
	assert_int_equal(buf_add(out, p, n), 0);
}

/* I INFO, D DONE, Ln LARGE of UID n, bn a body of n bytes, Mn its message, T a
 * dialogue. */
static void add_step(struct buf *out, char what, uint32_t n)
{
	static const char zeros[60000], told[] = "C: x\nS: \001y";
	unsigned char p[20] = {0};

	switch (what) {
	case 'I':
		add_frame(out, SESSION_INFO, zeros, 62);
		break;
	case 'D':
		add_frame(out, SESSION_DONE, "", 0);
		break;
	case 'L':
		put_u32(p, n);
		put_u32(p + 4, LARGE);
		add_frame(out, SESSION_LARGE, p, 12);
		break;
	case 'b':
		add_frame(out, SESSION_BODY, zeros, n);
		break;
	case 'M':
		put_u32(p, MESSAGE_HAS_BODY | MESSAGE_HAS_UID);
		put_u32(p + 4, n);
		add_frame(out, SESSION_MESSAGE, p, 8);
		break;
	case 'T':
		put_u32(p, sizeof told - 1);
		memcpy(p + 4, told, sizeof told - 1);
		add_frame(out, SESSION_DIALOGUE, p, 4 + sizeof told - 1);
		break;
	default:
		fail_msg("no step %c", what);
	}
}

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
	uint64_t bytes;
	unsigned messages;
	unsigned large;
	char dialogue[64];
};

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	(void)bytes;
	(void)err;
	((struct seen *)arg)->bytes += n;
	return 0;
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	(void)err;
	assert_int_equal(meta->uid, 5);
	((struct seen *)arg)->messages++;
	return 0;
}

static int on_large(void *arg, uint32_t uid, uint64_t bytes, struct err *err)
{
	(void)err;
	assert_int_equal(uid, 5);
	assert_int_equal(bytes, LARGE);
	((struct seen *)arg)->large++;
	return 0;
}

static int ask(char what, struct session *s, struct seen *v, struct err *err)
{
	const struct session_piece piece = {
		.uid = 5, .section = SESSION_TEXT, .offset = 7, .bytes = 100};
	const struct uid_range range = {5, 5};
	const struct session_sink sink = {.body = on_body,
		.message = on_message,
		.large = on_large,
		.arg = v};

	return what == 'p' ? session_fetch_piece(s, &piece, &sink, err)
			   : session_fetch(s, &range, 1, &sink, err);
}

/* 'p' asks for 100 bytes, 'f' for the whole of UID 5. */
static int play(char what, const char *says, struct seen *v, struct err *err)
{
	struct session_config config;
	struct session *s = NULL;
	struct envoy e;
	pthread_t thread;
	int fds[2], r;

	memset(&config, 0, sizeof config);
	config.limits = (struct session_limits){
		.message_bytes = LIMIT, .messages = 6, .idle_ms = 5000};
	buf_init(&e.says, (size_t)16 << 20);
	while (*says != '\0') {
		char step = *says++, *end = NULL;
		uint32_t n = (uint32_t)strtoul(says, &end, 10);
		says = end + strspn(end, " ");
		add_step(&e.says, step, n);
	}
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	e.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, say, &e), 0);
	assert_int_equal(session_channel_open(fds[0], &config, &s, err), 0);
	r = ask(what, s, v, err);
	(void)snprintf(
		v->dialogue, sizeof v->dialogue, "%s", session_dialogue(s));
	session_close(&s);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(close(fds[1]), 0);
	buf_free(&e.says);
	return r;
}

static void sound(char what, const char *says, uint64_t bytes, unsigned large)
{
	struct seen v = {0};
	struct err err = {0};

	if (play(what, says, &v, &err) != 0)
		fail_msg("%s: %s", says, err.text);
	assert_int_equal(v.bytes, bytes);
	assert_int_equal(v.messages, 1);
	assert_int_equal(v.large, large);
}

static void broken(char what, const char *says)
{
	struct seen v = {0};
	struct err err = {0};

	if (play(what, says, &v, &err) == 0)
		fail_msg("%s was believed", says);
	assert_int_equal(err.class, ERR_CRASH);
	assert_int_equal(err.scope, ERR_SCOPE_SESSION);
	assert_int_equal(v.messages, 0);
}

static void pieces(void **state)
{
	(void)state;
	sound('p', "I D b60 b40 M5 D", 100, 0);
	broken('p', "I D b60 b41 M5 D");
	broken('p', "I D L5 b100 M5 D");
}

static void announcements(void **state)
{
	static const char forty[] =
		"b52429 b52429 b52429 b52429 b52429 b52429 b52429 b52429 "
		"b52429 b52429 b52429 b52429 b52429 b52429 b52429 b52429 "
		"b52429 b52429 b52429 b52429 b52429 b52429 b52429 b52429 "
		"b52429 b52429 b52429 b52429 b52429 b52429 b52429 b52429 "
		"b52429 b52429 b52429 b52429 b52429 b52429 b52429 b52421 ";
	char says[sizeof forty + 32];

	(void)state;
	(void)snprintf(says, sizeof says, "I D L5 %sM5 D", forty);
	sound('f', says, LARGE, 1);
	(void)snprintf(says, sizeof says, "I D L5 %sb1 M5 D", forty);
	broken('f', says);
	broken('f', "I D L5 b60000 M5 D");
	broken('f', "I D b10 L5 M5 D");
	broken('f', "I D L0 b10 M5 D");
	/* of a message nobody asked for: none of our business */
	sound('f', "I D L8 b10 M5 D", 10, 0);
}

static void dialogues(void **state)
{
	struct seen v = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(play('f', "I D b10 M5 T D", &v, &err), 0);
	assert_string_equal(v.dialogue, "C: x\nS: ?y");
	assert_int_equal(play('f', "I D b10 M5 D", &v, &err), 0);
	assert_string_equal(v.dialogue, "");
	broken('f', "I D T T D");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),
		cmocka_unit_test(announcements),
		cmocka_unit_test(dialogues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
