/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 1. the base names of all messages that the ledger has delivered
 * 2. new/ and cur/ of the root and of every folder: whatever has one of these
 *    names goes, flags or not. A listing misses files while a reader renames
 *    them: so until nothing was found twice on end
 * 3. the staging directories and the mark of this account
 * 4. the folders of its mailboxes, where they are empty
 */
#include "purge.h"

#include "../collector/base/mem.h"
#include "maildir.h"
#include "maildir_root.h"
#include "maildirsize.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSES_MAX 50
#define QUIET_PASSES 2
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct purge {
	const char *root;
	struct owner owner;
	struct ledger *ledger;
	int root_fd;
	struct arena *arena;
	char **bases; /* ascending */
	size_t count, cap;
	bool changed; /* in this pass: something went, or was moved */
	struct purge_result result;
};

static const char *const subs[] = {"tmp", "new", "cur"};

/* ---- 1. what the ledger names */

static int on_row(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct purge *p = arg;

	(void)dir;
	(void)err;
	if ((m->state != LEDGER_STAGED && m->state != LEDGER_DONE) ||
		m->base[0] == '\0')
		return 0;
	if (p->count == p->cap) {
		p->cap = p->cap != 0 ? p->cap * 2 : 256;
		p->bases = mem_grow(p->bases, p->cap, sizeof *p->bases);
	}
	p->bases[p->count++] = arena_strdup(p->arena, m->base);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int load_bases(struct purge *p, const struct ledger_mailbox *list,
	size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (ledger_each_maildrop(
			    p->ledger, list[i].id, on_row, p, err) != 0)
			return -1;
	if (p->count != 0)
		qsort(p->bases, p->count, sizeof *p->bases, by_name);
	return 0;
}

/* Whether a file's name is that of one of its messages, with any flags. */
static bool is_ours(const struct purge *p, const char *name)
{
	char base[LEDGER_BASE_MAX], *key = base;
	size_t n = strcspn(name, ":");

	if (p->count == 0 || n >= sizeof base)
		return false;
	memcpy(base, name, n);
	base[n] = '\0';
	return bsearch(&key, p->bases, p->count, sizeof *p->bases, by_name) !=
	       NULL;
}

/* ---- directories */

/* A directory to be read; NULL with *ret_rc 0 where there is none, or a link
 * in its place; NULL with -1. */
static DIR *open_list(int at_fd, const char *name, int *ret_rc, struct err *err)
{
	int fd = openat(at_fd, name, DIR_FLAGS);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	*ret_rc = 0;
	if (d != NULL)
		return d;
	if (fd >= 0)
		(void)close(fd);
	if (errno != ENOENT && errno != ELOOP && errno != ENOTDIR)
		*ret_rc = err_set_file(err, errno, "cannot list %s", name);
	return NULL;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* ---- 2. the messages */

static int remove_file(
	struct purge *p, int fd, const char *name, struct err *err)
{
	struct stat st = {0};

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		unlinkat(fd, name, 0) != 0) {
		if (errno == ENOENT) {
			p->changed = true;
			return 0;
		}
		return err_set_file(err, errno, "cannot remove %s", name);
	}
	p->changed = true;
	p->result.removed++;
	if (S_ISREG(st.st_mode))
		p->result.bytes += (uint64_t)st.st_size;
	return 0;
}

static int purge_sub(
	struct purge *p, int dir_fd, const char *sub, struct err *err)
{
	const struct dirent *e;
	int rc;
	DIR *d = open_list(dir_fd, sub, &rc, err);

	if (d == NULL)
		return rc;
	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (is_ours(p, e->d_name))
			rc = remove_file(p, dirfd(d), e->d_name, err);
		else
			p->result.stayed++;
	}
	if (rc == 0 && errno != 0)
		rc = err_set_file(err, errno, "cannot list %s", sub);
	(void)closedir(d);
	return rc;
}

/* name: of a folder, or "." */
static int purge_dir(struct purge *p, const char *name, struct err *err)
{
	int fd = openat(p->root_fd, name, DIR_FLAGS), rc;

	if (fd < 0)
		return errno == ENOENT || errno == ELOOP || errno == ENOTDIR
			       ? 0
			       : err_set_file(
					 err, errno, "cannot open %s", name);
	rc = purge_sub(p, fd, "new", err);
	if (rc == 0)
		rc = purge_sub(p, fd, "cur", err);
	(void)close(fd);
	return rc;
}

/* Every folder that there is: a reader may have moved mail anywhere. */
static int purge_pass(struct purge *p, struct err *err)
{
	const struct dirent *e;
	int rc;
	DIR *d = open_list(p->root_fd, ".", &rc, err);

	if (d == NULL)
		return rc;
	p->changed = false;
	p->result.stayed = 0;
	rc = purge_dir(p, ".", err);
	while (rc == 0 && (e = readdir(d)) != NULL)
		if (e->d_name[0] == '.' && !is_dots(e->d_name))
			rc = purge_dir(p, e->d_name, err);
	(void)closedir(d);
	return rc;
}

static int purge_messages(struct purge *p, struct err *err)
{
	int quiet = 0;

	for (int i = 0; i < PASSES_MAX && quiet < QUIET_PASSES; i++) {
		if (purge_pass(p, err) != 0)
			return -1;
		quiet = p->changed ? 0 : quiet + 1;
	}
	if (quiet == QUIET_PASSES)
		return 0;
	(void)err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		"store %s: something moves its messages all the time", p->root);
	return err_hint(err, "close the programs that read it, and try again");
}

