/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words that ask for less come first, whatever code stands beside them; then
 * codes; then other words. Of the words the first row that fits counts, so the
 * narrow ones stand above the wide ones.
 */
#include "verdict.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DAY_MS 86400000UL
#define ANY (VERDICT_LOGIN | VERDICT_COMMAND | VERDICT_SESSION)
#define OUTSIDE (VERDICT_LOGIN | VERDICT_SESSION) /* of a mailbox */

enum meaning {
	SLOWER,	   /* just slower */
	SESSIONS,  /* fewer sessions at once */
	LOGINS,	   /* fewer logins */
	DAY,	   /* no more today */
	NOT_NOW,   /* the server's own trouble */
	OFF,	   /* IMAP or POP3 is switched off */
	PASSWORD,  /* the wrong one, or the wrong kind */
	FAILURES,  /* too many wrong ones: nobody knows about this one */
	LOST,	   /* the session has ended in time: another one will do */
	PRIVACY,   /* TLS is wanted */
	FULL,	   /* no more can be written there */
	UNSAFE,	   /* the client is not welcome */
	MAILBOX,   /* this mailbox, not now */
	NO_ACCESS, /* this mailbox, never */
	OUR_FAULT,
	WAIT_DELAY, /* as long as its capabilities say */
};

static const struct {
	enum err_class class;
	enum err_scope scope;
	enum err_retry retry;
	enum err_complaint complaint;
	const char *hint;
} meanings[] = {
	[SLOWER] = {ERR_THROTTLED, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		ERR_NO_COMPLAINT, NULL},
	[SESSIONS] = {ERR_THROTTLED, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		ERR_TOO_MANY_SESSIONS,
		"other programs of this account hold sessions: it goes on "
		"when there are fewer; here --connections, pool.per_host and "
		"limits.hosts say how many there are"},
	[LOGINS] = {ERR_THROTTLED, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		ERR_TOO_MANY_LOGINS,
		"nothing to do: it goes on by itself; a longer --every, or "
		"logins= in limits.hosts, if it comes often"},
	[DAY] = {ERR_QUOTA, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER, ERR_TOO_MUCH,
		"nothing to do: it goes on when the provider's limit has "
		"passed; limits.hosts can keep below it"},
	[NOT_NOW] = {ERR_REFUSED, ERR_SCOPE_SESSION, ERR_RETRY_LATER,
		ERR_NO_COMPLAINT, "nothing to do: it is tried again"},
	[OFF] = {ERR_REFUSED, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		ERR_NO_COMPLAINT,
		"IMAP or POP3 has to be switched on for this account, in the "
		"web mailer's settings or by its administrator"},
	[PASSWORD] = {ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		ERR_NO_COMPLAINT, NULL},
	[FAILURES] = {ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		ERR_NO_COMPLAINT, NULL},
	[LOST] = {ERR_NETWORK, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		ERR_NO_COMPLAINT, NULL},
	[PRIVACY] = {ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		ERR_NO_COMPLAINT, "leave ?security=none out of the URL"},
	[FULL] = {ERR_QUOTA, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER,
		ERR_NO_COMPLAINT, NULL},
	[UNSAFE] = {ERR_REFUSED, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		ERR_NO_COMPLAINT,
		"the provider does not know this program: log in with the "
		"authorisation code of the web mailer's settings, or set "
		"--quirk id-first=on"},
	[MAILBOX] = {ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER,
		ERR_NO_COMPLAINT, NULL},
	[NO_ACCESS] = {ERR_REFUSED, ERR_SCOPE_MAILBOX, ERR_RETRY_CHANGE,
		ERR_NO_COMPLAINT, NULL},
	[OUR_FAULT] = {ERR_PROTOCOL, ERR_SCOPE_MAILBOX, ERR_RETRY_LATER,
		ERR_NO_COMPLAINT, NULL},
	[WAIT_DELAY] = {ERR_REFUSED, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		ERR_NO_COMPLAINT, NULL},
};

struct words {
	const char *words; /* in any case */
	enum meaning meaning;
	unsigned of;
};

