/* SPDX-License-Identifier: BSD-2-Clause */
#include "flag_name.h"

#include "../collector/model/flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *flag_name_letters(const char *name)
{
	const char *info = strchr(name, ':');

	return info != NULL && strncmp(info, ":2,", 3) == 0 ? info + 3 : "";
}

static bool is_ours(char c)
{
	return c != '\0' && strchr("DFRST", c) != NULL;
}

static int by_byte(const void *a, const void *b)
{
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

int flag_name_make(const char *name, uint8_t system, const char *letters,
	const char *unknown, char out[NAME_MAX + 1])
{
	const char *old = flag_name_letters(name), *rest = strchr(old, ',');
	size_t end = rest != NULL ? (size_t)(rest - old) : strlen(old), n;
	char flags[6], all[NAME_MAX + 1];
	int len;

	flags_to_maildir(system, flags);
	len = snprintf(all, sizeof all, "%s%s%s", flags, letters, unknown);
	n = (size_t)len;
	for (size_t i = 0; i < end && n + 1 < sizeof all; i++)
		if (!is_ours(old[i]) && !(old[i] >= 'a' && old[i] <= 'z'))
			all[n++] = old[i];
	all[n] = '\0';
	qsort(all, n, 1, by_byte);
	len = snprintf(out, NAME_MAX + 1, "%.*s:2,%s%s",
		(int)strcspn(name, ":"), name, all, rest != NULL ? rest : "");
	return len > 0 && len <= NAME_MAX ? 0 : -1;
}
