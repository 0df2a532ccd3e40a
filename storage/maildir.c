/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening a store, in this order, so that a wrong tree is left untouched:
 * root (made only where the ledger has never seen one), id, staging
 * directory, cur new tmp, recovery, clearing of what has no row.
 */
#include "maildir.h"

#include "../collector/base/mem.h"
#include "basename.h"
#include "batch.h"
#include "maildir_root.h"
#include "part_internal.h"
#include "recovery.h"

#include <assert.h>
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

int maildir_open_sub(int dir_fd, const char *sub, int *ret_fd, struct err *err)
{
	*ret_fd = openat(dir_fd, sub, DIR_FLAGS);
	return *ret_fd >= 0 ? 0
			    : err_set_file(err, errno, "cannot open %s/", sub);
}

/* What is kept of messages, for later. */
struct kept {
	struct ledger_part *parts;
	size_t count;
};

/* Files but for those kept, and folders that were not finished. */
static int clear_dir(
	int fd, int64_t fence, const struct kept *kept, struct err *err)
{
	DIR *d;
	struct dirent *e;
	int copy = openat(fd, ".", DIR_FLAGS);

	d = copy < 0 ? NULL : fdopendir(copy);
	if (d == NULL) {
		if (copy >= 0)
			(void)close(copy);
		return err_set_file(
			err, errno, "cannot list %s", MAILDIR_STAGE);
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' ||
			part_is_kept(
				kept->parts, kept->count, fence, e->d_name) ||
			unlinkat(fd, e->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR)
			break;
		maildir_remove_made(fd, e->d_name);
	}
	(void)closedir(d);
	return e == NULL ? 0
			 : err_set_file(err, errno, "cannot clear %s",
				   MAILDIR_STAGE);
}

/* The fence of a staging directory of this account, -1 if it is none. */
static int64_t fence_of(const char *name, const char *account)
{
	size_t n = strlen(account);
	int64_t fence;
	int used = 0;

	if (strncmp(name, account, n) != 0 || name[n] != '.' ||
		sscanf(name + n + 1, "%" SCNd64 "%n", &fence, &used) != 1 ||
		name[n + 1 + (size_t)used] != '\0')
		return -1;
	return fence;
}

static int clear_lower(struct store *store, int stages_fd, DIR *d,
	const struct kept *kept, struct err *err)
{
	const char *account = ledger_account(store->ledger);
	struct dirent *e;
	int64_t fence;
	int fd, rc;

	while ((e = readdir(d)) != NULL) {
		fence = fence_of(e->d_name, account);
		if (fence < 0 || fence >= ledger_fence(store->ledger))
			continue;
		fd = openat(stages_fd, e->d_name, DIR_FLAGS);
		if (fd < 0)
			return err_set_file(err, errno, "cannot open %s/%s",
				MAILDIR_STAGE, e->d_name);
		rc = clear_dir(fd, fence, kept, err);
		(void)close(fd);
		if (rc != 0)
			return -1;
		(void)unlinkat(stages_fd, e->d_name, AT_REMOVEDIR);
	}
	return 0;
}

static int clear_stages(
	struct store *store, const struct kept *kept, struct err *err)
{
	int fd, rc;
	DIR *d;

	if (clear_dir(store->stage_fd, ledger_fence(store->ledger), kept,
		    err) != 0)
		return -1;
	fd = openat(store->root_fd, MAILDIR_STAGE, DIR_FLAGS);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return err_set_file(
			err, errno, "cannot list %s", MAILDIR_STAGE);
	}
	rc = clear_lower(store, fd, d, kept, err);
	(void)closedir(d);
	return rc;
}

int maildir_clear_stage(struct store *store, struct err *err)
{
	struct kept kept = {.parts = NULL};
	int rc;

	if (part_sweep(store, &kept.parts, &kept.count, err) != 0)
		return -1;
	rc = clear_stages(store, &kept, err);
	free(kept.parts);
	return rc;
}

int maildir_open_stage(const struct store *store, int64_t fence)
{
	char name[MAILDIR_STAGE_BYTES];
	int fd, stages_fd = openat(store->root_fd, MAILDIR_STAGE,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int errnum;

	if (stages_fd < 0)
		return -1;
	(void)snprintf(name, sizeof name, "%s.%" PRId64,
		ledger_account(store->ledger), fence);
	fd = openat(stages_fd, name,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	errnum = errno;
	(void)close(stages_fd);
	errno = errnum;
	return fd;
}

/* Ours alone: a directory that a tenant planted could be read or emptied by
 * the tenant before the mail in it is published. */
static int open_private(
	int at_fd, const char *name, int *ret_fd, struct err *err)
{
	static const struct owner us = {(uid_t)-1, (gid_t)-1};
	struct stat st;
	int fd;

	if (maildir_make_dir(at_fd, name, us, err) != 0)
		return -1;
	fd = openat(at_fd, name, DIR_FLAGS);
	if (fd < 0)
		return err_set_file(err, errno, "cannot open %s", name);
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		(st.st_mode & 077) == 0) {
		*ret_fd = fd;
		return 0;
	}
	(void)close(fd);
	(void)err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"%s is not a private directory of uid %u", name,
		(unsigned)geteuid());
	return err_hint(err, "look at what is in it, then remove it");
}

