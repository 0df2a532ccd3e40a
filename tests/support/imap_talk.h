/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imap_talk: a logged-in IMAP session on a scripted peer (script.h), and
 * collectors that turn what it reports into one comparable text.
 */
#ifndef MAILHAUL_TESTS_IMAP_TALK_H
#define MAILHAUL_TESTS_IMAP_TALK_H

#include "collector/base/buf.h"
#include "collector/remote/catchall.h"
#include "collector/remote/session.h"
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TALK_PASSWORD "pa55word"

struct talk {
	struct script script;
	struct session *s;
	struct err err;
	struct buf told; /* what the collectors wrote */
	struct buf body; /* of the message under way */
	int stop_after;	 /* messages; the collector then fails. 0 = never */
	int messages;
};

static inline void talk_config(struct session_config *c)
{
	memset(c, 0, sizeof *c);
	c->url.protocol = PROTOCOL_IMAP;
	c->url.tls = TLS_NONE;
	(void)snprintf(c->url.user, sizeof c->url.user, "ann");
	(void)snprintf(c->url.host, sizeof c->url.host, "mail.test");
	secret_set(&c->secret, TALK_PASSWORD, strlen(TALK_PASSWORD));
	c->limits = (struct session_limits){
		.message_bytes = 64 << 20,
		.line_bytes = 1 << 20,
		.nesting = 100,
		.command_bytes = 4 << 20,
		.pop3_line_bytes = 65536,
		.messages = 2000000,
		.mailboxes = 5000,
		.idle_ms = 10000,
	};
}

static inline void talk_init(struct talk *t)
{
	memset(t, 0, sizeof *t);
	buf_init(&t->told, 1 << 20);
	buf_init(&t->body, 1 << 20);
}

/* The whole conversation is the test's. Takes the secret of c. */
static inline int talk_open_as(
	struct talk *t, struct session_config *c, const char *text)
{
	int fd = script_start(&t->script, text);
	int r = session_open_direct(c, fd, NULL, 0, -1, &t->s, &t->err);

	secret_clear(&c->secret);
	return r;
}

/* Logged in; caps: what the server can do then. */
static inline void talk_open(struct talk *t, const char *caps, const char *text)
{
	struct session_config c;
	char *all = mem_printf("S: * OK [CAPABILITY IMAP4rev1] hello\n"
			       "C: $T LOGIN \"ann\" \"" TALK_PASSWORD "\"\n"
			       "S: $T OK [CAPABILITY IMAP4rev1 %s] in\n%s",
		caps, text);

	talk_init(t);
	talk_config(&c);
	if (talk_open_as(t, &c, all) < 0)
		fail_msg("open: %s", t->err.text);
	free(all);
}

/* The same, with INBOX of n messages selected. */
static inline void talk_open_inbox(
	struct talk *t, const char *caps, unsigned n, const char *text)
{
	struct mailbox_state state;
	char *all = mem_printf("C: $T EXAMINE \"INBOX\"*\n"
			       "S: * %u EXISTS\n"
			       "S: * OK [UIDVALIDITY 42] x\n"
			       "S: * OK [UIDNEXT %u] x\n"
			       "S: * OK [HIGHESTMODSEQ 77] x\n"
			       "S: $T OK [READ-ONLY] done\n%s",
		n, n + 1, text);

	talk_open(t, caps, all);
	free(all);
	if (session_select(t->s, "INBOX", &state, &t->err) < 0)
		fail_msg("select: %s", t->err.text);
	assert_int_equal(state.exists, n);
}

/* Ends it; the script must have been played to its end. */
static inline void talk_close(struct talk *t)
{
	session_close(&t->s);
	if (!script_finish(&t->script))
		fail_msg("%s", t->script.why);
	script_free(&t->script);
	buf_free(&t->told);
	buf_free(&t->body);
}

static inline void talk_tell(struct talk *t, const struct message_meta *m)
{
	if ((m->has & MESSAGE_HAS_UID) != 0)
		(void)buf_printf(&t->told, "%u", m->uid);
	else
		(void)buf_add_str(&t->told, "?");
	if ((m->has & MESSAGE_HAS_FLAGS) != 0)
		(void)buf_printf(&t->told, " f%d[%s]", m->flags.system,
			m->flags.keywords);
	if ((m->has & MESSAGE_HAS_MORE_KEYWORDS) != 0)
		(void)buf_add_str(&t->told, " more");
	if ((m->has & MESSAGE_HAS_DATE) != 0)
		(void)buf_printf(&t->told, " d%lld", (long long)m->date_s);
	if ((m->has & MESSAGE_HAS_SIZE) != 0)
		(void)buf_printf(
			&t->told, " s%llu", (unsigned long long)m->size_bytes);
	if ((m->has & MESSAGE_HAS_MODSEQ) != 0)
		(void)buf_printf(
			&t->told, " m%llu", (unsigned long long)m->modseq);
}

static inline int talk_count(struct talk *t, struct err *err)
{
	if (++t->messages != t->stop_after)
		return 0;
	return err_set(
		err, ERR_DISK, ERR_SCOPE_SERVICE, ERR_RETRY_LATER, "no space");
}

static inline int talk_on_meta(
	void *arg, const struct message_meta *m, struct err *err)
{
	struct talk *t = arg;

	talk_tell(t, m);
	(void)buf_add_str(&t->told, "\n");
	return talk_count(t, err);
}

static inline int talk_on_body(
	void *arg, const void *bytes, size_t n, struct err *err)
{
	struct talk *t = arg;

	(void)err;
	return buf_add(&t->body, bytes, n);
}

static inline int talk_on_message(
	void *arg, const struct message_meta *m, struct err *err)
{
	struct talk *t = arg;

	talk_tell(t, m);
	if ((m->has & MESSAGE_IS_STUB) != 0)
		(void)buf_add_str(&t->told, " stub");
	if ((m->has & MESSAGE_IS_INTERNAL) != 0)
		(void)buf_add_str(&t->told, " internal");
	if ((m->has & MESSAGE_HAS_BODY) != 0)
		(void)buf_printf(&t->told, " \"%s\"", buf_str(&t->body));
	(void)buf_add_str(&t->told, "\n");
	buf_reset(&t->body);
	return talk_count(t, err);
}

static inline int talk_fetch(struct talk *t, uint32_t first, uint32_t last)
{
	const struct uid_range range = {first, last};
	const struct session_sink sink = {
		.body = talk_on_body, .message = talk_on_message, .arg = t};

	return session_fetch(t->s, &range, 1, &sink, &t->err);
}

static inline int talk_on_mailbox(
	void *arg, const struct mailbox_info *m, struct err *err)
{
	struct talk *t = arg;

	(void)err;
	(void)buf_printf(&t->told, "%s|%c|%x", m->name,
		m->delimiter != 0 ? m->delimiter : '0', m->attrs);
	if (m->status.uidvalidity != 0)
		(void)buf_printf(&t->told, "|%u %u %u", m->status.uidvalidity,
			m->status.uidnext, m->status.exists);
	(void)buf_add_str(&t->told, "\n");
	return 0;
}

#endif
