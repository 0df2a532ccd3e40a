/* SPDX-License-Identifier: BSD-2-Clause */
/* What a tenant may have put in the place of a file that we read or write, and
 * whom a store belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "storage/maildirsize.h"
#include "storage/owner.h"
#include "storage/subscriptions.h"
#include "storage/tenant_file.h"
#include "store_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TENANT 12345
#define SECRET "root's own words\n"

static char *victim; /* outside of every store */

static bool need_root(void)
{
	if (geteuid() == 0)
		return true;
	print_message("SKIPPED: only root gives files away\n");
	return false;
}

static void put(const char *path, const char *text, uid_t uid)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchown(fd, uid, uid), 0);
	close(fd);
}

static void start(struct rig *rig)
{
	rig_start(rig, false);
	rig->config.uid = rig->config.gid = TENANT;
	victim = mem_printf("%s/victim", rig->dir);
	put(victim, SECRET, 0);
	rig_open(rig);
}

static void end(struct rig *rig)
{
	struct stat st;
	char text[64] = "";
	int fd = open(victim, O_RDONLY);

	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(read(fd, text, sizeof text - 1), strlen(SECRET));
	assert_string_equal(text, SECRET);
	close(fd);
	free(victim);
	rig_end(rig);
}

static void plant(int at_fd, const char *name, int how)
{
	(void)unlinkat(at_fd, name, 0);
	switch (how) {
	case 0:
		assert_int_equal(linkat(AT_FDCWD, victim, at_fd, name, 0), 0);
		break;
	case 1:
		assert_int_equal(symlinkat(victim, at_fd, name), 0);
		break;
	case 2:
		assert_int_equal(mkfifoat(at_fd, name, 0600), 0);
		break;
	default:
		assert_int_equal(mkdirat(at_fd, name, 0700), 0);
		break;
	}
	assert_int_equal(fchownat(at_fd, name, how == 0 ? 0 : TENANT,
				 how == 0 ? 0 : TENANT, AT_SYMLINK_NOFOLLOW),
		0);
}

/* Neither a link, hard or not, nor a FIFO is read or written, nor waited
 * for. A FIFO with a reader would open. */
static void test_planted_files(void **unused)
{
	static const char *const names[] = {"subscriptions", "maildirsize",
		"dovecot-keywords", "mailhaul.mark.x"};
	struct rig rig;

	(void)unused;
	if (!need_root())
		return;
	start(&rig);
	for (size_t i = 0; i < 4; i++)
		for (int how = 0; how < 4; how++) {
			int root = rig.store->root_fd, reader = -1, fd;
			plant(root, names[i], how);
			if (how == 2)
				reader = openat(
					root, names[i], O_RDWR | O_NONBLOCK);
			fd = tenant_file_open(root, names[i], O_RDONLY);
			assert_int_equal(fd, -1);
			assert_true(errno == EPERM || errno == ELOOP);
			fd = tenant_file_open(
				root, names[i], O_WRONLY | O_APPEND);
			assert_int_equal(fd, -1);
			assert_true(errno == EPERM || errno == ELOOP ||
				    errno == EISDIR);
			maildirsize_add(root, 5, 1);
			if (reader >= 0)
				close(reader);
			(void)unlinkat(
				root, names[i], how == 3 ? AT_REMOVEDIR : 0);
		}
	end(&rig);
}

/* The tenant's own is used, also where it has a second name (a backup). */
static void test_own_files(void **unused)
{
	struct rig rig;
	char *path, *copy;
	int fd;

	(void)unused;
	if (!need_root())
		return;
	start(&rig);
	path = mem_printf("%s/maildirsize", rig.root);
	copy = mem_printf("%s/copy", rig.dir);
	put(path, "1000S\n", TENANT);
	assert_int_equal(link(path, copy), 0);
	maildirsize_add(rig.store->root_fd, 5, 1);
	fd = tenant_file_open(rig.store->root_fd, "maildirsize", O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), strlen("1000S\n5 1\n"));
	close(fd);
	free(path);
	free(copy);
	end(&rig);
}

/* A folder's marker that is a hard link to root's file is not given away. */
static void test_marker_is_not_given(void **unused)
{
	struct rig rig;
	struct folder *f = NULL;
	int fd;

	(void)unused;
	if (!need_root())
		return;
	start(&rig);
	assert_int_equal(mkdirat(rig.store->root_fd, ".Trap", 0700), 0);
	fd = openat(rig.store->root_fd, ".Trap", O_RDONLY | O_DIRECTORY);
	assert_int_equal(fchown(fd, TENANT, TENANT), 0);
	plant(fd, "maildirfolder", 0);
	close(fd);
	assert_int_equal(store_folder(rig.store, ".Trap", &f, &rig.err), -1);
	assert_non_null(strstr(rig.err.text, "maildirfolder"));
	assert_int_equal(rig.err.scope, ERR_SCOPE_MAILBOX);
	end(&rig);
}

