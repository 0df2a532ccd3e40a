/* SPDX-License-Identifier: BSD-2-Clause */
#include "maildir_root.h"

#include "salvage.h"

#include "../collector/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_FILE "mailhaul.id"
#define ID_BYTES 32 /* hex digits */
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* A component that is no directory by itself: a link that root or we made
 * is the operator's layout; anybody else's is a trap. */
static int open_link(int at_fd, const char *name)
{
	struct stat st;

	if (fstatat(at_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (!S_ISLNK(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		errno = ELOOP;
		return -1;
	}
	return openat(at_fd, name, DIR_FLAGS);
}

/* A way that everybody may pass, and nobody else may list or change. */
static int make_way(int at_fd, const char *name)
{
	static const struct owner us = {(uid_t)-1, (gid_t)-1};

	if (maildir_make_dir(at_fd, name, us, NULL) != 0)
		return -1;
	return fchmodat(at_fd, name, 0711, 0);
}

static int open_step(int at_fd, const char *name, struct owner owner,
	enum maildir_root_make make, bool last)
{
	int fd = openat(at_fd, name, DIR_FLAGS | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && make != MAILDIR_ROOT_IS_THERE) {
		if ((make == MAILDIR_ROOT_MAKE_ALONE && !last
				    ? make_way(at_fd, name)
				    : maildir_make_dir(
					      at_fd, name, owner, NULL)) != 0)
			return -1;
		fd = openat(at_fd, name, DIR_FLAGS | O_NOFOLLOW);
	}
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR) && !last)
		fd = open_link(at_fd, name);
	return fd;
}

static int refuse(int errnum, int at_fd, const char *name, const char *path,
	struct err *err)
{
	struct stat st;

	if (fstatat(at_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		!S_ISDIR(st.st_mode)) {
		(void)err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"store %s: \"%s\" is a %s, not a directory", path, name,
			S_ISLNK(st.st_mode) ? "symbolic link" : "file");
		return err_hint(err, "move it away or change store.path");
	}
	(void)err_set_file(
		err, errnum, "store %s: cannot open \"%s\"", path, name);
	if (errnum == ENOENT)
		return err_hint(
			err, "the store was here before: mount or restore it");
	return err_hint(err, "check store.path and its permissions");
}

static int check_owner(
	int fd, const char *path, struct owner owner, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set_file(err, errno, "store %s", path);
	if (st.st_uid == geteuid() ||
		(owner.uid != (uid_t)-1 && st.st_uid == owner.uid))
		return 0;
	(void)err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"store %s belongs to uid %u, neither ours (%u) nor store.owner",
		path, (unsigned)st.st_uid, (unsigned)geteuid());
	return err_hint(err, "set store.owner, or change the owner of it");
}

static bool is_empty(int at_fd)
{
	int fd = openat(at_fd, ".", DIR_FLAGS);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;
	bool empty = dir != NULL;

	if (dir == NULL && fd >= 0)
		(void)close(fd);
	while (empty && (e = readdir(dir)) != NULL)
		empty = strcmp(e->d_name, ".") == 0 ||
			strcmp(e->d_name, "..") == 0 ||
			strcmp(e->d_name, "lost+found") == 0;
	if (dir != NULL)
		(void)closedir(dir);
	return empty;
}

/* An empty directory of ours, made by hand or a fresh mount, becomes the
 * store of the owner: who reads the mail has to write beside it. */
static int adopt(int fd, const char *path, struct owner owner, struct err *err)
{
	struct stat st;

	if (owner.uid == (uid_t)-1)
		return 0;
	if (fstat(fd, &st) != 0)
		return err_set_file(err, errno, "store %s", path);
	if (st.st_uid == owner.uid || st.st_uid != geteuid() || !is_empty(fd))
		return 0;
	if (fchown(fd, owner.uid, owner.gid) == 0)
		return 0;
	(void)err_set_file(err, errno, "store %s: cannot give it to uid %u",
		path, (unsigned)owner.uid);
	return err_hint(err, "only root can: run as root, or as store.owner");
}

int maildir_root_open(const char *path, struct owner owner,
	enum maildir_root_make make, int *ret_fd, struct err *err)
{
	char *copy, *name, *rest;
	int fd, next, rc = -1;

	if (path == NULL || path[0] != '/')
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "store.path \"%s\" is not absolute",
			path == NULL ? "" : path);
	fd = open("/", DIR_FLAGS);
	if (fd < 0)
		return err_set_file(err, errno, "cannot open /");
	copy = mem_strdup(path);
	rest = copy + strlen(copy);
	while (rest > copy && rest[-1] == '/')
		*--rest = '\0';
	name = strtok_r(copy, "/", &rest);
	while (name != NULL) {
		rest += strspn(rest, "/");
		next = open_step(fd, name, owner, make, *rest == '\0');
		if (next < 0) {
			(void)refuse(errno, fd, name, path, err);
			goto out;
		}
		(void)close(fd);
		fd = next;
		name = strtok_r(NULL, "/", &rest);
	}
	rc = check_owner(fd, path, owner, err);
	if (rc == 0 && make != MAILDIR_ROOT_IS_THERE)
		rc = adopt(fd, path, owner, err);
