/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conductor's reading side of a session against arbitrary bytes of an
 * envoy. The first byte chooses the call that follows the opening; the rest
 * is what the envoy says. Whatever it says, only values in range come out.
 */
#include "collector/base/mem.h"
#include "collector/remote/session_channel.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_MESSAGE 100000
#define LIMIT_MESSAGES 500
#define LIMIT_MAILBOXES 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

struct seen {
	uint64_t mailboxes;
	uint64_t messages;
	uint64_t body_bytes;
	uint32_t last_uid;
};

static bool is_text(const char *s, size_t max)
{
	return memchr(s, '\0', max) != NULL;
}

static int on_mailbox(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	struct seen *v = arg;

	(void)err;
	require(++v->mailboxes <= LIMIT_MAILBOXES);
	require(is_text(info->name, sizeof info->name));
	require(info->name[0] != '\0' && info->attrs < 1u << 10);
	return 0;
}

static void check_meta(const struct message_meta *m)
{
	require(m->has < 1u << 11);
	require((m->has & MESSAGE_HAS_UID) == 0 || m->uid != 0);
	require(is_text(m->uidl, sizeof m->uidl));
	require(is_text(m->flags.keywords, sizeof m->flags.keywords));
	require(m->flags.system < 1u << 5);
	require(m->modseq <= INT64_MAX && m->size_bytes <= INT64_MAX);
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *v = arg;

	(void)err;
	require(++v->messages <= LIMIT_MESSAGES);
	require((meta->has & MESSAGE_HAS_BODY) == 0);
	check_meta(meta);
	return 0;
}

static int on_range(void *arg, const struct uid_range *range, struct err *err)
{
	struct seen *v = arg;

	(void)err;
	require(range->first > v->last_uid && range->last >= range->first);
	require(++v->messages <= LIMIT_MESSAGES);
	v->last_uid = range->last;
	return 0;
}

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct seen *v = arg;
	volatile char last = ((const char *)bytes)[n - 1];

	(void)err;
	(void)last;
	v->body_bytes += n;
	require(v->body_bytes <= LIMIT_MESSAGE);
	return 0;
}

static int on_fetched(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *v = arg;

	(void)err;
	check_meta(meta);
	if ((meta->has & MESSAGE_HAS_BODY) == 0)
		require(v->body_bytes == 0);
	else if ((meta->has & MESSAGE_HAS_UID) != 0)
		require((meta->uid >= 10 && meta->uid <= 20) ||
			meta->uid == 4000000000);
	v->body_bytes = 0;
	return 0;
}

static int on_large(void *arg, uint32_t uid, uint64_t bytes, struct err *err)
{
	const struct seen *v = arg;

	(void)err;
	require(v->body_bytes == 0);
	require((uid >= 10 && uid <= 20) || uid == 4000000000);
	require(bytes >= SESSION_LARGE_BYTES && bytes <= LIMIT_MESSAGE);
	return 0;
}

static void call(struct session *s, uint8_t which)
{
	static const struct uid_range ranges[] = {
		{10, 20}, {4000000000, 4000000000}};
	struct seen v = {0};
	static const struct session_piece piece = {.uid = 11, .bytes = 1000};
	const struct session_sink sink = {.body = on_body,
		.message = on_fetched,
		.large = on_large,
		.arg = &v};
	struct mailbox_state box;
	struct err err;
	int r;

	memset(&err, 0, sizeof err);
	switch (which % 8) {
	case 0:
		r = session_list(s, on_mailbox, &v, &err);
		break;
	case 1:
		r = session_select(s, "INBOX", &box, &err);
		require(r < 0 || box.exists <= LIMIT_MESSAGES);
		break;
	case 2:
		r = session_scan(s, 1, on_message, &v, &err);
		break;
	case 3:
		r = session_changes(s, 1, on_message, &v, &err);
		break;
	case 4:
		r = session_uids(s, on_range, &v, &err);
		break;
	case 5:
		r = session_vanished(s, 1, on_range, &v, &err);
		r = r > 0 ? 0 : r;
		break;
	case 6:
		r = session_fetch(s, ranges, 2, &sink, &err);
		break;
	default:
		r = session_fetch_piece(s, &piece, &sink, &err);
	}
	if (r == 0)
		return;
	require(r == -1 && err.class > ERR_NONE);
	require(err.class <= ERR_CANCELLED && err.scope < ERR_SCOPE_SERVICE);
	require(err.retry <= ERR_RETRY_CHANGE);
	require(is_text(err.text, sizeof err.text));
	require(strpbrk(err.text, "\r\n\x1b") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_config config;
	struct session *s = NULL;
	struct err err;
	int fds[2];

	if (size < 1 || size > 150000 ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return 0;
	memset(&config, 0, sizeof config);
	config.limits = (struct session_limits){.message_bytes = LIMIT_MESSAGE,
		.messages = LIMIT_MESSAGES,
		.mailboxes = LIMIT_MAILBOXES,
		.idle_ms = 1000};
	if (send(fds[1], data + 1, size - 1, MSG_DONTWAIT) ==
		(ssize_t)size - 1) {
		(void)shutdown(fds[1], SHUT_WR);
		if (session_channel_open(fds[0], &config, &s, &err) == 0) {
			call(s, data[0]);
			call(s, (uint8_t)(data[0] + 1));
			session_close(&s);
		}
	} else {
		(void)close(fds[0]);
	}
	(void)close(fds[1]);
	return 0;
}