static void check_way(const char *path, uid_t uid, mode_t mode)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, uid);
	assert_int_equal(st.st_mode & 07777, mode);
}

/* With many owners the first one does not get what the others' stores are
 * in; each gets just their own. */
static void test_way_to_many_stores(void **unused)
{
	struct rig rig;
	char *way;

	(void)unused;
	if (!need_root())
		return;
	rig_start(&rig, false);
	rig.config.uid = rig.config.gid = TENANT;
	rig.config.many_owners = true;
	rig_open(&rig);
	way = mem_printf("%s/mail", rig.dir);
	check_way(way, 0, 0711);
	check_way(rig.root, TENANT, 0700);
	free(way);
	rig_end(&rig);
}

static void found(const char *setting, const char *user, uid_t uid, gid_t gid)
{
	struct err err = {0};
	uid_t got_uid;
	gid_t got_gid;
	bool many;

	if (owner_find(setting, user, &got_uid, &got_gid, &many, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(got_uid, uid);
	assert_int_equal(got_gid, gid);
	assert_int_equal(many, strchr(setting, '/') != NULL ||
				       strncmp(setting, "user:", 5) == 0);
}

static void refused(const char *setting, const char *user, const char *why)
{
	struct err err = {0};
	uid_t uid = 7;
	gid_t gid = 7;
	bool many;

	assert_int_equal(
		owner_find(setting, user, &uid, &gid, &many, &err), -1);
	if (strstr(err.text, why) == NULL)
		fail_msg("\"%s\", not \"%s\"", err.text, why);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(err.scope, ERR_SCOPE_ACCOUNT);
	assert_true(err.hint[0] != '\0');
	assert_int_equal(uid, 7);
}

static void test_system_users(void **unused)
{
	const struct passwd *pw = getpwnam("nobody");
	uid_t uid;
	gid_t gid;

	(void)unused;
	found("", "anna", (uid_t)-1, (gid_t)-1);
	found("12:34", "anna", 12, 34);
	if (pw == NULL) {
		print_message("SKIPPED: there is no user nobody\n");
		return;
	}
	uid = pw->pw_uid;
	gid = pw->pw_gid;
	found("user:%n", "nobody@example.org", uid, gid);
	found("user:%u", "nobody", uid, gid);
	found("user:%d", "anna@nobody", uid, gid);
	refused("user:%u", "nobody@example.org", "nobody@example.org");
	refused("user:%n", "root@example.org", "would be root");
	refused("user:%n-no-such", "anna", "anna-no-such");
}

static void test_table(void **unused)
{
	char dir[] = "/tmp/store.XXXXXX";
	char *path, *setting, *missing;

	(void)unused;
	assert_non_null(mkdtemp(dir));
	path = mem_printf("%s/owners", dir);
	setting = mem_printf("file:%s", path);
	missing = mem_printf("%s-not", setting);
	put(path,
		"# vmail users\n"
		"anna@example.org:{CRYPT}x:5001:5002::/home/anna::\n"
		"ann@example.org::5003:5004\n"
		"root@example.org::0:0\nbad::x:1\nshort\nbig::4294967295:1\n"
		"half::7\nlast::8:9",
		geteuid());
	found(setting, "anna@example.org", 5001, 5002);
	found(setting, "ann@example.org", 5003, 5004);
	found(setting, "last", 8, 9);
	refused(setting, "an@example.org", "is not in");
	refused(setting, "root@example.org", "would be root");
	refused(setting, "bad", "has no numbers");
	refused(setting, "big", "has no numbers");
	refused(setting, "half", "has no numbers");
	refused(setting, "short", "is not in");
	assert_int_equal(chmod(path, 0620), 0);
	refused(setting, "last", "others than root can write");
	refused(missing, "last", "cannot read");
	rig_remove(dir);
	free(path);
	free(setting);
	free(missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_planted_files),
		cmocka_unit_test(test_own_files),
		cmocka_unit_test(test_marker_is_not_given),
		cmocka_unit_test(test_way_to_many_stores),
		cmocka_unit_test(test_system_users),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
