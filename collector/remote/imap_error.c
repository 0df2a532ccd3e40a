/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong, in the order of what is nearest to the truth: our own
 * callback, a cancel, the server's BYE, the transport, and last libetpan's
 * number, which for all of those is the same "stream error".
 */
#include "imap_command.h"

#include <ctype.h>
#include <string.h>

/* "[CODE …] words": upper case, without what stands behind it. */
static void error_code(const char *text, char *code, size_t code_bytes)
{
	size_t n = 0;

	if (text[0] == '[')
		while (n + 1 < code_bytes && text[n + 1] != '\0' &&
			strchr("] ", text[n + 1]) == NULL) {
			code[n] = (char)toupper((unsigned char)text[n + 1]);
			n++;
		}
	code[n] = '\0';
}

static int error_bye(const char *bye, struct err *err)
{
	struct verdict v;
	char code[32];

	error_code(bye, code, sizeof code);
	verdict_find(VERDICT_SESSION, code, bye, &v);
	if (v.scope < ERR_SCOPE_SESSION)
		v.scope = ERR_SCOPE_SESSION;
	(void)err_set(err, v.class, v.scope, v.retry,
		"the server said goodbye: %s", bye);
	verdict_tell(&v, err);
	return -1;
}

/* Without a BYE and with the transport sound it is libetpan that refused. */
static const char *error_words(int r)
{
	switch (r) {
	case MAILIMAP_ERROR_PROTOCOL:
		return "carries the wrong tag";
	case MAILIMAP_ERROR_PARSE:
		return "cannot be understood";
	case MAILIMAP_ERROR_FATAL:
		return "ended the conversation";
	case MAILIMAP_ERROR_MEMORY:
		return "was given up";
	default:
		return "broke off";
	}
}

int imap_broken(struct imap *im, int r, const char *what, struct err *err)
{
	struct err transport = {.class = ERR_NONE};

	if (transport_failed(im->t))
		(void)transport_err(
			im->t, "the conversation broke off", &transport);
	transport_poison(im->t);
	if (im->cause.class != ERR_NONE) {
		if (err != NULL)
			*err = im->cause;
		return -1;
	}
	if (im->bye[0] != '\0' && transport.class != ERR_CANCELLED)
		return error_bye(im->bye, err);
	if (transport.class != ERR_NONE) {
		if (err == NULL)
			return -1;
		*err = transport;
		/* the one that is waited for counts as answered */
		if (err->class == ERR_NETWORK)
			err->in_flight = im->sent - im->answered + im->waiting;
		return err_where(err, "%s", what);
	}
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the server's answer to %s %s", what, error_words(r));
}

void imap_stop(struct imap *im, const struct err *cause)
{
	if (im->cause.class == ERR_NONE)
		im->cause = *cause;
	transport_poison(im->t);
}

int imap_refused_as(const struct verdict *v, const struct imap_answer *a,
	const char *what, enum err_scope scope, struct err *err)
{
	(void)err_set(err, v->class, v->scope > scope ? v->scope : scope,
		v->retry, "the server refused %s: %s%s%s%s", what,
		a->code[0] != '\0' ? "[" : "", a->code,
		a->code[0] != '\0' ? "] " : "",
		a->text[0] != '\0' ? a->text : "(no reason given)");
	verdict_tell(v, err);
	return -1;
}

int imap_refused(const struct imap_answer *a, const char *what,
	enum err_scope scope, struct err *err)
{
	struct verdict v;

	verdict_find(VERDICT_COMMAND, a->code, a->text, &v);
	return imap_refused_as(&v, a, what, scope, err);
}
