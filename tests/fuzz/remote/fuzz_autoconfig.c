/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever a web server says, the offers that come out are ones that a URL can
 * be made of. */
#include "collector/remote/autoconfig.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mail_address anna = {"anna", "example.org"};
	struct offer offers[AUTOCONFIG_SERVERS_MAX];
	char text[URL_TEXT_MAX], host[URL_HOST_MAX];
	struct err err = {0};
	size_t count = 0;

	if (autoconfig_read((const char *)data, size, &anna, offers, &count,
		    &err) < 0) {
		require(err.class != ERR_NONE && err.text[0] != '\0');
		return 0;
	}
	require(count <= AUTOCONFIG_SERVERS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct url *u = &offers[i].url;
		require(offer_host(u->host, host) &&
			strcmp(host, u->host) == 0);
		require(u->port != 0 && u->user[0] != '\0');
		require(strpbrk(u->user, "\r\n") == NULL);
		url_format(u, text);
	}
	return 0;
}
