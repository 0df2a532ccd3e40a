/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step A for a message whose bytes are in the store: a link to them in the
 * staging directory, under a sequence number like any other. From there on
 * it is a delivery: rename takes the link, not the original.
 */
#include "../collector/base/mem.h"
#include "basename.h"
#include "batch.h"
#include "delivery_file.h"
#include "publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct links {
	struct store *store;
	char dir[NAME_DIR_MAX]; /* whose listing it is */
	bool listed;
	char **names; /* sorted; the first byte: 'n' new/, 'c' cur/ */
	size_t count, cap;
};

struct links *links_open(struct store *store)
{
	struct links *l = mem_alloc(sizeof *l);

	l->store = store;
	return l;
}

static void drop_listing(struct links *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->names[i]);
	l->count = 0;
	l->listed = false;
}

void links_close(struct links **links)
{
	if (*links == NULL)
		return;
	drop_listing(*links);
	free((*links)->names);
	free(*links);
	*links = NULL;
}

static int open_sub(const struct links *l, const char *dir, const char *sub)
{
	int fd, dir_fd = openat(l->store->root_fd, dir[0] == '\0' ? "." : dir,
			DIR_FLAGS);

	if (dir_fd < 0)
		return -1;
	fd = openat(dir_fd, sub, DIR_FLAGS);
	(void)close(dir_fd);
	return fd;
}

static void list_sub(struct links *l, const char *dir, const char *sub)
{
	const struct dirent *e;
	int fd = open_sub(l, dir, sub);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (l->count == l->cap) {
			l->cap = l->cap != 0 ? l->cap * 2 : 256;
			l->names = mem_grow(l->names, l->cap, sizeof(char *));
		}
		l->names[l->count++] = mem_printf("%s%c", e->d_name, sub[0]);
	}
	(void)closedir(d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(struct links *l, const char *dir)
{
	if (l->listed && strcmp(l->dir, dir) == 0)
		return;
	drop_listing(l);
	(void)snprintf(l->dir, sizeof l->dir, "%s", dir);
	list_sub(l, dir, "new");
	list_sub(l, dir, "cur");
	if (l->count > 0)
		qsort(l->names, l->count, sizeof *l->names, by_name);
	l->listed = true;
}

/* The name behind which the sub's letter stands; NULL. */
static const char *find(const struct links *l, const char *base)
{
	size_t n = strlen(base), low = 0, high = l->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strncmp(l->names[mid], base, n) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < l->count && strncmp(l->names[low], base, n) == 0; low++)
		if (l->names[low][n] == ':' || l->names[low][n + 1] == '\0')
			return l->names[low];
	return NULL;
}

static int link_from(const struct links *l, const char *dir, const char *sub,
	const char *name, const char *seq)
{
	int rc, fd = open_sub(l, dir, sub);

	if (fd < 0)
		return -1;
	rc = linkat(fd, name, l->store->stage_fd, seq, 0);
	(void)close(fd);
	return rc;
}

/* Where it was put, else where a listing shows it. */
static int link_file(struct links *l, const struct ledger_message *of,
	const char *dir, const char *seq)
{
	char name[MAILDIR_FILE_MAX];
	const char *found;
	size_t n;

	publish_name(of->base, of->local.system, "", name);
	if (link_from(l, dir, "new", of->base, seq) == 0 ||
		link_from(l, dir, "cur", name, seq) == 0)
		return 0;
	list(l, dir);
	found = find(l, of->base);
	if (found == NULL)
		return -1;
	n = strlen(found) - 1;
	if (n >= sizeof name)
		return -1;
	memcpy(name, found, n);
	name[n] = '\0';
	return link_from(l, dir, found[n] == 'n' ? "new" : "cur", name, seq);
}

/* ",W=" of a base name: the size with every line end as CRLF. */
static uint64_t virtual_of(const char *base, uint64_t file_bytes)
{
	const char *w = strstr(base, ",W=");

	return w != NULL ? strtoull(w + 3, NULL, 10) : file_bytes;
}

static struct staged *make_staged(struct folder *folder, uint64_t seq,
	uint64_t file_bytes, const struct ledger_message *of,
	const struct ledger_message *key, const struct flags *kept)
{
	struct store *store = folder->store;
	struct staged *s = delivery_staged(key, kept);
	const struct basename_parts parts = {.time_us = delivery_time_us(store),
		.account = ledger_account(store->ledger),
		.dir = folder->dir,
		.key = key,
		.host = store->host,
		.file_bytes = file_bytes,
		.virtual_bytes = virtual_of(of->base, file_bytes)};

	basename_make(store->keys, &parts, s->base);
	s->store = store;
	s->folder = folder;
	s->seq = seq;
	s->date_s = of->date_s;
	s->size_bytes = of->size_bytes;
	s->file_bytes = file_bytes;
	s->to_new = s->system == 0 && s->kept[0] == '\0';
	memcpy(s->id.sha256, of->sha256, sizeof s->id.sha256);
	memcpy(s->id.bare_sha256, of->bare_sha256, sizeof s->id.bare_sha256);
	memcpy(s->id.header_hash, of->header_hash, sizeof s->id.header_hash);
	s->id.dropped = of->dropped;
	memcpy(s->emailid, key->emailid, sizeof s->emailid);
	return s;
}

int delivery_link(struct links *links, const struct ledger_message *of,
	const char *dir, struct folder *folder,
	const struct ledger_message *key, struct err *err)
{
	struct store *store = links->store;
	char name[MAILDIR_SEQ_BYTES];
	struct flags kept;
	struct stat st;
	uint64_t seq;

	if (delivery_plan_keywords(folder, &key->source, &kept, err) != 0)
		return -1;
	seq = ++store->seq;
	(void)snprintf(name, sizeof name, "%" PRIu64, seq);
	if (link_file(links, of, dir, name) != 0)
		return 0;
	if (fstatat(store->stage_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		!S_ISREG(st.st_mode)) {
		delivery_file_remove(store, seq);
		return 0;
	}
	if (committer_hand_over(store->committer,
		    make_staged(
			    folder, seq, (uint64_t)st.st_size, of, key, &kept),
		    err) != 0)
		return -1;
	return 1;
}
