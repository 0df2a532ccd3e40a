/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lines of an answer, read by ourselves: status lines with their codes
 * (RFC 9051 7.1), EXISTS and EXPUNGE. Anything else is passed over.
 */
#include "imap_command.h"

#include "../model/auth.h"
#include "../model/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t caps;
} status_caps[] = {
	{"SASL-IR", IMAP_CAP_SASL_IR},
	{"LOGINDISABLED", IMAP_CAP_LOGINDISABLED},
	{"ID", IMAP_CAP_ID},
	{"NAMESPACE", IMAP_CAP_NAMESPACE},
	{"LIST-EXTENDED", IMAP_CAP_LIST_EXTENDED},
	{"SPECIAL-USE", IMAP_CAP_SPECIAL_USE},
	{"LIST-STATUS", IMAP_CAP_LIST_STATUS},
	{"STATUS=SIZE", IMAP_CAP_STATUS_SIZE},
	{"CONDSTORE", IMAP_CAP_CONDSTORE},
	{"OBJECTID", IMAP_CAP_OBJECTID},
	{"X-GM-EXT-1", IMAP_CAP_GMAIL},
	/* RFC 7162 3.2.3 */
	{"QRESYNC", IMAP_CAP_CONDSTORE | IMAP_CAP_QRESYNC},
	{"ESEARCH", IMAP_CAP_ESEARCH},
	{"COMPRESS=DEFLATE", IMAP_CAP_COMPRESS},
	{"IDLE", IMAP_CAP_IDLE},
	{"LITERAL+", IMAP_CAP_LITERAL_PLUS},
	{"LITERAL-", IMAP_CAP_LITERAL_MINUS},
	{"UIDPLUS", IMAP_CAP_UIDPLUS},
	/* RFC 9051 E */
	{"IMAP4REV2", IMAP_CAP_SASL_IR | IMAP_CAP_NAMESPACE |
			      IMAP_CAP_LIST_EXTENDED | IMAP_CAP_SPECIAL_USE |
			      IMAP_CAP_LIST_STATUS | IMAP_CAP_LITERAL_MINUS |
			      IMAP_CAP_ESEARCH | IMAP_CAP_IDLE |
			      IMAP_CAP_STATUS_SIZE | IMAP_CAP_UIDPLUS},
};

void imap_printable(const char *p, size_t n, char *out, size_t out_bytes)
{
	char raw[2048];

	if (n >= sizeof raw)
		n = sizeof raw - 1;
	memcpy(raw, p, n);
	raw[n] = '\0';
	text_printable(raw, out, out_bytes);
}

static void status_text(const struct imap_line *l, char *out, size_t out_bytes)
{
	const char *p = l->p;

	while (p < l->end && *p == ' ')
		p++;
	imap_printable(p, (size_t)(l->end - p), out, out_bytes);
}

void imap_set_caps(struct imap *im, struct imap_line *rest)
{
	char word[128];

	status_text(rest, im->info.capabilities, sizeof im->info.capabilities);
	im->caps = 0;
	im->auths = 0;
	im->caps_known = true;
	while (!imap_line_at_end(rest)) {
		if (!imap_line_word(rest, word, sizeof word)) {
			rest->p++; /* a stray bracket or quote */
			continue;
		}
		if (strncmp(word, "AUTH=", 5) == 0)
			im->auths |= auth_bit(word + 5);
		for (size_t i = 0; i < sizeof status_caps / sizeof *status_caps;
			i++)
			if (strcmp(word, status_caps[i].name) == 0)
				im->caps |= status_caps[i].caps;
	}
	im->info.gmail = (im->caps & IMAP_CAP_GMAIL) != 0;
	im->info.emailid = imap_emailid_item(im)[0] != '\0';
	imap_quirks_mask(im);
}

/* Takes "[CODE …]" if it is next: the word, and a cursor over the rest. A
 * code without its "]" goes up to the end. */
static bool status_code(struct imap_line *l, char *word, size_t word_bytes,
	struct imap_line *args)
{
	bool quoted = false;

