/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sealed password as somebody who can write the database may have left it.
 * Input: a byte (which one of the row is to be altered), the account's uuid
 * (36 bytes), the row. The key file holds 32 zeros. What opens, opens no
 * more once a bit of it, or the account, is another.
 */
#include "storage/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID_BYTES 36

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct keys *load(void)
{
	char path[] = "/tmp/fuzz-secret.XXXXXX";
	static const char zeros[32];
	struct keys *keys = NULL;
	int fd = mkstemp(path);

	require(fd >= 0 && write(fd, zeros, sizeof zeros) == sizeof zeros);
	require(fchmod(fd, 0400) == 0 && close(fd) == 0);
	require(keys_load(path, &keys, NULL) == 0);
	(void)unlink(path);
	return keys;
}

static bool opens(const struct keys *keys, const char *uuid,
	const unsigned char *row, size_t n)
{
	struct secret plain = {0};
	struct err err = {0};
	bool open = keys_open_row(
			    keys, uuid, "password", row, n, &plain, &err) == 0;

	if (open)
		require(plain.len == n - 33);
	else
		require(err.class == ERR_CONFIG && err.text[0] != '\0' &&
			err.scope == ERR_SCOPE_ACCOUNT && plain.len == 0);
	secret_clear(&plain);
	return open;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keys *keys;
	char uuid[UUID_BYTES + 1] = "";
	unsigned char *row;
	size_t n;

	if (keys == NULL)
		keys = load();
	if (size < 1 + UUID_BYTES + 1)
		return 0;
	memcpy(uuid, data + 1, UUID_BYTES);
	n = size - 1 - UUID_BYTES;
	row = malloc(n);
	require(row != NULL);
	memcpy(row, data + 1 + UUID_BYTES, n);
	if (opens(keys, uuid, row, n)) {
		row[data[0] % n] ^= (unsigned char)(1 << data[0] % 8);
		require(!opens(keys, uuid, row, n));
		row[data[0] % n] ^= (unsigned char)(1 << data[0] % 8);
		uuid[0] ^= 1;
		require(!opens(keys, uuid, row, n));
		uuid[0] ^= 1;
		require(opens(keys, uuid, row, n));
	}
	free(row);
	return 0;
}
