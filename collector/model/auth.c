/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *name, *mechanism;
} auths[AUTH_KINDS] = {
	[AUTH_AUTO] = {"auto", NULL},
	[AUTH_PLAIN] = {"plain", "PLAIN"},
	[AUTH_LOGIN] = {"login", "LOGIN"},
	[AUTH_CRAM_MD5] = {"cram-md5", "CRAM-MD5"},
	[AUTH_SCRAM_SHA_1] = {"scram-sha-1", "SCRAM-SHA-1"},
	[AUTH_SCRAM_SHA_256] = {"scram-sha-256", "SCRAM-SHA-256"},
	[AUTH_USER_PASS] = {"user-pass", NULL},
	[AUTH_APOP] = {"apop", NULL},
	[AUTH_XOAUTH2] = {"xoauth2", "XOAUTH2"},
	[AUTH_OAUTHBEARER] = {"oauthbearer", "OAUTHBEARER"},
};

const char *auth_name(enum auth auth)
{
	return auths[auth].name;
}

const char *auth_mechanism(enum auth auth)
{
	return auths[auth].mechanism;
}

int auth_parse(const char *name, enum auth *ret_auth, struct err *err)
{
	for (size_t i = 0; i < AUTH_KINDS; i++)
		if (strcasecmp(name, auths[i].name) == 0) {
			*ret_auth = (enum auth)i;
			return 0;
		}
	if (name[0] == '\0') {
		*ret_auth = AUTH_AUTO;
		return 0;
	}
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"%s: it takes auto, plain, login, cram-md5, scram-sha-1, "
		"scram-sha-256, user-pass, apop, xoauth2 or oauthbearer",
		name);
}

uint32_t auth_bit(const char *mechanism)
{
	for (size_t i = 0; i < AUTH_KINDS; i++)
		if (auths[i].mechanism != NULL &&
			strcasecmp(mechanism, auths[i].mechanism) == 0)
			return AUTH_BIT(i);
	return 0;
}

bool auth_takes_token(enum auth auth)
{
	return auth == AUTH_XOAUTH2 || auth == AUTH_OAUTHBEARER;
}

size_t auth_choose(
	const struct auth_choice *choice, enum auth ret_order[AUTH_KINDS])
{
	static const enum auth safe[] = {AUTH_PLAIN, AUTH_USER_PASS, AUTH_LOGIN,
		AUTH_SCRAM_SHA_256, AUTH_SCRAM_SHA_1, AUTH_CRAM_MD5};
	static const enum auth clear[] = {AUTH_SCRAM_SHA_256, AUTH_SCRAM_SHA_1,
		AUTH_CRAM_MD5, AUTH_PLAIN, AUTH_USER_PASS, AUTH_LOGIN};
	static const enum auth token[] = {AUTH_OAUTHBEARER, AUTH_XOAUTH2};
	const enum auth *from = choice->encrypted ? safe : clear;
	size_t n = sizeof safe / sizeof *safe, count = 0;

	if (choice->asked != AUTH_AUTO) {
		ret_order[0] = choice->asked;
		return 1;
	}
	if (choice->token) {
		from = token;
		n = choice->encrypted ? sizeof token / sizeof *token : 0;
	}
	for (size_t i = 0; i < n; i++)
		if ((choice->offered & AUTH_BIT(from[i])) != 0)
			ret_order[count++] = from[i];
	return count;
}
