/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever is accepted has one canonical text, which gives the same URL. */
#include "collector/model/url.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_url(const struct url *url)
{
	static const char ldh[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	char text[URL_TEXT_MAX], same[URL_TEXT_MAX];
	struct url again;
	struct err err;

	require(url->user[0] != '\0' && strpbrk(url->user, "\r\n") == NULL);
	require(url->port != 0 && url->host[0] != '\0');
	if (strchr(url->host, ':') == NULL)
		require(strspn(url->host, ldh) == strlen(url->host));
	url_format(url, text);
	require(url_parse(text, &again, &err) == 0);
	require(memcmp(url, &again, sizeof again) == 0);
	url_format(&again, same);
	require(strcmp(text, same) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct err err = {0};
	struct url url;

	if (text == NULL)
		return 0;
	if (url_parse(text, &url, &err) == 0)
		check_url(&url);
	else
		require(err.class == ERR_CONFIG && err.text[0] != '\0' &&
			strpbrk(err.text, "\r\n") == NULL);
	free(text);
	return 0;
}
