/* SPDX-License-Identifier: BSD-2-Clause */
#include "provider.h"

#include "budget.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char gmail[] =
	"Gmail takes an app password or OAuth; the account's own password is "
	"refused";
static const char microsoft[] =
	"Microsoft takes OAuth only: passwords and app passwords are refused";
static const char yahoo[] =
	"Yahoo and AOL take an app password, made in the account's security "
	"settings";
static const char apple[] =
	"Apple takes an app-specific password, and as user name what stands "
	"before the @";
static const char yandex[] =
	"Yandex wants IMAP or POP3 switched on in the mailbox's settings, and "
	"an app password";
static const char mail_ru[] =
	"Mail.ru takes a password for external applications only";
static const char gmx[] =
	"switch POP3 and IMAP on in the mailbox's settings first";
static const char web_de[] =
	"switch POP3 and IMAP on in the mailbox's settings; the user name is "
	"what stands before the @";
static const char zoho[] =
	"Zoho wants IMAP switched on; personal accounts are at imap.zoho.com, "
	"those of organisations at imappro.zoho.com; with two factors an app "
	"password";
static const char china[] =
	"this service takes an authorisation code, made in the web mailer's "
	"settings where IMAP is switched on, instead of the password";
static const char qq[] =
	"QQ takes an authorisation code, made where IMAP is switched on, and "
	"as user name what stands before the @";
static const char fastmail[] = "Fastmail takes an app password";
static const char t_online[] =
	"T-Online takes the e-mail password, which is set apart from the one "
	"of the login, in the e-mail centre";
static const char switched[] =
	"IMAP has to be switched on in the web mailer's settings, and may "
	"want a password of its own";
static const char purelymail[] =
	"with two factors Purelymail takes an app password";

static const struct {
	const char *domain;
	const char *login;
} providers[] = {
	{"gmail.com", gmail},
	{"googlemail.com", gmail},
	{"outlook.com", microsoft},
	{"office365.com", microsoft},
	{"hotmail.com", microsoft},
	{"live.com", microsoft},
	{"yahoo.com", yahoo},
	{"aol.com", yahoo},
	{"me.com", apple},
	{"icloud.com", apple},
	{"yandex.com", yandex},
	{"yandex.ru", yandex},
	{"mail.ru", mail_ru},
	{"gmx.net", gmx},
	{"gmx.com", gmx},
	{"gmx.de", gmx},
	{"web.de", web_de},
	{"zoho.com", zoho},
	{"zoho.eu", zoho},
	{"zoho.in", zoho},
	{"qq.com", qq},
	{"163.com", china},
	{"126.com", china},
	{"188.com", china},
	{"yeah.net", china},
	{"fastmail.com", fastmail},
	{"purelymail.com", purelymail},
	{"t-online.de", t_online},
	{"naver.com", switched},
	{"ukr.net", switched},
	{"rambler.ru", switched},
};

static bool is_below(const char *host, const char *domain)
{
	size_t h = strlen(host), d = strlen(domain);

	return h >= d && strcasecmp(host + h - d, domain) == 0 &&
	       (h == d || host[h - d - 1] == '.');
}

const char *provider_login_hint(const char *host)
{
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
		if (is_below(host, providers[i].domain))
			return providers[i].login;
	return NULL;
}

/*
 * What a service lets an account have. Its own words count by powers of 1000.
 * Gmail: 2,500 MB a day by IMAP and 1,250 MB by POP3 of each account, and 15
 * sessions, of which people's own programs need some.
 */
static const struct {
	const char *domain;
	uint64_t imap_bytes, pop3_bytes;
	int64_t sessions;
} limits_known[] = {
	{"gmail.com", UINT64_C(2500000000), UINT64_C(1250000000), 10},
	{"googlemail.com", UINT64_C(2500000000), UINT64_C(1250000000), 10},
};

void provider_limits(
	const char *host, enum protocol protocol, struct budget_limits *limits)
{
	for (size_t i = 0; i < sizeof limits_known / sizeof *limits_known;
		i++) {
		if (!is_below(host, limits_known[i].domain))
			continue;
		limits->account_bytes = protocol == PROTOCOL_POP3
						? limits_known[i].pop3_bytes
						: limits_known[i].imap_bytes;
		limits->account_sessions = limits_known[i].sessions;
	}
}