	word[0] = '\0';
	if (!imap_line_eat(l, '['))
		return false;
	*args = *l;
	for (; l->p < l->end && (quoted || *l->p != ']'); l->p++) {
		if (*l->p == '"')
			quoted = !quoted;
		else if (quoted && *l->p == '\\' && l->p + 1 < l->end)
			l->p++;
	}
	args->end = l->p;
	if (l->p < l->end)
		l->p++;
	return imap_line_word(args, word, word_bytes);
}

static void status_note_code(
	struct imap *im, const char *word, struct imap_line *args)
{
	uint64_t n;

	if (strcmp(word, "CAPABILITY") == 0)
		imap_set_caps(im, args);
	if (strcmp(word, "NOMODSEQ") == 0)
		im->mailbox.highestmodseq = 0;
	if (strcmp(word, "MAILBOXID") == 0)
		imap_read_objectid(args, im->mailbox.mailboxid,
			sizeof im->mailbox.mailboxid);
	if (!imap_line_number(args, &n))
		return; /* "-1", none, or beyond 64 bits: nothing was said */
	if (strcmp(word, "HIGHESTMODSEQ") == 0)
		im->mailbox.highestmodseq = n;
	if (strcmp(word, "UIDVALIDITY") == 0 && n <= UINT32_MAX)
		im->mailbox.uidvalidity = (uint32_t)n;
	if (strcmp(word, "UIDNEXT") == 0 && n <= UINT32_MAX)
		im->mailbox.uidnext = (uint32_t)n;
}

static void status_note_number(struct imap *im, uint64_t n, struct imap_line *l)
{
	char word[16];

	im->news = true; /* EXISTS, EXPUNGE, FETCH, RECENT: whatever it is */
	if (n > UINT32_MAX || !imap_line_word(l, word, sizeof word))
		return;
	if (strcmp(word, "EXISTS") == 0) {
		im->mailbox.exists = (uint32_t)n;
		im->exists_known = true;
	} else if (strcmp(word, "EXPUNGE") == 0) {
		im->expunged++;
		if (im->mailbox.exists > 0)
			im->mailbox.exists--;
	}
}

void imap_note_line(struct imap *im, const char *line, size_t n)
{
	struct imap_line l, args;
	char word[64], code[64];
	uint64_t number;

	imap_line_init(&l, line, n);
	if (!imap_line_eat(&l, '*')) {
		/* Tagged, or the rest of a line behind a literal. */
		if (!imap_line_number(&l, &number))
			return;
	} else if (imap_line_number(&l, &number)) {
		status_note_number(im, number, &l);
		return;
	} else if (status_code(&l, code, sizeof code, &args)) {
		status_note_code(im, code, &args); /* Exchange: no OK */
		return;
	}
	if (!imap_line_word(&l, word, sizeof word))
		return;
	if (strcmp(word, "ENABLED") == 0)
		imap_note_enabled(im, &l);
	else if (strcmp(word, "BYE") == 0 && im->bye[0] == '\0') {
		status_text(&l, im->bye, sizeof im->bye);
		if (im->bye[0] == '\0')
			(void)snprintf(
				im->bye, sizeof im->bye, "(no reason given)");
	} else if (strcmp(word, "OK") == 0 || strcmp(word, "NO") == 0) {
		if (status_code(&l, code, sizeof code, &args))
			status_note_code(im, code, &args);
	}
}

bool imap_read_tagged(const char *line, size_t n, uint32_t tag,
	struct imap_answer *ret_answer)
{
	struct imap_line l, args;
	uint64_t number;
	char word[8];

	imap_line_init(&l, line, n);
	if (n == 0 || line[0] < '0' || line[0] > '9' ||
		!imap_line_number(&l, &number) || number != tag ||
		imap_line_peek(&l) != ' ' ||
		!imap_line_word(&l, word, sizeof word))
		return false;
	if (strcmp(word, "OK") == 0)
		ret_answer->status = IMAP_OK;
	else if (strcmp(word, "NO") == 0)
		ret_answer->status = IMAP_NO;
	else if (strcmp(word, "BAD") == 0)
		ret_answer->status = IMAP_BAD;
	else
		return false;
	(void)status_code(&l, ret_answer->code, sizeof ret_answer->code, &args);
	status_text(&l, ret_answer->text, sizeof ret_answer->text);
	return true;
}
