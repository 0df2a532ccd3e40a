/* SPDX-License-Identifier: BSD-2-Clause */
/* The shared encodings: metadata and errors, honest and hostile. */
#include "collector/base/mem.h"
#include "collector/remote/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct ends {
	struct channel *a;
	struct channel *b;
};

static void make_pair(int fds[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static struct ends ends_new(void)
{
	int fds[2];

	make_pair(fds);
	return (struct ends){channel_new(fds[0]), channel_new(fds[1])};
}

static void ends_free(struct ends *e)
{
	channel_free(&e->a);
	channel_free(&e->b);
}

static void meta_round_trip(
	const struct message_meta *in, struct message_meta *out)
{
	struct ends e = ends_new();
	uint8_t type;

	channel_begin(e.a, 1);
	channel_put_meta(e.a, in);
	assert_int_equal(channel_send(e.a, NULL), 0);
	assert_int_equal(channel_flush(e.a, NULL), 0);
	assert_int_equal(channel_recv(e.b, 1000, &type, NULL), 1);
	memset(out, 0xaa, sizeof *out);
	assert_true(channel_get_meta(e.b, out));
	assert_true(channel_done(e.b));
	ends_free(&e);
}

static void meta_comes_back(void **state)
{
	struct message_meta in, out;

	(void)state;
	memset(&in, 0, sizeof in);
	in.has = 0x7f;
	in.uid = UINT32_MAX;
	in.date_s = -1;
	in.size_bytes = 123456789012;
	in.modseq = INT64_MAX;
	in.flags.system = FLAG_SEEN | FLAG_DRAFT;
	(void)snprintf(
		in.flags.keywords, sizeof in.flags.keywords, "$Forwarded Work");
	(void)snprintf(in.uidl, sizeof in.uidl, "abc 123");
	meta_round_trip(&in, &out);
	assert_int_equal(out.has, 0x7f);
	assert_true(out.uid == UINT32_MAX && out.date_s == -1);
	assert_true(out.size_bytes == in.size_bytes);
	assert_true(out.modseq == in.modseq);
	assert_int_equal(out.flags.system, in.flags.system);
	assert_string_equal(out.flags.keywords, in.flags.keywords);
	assert_string_equal(out.uidl, in.uidl);
}

/* Members that no server can mean are absent at the other end. */
static void meta_that_cannot_be_is_dropped(void **state)
{
	struct message_meta in, out;

	(void)state;
	memset(&in, 0, sizeof in);
	in.has = 0x7f;
	in.date_s = INT64_MAX;
	in.size_bytes = UINT64_MAX;
	in.modseq = UINT64_MAX;
	in.flags.system = 0xff;
	(void)snprintf(in.uidl, sizeof in.uidl, "a\x01");
	meta_round_trip(&in, &out);
	assert_int_equal(out.has, MESSAGE_HAS_FLAGS | MESSAGE_HAS_BODY);
	assert_int_equal(out.uid, 0);
	assert_int_equal(out.date_s, 0);
	assert_int_equal(out.flags.system, 0x1f);
	assert_string_equal(out.uidl, "");
}

/* A payload in hex-free form; true if channel_get_meta takes it. */
static bool takes_meta(const void *payload, size_t n)
{
	struct ends e = ends_new();
	struct message_meta out;
	uint8_t type;
	bool ok;

	assert_int_equal(channel_send_bytes(e.a, 1, payload, n, NULL), 0);
	assert_int_equal(channel_flush(e.a, NULL), 0);
	assert_int_equal(channel_recv(e.b, 1000, &type, NULL), 1);
	ok = channel_get_meta(e.b, &out) && channel_done(e.b);
	if (ok)
		assert_true(memchr(out.flags.keywords, '\0',
				    sizeof out.flags.keywords) != NULL);
	ends_free(&e);
	return ok;
}

static void labels_are_lines(void **state)
{
	static const struct {
		const char *labels;
		bool good;
	} table[] = {
		{"", true},
		{"Work", true},
		{"\\Inbox\nTax &AOQ-\nOld/x", true},
		{"\n", false},
		{"a\n", false},
		{"a\n\nb", false},
		{"a\x1b[0m", false},
		{"a\x7f", false},
	};
	struct message_meta in, out;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		memset(&in, 0, sizeof in);
		in.has = MESSAGE_HAS_UID | MESSAGE_HAS_LABELS;
		in.uid = 7;
		(void)snprintf(
			in.labels, sizeof in.labels, "%s", table[i].labels);
		meta_round_trip(&in, &out);
		assert_int_equal(
			(out.has & MESSAGE_HAS_LABELS) != 0, table[i].good);
		assert_string_equal(
			out.labels, table[i].good ? table[i].labels : "");
		assert_int_equal(out.uid, 7);
	}
}

static void malformed_meta_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool ok;
	} cases[] = {
		{"\0\0\0\0", 4, true},
		{"", 0, false},
		{"\0\0\0", 3, false},
		{"\0\0\0\0x", 5, false},	   /* more than it says */
		{"\200\0\0\0", 4, true},	   /* more keywords */
		{"\0\1\0\0", 4, false},		   /* unknown bit 8 */
		{"\0\0\0\200", 4, false},	   /* unknown bit 31 */
		{"\1\0\0\0", 4, false},		   /* UID missing */
		{"\1\0\0\0\1\0\0\0", 8, true},	   /* UID 1 */
		{"\2\0\0\0\0", 5, false},	   /* no keywords */
		{"\2\0\0\0\0\0\0\0\0", 9, true},   /* none */
		{"\2\0\0\0\0\1\0\0\0a", 10, true}, /* "a" */
		{"\2\0\0\0\0\1\0\0\0\\", 10, false},
		{"\2\0\0\0\0\1\0\0\0\n", 10, false},
		{"\2\0\0\0\0\2\0\0\0a\0", 11, false},
		{"\2\0\0\0\0\377\377\377\377a", 10, false},
		{"\40\0\0\0\1\0\0\0x", 9, true}, /* UIDL */
		{"\40\0\0\0\2\0\0\0x", 9, false},
	};
	char *huge = mem_alloc(CHANNEL_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (takes_meta(cases[i].bytes, cases[i].n) != cases[i].ok)
			fail_msg("case %zu", i);
	memset(huge, 'a', CHANNEL_MAX);
	memcpy(huge, "\2\0\0\0\0\0\20\0\0", 9); /* 4096 keyword bytes */
	assert_false(takes_meta(huge, 9 + 4096));
	memcpy(huge, "\40\0\0\0\201\0\0\0", 8); /* UIDL of 129 */
	assert_false(takes_meta(huge, 8 + 129));
	free(huge);
}