/* ---- 3. what else is the account's */

static void remove_stage(int stages_fd, const char *name)
{
	const struct dirent *e;
	int rc;
	DIR *d = open_list(stages_fd, name, &rc, NULL);

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (!is_dots(e->d_name) &&
			unlinkat(dirfd(d), e->d_name, 0) != 0 &&
			errno == EISDIR)
			maildir_remove_made(dirfd(d), e->d_name);
	(void)closedir(d);
	(void)unlinkat(stages_fd, name, AT_REMOVEDIR);
}

/* What cannot be removed is litter, and no mail that anybody sees. */
static void remove_private(struct purge *p)
{
	const char *uuid = ledger_account(p->ledger);
	char *mark = mem_printf("mailhaul.mark.%s", uuid);
	size_t n = strlen(uuid);
	const struct dirent *e;
	int rc;
	DIR *d = open_list(p->root_fd, MAILDIR_STAGE, &rc, NULL);

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strncmp(e->d_name, uuid, n) == 0 && e->d_name[n] == '.')
			remove_stage(dirfd(d), e->d_name);
	if (d != NULL)
		(void)closedir(d);
	(void)unlinkat(p->root_fd, MAILDIR_STAGE, AT_REMOVEDIR);
	(void)unlinkat(p->root_fd, mark, 0);
	free(mark);
	if (p->result.removed != 0)
		maildirsize_remove(p->root_fd);
}

/* ---- 4. folders */

/* What a reader, or we, keep in a folder beside the mail. */
static bool is_control(const char *name)
{
	return strncmp(name, "dovecot", 7) == 0 ||
	       strncmp(name, "mailhaul.", 9) == 0 ||
	       strcmp(name, "maildirfolder") == 0;
}

static bool is_sub(const char *name)
{
	return strcmp(name, "tmp") == 0 || strcmp(name, "new") == 0 ||
	       strcmp(name, "cur") == 0;
}

/* Whether nothing is in a folder that anybody would miss; remove: what is
 * kept beside the mail goes. */
static bool is_bare(int fd, bool remove)
{
	const struct dirent *e;
	bool bare = true;
	int rc;
	DIR *d = open_list(fd, ".", &rc, NULL);

	if (d == NULL)
		return false;
	while (bare && (e = readdir(d)) != NULL) {
		bare = is_dots(e->d_name) || is_sub(e->d_name) ||
		       is_control(e->d_name);
		if (remove && is_control(e->d_name))
			(void)unlinkat(fd, e->d_name, 0);
	}
	(void)closedir(d);
	return bare;
}

/* All three, or none: somebody may deliver at this moment. */
static bool remove_subs(const struct purge *p, int fd)
{
	size_t i = 0;

	while (i < 3 &&
		(unlinkat(fd, subs[i], AT_REMOVEDIR) == 0 || errno == ENOENT))
		i++;
	if (i == 3)
		return true;
	while (i-- > 0)
		(void)maildir_make_dir(fd, subs[i], p->owner, NULL);
	return false;
}

static void remove_folder(struct purge *p, const char *dir)
{
	int fd;

	if (dir[0] == '\0' || !maildir_check_dir(dir, NULL))
		return;
	fd = openat(p->root_fd, dir, DIR_FLAGS);
	if (fd < 0)
		return;
	if (is_bare(fd, false) && remove_subs(p, fd) && is_bare(fd, true) &&
		unlinkat(p->root_fd, dir, AT_REMOVEDIR) == 0)
		p->result.folders++;
	(void)close(fd);
}

/* ---- the whole */

/* 1: there is mail to look for; 0: nothing was ever delivered; -1. */
static int open_root(struct purge *p, struct err *err)
{
	char id[64];

	if (ledger_store_id(p->ledger, id, err) != 0)
		return -1;
	if (id[0] == '\0')
		return 0;
	if (maildir_root_open(p->root, p->owner, MAILDIR_ROOT_IS_THERE,
		    &p->root_fd, err) != 0 ||
		maildir_root_identify(p->root_fd, p->root, p->ledger, err) != 0)
		return -1;
	return 1;
}

static int purge_all(struct purge *p, struct err *err)
{
	struct ledger_mailbox *list = NULL;
	size_t count = 0;
	int rc = ledger_mailboxes(p->ledger, &list, &count, err);

	if (rc == 0)
		rc = load_bases(p, list, count, err);
	if (rc == 0)
		rc = purge_messages(p, err);
	if (rc == 0) {
		remove_private(p);
		for (size_t i = 0; i < count; i++)
			remove_folder(p, list[i].dir);
		if (syncfs(p->root_fd) != 0)
			rc = err_set_file(
				err, errno, "store %s: cannot sync", p->root);
	}
	free(list);
	return rc;
}

int purge_store(const char *root, uid_t uid, gid_t gid, struct ledger *ledger,
	struct purge_result *ret_result, struct err *err)
{
	struct purge p = {.root = root,
		.owner = {uid, gid},
		.ledger = ledger,
		.root_fd = -1,
		.arena = arena_new()};
	int rc = open_root(&p, err);

	if (rc == 1)
		rc = purge_all(&p, err);
	if (p.root_fd >= 0)
		(void)close(p.root_fd);
	free(p.bases);
	arena_free(&p.arena);
	if (rc == 0)
		*ret_result = p.result;
	return rc;
}
