/* SPDX-License-Identifier: BSD-2-Clause */
/* What servers say when they refuse, word for word, and what it means. */
#include "collector/remote/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LOGIN VERDICT_LOGIN
#define COMMAND VERDICT_COMMAND
#define BYE VERDICT_SESSION
#define ACCOUNT ERR_SCOPE_ACCOUNT
#define SESSION ERR_SCOPE_SESSION
#define MAILBOX ERR_SCOPE_MAILBOX
#define MESSAGE ERR_SCOPE_MESSAGE
#define LATER ERR_RETRY_LATER
#define CHANGE ERR_RETRY_CHANGE
#define NOW ERR_RETRY_NOW
#define NONE ERR_NO_COMPLAINT
#define SESSIONS ERR_TOO_MANY_SESSIONS
#define LOGINS ERR_TOO_MANY_LOGINS
#define MUCH ERR_TOO_MUCH

static const struct {
	enum verdict_of of;
	const char *code, *text;
	enum err_class class;
	enum err_scope scope;
	enum err_retry retry;
	enum err_complaint complaint;
	uint32_t after_ms;
	bool host_wide;
} rows[] = {
	/* ---- Gmail */
	{LOGIN, "AUTHENTICATIONFAILED", "Invalid credentials (Failure)",
		ERR_AUTH, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "ALERT",
		"Application-specific password required: "
		"https://support.google.com/accounts/answer/185833 (Failure)",
		ERR_AUTH, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "WEBALERT", "Web login required (Failure)", ERR_AUTH, ACCOUNT,
		CHANGE, NONE, 0, false},
	{LOGIN, "ALERT",
		"Please log in via your web browser: "
		"https://support.google.com/mail/accounts/answer/78754 "
		"(Failure)",
		ERR_AUTH, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "ALERT",
		"Your account is not enabled for IMAP use. Please visit your "
		"Gmail settings page and enable your account for IMAP access. "
		"(Failure)",
		ERR_REFUSED, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "ALERT",
		"IMAP access is disabled for your domain. Please contact your "
		"domain administrator for questions about this feature. "
		"(Failure)",
		ERR_REFUSED, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "ALERT", "Too many simultaneous connections. (Failure)",
		ERR_THROTTLED, SESSION, LATER, SESSIONS, 0, false},
	{LOGIN, "ALERT",
		"Account exceeded command or bandwidth limits. (Failure)",
		ERR_QUOTA, ACCOUNT, LATER, MUCH, 0, false},
	{COMMAND, "OVERQUOTA",
		"Account exceeded command or bandwidth limits. (Failure)",
		ERR_QUOTA, ACCOUNT, LATER, MUCH, 0, false},
	{BYE, "OVERQUOTA", "Account exceeded bandwidth limits.", ERR_QUOTA,
		ACCOUNT, LATER, MUCH, 0, false},
	{COMMAND, "THROTTLED", "Throttled", ERR_THROTTLED, SESSION, LATER, NONE,
		0, false},
	{COMMAND, "", "Success [THROTTLED]", ERR_THROTTLED, SESSION, LATER,
		NONE, 0, false},
	{BYE, "", "Session expired, please login again.", ERR_REFUSED, SESSION,
		LATER, NONE, 0, false},
	{BYE, "", "System error", ERR_REFUSED, SESSION, LATER, NONE, 0, false},
	{BYE, "", "Temporary System Error", ERR_REFUSED, SESSION, LATER, NONE,
		0, false},
	{LOGIN, "AUTH", "[AUTH] Username and password not accepted.", ERR_AUTH,
		ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "SYS/PERM",
		"[SYS/PERM] Your account is not enabled for POP access. Please "
		"visit your Gmail settings page and enable your account for "
		"POP access.",
		ERR_REFUSED, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "SYS/TEMP",
		"[SYS/TEMP] Temporary system problem. Please try again later. "
		"f13si",
		ERR_REFUSED, ACCOUNT, LATER, NONE, 0, false},
	{LOGIN, "IN-USE",
		"[IN-USE] Unable to lock maildrop: Mailbox is locked by POP "
		"server",
		ERR_REFUSED, ACCOUNT, LATER, NONE, 0, false},
	/* ---- Exchange, Exchange Online */
	{LOGIN, "", "LOGIN failed.", ERR_AUTH, ACCOUNT, LATER, NONE, 0, false},
	{LOGIN, "", "AUTHENTICATE failed.", ERR_AUTH, ACCOUNT, LATER, NONE, 0,
		false},
	{LOGIN, "", "User is authenticated but not connected.", ERR_REFUSED,
		SESSION, LATER, NONE, 0, false},
	{LOGIN, "", "LOGIN BasicAuthBlocked", ERR_AUTH, ACCOUNT, CHANGE, NONE,
		0, false},
	{COMMAND, "",
		"Request is throttled. Suggested Backoff Time: 299961 "
		"milliseconds",
		ERR_THROTTLED, SESSION, LATER, NONE, 299961, false},
	{LOGIN, "",
		"Request is throttled. Suggested Backoff Time: 61000 "
		"milliseconds",
		ERR_THROTTLED, SESSION, LATER, NONE, 61000, false},
	{BYE, "", "Session invalidated - AccessTokenExpired", ERR_NETWORK,
		SESSION, NOW, NONE, 0, false},
	{BYE, "", "Connection is closed. 13", ERR_REFUSED, SESSION, LATER, NONE,
		0, false},
	{BYE, "",
		"Connection closed due to too many concurrent connections from "
		"this user",
		ERR_THROTTLED, SESSION, LATER, SESSIONS, 0, false},
	{LOGIN, "", "Logon failure: unknown user name or bad password.",
		ERR_AUTH, ACCOUNT, LATER, NONE, 0, false},
	{COMMAND, "", "Server Unavailable. 15", ERR_PROTOCOL, MESSAGE, LATER,
		NONE, 0, false},
	{BYE, "", "Server Unavailable. 15", ERR_REFUSED, SESSION, LATER, NONE,
		0, false},
	/* ---- Yahoo, AOL */
	{LOGIN, "AUTHENTICATIONFAILED", "LOGIN Invalid credentials", ERR_AUTH,
		ACCOUNT, CHANGE, NONE, 0, false},
	{COMMAND, "LIMIT", "UID FETCH Rate limit hit.", ERR_THROTTLED, SESSION,
		LATER, NONE, 0, false},
	{LOGIN, "LIMIT", "LOGIN Rate limit hit.", ERR_THROTTLED, SESSION, LATER,
		LOGINS, 0, false},
	{COMMAND, "SERVERBUG",
		"UID FETCH Server error - Please try again later", ERR_REFUSED,
		MAILBOX, LATER, NONE, 0, false},
	{LOGIN, "UNAVAILABLE", "LOGIN Server error - Please try again later",
		ERR_REFUSED, MAILBOX, LATER, NONE, 0, false},
	{COMMAND, "CLIENTBUG", "UID FETCH Bad sequence in the command",
		ERR_PROTOCOL, MAILBOX, LATER, NONE, 0, false},
	/* ---- iCloud, mail.ru, GMX, web.de, T-Online */
	{LOGIN, "AUTHENTICATIONFAILED", "Authentication Failed", ERR_AUTH,
		ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "UNAVAILABLE", "Internal server error", ERR_REFUSED, MAILBOX,
		LATER, NONE, 0, false},
	{LOGIN, "AUTHENTICATIONFAILED", "Application password is REQUIRED",
		ERR_AUTH, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "", "IMAP access disabled for this account", ERR_REFUSED,
		ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "AUTHENTICATIONFAILED",
		"Authentication failed (account locked)", ERR_AUTH, ACCOUNT,
		CHANGE, NONE, 0, false},
	{LOGIN, "", "[SYS/TEMP] too many login failures, try again in 15 min",
		ERR_AUTH, ACCOUNT, LATER, NONE, 900000, false},
	{LOGIN, "AUTH", "[AUTH] POP3 is disabled for this mailbox", ERR_AUTH,
		ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "", "mailbox is disabled for POP3 access", ERR_REFUSED, ACCOUNT,
		CHANGE, NONE, 0, false},
	/* ---- Yandex */
	{LOGIN, "AUTHENTICATIONFAILED",
		"LOGIN invalid credentials or IMAP is disabled sc=abc",
		ERR_AUTH, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "", "LOGIN internal server error sc=xyz", ERR_REFUSED, SESSION,
		LATER, NONE, 0, false},
	{COMMAND, "UNAVAILABLE", "UID SEARCH Backend error. sc=xyz",
		ERR_REFUSED, MAILBOX, LATER, NONE, 0, false},
	{BYE, "UNAVAILABLE", "Backend error", ERR_REFUSED, MAILBOX, LATER, NONE,
		0, false},
	{BYE, "", "Too many simultaneous connections", ERR_THROTTLED, SESSION,
		LATER, SESSIONS, 0, false},
	/* ---- 163, 126, QQ */
	{COMMAND, "",
		"SELECT Unsafe Login. Please contact kefu@188.com for "
		"help",
		ERR_REFUSED, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "", "LOGIN Login error or password error", ERR_AUTH, ACCOUNT,
		LATER, NONE, 0, false},
	{LOGIN, "",
		"Login fail. Account is abnormal, service is not open, "
		"password is incorrect, login frequency limited, or system is "
		"busy.",
		ERR_AUTH, ACCOUNT, LATER, NONE, 0, false},
	{LOGIN, "", "Login fail. Please using authorization code to login.",
		ERR_AUTH, ACCOUNT, CHANGE, NONE, 0, false},
	/* ---- Dovecot */
	{LOGIN, "AUTHENTICATIONFAILED", "Authentication failed.", ERR_AUTH,
		ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "AUTH", "[AUTH] Authentication failed.", ERR_AUTH, ACCOUNT,
		CHANGE, NONE, 0, false},
	{LOGIN, "UNAVAILABLE",
		"Temporary authentication failure. [mx:2026-01-01 00:00:00]",
		ERR_REFUSED, MAILBOX, LATER, NONE, 0, false},
	{LOGIN, "PRIVACYREQUIRED",
		"Plaintext authentication disallowed on non-secure (SSL/TLS) "
		"connections.",
		ERR_TLS, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "",
		"[UNAVAILABLE] Maximum number of connections from user+IP "
		"exceeded (mail_max_userip_connections=10)",
		ERR_THROTTLED, SESSION, LATER, SESSIONS, 0, false},
	{BYE, "UNAVAILABLE",
		"[UNAVAILABLE] Maximum number of connections from your IP "
		"exceeded",
		ERR_THROTTLED, SESSION, LATER, SESSIONS, 0, true},
	{BYE, "", "Disconnected for inactivity.", ERR_NETWORK, SESSION, NOW,
		NONE, 0, false},
	{BYE, "", "Server shutting down.", ERR_REFUSED, SESSION, LATER, NONE, 0,
		false},
	{COMMAND, "NONEXISTENT", "Mailbox doesn't exist: Old", ERR_REFUSED,
		MAILBOX, CHANGE, NONE, 0, false},
	{COMMAND, "NOPERM", "Permission denied", ERR_REFUSED, MAILBOX, CHANGE,
		NONE, 0, false},
	{COMMAND, "SERVERBUG",
		"Internal error occurred. Refer to server log for more "
		"information.",
		ERR_REFUSED, MAILBOX, LATER, NONE, 0, false},
	{COMMAND, "INUSE", "Mailbox is locked", ERR_REFUSED, MAILBOX, LATER,
		NONE, 0, false},
	{LOGIN, "SYS/TEMP", "[SYS/TEMP] Timeout while waiting for lock",
		ERR_REFUSED, ACCOUNT, LATER, NONE, 0, false},
	{COMMAND, "EXPUNGEISSUED", "Some messages were already expunged",
		ERR_PROTOCOL, MESSAGE, LATER, NONE, 0, false},
	/* ---- Courier */
	{LOGIN, "", "Login failed.", ERR_AUTH, ACCOUNT, LATER, NONE, 0, false},
	{LOGIN, "", "Error, maximum number of connections reached",
		ERR_THROTTLED, SESSION, LATER, SESSIONS, 0, false},
	{LOGIN, "",
		"Too many IMAP connections from your IP address (4), see "
		"MAXPERIP",
		ERR_THROTTLED, SESSION, LATER, SESSIONS, 0, true},
	{LOGIN, "LOGIN-DELAY",
		"[LOGIN-DELAY] minimum time between mail checks violation",
		ERR_REFUSED, ACCOUNT, LATER, NONE, 0, false},
	{BYE, "", "Temporary problem, please try again later", ERR_REFUSED,
		SESSION, LATER, NONE, 0, false},
	/* ---- Cyrus */
	{LOGIN, "", "Login failed: authentication failure", ERR_AUTH, ACCOUNT,
		LATER, NONE, 0, false},
	{LOGIN, "AUTHENTICATIONFAILED", "authentication failure", ERR_AUTH,
		ACCOUNT, CHANGE, NONE, 0, false},
	{BYE, "", "Fatal error: can not open mailbox; try again later",
		ERR_REFUSED, SESSION, LATER, NONE, 0, false},
	{LOGIN, "LIMIT", "Too many open connections of this user",
		ERR_THROTTLED, SESSION, LATER, SESSIONS, 0, false},
	{BYE, "", "idle for too long", ERR_NETWORK, SESSION, NOW, NONE, 0,
		false},
	{COMMAND, "", "Mailbox does not exist", ERR_PROTOCOL, MESSAGE, LATER,
		NONE, 0, false},
	/* ---- UW, Mailutils, popa3d, qpopper, solid-pop3d */
	{LOGIN, "", "Bad login", ERR_AUTH, ACCOUNT, LATER, NONE, 0, false},
	{LOGIN, "", "Authentication failed (bad username or password)",
		ERR_AUTH, ACCOUNT, LATER, NONE, 0, false},
	{BYE, "", "Autologout; idle for too long", ERR_NETWORK, SESSION, NOW,
		NONE, 0, false},
	{LOGIN, "", "authorization failed", ERR_AUTH, ACCOUNT, LATER, NONE, 0,
		false},
	/* ---- Zoho, SmarterMail, hMailServer, Zimbra, Strato */
	{LOGIN, "ALERT", "Your account is not enabled for IMAP access",
		ERR_REFUSED, ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "",
		"You are yet to enable IMAP for your account. Please contact "
		"your administrator (IMAP is disabled)",
		ERR_REFUSED, ACCOUNT, CHANGE, NONE, 0, false},
	{BYE, "", "Too many invalid login attempts, wait 10 minutes", ERR_AUTH,
		ACCOUNT, LATER, NONE, 600000, false},
	{LOGIN, "", "Too many logins, retry after 30 seconds", ERR_THROTTLED,
		SESSION, LATER, LOGINS, 30000, false},
	{BYE, "", "Zimbra IMAP4rev1 server is overloaded", ERR_REFUSED, SESSION,
		LATER, NONE, 0, false},
	{COMMAND, "", "Daily download limit exceeded", ERR_QUOTA, ACCOUNT,
		LATER, MUCH, 0, false},
	{LOGIN, "AUTHENTICATIONFAILED", "account is blocked, too many requests",
		ERR_THROTTLED, SESSION, LATER, LOGINS, 0, false},
	/* ---- codes of which there are no sentences */
	{LOGIN, "EXPIRED", "That password isn't valid any more", ERR_AUTH,
		ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "AUTHORIZATIONFAILED", "No such authorization-ID", ERR_AUTH,
		ACCOUNT, CHANGE, NONE, 0, false},
	{LOGIN, "CONTACTADMIN", "", ERR_REFUSED, MAILBOX, LATER, NONE, 0,
		false},
	{COMMAND, "CORRUPTION", "Cache is corrupt", ERR_REFUSED, MAILBOX, LATER,
		NONE, 0, false},
	{COMMAND, "CANNOT", "", ERR_REFUSED, MAILBOX, CHANGE, NONE, 0, false},
	{COMMAND, "OVERQUOTA", "enough", ERR_QUOTA, MAILBOX, LATER, NONE, 0,
		false},
	/* ---- nothing at all, and nonsense */
	{LOGIN, "", "", ERR_AUTH, ACCOUNT, LATER, NONE, 0, false},
	{COMMAND, "", "", ERR_PROTOCOL, MESSAGE, LATER, NONE, 0, false},
	{BYE, "", "", ERR_REFUSED, SESSION, LATER, NONE, 0, false},
	{COMMAND, "", "Backoff Time: 99999999999999 hours", ERR_THROTTLED,
		SESSION, LATER, NONE, 86400000, false},
	{COMMAND, "", "Suggested Backoff Time: soon", ERR_THROTTLED, SESSION,
		LATER, NONE, 0, false},
};

