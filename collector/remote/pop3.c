/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Greeting → (CAPA → STLS → TLS) → CAPA → (UTF8) → login → CAPA, and with the
 * last one what comes first in any run, where PIPELINING is offered. Nothing
 * that was said before TLS is kept, and no name or secret leaves before it.
 *
 * libetpan owns the stream, reads the greeting and says STLS and QUIT, each
 * time with a budget of bytes, since it takes a line of any length into
 * memory. USER, PASS and AUTH are ours: libetpan cuts commands at 513 bytes
 * and knows no initial response. After any error the transport is poisoned:
 * libetpan's destructor would say QUIT.
 */
#include "pop3.h"

#include "../model/text.h"
#include "pop3_delete.h"
#include "pop3_login.h"
#include "pop3_transfer.h"
#include "quirks.h"
#include "sasl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_BYTES ((size_t)16 << 10)
#define GREETING_MS 20000
#define TLS_MS 20000
#define QUIT_MS 2000

struct pop3 {
	struct session session; /* first */
	struct transport *transport;
	mailpop3 *etpan; /* owns the stream */
	struct pop3_wire wire;
	struct pop3_capa capa;
	struct pop3_listing listing;
	uint64_t message_bytes;
	uint64_t greeting_bytes;
	char greeting[256];
	char timestamp[256]; /* of the greeting, for APOP; "" = none */
	uint64_t quirks;
	char dialogue[SESSION_DIALOGUE_MAX];
	bool sound;    /* no call has failed */
	bool deleting; /* QUIT would delete: only pop3_commit may say it */
};

static struct pop3 *pop3_of(struct session *s)
{
	return (struct pop3 *)s;
}

/* After an error nothing is sent any more. */
static int end_on_error(struct pop3 *p, int r)
{
	if (r == 0)
		return 0;
	p->sound = false;
	transport_poison(p->transport);
	return -1;
}

/* ---- session calls ---- */

static void pop3_info(struct session *s, struct session_info *ret_info)
{
	struct pop3 *p = pop3_of(s);

	(void)snprintf(ret_info->tls, sizeof ret_info->tls, "%s",
		transport_tls_name(p->transport));
	transport_certificate(p->transport, &ret_info->certificate);
	(void)snprintf(ret_info->greeting, sizeof ret_info->greeting, "%s",
		p->greeting);
	(void)snprintf(ret_info->server_id, sizeof ret_info->server_id, "%s",
		p->capa.implementation);
	(void)snprintf(ret_info->capabilities, sizeof ret_info->capabilities,
		"%s", p->capa.names);
	ret_info->pipelining = p->capa.pipelining;
	ret_info->quirks = p->quirks;
}

static int pop3_list(
	struct session *s, session_mailbox_fn *fn, void *arg, struct err *err)
{
	struct mailbox_info info = {
		.name = "INBOX", .attrs = MAILBOX_SUBSCRIBED};

	(void)s;
	return fn(arg, &info, err);
}

static int pop3_select(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	struct pop3 *p = pop3_of(s);

	if (strcmp(mailbox, "INBOX") != 0)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_CHANGE, "POP3 has no mailbox but INBOX");
	if (end_on_error(p, pop3_listing_count(
				    &p->wire, &p->capa, &p->listing, err)) < 0)
		return -1;
	memset(ret_state, 0, sizeof *ret_state);
	ret_state->exists = p->listing.expected;
	return 0;
}

static int pop3_scan(struct session *s, uint32_t items, session_message_fn *fn,
	void *arg, struct err *err)
{
	struct pop3 *p = pop3_of(s);

	(void)items; /* there are no flags and no dates to leave out */
	return end_on_error(p, pop3_listing_scan(&p->wire, &p->capa,
				       &p->listing, fn, arg, err));
}

static int pop3_changes(struct session *s, uint64_t since_modseq,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err)
{
	(void)s;
	(void)since_modseq;
	(void)peek;
	(void)fn;
	(void)arg;
	(void)err;
	return 0;
}

typedef int pop3_transfer_fn(struct pop3_wire *w, const struct pop3_listing *l,
	const struct uid_range *ranges, size_t count, unsigned window,
	uint64_t message_bytes, const struct session_sink *sink,
	struct err *err);

static int transfer(struct pop3 *p, pop3_transfer_fn *fn,
	const struct uid_range *ranges, size_t count,
	const struct session_sink *sink, struct err *err)
{
	if (!p->listing.loaded &&
		end_on_error(p, pop3_listing_load(&p->wire, &p->capa,
					&p->listing, err)) < 0)
		return -1;
	return end_on_error(p, fn(&p->wire, &p->listing, ranges, count,
				       p->capa.pipelining ? POP3_WINDOW : 1,
				       p->message_bytes, sink, err));
}

static int pop3_fetch(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	struct pop3 *p = pop3_of(s);
	int r;

	p->dialogue[0] = '\0';
	if (count != 1 || ranges[0].first != ranges[0].last ||
		!p->listing.loaded || pop3_pending(&p->wire))
		return transfer(p, pop3_transfer, ranges, count, sink, err);
	transport_record(p->transport);
	r = transfer(p, pop3_transfer, ranges, count, sink, err);
	transport_recorded(p->transport, p->dialogue, sizeof p->dialogue);
	return r;
}