/* They ask for less. */
static const struct words strong[] = {
	{"backoff time", SLOWER, ANY},
	{"password is incorrect", FAILURES, OUTSIDE},
	{"login failures", FAILURES, OUTSIDE},
	{"failed login", FAILURES, OUTSIDE},
	{"failed auth", FAILURES, OUTSIDE},
	{"bad auth", FAILURES, OUTSIDE},
	{"invalid login attempts", FAILURES, OUTSIDE},
	{"incorrect password attempts", FAILURES, OUTSIDE},
	{"authentication failures", FAILURES, OUTSIDE},
	{"bandwidth", DAY, ANY},
	{"daily", DAY, ANY},
	{"per day", DAY, ANY},
	{"24 hours", DAY, ANY},
	{"download limit", DAY, ANY},
	{"transfer limit", DAY, ANY},
	{"traffic limit", DAY, ANY},
	{"simultaneous", SESSIONS, ANY},
	{"concurrent", SESSIONS, ANY},
	{"number of connections", SESSIONS, ANY},
	{"number of sessions", SESSIONS, ANY},
	{"number of simult", SESSIONS, ANY},
	{"too many connections", SESSIONS, ANY},
	{"too many imap connections", SESSIONS, ANY},
	{"too many open connections", SESSIONS, ANY},
	{"too many sessions", SESSIONS, ANY},
	{"connection limit", SESSIONS, ANY},
	{"connections limit", SESSIONS, ANY},
	{"session limit", SESSIONS, ANY},
	{"many connections", SESSIONS, ANY},
	{"connection rate", LOGINS, OUTSIDE},
	{"too many login", LOGINS, OUTSIDE},
	{"too many logon", LOGINS, OUTSIDE},
	{"login rate", LOGINS, OUTSIDE},
	{"login limit", LOGINS, OUTSIDE},
	{"login frequency", LOGINS, OUTSIDE},
	{"login too frequent", LOGINS, OUTSIDE},
	{"logins too", LOGINS, OUTSIDE},
	{"between logins", LOGINS, OUTSIDE},
	{"too frequent", LOGINS, OUTSIDE},
	{"rate limit", LOGINS, VERDICT_LOGIN},
	{"too many requests", LOGINS, VERDICT_LOGIN},
	{"rate limit", SLOWER, ANY},
	{"ratelimit", SLOWER, ANY},
	{"rate exceeded", SLOWER, ANY},
	{"throttl", SLOWER, ANY},
	{"slow down", SLOWER, ANY},
	{"too many", SLOWER, ANY},
	{"too frequent", SLOWER, ANY},
	{"too fast", SLOWER, ANY},
	{"try again too soon", SLOWER, ANY},
	{"backoff", SLOWER, ANY},
};

