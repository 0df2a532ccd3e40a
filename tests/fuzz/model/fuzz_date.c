/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a date of a server, of a header, and as a whole header. */
#include "collector/model/date.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1900 to 9999, a day and a zone more on either side. */
static void check(int r, int64_t wall_s)
{
	const int64_t first = INT64_C(-2208988800) - 172800;
	const int64_t last = INT64_C(253402300799) + 172800;

	if (r != 0 && r != -1)
		abort();
	if (r == 0 && (wall_s < first || wall_s > last))
		abort();
	if (r != 0 && wall_s != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	int64_t wall_s = 0;
	int r;

	if (text == NULL)
		return 0;
	r = date_parse_internal(text, &wall_s);
	check(r, wall_s);
	free(text);
	wall_s = 0;
	r = date_parse_rfc5322((const char *)data, size, &wall_s);
	check(r, wall_s);
	wall_s = 0;
	r = date_of_header((const char *)data, size, &wall_s);
	check(r, wall_s);
	return 0;
}
