/* SPDX-License-Identifier: BSD-2-Clause */
#include "../model/text.h"
#include "session_frames.h"

#include <string.h>

#define ATTRS_ALL                                                    \
	(MAILBOX_NOSELECT | MAILBOX_SUBSCRIBED | MAILBOX_ALL |       \
		MAILBOX_ARCHIVE | MAILBOX_DRAFTS | MAILBOX_FLAGGED | \
		MAILBOX_JUNK | MAILBOX_SENT | MAILBOX_TRASH |        \
		MAILBOX_IMPORTANT | MAILBOX_OTHERS | MAILBOX_SHARED)

static bool get_bool(struct channel *c, bool *v)
{
	uint8_t b;

	if (!channel_get_u8(c, &b) || b > 1)
		return false;
	*v = b == 1;
	return true;
}

static void put_url(struct channel *c, const struct url *v)
{
	channel_put_u8(c, (uint8_t)v->protocol);
	channel_put_u8(c, (uint8_t)v->tls);
	channel_put_u32(c, v->port);
	channel_put_str(c, v->user);
	channel_put_str(c, v->host);
}

static bool get_url(struct channel *c, struct url *v)
{
	uint8_t protocol, tls;
	uint32_t port;

	if (!channel_get_u8(c, &protocol) || protocol > PROTOCOL_POP3 ||
		!channel_get_u8(c, &tls) || tls > TLS_NONE ||
		!channel_get_u32(c, &port) || port > UINT16_MAX ||
		!channel_get_str(c, v->user, sizeof v->user) ||
		!channel_get_str(c, v->host, sizeof v->host))
		return false;
	v->protocol = (enum protocol)protocol;
	v->tls = (enum tls_mode)tls;
	v->port = (uint16_t)port;
	return true;
}

static void put_limits(struct channel *c, const struct session_limits *v)
{
	channel_put_u64(c, v->message_bytes);
	channel_put_u64(c, v->line_bytes);
	channel_put_u64(c, v->nesting);
	channel_put_u64(c, v->command_bytes);
	channel_put_u64(c, v->pop3_line_bytes);
	channel_put_u64(c, v->greeting_bytes);
	channel_put_u64(c, v->messages);
	channel_put_u64(c, v->mailboxes);
	channel_put_u64(c, (uint64_t)v->idle_ms);
	channel_put_u64(c, (uint64_t)v->session_ms);
}

static bool get_limits(struct channel *c, struct session_limits *v)
{
	uint64_t idle_ms, session_ms;

	if (!channel_get_u64(c, &v->message_bytes) ||
		!channel_get_u64(c, &v->line_bytes) ||
		!channel_get_u64(c, &v->nesting) ||
		!channel_get_u64(c, &v->command_bytes) ||
		!channel_get_u64(c, &v->pop3_line_bytes) ||
		!channel_get_u64(c, &v->greeting_bytes) ||
		!channel_get_u64(c, &v->messages) ||
		!channel_get_u64(c, &v->mailboxes) ||
		!channel_get_u64(c, &idle_ms) ||
		!channel_get_u64(c, &session_ms))
		return false;
	v->idle_ms = (int64_t)idle_ms;
	v->session_ms = (int64_t)session_ms;
	return true;
}

void session_put_config(struct channel *c, const struct session_config *v)
{
	put_url(c, &v->url);
	channel_put_bytes(c, v->secret.bytes != NULL ? v->secret.bytes : "",
		v->secret.len);
	channel_put_u8(c, (uint8_t)v->auth);
	channel_put_u8(c, v->token);
	put_limits(c, &v->limits);
	channel_put_u8(c, v->tls13_only);
	channel_put_str(c, v->fingerprint);
	channel_put_u8(c, v->wire_log);
	channel_put_u8(c, v->bulk);
	channel_put_u64(c, v->quirks.on);
	channel_put_u64(c, v->quirks.off);
	channel_put_u8(c, v->shared);
	channel_put_u8(c, v->counts);
}