static const struct words weak[] = {
	{"authenticated but not connected", NOT_NOW, OUTSIDE},
	{"unsafe login", UNSAFE, ANY},
	{"accesstokenexpired", LOST, VERDICT_SESSION},
	{"session expired", NOT_NOW, VERDICT_SESSION}, /* Gmail: slow down */
	{"inactivity", LOST, VERDICT_SESSION},
	{"autologout", LOST, VERDICT_SESSION},
	{"idle for too long", LOST, VERDICT_SESSION},
	{"idle too long", LOST, VERDICT_SESSION},
	{"not enabled for", OFF, OUTSIDE},
	{"not enabled on", OFF, OUTSIDE},
	{"access is disabled", OFF, OUTSIDE},
	{"access disabled", OFF, OUTSIDE},
	{"access is not allowed", OFF, OUTSIDE},
	{"access not allowed", OFF, OUTSIDE},
	{"is disabled for", OFF, OUTSIDE},
	{"disabled for your domain", OFF, OUTSIDE},
	{"imap is disabled", OFF, OUTSIDE},
	{"imap disabled", OFF, OUTSIDE},
	{"pop3 is disabled", OFF, OUTSIDE},
	{"pop is disabled", OFF, OUTSIDE},
	{"imap service is not", OFF, OUTSIDE},
	{"pop3 service is not", OFF, OUTSIDE},
	{"protocol is not allowed", OFF, OUTSIDE},
	{"please enable imap", OFF, OUTSIDE},
	{"please enable pop", OFF, OUTSIDE},
	{"app password", PASSWORD, VERDICT_LOGIN},
	{"application-specific password", PASSWORD, VERDICT_LOGIN},
	{"application password", PASSWORD, VERDICT_LOGIN},
	{"authorization code", PASSWORD, VERDICT_LOGIN},
	{"web login required", PASSWORD, VERDICT_LOGIN},
	{"via your web browser", PASSWORD, VERDICT_LOGIN},
	{"basicauthblocked", PASSWORD, VERDICT_LOGIN},
	{"basic authentication is disabled", PASSWORD, VERDICT_LOGIN},
	{"account locked", PASSWORD, VERDICT_LOGIN},
	{"account is locked", PASSWORD, VERDICT_LOGIN},
	{"account is blocked", PASSWORD, VERDICT_LOGIN},
	{"account has been blocked", PASSWORD, VERDICT_LOGIN},
	{"account disabled", PASSWORD, VERDICT_LOGIN},
	{"account is disabled", PASSWORD, VERDICT_LOGIN},
	{"account suspended", PASSWORD, VERDICT_LOGIN},
	{"account is suspended", PASSWORD, VERDICT_LOGIN},
	{"temporar", NOT_NOW, OUTSIDE},
	{"unavailable", NOT_NOW, OUTSIDE},
	{"try again later", NOT_NOW, OUTSIDE},
	{"try later", NOT_NOW, OUTSIDE},
	{"overload", NOT_NOW, OUTSIDE},
	{"server busy", NOT_NOW, OUTSIDE},
	{"server is busy", NOT_NOW, OUTSIDE},
	{"maintenance", NOT_NOW, OUTSIDE},
	{"shutting down", NOT_NOW, OUTSIDE},
	{"internal error", NOT_NOW, OUTSIDE},
	{"internal server error", NOT_NOW, OUTSIDE},
	{"system error", NOT_NOW, OUTSIDE},
	{"server error", NOT_NOW, OUTSIDE},
	{"backend error", NOT_NOW, OUTSIDE},
};

static const struct {
	const char *code;
	enum meaning meaning;
} codes[] = {
	/* RFC 5530 3 */
	{"UNAVAILABLE", MAILBOX},
	{"AUTHENTICATIONFAILED", PASSWORD},
	{"AUTHORIZATIONFAILED", PASSWORD},
	{"EXPIRED", PASSWORD},
	{"PRIVACYREQUIRED", PRIVACY},
	{"CONTACTADMIN", MAILBOX},
	{"NOPERM", NO_ACCESS},
	{"INUSE", MAILBOX},
	{"CORRUPTION", MAILBOX},
	{"SERVERBUG", MAILBOX},
	{"CLIENTBUG", OUR_FAULT},
	{"CANNOT", NO_ACCESS},
	{"LIMIT", SLOWER},
	{"OVERQUOTA", FULL},
	{"NONEXISTENT", NO_ACCESS},
	/* Gmail's, and Yahoo's */
	{"THROTTLED", SLOWER},
	{"WEBALERT", PASSWORD},
	/* RFC 2449 8, RFC 3206 */
	{"AUTH", PASSWORD},
	{"IN-USE", WAIT_DELAY},
	{"LOGIN-DELAY", WAIT_DELAY},
	{"SYS/TEMP", WAIT_DELAY},
	{"SYS/PERM", OFF},
};

/* ---- how long */

static uint32_t clamp_ms(unsigned long n, unsigned long unit_ms)
{
	return n > DAY_MS / unit_ms ? (uint32_t)DAY_MS
				    : (uint32_t)(n * unit_ms);
}

