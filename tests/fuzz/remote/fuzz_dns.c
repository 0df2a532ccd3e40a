/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever a name server says: the first byte tells which reader. */
#include "collector/remote/dns.h"

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
	struct srv_record r[DNS_RECORDS_MAX];
	char host[URL_HOST_MAX];
	int count;

	if (size == 0)
		return 0;
	count = data[0] % 2 == 0 ? dns_read_srv(data + 1, size - 1, r)
				 : dns_read_mx(data + 1, size - 1, r);
	require(count <= DNS_RECORDS_MAX);
	for (int i = 0; i < count; i++) {
		require(r[i].target[0] == '\0' ||
			(offer_host(r[i].target, host) &&
				strcmp(host, r[i].target) == 0));
		require(i == 0 || r[i].priority >= r[i - 1].priority);
	}
	return 0;
}
