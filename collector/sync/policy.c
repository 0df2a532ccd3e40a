/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy.h"

#include "../model/provider.h"

#include <errno.h>
#include <stddef.h>

#define HOUR_S 3600
#define DAY_S (24 * HOUR_S)

/* base ± percent, by the dice. */
static int64_t jitter(int64_t base_s, int64_t percent, uint32_t dice)
{
	int64_t spread_s = base_s * percent / 100;
	uint64_t width = (uint64_t)spread_s * 2 + 1;
	/* 31 bits of width are enough for ten years */
	uint64_t at = width * dice >> 32;

	return base_s - spread_s + (int64_t)at;
}

static int64_t backoff_s(const struct policy_facts *f)
{
	int64_t base_s = POLICY_BACKOFF_FIRST_S;
	int64_t n = f->progress ? 0 : f->attempts, s;

	while (n-- > 0 && base_s < POLICY_BACKOFF_CAP_S)
		base_s *= 2;
	if (base_s > POLICY_BACKOFF_CAP_S)
		base_s = POLICY_BACKOFF_CAP_S;
	s = jitter(base_s, 25, f->dice);
	return s < POLICY_BACKOFF_CAP_S ? s : POLICY_BACKOFF_CAP_S;
}

static int64_t due_when_done(const struct policy_facts *f)
{
	if (f->every_s > 0)
		return f->now_s + jitter(f->every_s, 10, f->dice);
	if (f->again_at_s == 0)
		return 0;
	if (f->again_at_s < f->now_s + POLICY_BACKOFF_FIRST_S)
		return f->now_s + POLICY_BACKOFF_FIRST_S;
	return f->again_at_s;
}

static int64_t due_when_failed(
	const struct policy_facts *f, const struct err *err)
{
	int64_t due_s = f->now_s + backoff_s(f), regular_s;

	if (err->retry_after_s != 0)
		/* now_s may be almost a second ago */
		return f->now_s + err->retry_after_s +
		       (err->retry_after_ms != 0);
	/* One bad mailbox must not slow down the others of its account, nor
	 * a long interval put off the next try. */
	if (err->scope <= ERR_SCOPE_MAILBOX && f->every_s > 0) {
		regular_s = f->now_s + jitter(f->every_s, 10, f->dice);
		if (regular_s < due_s || err->retry == ERR_RETRY_CHANGE)
			return regular_s;
	}
	return due_s;
}

/* Nobody knows whether it was the password: a few times more, far enough from
 * each other not to lock the account. 0: no more. */
static int64_t refusal_s(int64_t refusals)
{
	static const int64_t waits_s[] = {HOUR_S, 6 * HOUR_S, DAY_S};

	if (refusals < 0 ||
		refusals >= (int64_t)(sizeof waits_s / sizeof waits_s[0]))
		return 0;
	return waits_s[refusals];
}

static void decide_auth(
	const struct policy_facts *facts, struct job_result *result)
{
	int64_t in_s = refusal_s(facts->refusals);

	if ((int64_t)result->err.retry_after_s > in_s && in_s != 0)
		in_s = result->err.retry_after_s;
	result->needs_person = in_s == 0;
	result->next_due_s = in_s != 0 ? facts->now_s + in_s : 0;
}

static void hint_auth(const char *account, const char *host, struct err *err)
{
	const char *known = host != NULL ? provider_login_hint(host) : NULL;

	if (known != NULL)
		(void)err_hint(err, "%s; then: `mailhaul set %s --password`",
			known, account);
	else
		(void)err_hint(err,
			"check user name and password: `mailhaul set %s "
			"--password` (some providers want an app password, "
			"or IMAP or POP3 switched on)",
			account);
}