static const char *pop3_dialogue(struct session *s)
{
	return pop3_of(s)->dialogue;
}

/* Without CAPA a server may know TOP all the same. */
static int pop3_headers(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	struct pop3 *p = pop3_of(s);

	if (p->capa.known && !p->capa.top)
		return 0;
	return transfer(p, pop3_transfer_headers, ranges, count, sink, err);
}

static int pop3_expunge(struct session *s, const struct uid_range *ranges,
	size_t count, session_range_fn *fn, void *arg, struct err *err)
{
	struct pop3 *p = pop3_of(s);

	if (!p->listing.loaded)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX,
			ERR_RETRY_LATER, "nothing is listed in this session");
	p->deleting = true;
	if (end_on_error(p, pop3_delete(&p->wire, ranges, count,
				    p->capa.pipelining, fn, arg, err)) < 0)
		return -1;
	return 1;
}

static int pop3_commit(struct session *s, struct err *err)
{
	struct pop3 *p = pop3_of(s);
	int r;

	if (!p->sound)
		return err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "the session is over");
	r = pop3_quit(&p->wire, err);
	/* whatever it says, it has heard it */
	p->sound = false;
	transport_poison(p->transport);
	return r;
}

static void pop3_close(struct session *s)
{
	struct pop3 *p = pop3_of(s);

	if (p->deleting)
		p->sound = false;
	if (p->sound && p->listing.awaited != POP3_AWAITS_NOTHING) {
		/* listings that nobody has read come before the answer */
		transport_set_deadline(p->transport, QUIT_MS);
		if (pop3_put(&p->wire, "QUIT", NULL) == 0)
			(void)pop3_flush(&p->wire, NULL);
		p->sound = false;
	}
	if (!p->sound)
		transport_poison(p->transport);
	transport_set_deadline(p->transport, QUIT_MS);
	transport_set_budget(p->transport, p->greeting_bytes);
	pop3_settle(&p->wire);
	mailpop3_free(p->etpan); /* QUIT, and closes the stream */
	transport_free(&p->transport);
	pop3_wire_clear(&p->wire);
	pop3_listing_clear(&p->listing);
	free(p);
}

static void pop3_abandon(struct session *s)
{
	pop3_of(s)->sound = false;
	pop3_close(s);
}

static const struct session_ops pop3_ops = {
	.info = pop3_info,
	.list = pop3_list,
	.select = pop3_select,
	.scan = pop3_scan,
	.changes = pop3_changes,
	.fetch = pop3_fetch,
	.headers = pop3_headers,
	.dialogue = pop3_dialogue,
	.expunge = pop3_expunge,
	.commit = pop3_commit,
	.close = pop3_close,
	.abandon = pop3_abandon,
};

/* ---- opening ---- */

/* The line libetpan has taken for the greeting, read again by ourselves: it
 * tells a refusal from another protocol. */
static int judge_greeting(struct pop3 *p, int r, struct err *err)
{
	const MMAPString *line = p->etpan->pop3_stream_buffer;
	struct pop3_answer answer = {.code = POP3_CODE_NONE};

	if (line == NULL || line->str == NULL ||
		!pop3_parse_answer(line->str, line->len, &answer) ||
		answer.status == POP3_CONTINUE ||
		/* "+ok": libetpan takes RFC 1939 3 by the letter */
		(r != MAILPOP3_NO_ERROR && answer.status == POP3_OK))
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"this is no POP3 server: it does not greet with +OK");
	(void)snprintf(p->greeting, sizeof p->greeting, "%s", answer.text);
	pop3_read_timestamp(line->str, p->timestamp, sizeof p->timestamp);
	if (answer.status == POP3_OK)
		return 0;
	return pop3_refused(&answer, "the connection was", err);
}

static int greet(struct pop3 *p, struct err *err)
{
	int r;

	transport_set_deadline(p->transport, GREETING_MS);
	transport_set_budget(p->transport, p->greeting_bytes);
	r = mailpop3_connect(p->etpan, p->wire.stream);
	transport_set_budget(p->transport, 0);
	if (transport_failed(p->transport))
		return transport_err(p->transport, "no greeting", err);
	return judge_greeting(p, r, err);
}

static int no_tls(struct err *err, const char *why)
{
	(void)err_set(
		err, ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE, "%s", why);
	return err_hint(err, "try pop3s://, or see whether somebody on the "
			     "way takes TLS out of the conversation");
}

/* Nothing may be waiting that was sent before we asked (CVE-2020-15953). */
static int no_early_bytes(struct pop3 *p, struct err *err)
{
	if (!pop3_pending(&p->wire))
		return 0;
	return no_tls(err, "the server sent more than the answer before TLS");
}