static void test_sentences(void **state)
{
	size_t n = sizeof rows / sizeof rows[0];

	(void)state;
	assert_true(n >= 60);
	for (size_t i = 0; i < n; i++) {
		struct verdict v;
		verdict_find(rows[i].of, rows[i].code, rows[i].text, &v);
		if (v.class != rows[i].class || v.scope != rows[i].scope ||
			v.retry != rows[i].retry ||
			v.complaint != rows[i].complaint ||
			v.after_ms != rows[i].after_ms ||
			v.host_wide != rows[i].host_wide)
			fail_msg("[%s] %s: %s scope %d retry %d complaint %d "
				 "after %u wide %d",
				rows[i].code, rows[i].text,
				err_class_name(v.class), (int)v.scope,
				(int)v.retry, (int)v.complaint, v.after_ms,
				v.host_wide);
	}
}

/* What is told goes into the error, seconds never fewer than milliseconds. */
static void test_told(void **state)
{
	struct verdict v;
	struct err err;

	(void)state;
	verdict_find(COMMAND, "", "throttled, wait 1501 ms", &v);
	(void)err_set(&err, v.class, v.scope, v.retry, "x");
	verdict_tell(&v, &err);
	assert_int_equal(err.retry_after_ms, 1501);
	assert_int_equal(err.retry_after_s, 2);
	assert_string_equal(err.hint, "");
	verdict_find(LOGIN, "", "Too many connections from your IP", &v);
	verdict_tell(&v, &err);
	assert_int_equal(err.complaint, ERR_TOO_MANY_SESSIONS);
	assert_true(err.host_wide);
	assert_non_null(strstr(err.hint, "pool.per_host"));
	verdict_tell(&v, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