static void hint(const char *account, const char *host, struct err *err)
{
	switch (err->class) {
	case ERR_AUTH:
		hint_auth(account, host, err);
		return;
	case ERR_REFUSED:
		(void)err_hint(err,
			"see whether the provider allows IMAP or POP3 for "
			"this account");
		return;
	case ERR_THROTTLED:
		(void)err_hint(err, "nothing to do: it goes on by itself; "
				    "lower pool.per_host if it comes often");
		return;
	case ERR_QUOTA:
		(void)err_hint(err,
			"wait for the provider's limit to pass, or raise "
			"limits.account");
		return;
	case ERR_NETWORK:
		(void)err_hint(err,
			"check host and port with `mailhaul show %s`", account);
		return;
	case ERR_TIMEOUT:
		(void)err_hint(err,
			"the server is slow or gone; raise network.timeout "
			"if it is known to be slow");
		return;
	case ERR_TLS:
		(void)err_hint(err,
			"check the host name, or trust its certificate by "
			"--ca-file or --fingerprint");
		return;
	case ERR_PROTOCOL:
		(void)err_hint(
			err, "see the conversation with `-o log.level=wire`");
		return;
	case ERR_LIMIT:
		(void)err_hint(err, "raise the setting under limits.*");
		return;
	case ERR_DISK:
		if (err->errnum == EDQUOT) {
			(void)err_hint(err,
				"raise the quota of the store's owner, or "
				"make room in it");
			return;
		}
		(void)err_hint(err,
			"make room on the file systems of the store and of "
			"state.dir");
		return;
	case ERR_STORE:
		(void)err_hint(err,
			"check that the store is mounted and is the one this "
			"account was imported into");
		return;
	case ERR_CONFIG:
		(void)err_hint(err, "see `mailhaul config`");
		return;
	case ERR_CRASH:
		(void)err_hint(err,
			"the server's bytes broke a sandboxed process; please "
			"report it with the log");
		return;
	case ERR_POLICY:
		(void)err_hint(err, "see network.* and tls.allow_plain in "
				    "`mailhaul config`");
		return;
	case ERR_NONE:
	case ERR_CANCELLED:
		return;
	}
}

void policy_decide(const struct policy_facts *facts, const char *account,
	struct job_result *result)
{
	struct err *err = &result->err;

	result->needs_person = false;
	if (result->cancelled) {
		result->next_due_s = facts->now_s;
		return;
	}
	if (err->class != ERR_NONE && err->hint[0] == '\0')
		hint(account, facts->host, err);
	if (result->ok || facts->held) {
		result->needs_person = result->goes_on = facts->held;
		result->next_due_s = due_when_done(facts);
		return;
	}
	if (err->class == ERR_AUTH && err->retry == ERR_RETRY_LATER &&
		err->retry_after_s == 0) {
		decide_auth(facts, result);
		return;
	}
	result->needs_person = err->retry == ERR_RETRY_CHANGE &&
			       err->scope > ERR_SCOPE_MAILBOX;
	result->next_due_s =
		result->needs_person ? 0 : due_when_failed(facts, err);
}

int64_t policy_quarantine_s(enum err_class why, int64_t tries)
{
	static const int64_t waits_s[] = {HOUR_S, 6 * HOUR_S, DAY_S};

	/* A lost connection may have been just that. */
	if (why == ERR_NETWORK && tries == 0)
		return POLICY_BACKOFF_FIRST_S;
	if (why == ERR_LIMIT || tries < 0 ||
		tries >= (int64_t)(sizeof waits_s / sizeof waits_s[0]))
		return 7 * DAY_S;
	return waits_s[tries];
}

/* The first time it was a restart, or an envoy's death: soon, but not all at
 * once. */
int64_t policy_push_lost_s(unsigned before, uint32_t dice)
{
	int64_t base_s = POLICY_BACKOFF_FIRST_S;

	if (before == 0)
		return 1 + jitter(2, 100, dice);
	while (--before > 0 && base_s < HOUR_S)
		base_s *= 2;
	return jitter(base_s < HOUR_S ? base_s : HOUR_S, 25, dice);
}

/* A server may announce what is not there, for ever. */
int64_t policy_push_news_s(unsigned before)
{
	int64_t s = 1;

	if (before < 2)
		return 0;
	while (--before > 1 && s < POLICY_BACKOFF_FIRST_S)
		s *= 2;
	return s < POLICY_BACKOFF_FIRST_S ? s : POLICY_BACKOFF_FIRST_S;
}
