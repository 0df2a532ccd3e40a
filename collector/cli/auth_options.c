/* SPDX-License-Identifier: BSD-2-Clause */
#include "auth_options.h"

#include "../base/mem.h"
#include "../model/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuse(
	struct err *err, const char *option, const char *value, const char *why)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"--%s %s: %s", option, value, why);
}

/* The file itself may come later; links to it are left to whoever renews
 * it. */
static int apply_file(struct account *a, const char *value, struct err *err)
{
	char *here = NULL, *path;

	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return refuse(err, "token-file", "FILE",
				"its name holds a control character");
	if (value[0] == '\0' || value[0] == '/') {
		path = mem_strdup(value);
	} else {
		here = getcwd(NULL, 0);
		if (here == NULL)
			return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
				ERR_RETRY_CHANGE, errno,
				"--token-file %s: where is that", value);
		path = mem_printf("%s/%s", here, value);
		free(here);
	}
	free(a->token_file);
	a->token_file = path;
	return 0;
}

static int check(const struct account *a, enum auth auth, struct err *err)
{
	bool token = a->token_file[0] != '\0';

	if (auth == AUTH_APOP && a->url.protocol != PROTOCOL_POP3)
		return refuse(err, "auth", "apop", "it is a way of POP3 only");
	if (auth_takes_token(auth) && !token)
		return refuse(err, "auth", auth_name(auth),
			"it takes a token: --token-file FILE");
	if (token && auth != AUTH_AUTO && !auth_takes_token(auth))
		return refuse(err, "auth", auth_name(auth),
			"with --token-file it takes auto, xoauth2 or "
			"oauthbearer");
	if (token && auth == AUTH_AUTO && a->url.tls == TLS_NONE)
		return refuse(err, "token-file", a->token_file,
			"a token is not sent without TLS, unless --auth names "
			"the way");
	return 0;
}

int auth_options_apply(
	struct account *a, const struct args *args, struct err *err)
{
	const char *name = args_value(args, "auth");
	const char *file = args_value(args, "token-file");
	enum auth auth = AUTH_AUTO;

	if (file != NULL && apply_file(a, file, err) < 0)
		return -1;
	if (auth_parse(name != NULL ? name : a->auth, &auth, err) < 0)
		return err_where(err, "--auth");
	if (check(a, auth, err) < 0)
		return -1;
	if (name != NULL) {
		free(a->auth);
		a->auth = mem_strdup(auth == AUTH_AUTO ? "" : auth_name(auth));
	}
	return 0;
}
