/* SPDX-License-Identifier: BSD-2-Clause */
#include "pop3_command.h"

#include "../model/text.h"
#include "verdict.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COMMAND_GRACE_MS 60000
#define SLOWEST_BYTES_PER_S 8192

void pop3_wire_init(struct pop3_wire *w, struct transport *t,
	mailstream *stream, uint64_t line_bytes, int64_t idle_ms)
{
	memset(w, 0, sizeof *w);
	w->transport = t;
	w->stream = stream;
	w->idle_ms = idle_ms;
	buf_init(&w->line, line_bytes != 0 ? (size_t)line_bytes : 65536);
}

void pop3_wire_clear(struct pop3_wire *w)
{
	buf_free(&w->line);
}

/* ---- bytes ---- */

static int wire_failed(struct pop3_wire *w, struct err *err)
{
	if (w->transport != NULL)
		return transport_err(w->transport,
			"the POP3 stream failed without a reason", err);
	return err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the server closed the connection");
}

int pop3_fill(struct pop3_wire *w, const char **ret_bytes, size_t *ret_n,
	struct err *err)
{
	mailstream *s = w->stream;

	if (w->pos >= s->read_buffer_len) {
		w->pos = 0;
		s->read_buffer_len = 0;
		if (mailstream_feed_read_buffer(s) <= 0) {
			(void)wire_failed(w, err);
			return -1;
		}
	}
	*ret_bytes = s->read_buffer + w->pos;
	*ret_n = s->read_buffer_len - w->pos;
	return 0;
}

void pop3_consume(struct pop3_wire *w, size_t n)
{
	w->pos += n;
}

bool pop3_pending(const struct pop3_wire *w)
{
	return w->pos < w->stream->read_buffer_len;
}

void pop3_settle(struct pop3_wire *w)
{
	mailstream *s = w->stream;

	if (w->pos == 0)
		return;
	s->read_buffer_len -= w->pos;
	memmove(s->read_buffer, s->read_buffer + w->pos, s->read_buffer_len);
	w->pos = 0;
}

/* ---- lines ---- */

int pop3_read_line(struct pop3_wire *w, struct err *err)
{
	const char *bytes, *lf;
	size_t n, take;

	buf_reset(&w->line);
	do {
		if (pop3_fill(w, &bytes, &n, err) < 0)
			return -1;
		lf = memchr(bytes, '\n', n);
		take = lf != NULL ? (size_t)(lf - bytes) : n;
		if (buf_add(&w->line, bytes, take) < 0)
			return err_set(err, ERR_LIMIT, ERR_SCOPE_SESSION,
				ERR_RETRY_LATER,
				"the server sent a line of more than %zu bytes",
				w->line.max);
		pop3_consume(w, lf != NULL ? take + 1 : take);
	} while (lf == NULL);
	if (w->line.len > 0 && w->line.data[w->line.len - 1] == '\r')
		w->line.data[--w->line.len] = '\0';
	return 0;
}

int pop3_read_item(struct pop3_wire *w, struct err *err)
{
	struct buf *line = &w->line;

	if (pop3_read_line(w, err) < 0)
		return -1;
	if (line->len == 0 || line->data[0] != '.')
		return 1;
	if (line->len == 1)
		return 0;
	/* with the NUL behind it */
	memmove(line->data, line->data + 1, line->len);
	line->len--;
	return 1;
}

/* ---- commands ---- */

static int put(struct pop3_wire *w, const char *p, size_t n, struct err *err)
{
	if (mailstream_write(w->stream, p, n) < 0)
		return wire_failed(w, err);
	return 0;
}

int pop3_put(struct pop3_wire *w, const char *command, struct err *err)
{
	if (put(w, command, strlen(command), err) < 0)
		return -1;
	return put(w, "\r\n", 2, err);
}

int pop3_put_secret(
	struct pop3_wire *w, const char *line, size_t n, struct err *err)
{
	mailstream *s = w->stream;
	int r;

	if (w->transport != NULL)
		transport_private(w->transport, true);
	r = put(w, line, n, err);
	if (r == 0)
		r = put(w, "\r\n", 2, err);
	if (r == 0)
		r = pop3_flush(w, err);
	explicit_bzero(s->write_buffer, s->buffer_max_size);
	if (w->transport != NULL)
		transport_private(w->transport, false);
	return r;
}

int pop3_flush(struct pop3_wire *w, struct err *err)
{
	if (mailstream_flush(w->stream) < 0)
		return wire_failed(w, err);
	return 0;
}

void pop3_expect(struct pop3_wire *w, uint64_t bytes)
{
	uint64_t seconds = bytes / SLOWEST_BYTES_PER_S;

	if (w->transport == NULL)
		return;
	if (seconds > 86400)
		seconds = 86400; /* the session's own deadline is nearer */
	transport_set_deadline(w->transport,
		w->idle_ms + COMMAND_GRACE_MS + (int64_t)seconds * 1000);
}

/* ---- answers ---- */

static enum pop3_code parse_code(const char *text)
{
	static const struct {
		const char *name;
		enum pop3_code code;
	} codes[] = {
		{"[AUTH]", POP3_CODE_AUTH},
		{"[IN-USE]", POP3_CODE_IN_USE},
		{"[LOGIN-DELAY]", POP3_CODE_LOGIN_DELAY},
		{"[SYS/TEMP]", POP3_CODE_SYS_TEMP},
		{"[SYS/PERM]", POP3_CODE_SYS_PERM},
	};
	static const char *const levels[] = {"[SYS/TEMP/", "[SYS/PERM/"};

