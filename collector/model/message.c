/* SPDX-License-Identifier: BSD-2-Clause */
#include "message.h"

#include <string.h>

static const char digits[] = "0123456789";
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "abcdefghijklmnopqrstuvwxyz0123456789-_";

bool message_is_emailid(const char *s)
{
	const char *allowed = letters;
	size_t n;

	if (strncmp(s, "gm:", 3) == 0) {
		s += 3;
		allowed = digits;
	}
	n = strspn(s, allowed);
	return n > 0 && n < MESSAGE_EMAILID_MAX - 3 && s[n] == '\0';
}
