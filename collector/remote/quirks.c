/* SPDX-License-Identifier: BSD-2-Clause */
#include "quirks.h"

#include "../model/quirk.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum sign {
	SIGN_HOST,	 /* the domain itself, or below it */
	SIGN_WORDS,	 /* in greeting or ID, in any case */
	SIGN_CAPABILITY, /* offered */
};

#define EXCHANGE (QUIRK_TEN_ERRORS | QUIRK_STUB_BODIES | QUIRK_NO_MAIL_FOLDERS)
#define ICLOUD (QUIRK_PEEK_SETS_SEEN | QUIRK_NO_ESEARCH | QUIRK_NO_QRESYNC)
#define YAHOO (QUIRK_SHORT_LINES | QUIRK_VIEW_10000)

/* All rows that match count, in their order. */
static const struct {
	enum sign sign;
	const char *pattern;
	uint64_t quirks;
	uint64_t without; /* taken away again */
} rows[] = {
	{SIGN_CAPABILITY, "X-CM-EXT-1", QUIRK_ID_FIRST, 0}, /* Coremail */
	{SIGN_CAPABILITY, "XYMHIGHESTMODSEQ", YAHOO, 0},
	{SIGN_HOST, "163.com", QUIRK_ID_FIRST, 0},
	{SIGN_HOST, "126.com", QUIRK_ID_FIRST, 0},
	{SIGN_HOST, "188.com", QUIRK_ID_FIRST, 0},
	{SIGN_HOST, "yeah.net", QUIRK_ID_FIRST, 0},
	{SIGN_HOST, "mail.me.com", ICLOUD, 0},
	{SIGN_HOST, "icloud.com", ICLOUD, 0},
	{SIGN_WORDS, "iSCREAM", ICLOUD, 0},
	{SIGN_HOST, "purelymail.com", QUIRK_PEEK_SETS_SEEN, 0},
	{SIGN_HOST, "mail.yahoo.com", YAHOO, 0},
	{SIGN_HOST, "aol.com", YAHOO, 0},
	{SIGN_HOST, "export.imap.mail.yahoo.com", 0, QUIRK_VIEW_10000},
	{SIGN_WORDS, "yahoo", QUIRK_SHORT_LINES, 0},
	{SIGN_WORDS, "IMAP4rev1 200", QUIRK_SHORT_LINES, 0}, /* UW */
	{SIGN_WORDS, "IMAP4rev1 v1", QUIRK_SHORT_LINES, 0},
	{SIGN_WORDS, "Panda", QUIRK_SHORT_LINES, 0},
	{SIGN_HOST, "outlook.office365.com", EXCHANGE, 0},
	{SIGN_HOST, "outlook.com", EXCHANGE, 0},
	{SIGN_HOST, "partner.outlook.cn", EXCHANGE, 0},
	{SIGN_WORDS, "Microsoft Exchange", EXCHANGE, 0},
	{SIGN_WORDS, "Exchange Server 2003", QUIRK_NO_NAMESPACE, 0},
	/* a dot behind text (pop3_transfer.c) would join two messages */
	{SIGN_WORDS, "Exchange POP3", QUIRK_NO_PIPELINING, 0},
	{SIGN_WORDS, "Exchange 2000 POP3", QUIRK_NO_PIPELINING, 0},
	{SIGN_WORDS, "Exchange Server 2003 POP3", QUIRK_NO_PIPELINING, 0},
	{SIGN_WORDS, "Courier-IMAP", QUIRK_FAKE_EXPUNGED, 0},
	{SIGN_WORDS, "Zimbra", QUIRK_EMPTY_HEADER | QUIRK_MAILBOX_BYE, 0},
	{SIGN_WORDS, "Proton", QUIRK_NO_LIST_EXTENDED, 0},
	{SIGN_HOST, "strato.de", QUIRK_NO_LIST_EXTENDED, 0},
	{SIGN_HOST, "zoho.com", QUIRK_NO_PIPELINING, 0},
	{SIGN_HOST, "zoho.eu", QUIRK_NO_PIPELINING, 0},
	{SIGN_HOST, "zoho.in", QUIRK_NO_PIPELINING, 0},
	{SIGN_WORDS, "zoho", QUIRK_NO_PIPELINING, 0},
	{SIGN_WORDS, "yandex", QUIRK_NO_SEARCH, 0},
	{SIGN_HOST, "yandex.com", QUIRK_NO_SEARCH, 0},
	{SIGN_HOST, "yandex.ru", QUIRK_NO_SEARCH, 0},
	{SIGN_HOST, "qq.com", QUIRK_NO_SEARCH, 0},
	{SIGN_WORDS, "SmarterMail", QUIRK_NO_SEARCH, 0},
	{SIGN_WORDS, "MailEnable", QUIRK_NO_SEARCH, 0},
	{SIGN_WORDS, "Kerio", QUIRK_NO_SEARCH, 0},
	{SIGN_WORDS, "IceWarp", QUIRK_NO_SEARCH, 0},
	{SIGN_WORDS, "GroupWise", QUIRK_NO_SEARCH, 0},
	{SIGN_WORDS, "BlitzMail", QUIRK_NO_SEARCH, 0},
	{SIGN_WORDS, "Softalk", QUIRK_NO_SEARCH, 0},
	{SIGN_WORDS, "Cyrus IMAP v2.", QUIRK_NO_ESEARCH, 0},
	{SIGN_WORDS, "Gpop", QUIRK_POP3_BATCHES, 0},
	{SIGN_HOST, "pop.gmail.com", QUIRK_POP3_BATCHES, 0},
	{SIGN_HOST, "pop.googlemail.com", QUIRK_POP3_BATCHES, 0},
};

static bool is_below(const char *host, const char *domain)
{
	size_t h = strlen(host), d = strlen(domain);

	return h >= d && strcasecmp(host + h - d, domain) == 0 &&
	       (h == d || host[h - d - 1] == '.');
}

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (; *words != '\0'; words += *words == ' ') {
		size_t len = strcspn(words, " ");
		if (len == n && strncasecmp(words, word, n) == 0)
			return true;
		words += len;
	}
	return false;
}

static bool matches(
	const struct quirks_signs *s, enum sign sign, const char *pattern)
{
	switch (sign) {
	case SIGN_HOST:
		return is_below(s->host, pattern);
	case SIGN_WORDS:
		return strcasestr(s->greeting, pattern) != NULL ||
		       strcasestr(s->server_id, pattern) != NULL;
	case SIGN_CAPABILITY:
		return has_word(s->capabilities, pattern);
	}
	return false;
}

uint64_t quirks_recognise(const struct quirks_signs *signs)
{
	uint64_t set = QUIRK_ALWAYS;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (matches(signs, rows[i].sign, rows[i].pattern))
			set = (set | rows[i].quirks) & ~rows[i].without;
	return set;
}