/* "300 seconds", "15 min" at p; 0 if it is nothing of the kind. */
static uint32_t read_time(const char *p)
{
	static const struct {
		const char *name;
		unsigned long ms;
	} units[] = {{"ms", 1}, {"milli", 1}, {"sec", 1000}, {"min", 60000},
		{"hour", 3600000}};
	char *end;
	unsigned long n;

	while (*p == ' ' || *p == ':')
		p++;
	if (!isdigit((unsigned char)*p))
		return 0;
	n = strtoul(p, &end, 10);
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strncasecmp(end, units[i].name, strlen(units[i].name)) == 0)
			return clamp_ms(n, units[i].ms);
	return 0;
}

/* "Suggested Backoff Time: 299961 milliseconds" (Exchange Online), and what
 * others say. */
static uint32_t read_after_ms(const char *text)
{
	static const char *const before[] = {"backoff time:", "again in",
		"again after", "retry in", "retry after", "wait"};

	for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
		const char *p = strcasestr(text, before[i]);
		uint32_t ms = p != NULL ? read_time(p + strlen(before[i])) : 0;
		if (ms != 0)
			return ms;
	}
	return 0;
}

/* ---- whose */

/* "… from your IP": everybody's. "from user+IP" (Dovecot) is one user's. */
static bool is_host_wide(const char *text)
{
	static const char *const words[] = {"your ip", "this ip", "same ip",
		"client ip", "ip address", "per ip", "from your host",
		"from this host"};

	if (strcasestr(text, "user+ip") != NULL)
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasestr(text, words[i]) != NULL)
			return true;
	return false;
}

/* ---- the whole */

static bool find_words(const struct words *rows, size_t count,
	enum verdict_of of, const char *text, enum meaning *ret)
{
	for (size_t i = 0; i < count; i++)
		if ((rows[i].of & of) != 0 &&
			strcasestr(text, rows[i].words) != NULL) {
			*ret = rows[i].meaning;
			return true;
		}
	return false;
}

static bool find_code(const char *code, enum meaning *ret)
{
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(code, codes[i].code) == 0) {
			*ret = codes[i].meaning;
			return true;
		}
	return false;
}

static bool find(enum verdict_of of, const char *code, const char *text,
	enum meaning *ret)
{
	return find_words(
		       strong, sizeof strong / sizeof *strong, of, text, ret) ||
	       find_code(code, ret) ||
	       find_words(weak, sizeof weak / sizeof *weak, of, text, ret);
}

static void set_default(enum verdict_of of, struct verdict *v)
{
	v->class = of == VERDICT_LOGIN	   ? ERR_AUTH
		   : of == VERDICT_COMMAND ? ERR_PROTOCOL
					   : ERR_REFUSED;
	v->scope = of == VERDICT_LOGIN	   ? ERR_SCOPE_ACCOUNT
		   : of == VERDICT_COMMAND ? ERR_SCOPE_MESSAGE
					   : ERR_SCOPE_SESSION;
	v->retry = ERR_RETRY_LATER;
}

void verdict_find(enum verdict_of of, const char *code, const char *text,
	struct verdict *ret_verdict)
{
	struct verdict v = {.known = false};
	enum meaning m;

	set_default(of, &v);
	if (find(of, code, text, &m))
		v = (struct verdict){.known = true,
			.class = meanings[m].class,
			.scope = meanings[m].scope,
			.retry = meanings[m].retry,
			.complaint = meanings[m].complaint,
			.hint = meanings[m].hint};
	/* a password that is wrong does not become right by waiting */
	if (v.retry == ERR_RETRY_LATER)
		v.after_ms = read_after_ms(text);
	if (v.complaint != ERR_NO_COMPLAINT)
		v.host_wide = is_host_wide(text);
	*ret_verdict = v;
}

void verdict_tell(const struct verdict *verdict, struct err *err)
{
	if (err == NULL)
		return;
	err->complaint = verdict->complaint;
	err->host_wide = verdict->host_wide;
	err->retry_after_ms = verdict->after_ms;
	err->retry_after_s =
		verdict->after_ms / 1000 + (verdict->after_ms % 1000 != 0);
	if (verdict->hint != NULL)
		(void)err_hint(err, "%s", verdict->hint);
}