	if (text[0] != '[')
		return POP3_CODE_NONE;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (strncasecmp(text, codes[i].name, strlen(codes[i].name)) ==
			0)
			return codes[i].code;
	/* further levels refine the ones before them (RFC 2449 8) */
	if (strncasecmp(text, levels[0], strlen(levels[0])) == 0)
		return POP3_CODE_SYS_TEMP;
	if (strncasecmp(text, levels[1], strlen(levels[1])) == 0)
		return POP3_CODE_SYS_PERM;
	return POP3_CODE_OTHER;
}

bool pop3_parse_answer(
	const char *line, size_t n, struct pop3_answer *ret_answer)
{
	char raw[POP3_TEXT_MAX];
	size_t skip;

	if (n >= 3 && strncasecmp(line, "+OK", 3) == 0) {
		ret_answer->status = POP3_OK;
		skip = 3;
	} else if (n >= 4 && strncasecmp(line, "-ERR", 4) == 0) {
		ret_answer->status = POP3_ERR;
		skip = 4;
	} else if (n >= 1 && line[0] == '+' && (n == 1 || line[1] == ' ')) {
		ret_answer->status = POP3_CONTINUE;
		skip = 1;
	} else {
		return false;
	}
	/* "+OKAY" and "-ERRATUM" are somebody else's words; "+OK, …" is not */
	if (skip > 1 && skip < n && isalnum((unsigned char)line[skip]))
		return false;
	while (skip < n && (line[skip] == ' ' || line[skip] == '\t'))
		skip++;
	n -= skip;
	if (n > sizeof raw - 1)
		n = sizeof raw - 1;
	for (size_t i = 0; i < n; i++)
		raw[i] = line[skip + i] != '\0' ? line[skip + i] : '?';
	raw[n] = '\0';
	text_printable(raw, ret_answer->text, sizeof ret_answer->text);
	ret_answer->code = parse_code(ret_answer->text);
	return true;
}

static int no_answer(struct pop3_wire *w, struct err *err)
{
	char shown[POP3_TEXT_MAX / 2];

	text_printable(buf_str(&w->line), shown, sizeof shown);
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"expected +OK or -ERR, the server said: %s", shown);
}

int pop3_read_challenge(
	struct pop3_wire *w, struct pop3_answer *ret_answer, struct err *err)
{
	if (pop3_read_line(w, err) < 0)
		return -1;
	if (!pop3_parse_answer(buf_str(&w->line), w->line.len, ret_answer))
		return no_answer(w, err);
	return 0;
}

int pop3_read_answer(
	struct pop3_wire *w, struct pop3_answer *ret_answer, struct err *err)
{
	if (pop3_read_challenge(w, ret_answer, err) < 0)
		return -1;
	if (ret_answer->status == POP3_CONTINUE)
		return no_answer(w, err);
	return 0;
}

int pop3_ask(struct pop3_wire *w, const char *command,
	struct pop3_answer *ret_answer, struct err *err)
{
	pop3_expect(w, 0);
	if (pop3_put(w, command, err) < 0 || pop3_flush(w, err) < 0)
		return -1;
	return pop3_read_answer(w, ret_answer, err);
}

static const char *known_name(enum pop3_code code)
{
	switch (code) {
	case POP3_CODE_AUTH:
		return "AUTH";
	case POP3_CODE_IN_USE:
		return "IN-USE";
	case POP3_CODE_LOGIN_DELAY:
		return "LOGIN-DELAY";
	case POP3_CODE_SYS_TEMP:
		return "SYS/TEMP";
	case POP3_CODE_SYS_PERM:
		return "SYS/PERM";
	case POP3_CODE_NONE:
	case POP3_CODE_OTHER:
		break;
	}
	return "";
}

void pop3_code_name(
	enum pop3_code code, const char *text, char out[POP3_CODE_MAX])
{
	size_t n = 0;

	(void)snprintf(out, POP3_CODE_MAX, "%s", known_name(code));
	if (code != POP3_CODE_OTHER || text[0] != '[')
		return;
	while (n + 1 < POP3_CODE_MAX && text[n + 1] != '\0' &&
		strchr("] ", text[n + 1]) == NULL) {
		out[n] = (char)toupper((unsigned char)text[n + 1]);
		n++;
	}
	out[n] = '\0';
}

int pop3_refused(
	const struct pop3_answer *answer, const char *what, struct err *err)
{
	char code[POP3_CODE_MAX];
	struct verdict v;
	bool less;

	pop3_code_name(answer->code, answer->text, code);
	verdict_find(VERDICT_SESSION, code, answer->text, &v);
	/* of one command nothing else is known that well */
	less = v.class == ERR_THROTTLED || v.class == ERR_QUOTA;
	(void)err_set(err, less ? v.class : ERR_REFUSED,
		less ? v.scope : ERR_SCOPE_SESSION,
		answer->code == POP3_CODE_SYS_PERM ? ERR_RETRY_CHANGE
						   : ERR_RETRY_LATER,
		"%s refused: %s", what,
		answer->text[0] != '\0' ? answer->text : "(no reason given)");
	if (less)
		verdict_tell(&v, err);
	return -1;
}

bool pop3_parse_number(const char **s, const char *end, uint64_t *ret_number)
{
	const char *p = *s;
	uint64_t number = 0;

	while (p < end && *p >= '0' && *p <= '9' && p - *s < 19)
		number = number * 10 + (uint64_t)(*p++ - '0');
	if (p == *s || p - *s > 18)
		return false;
	*s = p;
	*ret_number = number;
	return true;
}
