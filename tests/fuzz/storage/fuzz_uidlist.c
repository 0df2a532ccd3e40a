/* SPDX-License-Identifier: BSD-2-Clause */
/* A dovecot-uidlist as a tenant may have left it: read, appended to, raised,
 * and read again. */
#include "storage/uidlist.h"
#include "tests/fuzz/memory_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static int put(int dir_fd, const uint8_t *data, size_t size)
{
	int fd = openat(dir_fd, UIDLIST_FILE,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	require(fd >= 0);
	require(write(fd, data, size) == (ssize_t)size);
	return close(fd);
}

static int on_record(void *arg, const struct uidlist_record *r)
{
	size_t *count = arg;

	require(r->uid != 0 && r->name[0] != '\0');
	require(strchr(r->name, '/') == NULL && strchr(r->name, ':') == NULL);
	++*count;
	return 0;
}

/* What was there is there, and what we have added is the last. */
static void extend(struct uidlist *u, int dir_fd, bool damaged)
{
	const struct uidlist_record r = {
		.uid = u->next, .order = 7, .uidl = "a b", .name = "x,S=1"};
	const struct uidlist_config *config = u->config;
	struct uidlist_head head = u->head;
	uint32_t next = u->next;
	size_t before = 0, after = 0;

	if (next >= UIDLIST_UID_MAX)
		return;
	require(uidlist_each(u, on_record, &before) == 0);
	require(uidlist_append(u, &r, 1, NULL) == 0);
	require(uidlist_raise(u, next + 10, NULL) == 0);
	uidlist_close(u);
	/* what was out of sight before may be damaged */
	if (uidlist_open(u, dir_fd, config, NULL) != 1) {
		require(damaged);
		return;
	}
	require(u->next == next + 10);
	require(u->head.uidvalidity == head.uidvalidity);
	require(strcmp(u->head.guid, head.guid) == 0);
	require(strcmp(u->head.other, head.other) == 0);
	require(uidlist_each(u, on_record, &after) == 0);
	require(after == before + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct uidlist_config config = {
		.tag = "t", .uid = (uid_t)-1, .gid = (gid_t)-1};
	struct memory_dir dir;
	struct uidlist u;

	memory_dir_open(&dir);
	(void)put(dir.fd, data, size);
	if (uidlist_open(&u, dir.fd, &config, NULL) == 1) {
		require(u.next != 0 && u.head.uidvalidity != 0);
		require(u.next >= u.head.next);
		extend(&u, dir.fd, memchr(data, 0, size) != NULL);
	}
	(void)uidlist_replace(&u, 5, 9, NULL);
	require(u.next == 9);
	uidlist_close(&u);
	memory_dir_close(&dir, UIDLIST_FILE);
	return 0;
}
