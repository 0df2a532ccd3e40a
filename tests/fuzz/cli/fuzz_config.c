/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of settings: what is read can be said again and means the same; what
 * is refused is refused in one line that names the file. */
#include "collector/cli/config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void say_again(const struct settings *s)
{
	struct settings again;
	struct err err = {0};

	settings_init(&again);
	for (const struct settings_key *k = settings_keys; k->key != NULL;
		k++) {
		char *value = settings_get(s, k), *same;
		require(settings_set(&again, k->key, value, &err) == 0);
		same = settings_get(&again, k);
		require(strcmp(value, same) == 0);
		free(value);
		free(same);
	}
	require(settings_check(&again, &err) == 0);
	settings_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct config c;
	struct err err = {0};
	char path[64];

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	config_init(&c);
	c.path = path;
	c.path_given = true;
	if (config_load(&c, &err) == 0)
		say_again(&c.settings);
	else
		require(err.class == ERR_CONFIG && err.text[0] != '\0' &&
			strchr(err.text, '\n') == NULL);
	config_clear(&c);
	(void)close(fd);
	return 0;
}
