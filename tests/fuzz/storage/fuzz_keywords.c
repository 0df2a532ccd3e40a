/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A dovecot-keywords as a tenant may have left it: read, given names to, and
 * read again. Input: the names, each with a blank behind it, up to the end of
 * the line, then the file.
 */
#include "storage/keywords.h"
#include "tests/fuzz/memory_dir.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "dovecot-keywords"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void put(int dir_fd, const uint8_t *data, size_t size)
{
	int fd = openat(dir_fd, FILE_NAME,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	require(fd >= 0);
	require(write(fd, data, size) == (ssize_t)size);
	require(close(fd) == 0);
}

/* Letters that stand keep their names; each letter once, in order. */
static void give(struct keywords *k, int dir_fd, const char *set)
{
	char letters[KEYWORDS_LETTERS + 1], unknown[KEYWORDS_LETTERS + 1];
	char *before[KEYWORDS_LETTERS];
	struct flags known = {0};
	struct err err = {0};

	for (size_t i = 0; i < KEYWORDS_LETTERS; i++)
		before[i] = k->names[i] != NULL ? strdup(k->names[i]) : NULL;
	if (keywords_letters(k, dir_fd, set, letters, NULL, &err) == 0) {
		for (size_t i = 0; letters[i] != '\0'; i++) {
			require(letters[i] >= 'a' && letters[i] <= 'z');
			require(i == 0 || letters[i - 1] < letters[i]);
		}
		require(keywords_load(k, dir_fd, &err) == 0);
		keywords_names(k, letters, &known, unknown);
		require(unknown[0] == '\0');
	}
	for (size_t i = 0; i < KEYWORDS_LETTERS; i++) {
		if (before[i] != NULL)
			require(k->names[i] != NULL &&
				strcmp(before[i], k->names[i]) == 0);
		free(before[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory_dir dir;
	struct flags set = {0};
	struct keywords k;
	struct err err = {0};
	char name[64];
	size_t n = 0;

	memory_dir_open(&dir);
	for (; size > 0 && *data != '\n'; data++, size--) {
		if (*data == ' ' || n == sizeof name - 1) {
			name[n] = '\0';
			(void)flags_add(&set, name);
			n = 0;
		} else {
			name[n++] = (char)*data;
		}
	}
	if (size > 0)
		put(dir.fd, data + 1, size - 1);
	keywords_init(&k, (uid_t)-1, (gid_t)-1, "t");
	if (keywords_load(&k, dir.fd, &err) == 0)
		give(&k, dir.fd, set.keywords);
	keywords_clear(&k);
	memory_dir_close(&dir, FILE_NAME); /* nothing is left beside it */
	return 0;
}