static int open_stage(struct store *store, struct err *err)
{
	struct stat st;
	int fd = -1, rc;

	if (open_private(store->root_fd, MAILDIR_STAGE, &fd, err) != 0)
		return -1;
	rc = open_private(fd, store->stage_name, &store->stage_fd, err);
	if (rc == 0 && store->fsync_each &&
		(fsync(fd) != 0 || fsync(store->root_fd) != 0))
		rc = err_set_file(err, errno, "cannot sync %s", MAILDIR_STAGE);
	(void)close(fd);
	if (rc != 0)
		return -1;
	if (fstat(store->stage_fd, &st) != 0)
		return err_set_file(err, errno, "%s", MAILDIR_STAGE);
	store->dev = st.st_dev;
	return 0;
}

static int open_tree(struct store *store, struct err *err)
{
	char known[64];
	int fd = -1;

	if (ledger_store_id(store->ledger, known, err) != 0 ||
		maildir_root_open(store->root, store->owner,
			known[0] != '\0'     ? MAILDIR_ROOT_IS_THERE
			: store->many_owners ? MAILDIR_ROOT_MAKE_ALONE
					     : MAILDIR_ROOT_MAKE,
			&store->root_fd, err) != 0 ||
		maildir_root_identify(
			store->root_fd, store->root, store->ledger, err) != 0)
		return -1;
	if (open_stage(store, err) != 0)
		return err_where(err, "store %s", store->root);
	if (maildir_open_dir(store, "", &fd, err) != 0)
		return -1;
	(void)close(fd);
	if (recovery_run(store, err) != 0 ||
		maildir_clear_stage(store, err) != 0)
		return err_where(err, "store %s", store->root);
	return 0;
}

static void free_store(struct store *s)
{
	struct folder *f;

	delivery_drop_spare(s);

	while ((f = s->folders) != NULL) {
		s->folders = f->next;
		keywords_clear(&f->keywords);
		keywords_clear(&f->letters);
		free(f);
	}
	if (s->stage_fd >= 0)
		(void)close(s->stage_fd);
	if (s->root_fd >= 0)
		(void)close(s->root_fd);
	free(s->shared.done);
	free(s->root);
	free(s);
}

int store_open(const struct store_config *config, struct ledger *ledger,
	struct committer *committer, struct store **ret_store, struct err *err)
{
	struct store *s = mem_alloc(sizeof *s);

	s->root = mem_strdup(config->root);
	s->root_fd = s->stage_fd = -1;
	s->owner = (struct owner){config->uid, config->gid};
	s->many_owners = config->many_owners;
	s->eol_lf = config->eol_lf;
	s->fsync_each = committer_fsync_each(committer);
	s->message_bytes = config->message_bytes;
	s->lock_wait_s = NUMBERING_WAIT_S;
	s->keys = config->keys;
	s->ledger = ledger;
	s->committer = committer;
	basename_host(s->host, sizeof s->host);
	(void)snprintf(s->stage_name, sizeof s->stage_name, "%s.%" PRId64,
		ledger_account(ledger), ledger_fence(ledger));
	if (open_tree(s, err) != 0) {
		free_store(s);
		return -1;
	}
	*ret_store = s;
	return 0;
}

void store_close(struct store **store)
{
	struct store *s = *store;
	int fd;

	if (s == NULL)
		return;
	*store = NULL;
	committer_leave(s->committer, s);
	fd = openat(s->root_fd, MAILDIR_STAGE, DIR_FLAGS);
	if (fd >= 0) {
		/* stays where something in it still has a row */
		(void)unlinkat(fd, s->stage_name, AT_REMOVEDIR);
		(void)close(fd);
	}
	free_store(s);
}

int store_folder(struct store *store, const char *dir,
	struct folder **ret_folder, struct err *err)
{
	struct folder *f;
	int fd = -1;

	for (f = store->folders; f != NULL; f = f->next)
		if (strcmp(f->dir, dir) == 0)
			break;
	if (f == NULL) {
		assert(strlen(dir) < NAME_DIR_MAX);
		if (maildir_open_dir(store, dir, &fd, err) != 0)
			return -1;
		(void)close(fd);
		f = mem_alloc(sizeof *f);
		f->store = store;
		(void)snprintf(f->dir, sizeof f->dir, "%s", dir);
		keywords_init(&f->keywords, store->owner.uid, store->owner.gid,
			ledger_account(store->ledger));
		f->keywords.stage_fd = store->stage_fd;
		batch_keywords_init(f, ledger_account(store->ledger));
		f->next = store->folders;
		store->folders = f;
	}
	*ret_folder = f;
	return 0;
}

void store_counts(
	const struct store *store, uint64_t *ret_messages, uint64_t *ret_bytes)
{
	*ret_messages = atomic_load(&store->messages);
	*ret_bytes = atomic_load(&store->bytes);
}

const char *folder_keywords_left_out(const struct folder *folder)
{
	return folder->keywords.left_out;
}
