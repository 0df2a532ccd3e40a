/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies: the frame in which they were received is what the sink is shown. */
#include "session_proxy.h"

#include <string.h>

struct fetch {
	uint8_t question; /* SESSION_FETCH, SESSION_HEADERS, SESSION_PIECE */
	const struct uid_range *ranges;
	size_t count;
	const struct session_sink *sink;
	uint64_t wanted;     /* UIDs in the ranges */
	uint64_t bodies;     /* messages with a body so far */
	uint64_t others;     /* and without */
	uint64_t body_bytes; /* of the message under way */
	uint64_t most_bytes; /* of one body */
	uint32_t large;	     /* the UID that LARGE has named; 0: none has */
	uint64_t large_bytes;
};

static bool is_wanted(const struct fetch *f, uint32_t uid)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (uid > f->ranges[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	return low < f->count && uid >= f->ranges[low].first;
}

static int send_ranges(struct proxy *p, struct fetch *f, struct err *err)
{
	size_t i = 0;

	while (i < f->count) {
		size_t end = f->count - i > SESSION_RANGES_FRAME
				     ? i + SESSION_RANGES_FRAME
				     : f->count;
		channel_begin(p->channel, SESSION_RANGES);
		for (; i < end; i++) {
			channel_put_u32(p->channel, f->ranges[i].first);
			channel_put_u32(p->channel, f->ranges[i].last);
			f->wanted += (uint64_t)f->ranges[i].last -
				     f->ranges[i].first + 1;
		}
		if (proxy_send(p, err) < 0)
			return -1;
	}
	channel_begin(p->channel, f->question);
	return proxy_send(p, err);
}

static int take_body(struct proxy *p, struct fetch *f, struct err *err)
{
	const void *bytes;
	size_t n;

	channel_rest(p->channel, &bytes, &n);
	if (n == 0)
		return proxy_nonsense(p, "a piece of nothing", err);
	f->body_bytes += n;
	if (f->body_bytes > p->limits.message_bytes)
		return proxy_over_limit(
			p, "message", p->limits.message_bytes, err);
	if (f->body_bytes > f->most_bytes)
		return proxy_nonsense(p, "more than the piece", err);
	if (f->large != 0 && f->body_bytes > f->large_bytes)
		return proxy_nonsense(p, "more than was announced", err);
	if (f->sink->body(f->sink->arg, bytes, n, err) == 0)
		return 0;
	p->dead = true;
	return -1;
}

/* Before the first byte of a body, of a message that was asked for. */
static int take_large(struct proxy *p, struct fetch *f, struct err *err)
{
	uint64_t bytes;
	uint32_t uid;

	if (f->question != SESSION_FETCH || f->body_bytes != 0 ||
		!channel_get_u32(p->channel, &uid) ||
		!channel_get_u64(p->channel, &bytes) ||
		!channel_done(p->channel) || uid == 0 ||
		bytes < SESSION_LARGE_BYTES)
		return proxy_nonsense(p, "a malformed announcement", err);
	if (bytes > p->limits.message_bytes || !is_wanted(f, uid))
		return 0; /* which will show */
	f->large = uid;
	f->large_bytes = bytes;
	if (f->sink->large == NULL ||
		f->sink->large(f->sink->arg, uid, bytes, err) == 0)
		return 0;
	p->dead = true;
	return -1;
}

static int take_message(struct proxy *p, struct fetch *f, struct err *err)
{
	struct message_meta meta;
	bool has_body;

	if (!channel_get_meta(p->channel, &meta) || !channel_done(p->channel))
		return proxy_nonsense(p, "a malformed message", err);
	has_body = (meta.has & MESSAGE_HAS_BODY) != 0;
	if (has_body && ++f->bodies > f->wanted)
		return proxy_nonsense(
			p, "more bodies than were asked for", err);
	if (!has_body && ++f->others > p->limits.messages)
		return proxy_over_limit(p, "messages", p->limits.messages, err);
	if (has_body && !is_wanted(f, meta.uid)) {
		meta.has &= ~(uint32_t)MESSAGE_HAS_UID;
		meta.uid = 0;
	}
	if (has_body && f->large != 0 &&
		(f->large != meta.uid || f->body_bytes != f->large_bytes))
		return proxy_nonsense(p, "another body was announced", err);
	f->body_bytes = 0;
	f->large = 0;
	if (f->sink->message(f->sink->arg, &meta, err) == 0)
		return 0;
	p->dead = true;
	return -1;
}

/* Line by line, and nothing but printable characters in them. */
static int take_dialogue(
	struct proxy *p, const struct fetch *f, struct err *err)
{
	char *at = p->dialogue, *end;

	if (f->question == SESSION_HEADERS || p->dialogue[0] != '\0' ||
		!channel_get_str(p->channel, p->dialogue, sizeof p->dialogue) ||
		!channel_done(p->channel)) {
		p->dialogue[0] = '\0';
		return proxy_nonsense(p, "a malformed dialogue", err);
	}
	while (*at != '\0') {
		end = strchrnul(at, '\n');
		for (; at != end; at++)
			if ((unsigned char)*at < 0x20 || *at == 0x7f)
				*at = '?';
		at += *at == '\n';
	}
	return 0;
}

static int take_bodies(struct proxy *p, struct fetch *f, struct err *err)
{
	uint8_t type;
	int r;

	p->dialogue[0] = '\0';
	while ((r = proxy_next(p, &type, err)) > 0) {
		if (type == SESSION_BODY)
			r = take_body(p, f, err);
		else if (type == SESSION_MESSAGE)
			r = take_message(p, f, err);
		else if (type == SESSION_LARGE)
			r = take_large(p, f, err);
		else if (type == SESSION_DIALOGUE)
			r = take_dialogue(p, f, err);
		else
			r = proxy_nonsense(p, "a body was due", err);
		if (r < 0)
			return -1;
	}
	if (r == 0 && f->body_bytes != 0)
		return proxy_nonsense(p, "a body without an end", err);
	return r;
}

static int proxy_ask(struct session *s, uint8_t question,
	const struct uid_range *ranges, size_t count,
	const struct session_sink *sink, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	struct fetch f = {.question = question,
		.ranges = ranges,
		.count = count,
		.most_bytes = UINT64_MAX,
		.sink = sink};

	if (p->dead)
		return proxy_ended(err);
	if (count > SESSION_RANGES_MAX)
		return err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX,
			ERR_RETRY_CHANGE, "%zu ranges in one fetch", count);
	if (send_ranges(p, &f, err) < 0)
		return -1;
	return take_bodies(p, &f, err);
}

int proxy_fetch(struct session *s, const struct uid_range *ranges, size_t count,
	const struct session_sink *sink, struct err *err)
{
	return proxy_ask(s, SESSION_FETCH, ranges, count, sink, err);
}

int proxy_headers(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	return proxy_ask(s, SESSION_HEADERS, ranges, count, sink, err);
}

int proxy_fetch_piece(struct session *s, const struct session_piece *piece,
	const struct session_sink *sink, struct err *err)
{
	struct proxy *p = (struct proxy *)s;
	const struct uid_range range = {piece->uid, piece->uid};
	struct fetch f = {.question = SESSION_PIECE,
		.ranges = &range,
		.count = 1,
		.wanted = 1,
		.most_bytes = piece->bytes != 0 ? piece->bytes : UINT64_MAX,
		.sink = sink};

	if (proxy_begin(p, SESSION_PIECE, err) < 0)
		return -1;
	session_put_piece(p->channel, piece);
	if (proxy_send(p, err) < 0)
		return -1;
	return take_bodies(p, &f, err);
}

const char *proxy_dialogue(struct session *s)
{
	return ((const struct proxy *)s)->dialogue;
}
