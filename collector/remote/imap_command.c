/* SPDX-License-Identifier: BSD-2-Clause */
#include "imap_command.h"

#include "../base/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define COMMAND_MS (INT64_C(120) * 1000)
#define COMMAND_LINE_MAX 8192

static struct imap *command_im(struct imap *im)
{
	assert(im->m != NULL);
	return im;
}

void imap_begin(struct imap *im)
{
	char tag[16];

	(void)snprintf(tag, sizeof tag, "%u ", ++command_im(im)->sent);
	imap_put(im, tag);
}

void imap_put(struct imap *im, const char *text)
{
	/* A failed write is sticky in the transport; imap_end looks. */
	(void)mailstream_write(im->m->imap_stream, text, strlen(text));
}

bool imap_is_worn(const struct imap *im, uint32_t more)
{
	return imap_has_quirk(im, QUIRK_TEN_ERRORS) &&
	       im->refused + more > QUIRK_ERRORS;
}

static int command_check_worn(struct imap *im, struct err *err)
{
	if (!imap_is_worn(im, 1))
		return 0;
	transport_poison(im->t);
	return err_set(err, ERR_NETWORK, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the server has refused %u commands, and closes at the next",
		im->refused);
}

int imap_end(struct imap *im, struct err *err)
{
	if (command_check_worn(im, err) < 0)
		return -1;
	imap_put(im, "\r\n");
	if (mailstream_flush(im->m->imap_stream) < 0 || transport_failed(im->t))
		return imap_broken(im, MAILIMAP_ERROR_STREAM, "a command", err);
	return 0;
}

/* The last line of the answer's text. */
static const char *command_last_line(const struct imap *im, size_t *ret_n)
{
	const MMAPString *text = im->m->imap_stream_buffer;
	size_t n = text->len, at;

	while (n > 0 && (text->str[n - 1] == '\n' || text->str[n - 1] == '\r'))
		n--;
	at = n;
	while (at > 0 && text->str[at - 1] != '\n')
		at--;
	*ret_n = n - at;
	return text->str + at;
}

static void command_note(struct imap *im)
{
	const char *p = im->m->imap_stream_buffer->str;
	const char *end = p + im->m->imap_stream_buffer->len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl != NULL ? nl : end) - p);
		imap_note_line(im, p, n > 0 && p[n - 1] == '\r' ? n - 1 : n);
		p += n + 1;
	}
}

/*
 * What libetpan made of the answer matters less than the tagged line: it is
 * the last one read, and if it is ours then the stream is in step. So "3 OK"
 * without text, which libetpan cannot parse, is an answer like any other.
 */
static int command_conclude(struct imap *im, int r, const char *what,
	struct imap_answer *ret_answer, struct err *err)
{
	size_t n = 0;
	const char *line;

	command_note(im);
	line = command_last_line(im, &n);
	if (im->cause.class != ERR_NONE || im->bye[0] != '\0' ||
		transport_failed(im->t) ||
		(r != MAILIMAP_NO_ERROR && r != MAILIMAP_ERROR_PROTOCOL &&
			r != MAILIMAP_ERROR_PARSE) ||
		!imap_read_tagged(line, n, im->answered, ret_answer))
		return imap_broken(im, r, what, err);
	im->waiting = false;
	if (!im->throttled && ret_answer->status == IMAP_OK &&
		strcasestr(ret_answer->text, "[THROTTLED]") != NULL) {
		im->throttled = true;
		LOG(LOG_LEVEL_INFO, NULL, "server_throttles",
			LOG_STR("answer", ret_answer->text));
	}
	im->refused += ret_answer->status != IMAP_OK;
	return 0;
}

int imap_wait(struct imap *im, const char *what, struct imap_answer *ret_answer,
	struct err *err)
{
	struct mailimap_response *response = NULL;
	int r = MAILIMAP_ERROR_STREAM;

	if (imap_enable_wait(im, ret_answer, err) < 0)
		return -1;
	assert(im->answered < im->sent);
	im->m->imap_tag = (int)++im->answered;
	im->waiting = true;
	transport_begin_command(im->t);
	transport_set_deadline(im->t, COMMAND_MS);
	if (mailimap_read_line(im->m) != NULL) {
		r = mailimap_parse_response(im->m, &response);
		if (r == MAILIMAP_NO_ERROR)
			mailimap_response_free(response);
	}
	transport_set_deadline(im->t, 0);
	return command_conclude(im, r, what, ret_answer, err);
}

