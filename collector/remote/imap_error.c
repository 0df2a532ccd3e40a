/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What went wrong, in the order of what is nearest to the truth: our own
 * callback, a cancel, the server's BYE, the transport, and last libetpan's
 * number, which for all of those is the same "stream error".
 */
#include "imap_command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool error_has(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

/* "Suggested Backoff Time: 299961 milliseconds" (Exchange Online); at most a
 * day. */
static uint32_t error_backoff_ms(const char *text)
{
	const char *p = strcasestr(text, "backoff time:");
	unsigned long ms;

	if (p == NULL)
		return 0;
	p += strlen("backoff time:");
	while (*p == ' ')
		p++;
	if (!isdigit((unsigned char)*p))
		return 0;
	ms = strtoul(p, NULL, 10);
	return ms < 86400000UL ? (uint32_t)ms : 86400000U;
}

bool imap_says_throttled(const char *text, uint32_t *ret_after_ms)
{
	static const char *const words[] = {"throttl", "too many", "rate limit",
		"ratelimit", "rate exceeded", "slow down", "backoff",
		"bandwidth", "try again too soon"};

	*ret_after_ms = error_backoff_ms(text);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (error_has(text, words[i]))
			return true;
	return false;
}

static void error_wait(struct err *err, uint32_t after_ms)
{
	if (err == NULL)
		return;
	err->retry_after_ms = after_ms;
	err->retry_after_s = (after_ms + 999) / 1000;
}

static int error_bye(const char *bye, struct err *err)
{
	uint32_t after_ms;
	bool throttled = imap_says_throttled(bye, &after_ms);

	(void)err_set(err, throttled ? ERR_THROTTLED : ERR_REFUSED,
		ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		"the server said goodbye: %s", bye);
	error_wait(err, after_ms);
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

static const struct {
	const char *code;
	enum err_class class;
	enum err_scope scope; /* at least */
	enum err_retry retry;
} error_codes[] = {
	{"AUTHENTICATIONFAILED", ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE},
	{"AUTHORIZATIONFAILED", ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE},
	{"EXPIRED", ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE},
	{"PRIVACYREQUIRED", ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE},
	{"UNAVAILABLE", ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER},
	{"INUSE", ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER},
	{"SERVERBUG", ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER},
	{"CONTACTADMIN", ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER},
	{"LIMIT", ERR_THROTTLED, ERR_SCOPE_SESSION, ERR_RETRY_LATER},
	{"THROTTLED", ERR_THROTTLED, ERR_SCOPE_SESSION, ERR_RETRY_LATER},
	{"OVERQUOTA", ERR_QUOTA, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER},
	{"NOPERM", ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE},
};

int imap_refused(const struct imap_answer *a, const char *what,
	enum err_scope scope, struct err *err)
{
	enum err_class class = ERR_PROTOCOL;
	enum err_retry retry = ERR_RETRY_LATER;
	uint32_t after_ms = 0;

	for (size_t i = 0; i < sizeof error_codes / sizeof *error_codes; i++) {
		if (strcmp(a->code, error_codes[i].code) != 0)
			continue;
		class = error_codes[i].class;
		retry = error_codes[i].retry;
		if (error_codes[i].scope > scope)
			scope = error_codes[i].scope;
	}
	if (imap_says_throttled(a->text, &after_ms)) {
		class = ERR_THROTTLED;
		retry = ERR_RETRY_LATER;
		if (scope < ERR_SCOPE_SESSION)
			scope = ERR_SCOPE_SESSION;
	}
	(void)err_set(err, class, scope, retry,
		"the server refused %s: %s%s%s%s", what,
		a->code[0] != '\0' ? "[" : "", a->code,
		a->code[0] != '\0' ? "] " : "",
		a->text[0] != '\0' ? a->text : "(no reason given)");
	error_wait(err, after_ms);
	return -1;
}
