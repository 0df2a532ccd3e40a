/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include "imap.h"
#include "pop3.h"
#include "transport.h"

#include <string.h>
#include <unistd.h>

void session_info(struct session *s, struct session_info *ret_info)
{
	memset(ret_info, 0, sizeof *ret_info);
	s->ops->info(s, ret_info);
}

int session_list(
	struct session *s, session_mailbox_fn *fn, void *arg, struct err *err)
{
	return s->ops->list(s, fn, arg, err);
}

int session_select(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	return s->ops->select(s, mailbox, ret_state, err);
}

int session_scan(struct session *s, uint32_t items, session_message_fn *fn,
	void *arg, struct err *err)
{
	return s->ops->scan(s, items, fn, arg, err);
}

int session_changes(struct session *s, uint64_t since_modseq,
	session_message_fn *fn, void *arg, struct err *err)
{
	const struct session_peek none = {.count = 0};

	return s->ops->changes(s, since_modseq, &none, fn, arg, err);
}

int session_changes_peek(struct session *s, uint64_t since_modseq,
	const struct session_peek *peek, session_message_fn *fn, void *arg,
	struct err *err)
{
	return s->ops->changes(s, since_modseq, peek, fn, arg, err);
}

int session_fetch(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	return s->ops->fetch(s, ranges, count, sink, err);
}

int session_headers(struct session *s, const struct uid_range *ranges,
	size_t count, const struct session_sink *sink, struct err *err)
{
	if (s->ops->headers != NULL)
		return s->ops->headers(s, ranges, count, sink, err);
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"this kind of session has no headers");
}

int session_fetch_piece(struct session *s, const struct session_piece *piece,
	const struct session_sink *sink, struct err *err)
{
	if (s->ops->fetch_piece != NULL)
		return s->ops->fetch_piece(s, piece, sink, err);
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"this protocol gives messages whole only");
}

int session_statuses(struct session *s, const char *const *mailboxes,
	size_t count, session_status_fn *fn, void *arg, struct err *err)
{
	if (s->ops->statuses == NULL)
		return 0;
	return s->ops->statuses(s, mailboxes, count, fn, arg, err);
}

int session_uids(
	struct session *s, session_range_fn *fn, void *arg, struct err *err)
{
	if (s->ops->uids != NULL)
		return s->ops->uids(s, fn, arg, err);
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		"this protocol has no UIDs");
}

int session_vanished(struct session *s, uint64_t since_modseq,
	session_range_fn *fn, void *arg, struct err *err)
{
	if (s->ops->vanished == NULL)
		return 0;
	return s->ops->vanished(s, since_modseq, fn, arg, err);
}

int session_select_writable(struct session *s, const char *mailbox,
	struct mailbox_state *ret_state, struct err *err)
{
	if (s->ops->select_writable == NULL)
		return s->ops->select(s, mailbox, ret_state, err);
	return s->ops->select_writable(s, mailbox, ret_state, err);
}

int session_expunge(struct session *s, const struct uid_range *ranges,
	size_t count, session_range_fn *fn, void *arg, struct err *err)
{
	if (s->ops->expunge == NULL)
		return 0;
	return s->ops->expunge(s, ranges, count, fn, arg, err);
}

int session_commit(struct session *s, struct err *err)
{
	return s->ops->commit == NULL ? 0 : s->ops->commit(s, err);
}

const char *session_dialogue(struct session *s)
{
	return s->ops->dialogue != NULL ? s->ops->dialogue(s) : "";
}

void session_ahead(struct session *s, const struct session_ahead *what)
{
	if (s->ops->ahead != NULL)
		(void)s->ops->ahead(s, what);
}

int session_idle(struct session *s, struct err *err)
{
	if (s->ops->idle == NULL)
		return 0;
	return s->ops->idle(s, err);
}

int session_idle_end(struct session *s, struct err *err)
{
	return s->ops->idle_end(s, err);
}

int session_idle_look(struct session *s, struct err *err)
{
	return s->ops->idle_look(s, err);
}

int session_idle_fd(struct session *s)
{
	return s->ops->idle_fd(s);
}

void session_close(struct session **s)
{
	if (*s == NULL)
		return;
	(*s)->ops->close(*s);
	*s = NULL;
}

void session_abandon(struct session **s)
{
	if (*s == NULL)
		return;
	if ((*s)->ops->abandon != NULL)
		(*s)->ops->abandon(*s);
	else
		(*s)->ops->close(*s);
	*s = NULL;
}

static struct transport *session_transport(const struct session_config *config,
	int socket_fd, int hangup_fd, struct effort *effort, struct imap *im)
{
	const struct session_limits *l = &config->limits;
	/* libetpan counts a literal in 32 bits. */
	const struct guard_limits guard = {
		.line_bytes = l->line_bytes,
		.nesting = l->nesting,
		.literal_bytes = l->message_bytes < UINT32_MAX
					 ? l->message_bytes
					 : UINT32_MAX,
		.command_bytes = l->command_bytes,
		.greeting_bytes = l->greeting_bytes,
	};
	const struct transport_config transport = {
		.idle_ms = l->idle_ms,
		.deadline_ms = l->session_ms != 0 ? l->session_ms : SESSION_MS,
		.hangup_fd = hangup_fd,
		.effort = effort,
		.limits = im != NULL ? &guard : NULL,
		.tap = im != NULL ? imap_tap : NULL,
		.tap_arg = im,
		.wire_log = config->wire_log,
	};

	return transport_new(socket_fd, &transport);
}

/* Takes t. */
static int session_talk(const struct session_config *config,
	struct transport *t, struct imap *im, struct tls_anchors *anchors,
	struct session **ret_session, struct err *err)
{
	if (im == NULL) /* which starts TLS itself, of both kinds */
		return pop3_open(t, config, anchors, ret_session, err);
	if (config->url.tls == TLS_IMPLICIT &&
		transport_start_tls(t, anchors, config->url.host,
			config->fingerprint, err) < 0) {
		imap_free(&im);
		transport_free(&t);
		return -1;
	}
	return imap_open(im, t, config, anchors, ret_session, err);
}

int session_open_anchors(const struct session_config *config, int socket_fd,
	struct tls_anchors *anchors, int hangup_fd, struct effort *effort,
	struct session **ret_session, struct err *err)
{
	struct imap *im = NULL;
	struct transport *t;

	if (config->url.protocol == PROTOCOL_IMAP)
		im = imap_new(&config->limits);
	t = session_transport(config, socket_fd, hangup_fd, effort, im);
	return session_talk(config, t, im, anchors, ret_session, err);
}

int session_open_direct(const struct session_config *config, int socket_fd,
	const char *ca_pem, size_t ca_pem_bytes, int hangup_fd,
	struct session **ret_session, struct err *err)
{
	struct tls_anchors *anchors = NULL;
	int r;

	if (config->url.tls != TLS_NONE &&
		tls_anchors_new(ca_pem, ca_pem_bytes, config->tls13_only,
			&anchors, err) < 0) {
		(void)close(socket_fd);
		return -1;
	}
	r = session_open_anchors(
		config, socket_fd, anchors, hangup_fd, NULL, ret_session, err);
	tls_anchors_free(&anchors);
	return r;
}