static void err_round_trip(const struct err *in, struct err *out)
{
	struct ends e = ends_new();
	uint8_t type;

	channel_begin(e.a, 1);
	channel_put_err(e.a, in);
	assert_int_equal(channel_send(e.a, NULL), 0);
	assert_int_equal(channel_flush(e.a, NULL), 0);
	assert_int_equal(channel_recv(e.b, 1000, &type, NULL), 1);
	assert_true(channel_get_err(e.b, out));
	assert_true(channel_done(e.b));
	ends_free(&e);
}

static void errors_come_back_clamped(void **state)
{
	struct err in = {0}, out = {0};

	(void)state;
	(void)err_set(&in, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"no such user");
	(void)err_hint(&in, "look");
	in.retry_after_s = 60;
	in.retry_after_ms = 59001;
	in.in_flight = 3;
	in.complaint = ERR_TOO_MUCH;
	in.host_wide = true;
	err_round_trip(&in, &out);
	assert_int_equal(out.class, ERR_AUTH);
	assert_int_equal(out.scope, ERR_SCOPE_ACCOUNT);
	assert_int_equal(out.retry, ERR_RETRY_CHANGE);
	assert_int_equal(out.retry_after_s, 60);
	assert_int_equal(out.retry_after_ms, 59001);
	assert_int_equal(out.in_flight, 3);
	assert_int_equal(out.complaint, ERR_TOO_MUCH);
	assert_true(out.host_wide);
	assert_string_equal(out.text, "no such user");
	assert_string_equal(out.hint, "look");

	in.class = (enum err_class)200;
	in.scope = ERR_SCOPE_SERVICE;
	in.retry = (enum err_retry)9;
	in.retry_after_s = UINT32_MAX;
	in.retry_after_ms = UINT32_MAX;
	(void)snprintf(in.text, sizeof in.text, "a\nb\x1b[1m");
	err_round_trip(&in, &out);
	assert_int_equal(out.class, ERR_PROTOCOL);
	assert_int_equal(out.scope, ERR_SCOPE_SESSION);
	assert_int_equal(out.retry, ERR_RETRY_LATER);
	assert_int_equal(out.retry_after_s, 7 * 24 * 3600);
	assert_int_equal(out.retry_after_ms, 0);
	assert_null(strpbrk(out.text, "\n\x1b"));
	in.class = ERR_NONE;
	err_round_trip(&in, &out);
	assert_int_equal(out.class, ERR_PROTOCOL);
	in.class = ERR_STORE; /* an envoy has none */
	err_round_trip(&in, &out);
	assert_int_equal(out.class, ERR_PROTOCOL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meta_comes_back),
		cmocka_unit_test(meta_that_cannot_be_is_dropped),
		cmocka_unit_test(labels_are_lines),
		cmocka_unit_test(malformed_meta_is_refused),
		cmocka_unit_test(errors_come_back_clamped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
