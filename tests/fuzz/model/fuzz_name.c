/* SPDX-License-Identifier: BSD-2-Clause */
/* The first byte is the delimiter, the rest a mailbox as a server sent it. */
#include "collector/model/name.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_BYTES (NAME_FOLDER_MAX * 3 + 64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_dir(const char *dir, bool inbox)
{
	size_t n = strnlen(dir, NAME_DIR_MAX);

	require(n < NAME_DIR_MAX);
	require(inbox == (n == 0));
	if (inbox)
		return;
	require(dir[0] == '.' && n > 1 && dir[n - 1] != '.');
	require(strchr(dir, '/') == NULL && strstr(dir, "..") == NULL);
	for (size_t i = 0; i < n; i++)
		require(dir[i] >= 0x20 && dir[i] < 0x7f);
}

static bool is_cut(const char *dir)
{
	size_t n = strlen(dir);

	return n > 180 && dir[n - 11] == '~';
}

static void check_mailbox(const char *mailbox, char delimiter)
{
	char folder[FOLDER_BYTES], back[FOLDER_BYTES];
	char dir[NAME_DIR_MAX], again[NAME_DIR_MAX];
	bool inbox = name_is_inbox(mailbox);

	require(name_folder_of(mailbox, delimiter, folder, sizeof folder) == 0);
	require(name_folder_dir(folder, 0, dir) == 0);
	check_dir(dir, inbox);
	require(name_folder_from_dir(dir, back, sizeof back) == 0);
	require(is_cut(dir) || strcmp(back, folder) == 0);
	require(name_folder_dir(back, 0, again) == 0);
	require(strcmp(again, dir) == 0);
	require(name_folder_dir(folder, 12, dir) == 0);
	check_dir(dir, false);
	/* As if a person had typed it. */
	require(name_folder_dir(mailbox, 0, dir) == 0);
	check_dir(dir, inbox);
	(void)name_glob(mailbox, folder);
	require(name_glob("*", folder));
}

static void check_mutf7(const char *text)
{
	char utf8[2 * NAME_MAILBOX_MAX], mutf7[8 * NAME_MAILBOX_MAX];
	char folded[8 * NAME_MAILBOX_MAX];

	if (name_from_mutf7(text, utf8, sizeof utf8) == 0) {
		require(name_to_mutf7(utf8, mutf7, sizeof mutf7) == 0);
		require(strcmp(mutf7, text) == 0);
	}
	if (name_to_mutf7(text, mutf7, sizeof mutf7) == 0) {
		require(name_from_mutf7(mutf7, utf8, sizeof utf8) == 0);
		require(strcmp(utf8, text) == 0);
	}
	(void)name_casefold(text, folded, sizeof folded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *mailbox;

	if (size == 0 || size > NAME_MAILBOX_MAX)
		return 0;
	/* Exactly as long as it is, so that a read past it is seen. */
	mailbox = strndup((const char *)data + 1, size - 1);
	if (mailbox == NULL)
		return 0;
	check_mailbox(mailbox, (char)data[0]);
	check_mutf7(mailbox);
	free(mailbox);
	return 0;
}
