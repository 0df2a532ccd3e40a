/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_rig: a store with ledger, keys and committer in a directory of its
 * own, for tests. rig_start … rig_end; between them rig_open and rig_close
 * as often as runs are played.
 */
#ifndef TESTS_SUPPORT_STORE_RIG_H
#define TESTS_SUPPORT_STORE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collector/base/mem.h"
#include "storage/ledger.h"
#include "storage/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RIG_UUID "0123456789abcdef0123456789abcdef"
#define RIG_FILES 4096

struct rig {
	char dir[64];
	char *state, *root, *ledger_path;
	const char *uuid;
	struct keys *keys;
	struct committer *committer;
	struct store_config config;
	struct ledger *ledger;
	struct store *store;
	int64_t fence;
	struct err err;
};

struct rig_file {
	char name[256];
	size_t bytes;
	char *data;
	time_t mtime;
	mode_t mode;
	uid_t uid;
};

struct rig_files {
	size_t count;
	struct rig_file file[RIG_FILES];
};

#define rig_ok(rig, call)                                         \
	do {                                                      \
		if ((call) != 0) {                                \
			print_error("%s: [%s] %s\n", #call,       \
				err_class_name((rig)->err.class), \
				(rig)->err.text);                 \
			fail();                                   \
		}                                                 \
	} while (0)