static int say_stls(struct pop3 *p, struct err *err)
{
	int r;

	pop3_settle(&p->wire);
	pop3_expect(&p->wire, 0);
	transport_set_budget(p->transport, p->greeting_bytes);
	r = mailpop3_stls(p->etpan);
	transport_set_budget(p->transport, 0);
	if (transport_failed(p->transport))
		return transport_err(p->transport, "no answer to STLS", err);
	if (r != MAILPOP3_NO_ERROR)
		return no_tls(err, "the server refuses STLS");
	return no_early_bytes(p, err);
}

static int start_tls(struct pop3 *p, const struct session_config *config,
	struct tls_anchors *anchors, struct err *err)
{
	transport_set_deadline(p->transport, TLS_MS);
	return transport_start_tls(p->transport, anchors, config->url.host,
		config->fingerprint, err);
}

/* RFC 2595 4. A server without CAPA may still know STLS. */
static int upgrade(struct pop3 *p, const struct session_config *config,
	struct tls_anchors *anchors, struct err *err)
{
	struct pop3_capa before;

	if (no_early_bytes(p, err) < 0 ||
		pop3_capa_ask(&p->wire, &before, err) < 0 ||
		no_early_bytes(p, err) < 0)
		return -1;
	if (before.known && !before.stls)
		return no_tls(err, "the server does not offer STLS");
	if (say_stls(p, err) < 0)
		return -1;
	return start_tls(p, config, anchors, err);
}

/* Some servers say more, or less, after the login (RFC 2449 5), but not of
 * PIPELINING (6.6): where that was offered, all that a run is going to ask
 * leaves with the question. */
static int settle_in(struct pop3 *p, struct err *err)
{
	struct pop3_capa after;

	pop3_expect(&p->wire, 0);
	if (pop3_put(&p->wire, "CAPA", err) < 0 ||
		(p->capa.pipelining &&
			pop3_listing_ahead(&p->wire, &p->listing, err) < 0) ||
		pop3_flush(&p->wire, err) < 0 ||
		pop3_capa_read(&p->wire, &after, err) < 0)
		return -1;
	if (after.known)
		p->capa = after;
	return 0;
}

static void learn_quirks(struct pop3 *p, const struct session_config *config)
{
	const struct quirks_signs signs = {
		.host = config->url.host,
		.greeting = p->greeting,
		.server_id = p->capa.implementation,
		.capabilities = p->capa.names,
	};

	p->quirks = quirk_overrule(quirks_recognise(&signs), &config->quirks);
	if ((p->quirks & QUIRK_NO_PIPELINING) != 0)
		p->capa.pipelining = false;
}

static int log_in(
	struct pop3 *p, const struct session_config *config, struct err *err)
{
	const struct pop3_who who = {
		.user = config->url.user,
		.secret = &config->secret,
		.auth = config->auth,
		.token = config->token,
		.encrypted = config->url.tls != TLS_NONE,
		.host = config->url.host,
		.port = config->url.port,
		/* what came before TLS is not believed */
		.timestamp =
			config->url.tls != TLS_STARTTLS ? p->timestamp : "",
	};

	return pop3_login(&p->wire, &p->capa, &who, err);
}

static int open_steps(struct pop3 *p, const struct session_config *config,
	struct tls_anchors *anchors, struct err *err)
{
	enum tls_mode tls = config->url.tls;

	if (tls == TLS_IMPLICIT && start_tls(p, config, anchors, err) < 0)
		return -1;
	if (greet(p, err) < 0)
		return -1;
	if (tls == TLS_STARTTLS && upgrade(p, config, anchors, err) < 0)
		return -1;
	if (pop3_capa_ask(&p->wire, &p->capa, err) < 0)
		return -1;
	learn_quirks(p, config);
	if (pop3_capa_utf8(&p->wire, &p->capa, err) < 0 ||
		log_in(p, config, err) < 0 || settle_in(p, err) < 0)
		return -1;
	learn_quirks(p, config);
	return 0;
}

int pop3_open(struct transport *t, const struct session_config *config,
	struct tls_anchors *anchors, struct session **ret_session,
	struct err *err)
{
	const struct session_limits *limits = &config->limits;
	struct pop3 *p = mem_alloc(sizeof *p);

	p->session.ops = &pop3_ops;
	p->transport = t;
	p->message_bytes = limits->message_bytes;
	p->greeting_bytes = limits->greeting_bytes != 0
				    ? limits->greeting_bytes
				    : SESSION_GREETING_BYTES;
	p->etpan = mailpop3_new(0, NULL);
	if (p->etpan == NULL)
		abort(); /* as mem_alloc does */
	p->etpan->pop3_stream = transport_stream(t, STREAM_BYTES);
	pop3_wire_init(&p->wire, t, p->etpan->pop3_stream,
		limits->pop3_line_bytes, limits->idle_ms);
	pop3_listing_init(&p->listing, limits->messages);
	if (open_steps(p, config, anchors, err) < 0) {
		/* the server may say it again after the login, too */
		if (err != NULL)
			sasl_hide(NULL, &config->secret, err->text);
		pop3_close(&p->session);
		return -1;
	}
	p->sound = true;
	*ret_session = &p->session;
	return 0;
}
