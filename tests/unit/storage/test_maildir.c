/* SPDX-License-Identifier: BSD-2-Clause */
/* maildir: the tree, the root, the id, traps of a tenant. */
#include "store_rig.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/file.h>

static void expect_store_error(struct rig *rig, const char *part)
{
	assert_int_equal(rig_try_open(rig), -1);
	assert_int_equal(rig->err.class, ERR_STORE);
	if (strstr(rig->err.text, part) == NULL)
		print_error("\"%s\" not in: %s\n", part, rig->err.text);
	assert_non_null(strstr(rig->err.text, part));
	assert_true(rig->err.hint[0] != '\0');
}

static void tree_is_made(void **state)
{
	static const char *const names[] = {"cur", "new", "tmp", "mailhaul.id",
		".A.B/cur", ".A.B/new", ".A.B/tmp", ".A.B/maildirfolder"};
	struct rig rig;
	struct folder *f, *g;
	struct stat st;
	int64_t mailbox;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "A/B", &mailbox);
	rig_ok(&rig, store_folder(rig.store, ".A.B", &g, &rig.err));
	assert_ptr_equal(f, g);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_true(rig_exists(&rig, names[i]));
	assert_false(rig_exists(&rig, "maildirfolder"));
	assert_false(rig_exists(&rig, ".A"));
	assert_int_equal(stat(rig.root, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	rig_close(&rig);
	/* opened again: nothing is in the way */
	rig_open(&rig);
	(void)rig_folder(&rig, "A/B", &mailbox);
	assert_string_equal(
		folder_keywords_left_out(f = rig_folder(&rig, "A/B", &mailbox)),
		"");
	rig_end(&rig);
}

static void bad_roots_are_refused(void **state)
{
	struct rig rig;
	char *mail, *other;

	(void)state;
	rig_start(&rig, false);
	mail = mem_printf("%s/mail", rig.dir);
	other = mem_printf("%s/other", rig.dir);
	assert_int_equal(mkdir(mail, 0700), 0);
	assert_int_equal(mkdir(other, 0700), 0);
	rig_put(rig.dir, "mail/user", "a file\n");
	expect_store_error(&rig, "is a file, not a directory");
	assert_int_equal(unlink(rig.root), 0);
	assert_int_equal(symlink(other, rig.root), 0);
	expect_store_error(&rig, "is a symbolic link");
	assert_int_equal(unlink(rig.root), 0);
	assert_int_equal(rig_entries(other, "."), 0);
	/* a link on the way that is the operator's is followed */
	assert_int_equal(rmdir(mail), 0);
	assert_int_equal(symlink(other, mail), 0);
	rig_open(&rig);
	assert_int_equal(rig_entries(other, "user/new"), 0);
	assert_true(rig_exists(&rig, "mailhaul.id"));
	rig_close(&rig);
	rig.config.root = "relative/path";
	assert_int_equal(rig_try_open(&rig), -1);
	assert_int_equal(rig.err.class, ERR_CONFIG);
	free(mail);
	free(other);
	rig_end(&rig);
}

/* Killed between making a directory and giving it away. */
static void what_was_not_given_away_is_given_now(void **state)
{
	static const char *const names[] = {
		".A.B", ".A.B/cur", ".A.B/new", ".A.B/maildirfolder"};
	struct rig rig;
	struct stat st;
	int64_t mailbox;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: nothing can be given away\n");
		skip();
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *path;
		rig_start(&rig, false);
		path = mem_printf("%s/%s", rig.root, names[i]);
		rig.config.uid = rig.config.gid = 12345;
		rig_open(&rig);
		(void)rig_folder(&rig, "A/B", &mailbox);
		rig_close(&rig);
		assert_int_equal(chown(path, 0, 0), 0);
		rig_open(&rig);
		(void)rig_folder(&rig, "A/B", &mailbox);
		assert_int_equal(lstat(path, &st), 0);
		assert_int_equal(st.st_uid, 12345);
		free(path);
		rig_end(&rig);
	}
}

enum { FOLDERS = 200 };

struct watcher {
	const char *root;
	atomic_bool over;
	int seen, half; /* looks at folders; those that were not whole */
};

static bool is_whole(const char *root, int i)
{
	static const char *const parts[] = {"", "/cur", "/new", "/tmp"};
	struct stat st;

	for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
		char path[256];
		(void)snprintf(
			path, sizeof path, "%s/.F%d%s", root, i, parts[p]);
		if (lstat(path, &st) != 0)
			return p == 0 && errno == ENOENT;
		if (st.st_uid != 12345)
			return false;
	}
	return true;
}