bool session_get_config(struct channel *c, struct session_config *v)
{
	const void *secret;
	uint8_t auth;
	size_t n;

	memset(v, 0, sizeof *v);
	if (!get_url(c, &v->url) || !channel_get_bytes(c, &secret, &n) ||
		n > SECRET_MAX)
		return false;
	secret_set(&v->secret, secret, n);
	if (!channel_get_u8(c, &auth) || auth >= AUTH_KINDS)
		return false;
	v->auth = (enum auth)auth;
	return get_bool(c, &v->token) && get_limits(c, &v->limits) &&
	       get_bool(c, &v->tls13_only) &&
	       channel_get_str(c, v->fingerprint, sizeof v->fingerprint) &&
	       get_bool(c, &v->wire_log) && get_bool(c, &v->bulk) &&
	       channel_get_u64(c, &v->quirks.on) &&
	       channel_get_u64(c, &v->quirks.off) && get_bool(c, &v->shared) &&
	       get_bool(c, &v->counts);
}

static void put_certificate(struct channel *c, const struct certificate *v)
{
	channel_put_str(c, v->subject);
	channel_put_str(c, v->issuer);
	channel_put_str(c, v->fingerprint);
	channel_put_str(c, v->key_pin);
	channel_put_u64(c, (uint64_t)v->not_before_s);
	channel_put_u64(c, (uint64_t)v->not_after_s);
}

void session_put_info(struct channel *c, const struct session_info *v)
{
	channel_put_str(c, v->tls);
	channel_put_str(c, v->greeting);
	channel_put_str(c, v->server_id);
	channel_put_str(c, v->capabilities);
	channel_put_u8(c, v->condstore);
	channel_put_u8(c, v->qresync);
	channel_put_u8(c, v->pipelining);
	channel_put_u8(c, v->compressed);
	channel_put_u8(c, v->emailid);
	channel_put_u8(c, v->gmail);
	channel_put_u64(c, v->quirks);
	put_certificate(c, &v->certificate);
}

static bool get_text(struct channel *c, char *out, size_t out_bytes)
{
	char raw[sizeof((struct session_info *)0)->capabilities];

	if (!channel_get_str(c, raw, out_bytes))
		return false;
	text_printable(raw, out, out_bytes);
	return true;
}

static bool get_certificate(struct channel *c, struct certificate *v)
{
	uint64_t not_before_s, not_after_s;

	if (!get_text(c, v->subject, sizeof v->subject) ||
		!get_text(c, v->issuer, sizeof v->issuer) ||
		!get_text(c, v->fingerprint, sizeof v->fingerprint) ||
		!get_text(c, v->key_pin, sizeof v->key_pin) ||
		!channel_get_u64(c, &not_before_s) ||
		!channel_get_u64(c, &not_after_s))
		return false;
	v->not_before_s = (int64_t)not_before_s;
	v->not_after_s = (int64_t)not_after_s;
	return true;
}

bool session_get_info(struct channel *c, struct session_info *v)
{
	memset(v, 0, sizeof *v);
	return get_text(c, v->tls, sizeof v->tls) &&
	       get_text(c, v->greeting, sizeof v->greeting) &&
	       get_text(c, v->server_id, sizeof v->server_id) &&
	       get_text(c, v->capabilities, sizeof v->capabilities) &&
	       get_bool(c, &v->condstore) && get_bool(c, &v->qresync) &&
	       get_bool(c, &v->pipelining) && get_bool(c, &v->compressed) &&
	       get_bool(c, &v->emailid) && get_bool(c, &v->gmail) &&
	       channel_get_u64(c, &v->quirks) &&
	       get_certificate(c, &v->certificate);
}

void session_put_mailbox(struct channel *c, const struct mailbox_info *v)
{
	channel_put_str(c, v->name);
	channel_put_u8(c, (uint8_t)v->delimiter);
	channel_put_u32(c, v->attrs);
	channel_put_u32(c, v->prefix_bytes);
	session_put_state(c, &v->status);
	channel_put_u64(c, v->bytes);
	channel_put_u8(c, v->bytes_known);
}

