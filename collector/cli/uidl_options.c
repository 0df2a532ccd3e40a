/* SPDX-License-Identifier: BSD-2-Clause */
#include "uidl_options.h"

#include "../base/mem.h"

#include <stdlib.h>

static int refuse(const char *value, const char *why, struct err *err)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"--uidl-from %s: %s", value, why);
}

static int take(struct account *a, const char *value, struct err *err)
{
	char text[URL_TEXT_MAX] = "";
	struct url url;

	if (value[0] != '\0') {
		if (url_parse(value, &url, err) != 0)
			return err_where(err, "--uidl-from");
		if (url.protocol != PROTOCOL_POP3)
			return refuse(value,
				"it takes the POP3 server of the same mailbox, "
				"such as pop3s://USER@HOST",
				err);
		url_format(&url, text);
	}
	free(a->uidl_from);
	a->uidl_from = mem_strdup(text);
	return 0;
}

int uidl_options_apply(struct account *a, const char *value, struct err *err)
{
	if (value != NULL && take(a, value, err) != 0)
		return -1;
	if (a->uidl_from[0] == '\0')
		return 0;
	if (a->url.protocol != PROTOCOL_IMAP)
		return refuse(a->uidl_from,
			"an account that is collected by POP3 has its UIDLs "
			"from there; --uidl-from \"\" takes this one away",
			err);
	if (a->new_uids)
		return refuse(a->uidl_from,
			"--new-uids keeps no UIDLs; choose one of the two",
			err);
	return 0;
}