static void *watch(void *data)
{
	struct watcher *w = data;

	while (!atomic_load(&w->over))
		for (int i = 0; i < FOLDERS; i++) {
			w->seen++;
			w->half += !is_whole(w->root, i);
		}
	return NULL;
}

/* Dovecot reports a folder that it may not enter, and forgets it. */
static void a_reader_sees_a_folder_whole_or_not_at_all(void **state)
{
	struct watcher w = {.seen = 0};
	struct rig rig;
	pthread_t thread;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: nothing can be given away\n");
		skip();
	}
	rig_start(&rig, false);
	rig.config.uid = rig.config.gid = 12345;
	rig_open(&rig);
	w.root = rig.root;
	assert_int_equal(pthread_create(&thread, NULL, watch, &w), 0);
	for (int i = 0; i < FOLDERS; i++) {
		struct folder *f;
		char name[32];
		(void)snprintf(name, sizeof name, ".F%d", i);
		rig_ok(&rig, store_folder(rig.store, name, &f, &rig.err));
	}
	atomic_store(&w.over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(w.seen > 0);
	assert_int_equal(w.half, 0);
	rig_end(&rig);
}

/* Killed while a folder was made in the staging directory. */
static void rest_of_a_folder_is_removed(void **state)
{
	struct rig rig;
	char *stage;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	rig_close(&rig);
	stage = mem_printf("%s/mailhaul.stage/%s.1", rig.root, rig.uuid);
	assert_int_equal(mkdir(stage, 0700), 0);
	for (size_t i = 0; i < 3; i++) {
		static const char *const parts[] = {"", "/cur", "/tmp"};
		char *path = mem_printf("%s/made.7%s", stage, parts[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		free(path);
	}
	free(stage);
	rig_open(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 1);
	rig_end(&rig);
}

static void foreign_owner_is_refused(void **state)
{
	struct rig rig;
	char *mail, *moved;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: foreign owners not checked\n");
		skip();
	}
	rig_start(&rig, false);
	mail = mem_printf("%s/mail", rig.dir);
	assert_int_equal(mkdir(mail, 0755), 0);
	assert_int_equal(mkdir(rig.root, 0700), 0);
	assert_int_equal(chown(rig.root, 12345, 12345), 0);
	expect_store_error(&rig, "belongs to uid 12345");
	assert_int_equal(rig_entries(rig.root, "."), 0);
	rig.config.uid = 12345;
	rig_open(&rig);
	rig_close(&rig);
	/* a link that a tenant planted on the way is not followed */
	moved = mem_printf("%s/moved", rig.dir);
	assert_int_equal(rename(mail, moved), 0);
	assert_int_equal(symlink(moved, mail), 0);
	assert_int_equal(lchown(mail, 12345, 12345), 0);
	expect_store_error(&rig, "is a symbolic link");
	/* a staging directory that a tenant made is not used */
	assert_int_equal(unlink(mail), 0);
	assert_int_equal(rename(moved, mail), 0);
	{
		char *stage = mem_printf("%s/user/mailhaul.stage", mail);
		assert_int_equal(chown(stage, 12345, 12345), 0);
		expect_store_error(&rig, "is not a private directory");
		free(stage);
	}
	free(moved);
	free(mail);
	rig_end(&rig);
}

static void id_must_be_the_same(void **state)
{
	struct rig rig;
	char *id;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	rig_close(&rig);
	id = rig_get(rig.root, "mailhaul.id");
	assert_non_null(id);
	assert_int_equal(strspn(id, "0123456789abcdef"), 32);
	rig_put(rig.root, "mailhaul.id", "00000000000000000000000000000000\n");
	expect_store_error(&rig, "differs");
	rig_put(rig.root, "mailhaul.id", "");
	expect_store_error(&rig, "damaged");
	{
		char *path = mem_printf("%s/mailhaul.id", rig.root);
		assert_int_equal(unlink(path), 0);
		free(path);
	}
	expect_store_error(&rig, "is missing");
	/* the whole store is away: nothing is made in its place */
	rig_remove(rig.root);
	expect_store_error(&rig, "cannot open \"user\"");
	assert_false(rig_exists(&rig, "."));
	assert_int_equal(mkdir(rig.root, 0700), 0);
	expect_store_error(&rig, "is missing");
	assert_int_equal(rig_entries(rig.root, "."), 0);
	rig_put(rig.root, "mailhaul.id", id);
	rig_open(&rig);
	free(id);
	rig_end(&rig);
}

/* Killed between making the id and writing it into the ledger. */
static void rest_of_an_id_is_removed(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef\n";
	struct rig rig;
	char *mail, *tmp;

	(void)state;
	rig_start(&rig, false);
	mail = mem_printf("%s/mail", rig.dir);
	tmp = mem_printf("mailhaul.id.%s", rig.uuid);
	assert_int_equal(mkdir(mail, 0700), 0);
	assert_int_equal(mkdir(rig.root, 0700), 0);
	rig_put(rig.root, "mailhaul.id", id);
	rig_put(rig.root, tmp, id);
	rig_open(&rig);
	assert_true(rig_exists(&rig, "mailhaul.id"));
	assert_false(rig_exists(&rig, tmp));
	free(tmp);
	free(mail);
	rig_end(&rig);
}

/* Two accounts into one store: one id, two staging directories. */
static void accounts_share_a_store(void **state)
{
	struct rig rig;
	struct ledger *second;
	struct store *store;
	struct folder *f;
	char *path;
	int64_t mailbox;
	char a[64], b[64];

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	path = mem_printf("%s/second.db", rig.state);
	rig_ok(&rig, ledger_open(path, "fedcba9876543210fedcba9876543210", 1,
			     &second, &rig.err));
	rig_ok(&rig, store_open(&rig.config, second, rig.committer, &store,
			     &rig.err));
	rig_ok(&rig, ledger_store_id(rig.ledger, a, &rig.err));
	rig_ok(&rig, ledger_store_id(second, b, &rig.err));
	assert_string_equal(a, b);
	assert_int_equal(strlen(a), 32);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 2);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "x\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	store_close(&store);
	ledger_close(&second);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 1);
	assert_int_equal(rig_entries(rig.root, "new"), 1);
	free(path);
	rig_end(&rig);
}