out:
	free(copy);
	if (rc != 0)
		(void)close(fd);
	else
		*ret_fd = fd;
	return rc;
}

/* 1 with id filled, 0 no such file, -1. */
static int read_id(
	int root_fd, const char *path, char id[ID_BYTES + 1], struct err *err)
{
	char text[ID_BYTES + 2];
	ssize_t n;
	/* it has two names for a moment, when it is made (make_id) */
	int fd = openat(root_fd, ID_FILE,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_set_file(err, errno, "store %s: %s", path, ID_FILE);
	n = read(fd, text, sizeof text);
	(void)close(fd);
	if (n >= ID_BYTES && n <= ID_BYTES + 1 &&
		strspn(text, "0123456789abcdef") >= ID_BYTES) {
		memcpy(id, text, ID_BYTES);
		id[ID_BYTES] = '\0';
		return 1;
	}
	(void)err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"store %s: %s is damaged", path, ID_FILE);
	return err_hint(err, "restore the file from a backup of this store");
}

static int new_id(char id[ID_BYTES + 1], struct err *err)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char raw[ID_BYTES / 2];

	if (RAND_bytes(raw, sizeof raw) != 1)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, "no random bytes to be had");
	for (size_t i = 0; i < sizeof raw; i++) {
		id[2 * i] = hex[raw[i] >> 4];
		id[2 * i + 1] = hex[raw[i] & 15];
	}
	id[ID_BYTES] = '\0';
	return 0;
}

static char *tmp_name(const char *account)
{
	return mem_printf("%s.%s", ID_FILE, account);
}

/* Of a process that died between link and unlink. */
static void remove_tmp(int root_fd, const char *account)
{
	char *tmp = tmp_name(account);

	(void)unlinkat(root_fd, tmp, 0);
	free(tmp);
}

/* Written whole under a name of its own, then linked: two accounts that
 * meet here, or a crash, leave a whole id or none. */
static int make_id(
	int root_fd, const char *path, const char *account, struct err *err)
{
	char id[ID_BYTES + 1], *tmp = tmp_name(account);
	int fd = -1, rc = -1;

	if (new_id(id, err) != 0)
		goto out;
	id[ID_BYTES] = '\n';
	(void)unlinkat(root_fd, tmp, 0);
	fd = openat(root_fd, tmp,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, id, sizeof id) != (ssize_t)sizeof id ||
		fsync(fd) != 0 ||
		(linkat(root_fd, tmp, root_fd, ID_FILE, 0) != 0 &&
			errno != EEXIST) ||
		unlinkat(root_fd, tmp, 0) != 0 || fsync(root_fd) != 0) {
		(void)err_set_file(
			err, errno, "store %s: cannot make %s", path, ID_FILE);
		(void)unlinkat(root_fd, tmp, 0);
		goto out;
	}
	rc = 0;
out:
	if (fd >= 0)
		(void)close(fd);
	free(tmp);
	return rc;
}

/* A new ledger for a store that was there: what lies in it may be what a
 * lost ledger knew. */
static int take_id(
	struct ledger *ledger, const char *id, bool found, struct err *err)
{
	if (ledger_begin(ledger, err) != 0)
		return -1;
	if (ledger_set_store_id(ledger, id, err) != 0 ||
		(found && ledger_note(ledger, SALVAGE_NOTE, "due", err) != 0)) {
		ledger_rollback(ledger);
		return -1;
	}
	return ledger_commit(ledger, err);
}

int maildir_root_identify(
	int root_fd, const char *path, struct ledger *ledger, struct err *err)
{
	char known[64], id[ID_BYTES + 1];
	int found;

	if (ledger_store_id(ledger, known, err) != 0)
		return -1;
	found = read_id(root_fd, path, id, err);
	if (found < 0)
		return -1;
	if (known[0] != '\0') {
		if (found == 1 && strcmp(known, id) == 0)
			return 0;
		(void)err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"store %s: %s %s: this is not the store that mail was "
			"delivered to before",
			path, ID_FILE, found == 1 ? "differs" : "is missing");
		return err_hint(err,
			"mount or restore that store; for a fresh start remove "
			"the account and add it again");
	}
	if (found == 1)
		remove_tmp(root_fd, ledger_account(ledger));
	if (found == 0 &&
		(make_id(root_fd, path, ledger_account(ledger), err) != 0 ||
			read_id(root_fd, path, id, err) != 1))
		return -1;
	return take_id(ledger, id, found == 1, err);
}
