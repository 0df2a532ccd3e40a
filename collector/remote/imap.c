/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session from greeting to LOGOUT:
 *   greeting (read by ourselves: libetpan's reader of it crashes)
 *   STARTTLS where the URL wants it; all that was said before is forgotten
 *   CAPABILITY unless told · login, once · CAPABILITY unless told
 *   COMPRESS where it pays · ID
 */
#include "imap.h"

#include "catchall.h"
#include "imap_command.h"
#include "sasl.h"

#include "../base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAP_BUFFER_BYTES 8192
#define GREETING_MS (INT64_C(60) * 1000)
#define LOGOUT_MS (INT64_C(2) * 1000)

static void session_ops_info(struct session *s, struct session_info *ret_info)
{
	*ret_info = ((struct imap *)s)->info;
}

static const char *session_ops_dialogue(struct session *s)
{
	return ((struct imap *)s)->dialogue;
}

static void session_ops_close(struct session *s)
{
	struct imap *im = (struct imap *)s;

	imap_free(&im);
}

static const struct session_ops imap_ops = {
	.info = session_ops_info,
	.list = imap_list,
	.select = imap_select,
	.scan = imap_scan,
	.changes = imap_changes,
	.fetch = imap_fetch,
	.headers = imap_headers,
	.fetch_piece = imap_fetch_piece,
	.dialogue = session_ops_dialogue,
	.close = session_ops_close,
	.ahead = imap_ahead,
	.uids = imap_uids,
	.vanished = imap_vanished,
	.statuses = imap_statuses,
	.select_writable = imap_select_writable,
	.expunge = imap_expunge,
	.idle = imap_idle,
	.idle_end = imap_idle_end,
	.idle_look = imap_idle_look,
	.idle_fd = imap_idle_fd,
};

struct imap *imap_new(const struct session_limits *limits)
{
	struct imap *im = mem_alloc(sizeof *im);

	catchall_register();
	im->session.ops = &imap_ops;
	im->limits = *limits;
	return im;
}

/* A sound session says LOGOUT (mailimap_free does, and waits); any other
 * must not say another word. */
static void imap_hang_up(struct imap *im)
{
	if (im->m == NULL)
		return;
	im->reader = NULL;
	imap_list_free(im);
	im->tap = NULL;
	im->m->imap_tag = (int)im->sent;
	if (im->sent != im->answered || im->bye[0] != '\0')
		transport_poison(im->t);
	transport_begin_command(im->t);
	transport_set_deadline(im->t, LOGOUT_MS);
	mailimap_free(im->m);
	im->m = NULL;
}

void imap_free(struct imap **im)
{
	if (*im == NULL)
		return;
	imap_hang_up(*im);
	if ((*im)->t != NULL)
		transport_free(&(*im)->t);
	imap_ahead_free(*im);
	imap_list_free(*im);
	free((*im)->selected_name);
	free(*im);
	*im = NULL;
}

int imap_tap(void *arg, const char *line, size_t n)
{
	struct imap *im = arg;
	struct err err = {.class = ERR_NONE};
	struct imap_line rest;
	char word[32];

	imap_line_init(&rest, line, n);
	if (!imap_line_eat(&rest, '*') ||
		!imap_line_word(&rest, word, sizeof word))
		return 0;
	if (strcmp(word, "CAPABILITY") == 0) {
		imap_set_caps(im, &rest);
		return 0;
	}
	if (strcmp(word, "VANISHED") == 0)
		imap_note_vanished(im, rest);
	im->news = true; /* where it waits in IDLE */
	if (im->tap == NULL || im->tap(im->tap_arg, word, &rest, &err) == 0)
		return 0;
	imap_stop(im, &err);
	return -1;
}

static int imap_start(struct imap *im, struct err *err)
{
	mailstream *stream = transport_stream(im->t, IMAP_BUFFER_BYTES);

	im->m = mailimap_new(0, NULL);
	if (im->m == NULL || stream == NULL)
		abort(); /* out of memory, as in base/mem.h */
	im->m->imap_stream = stream;
	im->m->imap_state = MAILIMAP_STATE_NON_AUTHENTICATED;
	imap_message_start(im);
	transport_set_deadline(im->t, GREETING_MS);
	transport_begin_command(im->t);
	if (mailimap_read_line(im->m) == NULL)
		return imap_broken(
			im, MAILIMAP_ERROR_STREAM, "the greeting", err);
	transport_set_deadline(im->t, 0);
	return 0;
}

/* RFC 9051 7.1. PREAUTH is believed only where nobody can have put it in
 * the way: inside TLS. */
static int imap_greeting(struct imap *im, const struct session_config *config,
	bool *ret_preauth, struct err *err)
{
	const MMAPString *text = im->m->imap_stream_buffer;
	struct imap_line l;
	char word[16] = "";
	size_t n = text->len;

	while (n > 0 && (text->str[n - 1] == '\n' || text->str[n - 1] == '\r'))
		n--;
	imap_printable(
		text->str, n, im->info.greeting, sizeof im->info.greeting);
	imap_printable(text->str, n, im->hello, sizeof im->hello);
	imap_note_line(im, text->str, n);
	imap_quirks_learn(im, config);
	imap_line_init(&l, text->str, n);
	if (!imap_line_eat(&l, '*') || !imap_line_word(&l, word, sizeof word))
		word[0] = '\0';
	*ret_preauth = strcmp(word, "PREAUTH") == 0;
	if (strcmp(word, "OK") == 0 ||
		(*ret_preauth && config->url.tls == TLS_IMPLICIT))
		return 0;
	if (strcmp(word, "BYE") == 0)
		return imap_broken(
			im, MAILIMAP_ERROR_STREAM, "the greeting", err);
	transport_poison(im->t);
	if (!*ret_preauth)
		return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "this is no IMAP server: %s",
			im->info.greeting);
	return err_set(err,
		config->url.tls == TLS_STARTTLS ? ERR_TLS : ERR_PROTOCOL,
		ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the server says we are logged in (PREAUTH) before TLS");
}

static int imap_starttls(struct imap *im, const struct session_config *config,
	struct tls_anchors *anchors, struct err *err)
{
	struct imap_answer answer;

	if (imap_command(im, "STARTTLS", "STARTTLS", &answer, err) < 0)
		return -1;
	if (answer.status != IMAP_OK) {
		transport_poison(im->t);
		(void)err_set(err, ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
			"the server refuses STARTTLS: %s", answer.text);
		return err_hint(err, "use imaps:// if the server has it");
	}
	/* CVE-2020-15953: what came behind the answer came in the clear. */
	if (im->m->imap_stream->read_buffer_len != 0) {
		transport_poison(im->t);
		return err_set(err, ERR_TLS, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
			"the server sent more in the clear after STARTTLS");
	}
	if (transport_start_tls(im->t, anchors, config->url.host,
		    config->fingerprint, err) < 0)
		return -1;
	im->caps = 0;
	im->auths = 0;
	im->caps_known = false;
	im->info.capabilities[0] = '\0';
	return 0;
}

static int imap_capability(struct imap *im, struct err *err)
{
	struct imap_answer answer;

	if (im->caps_known)
		return 0;
	im->caps = 0;
	/* OK without data, or BAD: a server that can do nothing special. */
	return imap_command(im, "CAPABILITY", "CAPABILITY", &answer, err);
}

/* `* ID (…)` or NIL: "name Dovecot version 2.3". */
static int imap_on_id(
	void *arg, const char *word, struct imap_line *rest, struct err *err)
{
	struct imap *im = arg;
	char value[256];
	struct buf text;
	int r;

	(void)err;
	if (strcmp(word, "ID") != 0 || !imap_line_eat(rest, '('))
		return 0;
	buf_init(&text, 1024);
	while (!imap_line_eat(rest, ')') &&
		(r = imap_line_string(rest, value, sizeof value)) >= 0)
		(void)buf_printf(&text, "%s%s", text.len > 0 ? " " : "",
			r > 0 ? value : "NIL");
	imap_printable(buf_str(&text), text.len, im->info.server_id,
		sizeof im->info.server_id);
	buf_free(&text);
	return 0;
}

/* RFC 2971. Some (163.com) let nobody EXAMINE, or do anything, who has not
 * said it. */
static int imap_id(
	struct imap *im, const struct session_config *config, struct err *err)
{
	bool first = imap_has_quirk(im, QUIRK_ID_FIRST);
	struct imap_answer answer;
	int r;

	if ((im->caps & IMAP_CAP_ID) == 0 && !first)
		return 0;
	im->tap = imap_on_id;
	im->tap_arg = im;
	imap_begin(im);
	imap_put(im, "ID (\"name\" \"mailhaul\" \"version\" \"" MAILHAUL_VERSION
		     "\" \"vendor\" \"mailhaul\")");
	if (!first && !imap_has_quirk(im, QUIRK_NO_PIPELINING))
		imap_list_send(im, imap_on_id);
	r = imap_end(im, err);
	if (r == 0)
		r = imap_wait(im, "ID", &answer, err);
	if (im->listing == NULL)
		im->tap = NULL;
	imap_quirks_learn(im, config);
	return r;
}

static int imap_converse(struct imap *im, const struct session_config *config,
	struct tls_anchors *anchors, struct err *err)
{
	bool preauth;

	if (imap_start(im, err) < 0 ||
		imap_greeting(im, config, &preauth, err) < 0)
		return -1;
	if (config->url.tls == TLS_STARTTLS &&
		imap_starttls(im, config, anchors, err) < 0)
		return -1;
	if (imap_capability(im, err) < 0)
		return -1;
	if (!preauth && imap_login(im, config, err) < 0)
		return -1;
	if (imap_capability(im, err) < 0)
		return -1;
	imap_quirks_learn(im, config);
	if (imap_compress(im, config, err) < 0 || imap_id(im, config, err) < 0)
		return -1;
	(void)snprintf(im->info.tls, sizeof im->info.tls, "%s",
		transport_tls_name(im->t));
	transport_certificate(im->t, &im->info.certificate);
	return 0;
}

int imap_open(struct imap *im, struct transport *t,
	const struct session_config *config, struct tls_anchors *anchors,
	struct session **ret_session, struct err *err)
{
	im->t = t;
	im->shared = config->shared;
	im->counts = config->counts;
	if (imap_converse(im, config, anchors, err) < 0) {
		/* the server may say it again after the login, too */
		if (err != NULL)
			sasl_hide(NULL, &config->secret, err->text);
		transport_poison(t);
		imap_free(&im);
		return -1;
	}
	*ret_session = &im->session;
	return 0;
}