static void planted_links_are_not_followed(void **state)
{
	struct rig rig;
	struct folder *f;
	char *victim, *path;
	int64_t mailbox;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	victim = mem_printf("%s/victim", rig.dir);
	assert_int_equal(mkdir(victim, 0700), 0);
	path = mem_printf("%s/.Evil", rig.root);
	assert_int_equal(symlink(victim, path), 0);
	assert_int_equal(store_folder(rig.store, ".Evil", &f, &rig.err), -1);
	assert_int_equal(rig.err.class, ERR_STORE);
	assert_int_equal(rig.err.scope, ERR_SCOPE_MAILBOX);
	free(path);
	/* and one planted later, below a folder that was good */
	f = rig_folder(&rig, "Good", &mailbox);
	path = mem_printf("%s/.Good/new", rig.root);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink(victim, path), 0);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "x\r\n"));
	assert_int_equal(store_flush(rig.store, &rig.err), -1);
	assert_int_equal(rig.err.class, ERR_STORE);
	assert_int_equal(rig_deliver(&rig, f, mailbox, 2, "", "y\r\n"), -1);
	assert_int_equal(rig_entries(victim, "."), 0);
	rig_close(&rig);
	assert_int_equal(rig_try_open(&rig), -1);
	/* the trap is removed: what was recorded is published then */
	assert_int_equal(unlink(path), 0);
	rig_open(&rig);
	assert_int_equal(rig_entries(rig.root, ".Good/new"), 1);
	assert_int_equal(rig_staged_rows(&rig), 0);
	free(path);
	free(victim);
	rig_end(&rig);
}

static void quota_file_grows_where_it_is(void **state)
{
	struct rig rig;
	struct folder *f;
	int64_t mailbox;
	char *text;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "x\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	assert_false(rig_exists(&rig, "maildirsize"));
	rig_put(rig.root, "maildirsize", "1000S\n");
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 2, "", "abc\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	text = rig_get(rig.root, "maildirsize");
	assert_string_equal(text, "1000S\n4 1\n");
	free(text);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_is_made),
		cmocka_unit_test(bad_roots_are_refused),
		cmocka_unit_test(foreign_owner_is_refused),
		cmocka_unit_test(what_was_not_given_away_is_given_now),
		cmocka_unit_test(a_reader_sees_a_folder_whole_or_not_at_all),
		cmocka_unit_test(rest_of_a_folder_is_removed),
		cmocka_unit_test(id_must_be_the_same),
		cmocka_unit_test(rest_of_an_id_is_removed),
		cmocka_unit_test(accounts_share_a_store),
		cmocka_unit_test(planted_links_are_not_followed),
		cmocka_unit_test(quota_file_grows_where_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