/* Any octets: name.h knows how to take them. */
bool session_get_mailbox(struct channel *c, struct mailbox_info *v)
{
	uint32_t prefix_bytes;
	uint8_t delimiter;

	if (!channel_get_str(c, v->name, sizeof v->name) ||
		v->name[0] == '\0' || !channel_get_u8(c, &delimiter) ||
		!channel_get_u32(c, &v->attrs) ||
		!channel_get_u32(c, &prefix_bytes) ||
		prefix_bytes >= sizeof v->name ||
		!session_get_state(c, &v->status) ||
		!channel_get_u64(c, &v->bytes) || !get_bool(c, &v->bytes_known))
		return false;
	v->prefix_bytes = (uint16_t)prefix_bytes;
	if (v->bytes > INT64_MAX)
		v->bytes_known = false;
	v->delimiter = (char)delimiter;
	v->attrs &= ATTRS_ALL;
	return true;
}

void session_put_state(struct channel *c, const struct mailbox_state *v)
{
	channel_put_u32(c, v->uidvalidity);
	channel_put_u32(c, v->uidnext);
	channel_put_u32(c, v->exists);
	channel_put_u64(c, v->highestmodseq);
	channel_put_str(c, v->mailboxid);
}

bool session_get_state(struct channel *c, struct mailbox_state *v)
{
	if (!channel_get_u32(c, &v->uidvalidity) ||
		!channel_get_u32(c, &v->uidnext) ||
		!channel_get_u32(c, &v->exists) ||
		!channel_get_u64(c, &v->highestmodseq) ||
		!channel_get_str(c, v->mailboxid, sizeof v->mailboxid))
		return false;
	if (!message_is_emailid(v->mailboxid))
		v->mailboxid[0] = '\0';
	if (v->highestmodseq > INT64_MAX) /* RFC 7162 7: 63 bits */
		v->highestmodseq = 0;
	return true;
}

bool session_get_range(struct channel *c, struct uid_range *v)
{
	return channel_get_u32(c, &v->first) && channel_get_u32(c, &v->last) &&
	       v->first != 0 && v->last >= v->first;
}

void session_put_piece(struct channel *c, const struct session_piece *v)
{
	channel_put_u32(c, v->uid);
	channel_put_u8(c, (uint8_t)v->section);
	channel_put_u32(c, v->offset);
	channel_put_u32(c, v->bytes);
}

bool session_get_piece(struct channel *c, struct session_piece *v)
{
	uint8_t section;

	if (!channel_get_u32(c, &v->uid) || v->uid == 0 ||
		!channel_get_u8(c, &section) || section >= SESSION_SECTIONS ||
		!channel_get_u32(c, &v->offset) ||
		!channel_get_u32(c, &v->bytes))
		return false;
	v->section = (enum session_section)section;
	return v->bytes != 0 || v->offset == 0;
}

void session_put_peek(struct channel *c, const struct session_peek *v)
{
	for (size_t i = 0; i < v->count; i++) {
		channel_put_u32(c, v->ranges[i].first);
		channel_put_u32(c, v->ranges[i].last);
	}
}

bool session_get_peek(struct channel *c, struct session_peek *v)
{
	uint32_t last = 0;

	v->count = 0;
	while (!channel_done(c)) {
		struct uid_range *r = &v->ranges[v->count];
		if (v->count == SESSION_PEEK_MAX || !session_get_range(c, r) ||
			r->first <= last)
			return false;
		last = r->last;
		v->count++;
	}
	return true;
}

void session_put_ahead(struct channel *c, const struct session_ahead *v)
{
	channel_put_str(c, v->mailbox);
	session_put_state(c, &v->status);
	channel_put_u32(c, v->uids.first);
	channel_put_u32(c, v->uids.last);
	channel_put_u8(c, v->last);
}

bool session_get_ahead(struct channel *c, struct session_ahead *v)
{
	return channel_get_str(c, v->mailbox, sizeof v->mailbox) &&
	       session_get_state(c, &v->status) &&
	       channel_get_u32(c, &v->uids.first) &&
	       channel_get_u32(c, &v->uids.last) && get_bool(c, &v->last);
}
