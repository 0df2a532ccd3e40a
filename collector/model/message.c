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

bool message_are_labels(const char *s)
{
	bool empty = *s == '\0';
	bool begins = true; /* a line */

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '\n' ? begins : c < 0x20 || c == 0x7f)
			return false;
		begins = c == '\n';
	}
	return !begins || empty;
}
