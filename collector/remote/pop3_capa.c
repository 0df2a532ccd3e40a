/* SPDX-License-Identifier: BSD-2-Clause */
#include "pop3_capa.h"

#include "../base/log.h"
#include "../model/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CAPA_LINES_MAX 200

/* Whether the first word of line is name; *ret_args is what follows it. */
static bool is_named(const char *line, const char *name, const char **ret_args)
{
	size_t n = strcspn(line, " \t");

	if (n != strlen(name) || strncasecmp(line, name, n) != 0)
		return false;
	*ret_args = line + n + strspn(line + n, " \t");
	return true;
}

static uint32_t read_auths(const char *words)
{
	uint32_t auths = 0;
	char word[32];

	while (*words != '\0') {
		size_t n = strcspn(words, " \t");
		if (n < sizeof word) {
			(void)snprintf(
				word, sizeof word, "%.*s", (int)n, words);
			auths |= auth_bit(word);
		}
		words += n;
		words += strspn(words, " \t");
	}
	return auths;
}

static void add_name(struct pop3_capa *capa, const char *line)
{
	size_t used = strlen(capa->names);
	char shown[128];

	text_printable(line, shown, sizeof shown);
	if (used + strlen(shown) + 2 > sizeof capa->names)
		return;
	(void)snprintf(capa->names + used, sizeof capa->names - used, "%s%s",
		used != 0 ? " " : "", shown);
}

static void set_login_delay(struct pop3_capa *capa, const char *args)
{
	uint64_t seconds;

	if (!pop3_parse_number(&args, args + strlen(args), &seconds))
		return;
	capa->login_delay_s = seconds > 86400 ? 86400 : (uint32_t)seconds;
}

void pop3_capa_add(struct pop3_capa *capa, const char *line)
{
	const char *args;

	if (is_named(line, "STLS", &args))
		capa->stls = true;
	else if (is_named(line, "USER", &args))
		capa->user = true;
	else if (is_named(line, "UIDL", &args))
		capa->uidl = true;
	else if (is_named(line, "TOP", &args))
		capa->top = true;
	else if (is_named(line, "PIPELINING", &args))
		capa->pipelining = true;
	else if (is_named(line, "UTF8", &args))
		capa->utf8 = true;
	else if (is_named(line, "SASL", &args))
		capa->auths |= read_auths(args);
	else if (is_named(line, "LOGIN-DELAY", &args))
		set_login_delay(capa, args);
	else if (is_named(line, "IMPLEMENTATION", &args))
		text_printable(args, capa->implementation,
			sizeof capa->implementation);
	add_name(capa, line);
}

int pop3_capa_ask(
	struct pop3_wire *w, struct pop3_capa *ret_capa, struct err *err)
{
	pop3_expect(w, 0);
	if (pop3_put(w, "CAPA", err) < 0 || pop3_flush(w, err) < 0)
		return -1;
	return pop3_capa_read(w, ret_capa, err);
}

int pop3_capa_read(
	struct pop3_wire *w, struct pop3_capa *ret_capa, struct err *err)
{
	struct pop3_answer answer;
	struct pop3_capa capa = {0};
	int lines = 0, r;

	if (pop3_read_answer(w, &answer, err) < 0)
		return -1;
	if (answer.status != POP3_OK) {
		*ret_capa = capa;
		return 0;
	}
	while ((r = pop3_read_item(w, err)) > 0) {
		if (++lines > CAPA_LINES_MAX)
			return err_set(err, ERR_LIMIT, ERR_SCOPE_SESSION,
				ERR_RETRY_LATER, "CAPA has more than %d lines",
				CAPA_LINES_MAX);
		pop3_capa_add(&capa, buf_str(&w->line));
	}
	if (r < 0)
		return -1;
	capa.known = true;
	*ret_capa = capa;
	return 0;
}

int pop3_capa_utf8(
	struct pop3_wire *w, const struct pop3_capa *capa, struct err *err)
{
	struct pop3_answer answer;

	if (!capa->utf8)
		return 0;
	if (pop3_ask(w, "UTF8", &answer, err) < 0)
		return -1;
	if (answer.status != POP3_OK)
		LOG(LOG_LEVEL_DEBUG, NULL, "pop3_utf8_refused",
			LOG_STR("text", answer.text));
	return 0;
}