static inline int rig_rm(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void rig_remove(const char *path)
{
	(void)nftw(path, rig_rm, 16, FTW_DEPTH | FTW_PHYS);
}

/* The directories and keys; no thread yet. */
static inline void rig_prepare(struct rig *rig)
{
	char *path;

	memset(rig, 0, sizeof *rig);
	(void)snprintf(rig->dir, sizeof rig->dir, "/tmp/store.XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	rig->state = mem_printf("%s/state", rig->dir);
	rig->root = mem_printf("%s/mail/user", rig->dir);
	rig->uuid = RIG_UUID;
	rig->ledger_path = mem_printf("%s/ledger.db", rig->state);
	assert_int_equal(mkdir(rig->state, 0700), 0);
	path = mem_printf("%s/key", rig->state);
	rig_ok(rig, keys_create(path, &rig->err));
	rig_ok(rig, keys_load(path, &rig->keys, &rig->err));
	free(path);
	rig->config.root = rig->root;
	rig->config.uid = (uid_t)-1;
	rig->config.gid = (gid_t)-1;
	rig->config.eol_lf = true;
	rig->config.message_bytes = (uint64_t)128 << 20;
	rig->config.keys = rig->keys;
}

static inline void rig_start(struct rig *rig, bool fsync_each)
{
	rig_prepare(rig);
	rig_ok(rig, committer_start(rig->state, fsync_each, &rig->committer,
			    &rig->err));
}

static inline int rig_try_open(struct rig *rig)
{
	rig_ok(rig, ledger_open(rig->ledger_path, rig->uuid, ++rig->fence,
			    &rig->ledger, &rig->err));
	if (store_open(&rig->config, rig->ledger, rig->committer, &rig->store,
		    &rig->err) == 0)
		return 0;
	ledger_close(&rig->ledger);
	return -1;
}

static inline void rig_open(struct rig *rig)
{
	rig_ok(rig, rig_try_open(rig));
}

static inline void rig_close(struct rig *rig)
{
	store_close(&rig->store);
	ledger_close(&rig->ledger);
}

static inline void rig_end(struct rig *rig)
{
	rig_close(rig);
	committer_stop(&rig->committer);
	keys_free(&rig->keys);
	rig_remove(rig->dir);
	free(rig->state);
	free(rig->root);
	free(rig->ledger_path);
}

static inline struct folder *rig_folder(
	struct rig *rig, const char *name, int64_t *ret_mailbox)
{
	struct ledger_mailbox m;
	struct folder *f;

	rig_ok(rig, ledger_mailbox(rig->ledger, name, name, &m, &rig->err));
	rig_ok(rig, store_folder(rig->store, m.dir, &f, &rig->err));
	*ret_mailbox = m.id;
	return f;
}

static inline void rig_key(struct ledger_message *key, int64_t mailbox,
	uint32_t uid, const char *flags)
{
	char name[256];

	memset(key, 0, sizeof *key);
	key->mailbox_id = mailbox;
	key->uidvalidity = 7;
	key->uid = uid;
	key->date_s = 1000000000 + uid;
	while (*flags != '\0') {
		size_t n = strcspn(flags, " ");
		(void)snprintf(name, sizeof name, "%.*s", (int)n, flags);
		assert_int_equal(flags_add(&key->source, name), 0);
		flags += n + (flags[n] == ' ');
	}
}

/* In pieces of `piece` bytes (0: at once). */
static inline int rig_deliver_key(struct rig *rig, struct folder *f,
	const struct ledger_message *key, const char *bytes, size_t n,
	size_t piece)
{
	struct delivery *d;

	if (delivery_begin(rig->store, &d, &rig->err) != 0)
		return -1;
	for (size_t i = 0; i < n; i += piece) {
		if (piece == 0)
			piece = n;
		size_t m = n - i < piece ? n - i : piece;
		if (delivery_write(d, bytes + i, m, &rig->err) != 0) {
			delivery_abort(&d);
			return -1;
		}
	}
	return delivery_end(&d, f, key, &rig->err);
}

static inline int rig_deliver(struct rig *rig, struct folder *f,
	int64_t mailbox, uint32_t uid, const char *flags, const char *text)
{
	struct ledger_message *key = mem_alloc(sizeof *key);
	int rc;

	rig_key(key, mailbox, uid, flags);
	rc = rig_deliver_key(rig, f, key, text, strlen(text), 0);
	free(key);
	return rc;
}

static inline int rig_compare(const void *a, const void *b)
{
	const struct rig_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Regular files of ROOT/sub, sorted; contents read. */
static inline void rig_list(
	const char *root, const char *sub, struct rig_files *files)
{
	char *path = mem_printf("%s/%s", root, sub), *name;
	DIR *d = opendir(path);
	struct dirent *e;
	struct stat st;

	memset(files, 0, sizeof *files);
	while (d != NULL && (e = readdir(d)) != NULL) {
		struct rig_file *f = &files->file[files->count];
		name = mem_printf("%s/%s", path, e->d_name);
		assert_int_equal(lstat(name, &st), 0);
		if (S_ISREG(st.st_mode)) {
			int fd = open(name, O_RDONLY);
			assert_true(fd >= 0);
			assert_true(files->count < RIG_FILES);
			(void)snprintf(
				f->name, sizeof f->name, "%s", e->d_name);
			f->bytes = (size_t)st.st_size;
			f->mtime = st.st_mtime;
			f->mode = st.st_mode & 07777;
			f->uid = st.st_uid;
			f->data = mem_alloc(f->bytes + 1);
			assert_int_equal(
				read(fd, f->data, f->bytes), (ssize_t)f->bytes);
			(void)close(fd);
			files->count++;
		}
		free(name);
	}
	if (d != NULL)
		(void)closedir(d);
	qsort(files->file, files->count, sizeof files->file[0], rig_compare);
	free(path);
}

static inline void rig_files_clear(struct rig_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->file[i].data);
	files->count = 0;
}

/* Entries of a directory but "." and "..": 0 also where it is missing. */
static inline size_t rig_entries(const char *root, const char *sub)
{
	char *path = mem_printf("%s/%s", root, sub);
	DIR *d = opendir(path);
	struct dirent *e;
	size_t n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			n++;
	if (d != NULL)
		(void)closedir(d);
	free(path);
	return n;
}

static inline bool rig_exists(const struct rig *rig, const char *name)
{
	char *path = mem_printf("%s/%s", rig->root, name);
	struct stat st;
	bool is = lstat(path, &st) == 0;

	free(path);
	return is;
}

static inline void rig_put(const char *root, const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", root, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(path);
}

/* Caller frees; NULL where there is no such file. */
static inline char *rig_get(const char *root, const char *name)
{
	char *path = mem_printf("%s/%s", root, name), *text;
	FILE *f = fopen(path, "r");
	size_t n;

	free(path);
	if (f == NULL)
		return NULL;
	text = mem_alloc(1 << 20);
	n = fread(text, 1, (1 << 20) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

/* Rows in state staged. */
static inline int rig_count_row(void *arg, const struct ledger_message *m,
	const char *dir, struct err *err)
{
	(void)m;
	(void)dir;
	(void)err;
	++*(size_t *)arg;
	return 0;
}

static inline size_t rig_staged_rows(struct rig *rig)
{
	size_t n = 0;

	rig_ok(rig,
		ledger_each_staged(rig->ledger, rig_count_row, &n, &rig->err));
	return n;
}

#endif