int imap_command(struct imap *im, const char *line, const char *what,
	struct imap_answer *ret_answer, struct err *err)
{
	imap_begin(im);
	imap_put(im, line);
	if (imap_end(im, err) < 0)
		return -1;
	return imap_wait(im, what, ret_answer, err);
}

int imap_await_go(struct imap *im, const char *what,
	struct imap_answer *ret_answer, struct err *err)
{
	assert(im->answered + 1 == im->sent);
	if (command_check_worn(im, err) < 0)
		return -1;
	if (mailstream_flush(im->m->imap_stream) < 0)
		return imap_broken(im, MAILIMAP_ERROR_STREAM, what, err);
	transport_begin_command(im->t);
	transport_set_deadline(im->t, COMMAND_MS);
	for (;;) {
		size_t n;
		const char *line;

		if (mailimap_read_line(im->m) == NULL)
			return imap_broken(
				im, MAILIMAP_ERROR_STREAM, what, err);
		line = command_last_line(im, &n);
		imap_note_line(im, line, n);
		if (n > 0 && line[0] == '+')
			return 1;
		if (im->bye[0] != '\0')
			return imap_broken(
				im, MAILIMAP_ERROR_STREAM, what, err);
		if (imap_read_tagged(line, n, im->sent, ret_answer)) {
			im->answered++;
			return 0;
		}
	}
}

const char *imap_go_text(struct imap *im)
{
	size_t n;
	char *line =
		im->m->imap_stream_buffer->str +
		(command_last_line(im, &n) - im->m->imap_stream_buffer->str);

	line[n] = '\0'; /* over its CR or LF, or the NUL that is there */
	if (n > 0 && *line == '+')
		line++;
	while (*line == ' ')
		line++;
	return line;
}

bool imap_can_quote(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c < 0x20 || c >= 0x7f)
			return false;
	}
	return n < 1000;
}

void imap_put_quoted(struct imap *im, const char *bytes, size_t n)
{
	mailstream *stream = im->m->imap_stream;

	imap_put(im, "\"");
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			imap_put(im, "\\");
		(void)mailstream_write(stream, bytes + i, 1);
	}
	imap_put(im, "\"");
}

int imap_put_string(
	struct imap *im, const char *bytes, size_t n, struct err *err)
{
	/* RFC 7888 4: without waiting; LITERAL- up to 4096 bytes. */
	bool plus = (im->caps & IMAP_CAP_LITERAL_PLUS) != 0 ||
		    ((im->caps & IMAP_CAP_LITERAL_MINUS) != 0 && n <= 4096);
	struct imap_answer answer = {.status = IMAP_BAD};
	char head[40];
	int go = 1;

	if (imap_can_quote(bytes, n)) {
		imap_put_quoted(im, bytes, n);
		return 0;
	}
	(void)snprintf(head, sizeof head, "{%zu%s}\r\n", n, plus ? "+" : "");
	imap_put(im, head);
	if (!plus)
		go = imap_await_go(im, "a literal", &answer, err);
	if (go < 0)
		return -1;
	if (go == 0)
		return imap_refused(
			&answer, "a literal", ERR_SCOPE_MAILBOX, err);
	(void)mailstream_write(im->m->imap_stream, bytes, n);
	return 0;
}

int imap_run(struct imap *im, const struct imap_run *run, struct err *err)
{
	struct imap_answer answer = {.status = IMAP_BAD};
	bool first = true;
	struct buf line;
	int result = -1;

	buf_init(&line, COMMAND_LINE_MAX);
	while (buf_reset(&line), run->next(run->arg, &line)) {
		int sent = 0;

		assert(!line.full);
		if (run->ahead)
			sent = first ? imap_ahead_fetch(im, buf_str(&line), err)
				     : imap_ahead_settle(im, err);
		first = false;
		if (sent < 0)
			goto out;
		if ((sent ? imap_wait(im, run->what, &answer, err)
			  : imap_command(im, buf_str(&line), run->what, &answer,
				    err)) < 0)
			goto out;
		if (run->done != NULL && run->done(run->arg, err) < 0)
			goto out;
		if (answer.status != IMAP_OK) {
			(void)imap_refused(
				&answer, run->what, ERR_SCOPE_MAILBOX, err);
			goto out;
		}
	}
	result = 0;
out:
	buf_free(&line);
	return result;
}
