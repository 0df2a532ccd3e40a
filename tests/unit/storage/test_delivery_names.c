/* SPDX-License-Identifier: BSD-2-Clause */
/* delivery: what surrounds the bytes: names, flags, dates, owner. */
#include "store_rig.h"

#include <time.h>

static struct rig_files files;

static void flags_choose_directory_and_letters(void **state)
{
	struct rig rig;
	struct folder *f;
	int64_t mailbox;
	char *words;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "a: 1\r\n"));
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 2, "\\Seen", "a: 2\r\n"));
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 3,
			     "\\Draft \\Flagged \\Answered \\Seen \\Deleted",
			     "a: 3\r\n"));
	rig_ok(&rig,
		rig_deliver(&rig, f, mailbox, 4, "$Work zeta", "a: 4\r\n"));
	rig_ok(&rig,
		rig_deliver(&rig, f, mailbox, 5, "\\Seen ZETA", "a: 5\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	rig_list(rig.root, "new", &files);
	assert_int_equal(files.count, 1);
	assert_null(strchr(files.file[0].name, ':'));
	assert_int_equal(files.file[0].mode, 0600);
	assert_int_equal(files.file[0].mtime, 1000000001);
	rig_files_clear(&files);
	rig_list(rig.root, "cur", &files);
	assert_int_equal(files.count, 4);
	/* by name: in the order of delivery */
	assert_string_equal(strchr(files.file[0].name, ':'), ":2,S");
	assert_string_equal(strchr(files.file[1].name, ':'), ":2,DFRST");
	assert_string_equal(strchr(files.file[2].name, ':'), ":2,ab");
	assert_string_equal(strchr(files.file[3].name, ':'), ":2,Sb");
	assert_string_equal(files.file[3].data, "a: 5\n");
	assert_int_equal(files.file[3].mtime, 1000000005);
	rig_files_clear(&files);
	words = rig_get(rig.root, "dovecot-keywords");
	assert_string_equal(words, "0 $Work\n1 zeta\n");
	free(words);
	rig_end(&rig);
}

static void date_from_header_or_now(void **state)
{
	struct ledger_message *key = mem_alloc(sizeof *key);
	static const char received[] =
		"Received: from a by b; Sat, 1 Jan 2005 00:00:00 +0000\r\n"
		"Date: Fri, 1 Jan 1999 00:00:00 +0000\r\n\r\nx\r\n";
	struct folder *f;
	struct rig rig;
	int64_t mailbox;
	time_t now = time(NULL);

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_key(key, mailbox, 1, "\\Seen");
	key->date_s = 0;
	rig_ok(&rig, rig_deliver_key(
			     &rig, f, key, received, sizeof received - 1, 5));
	key->uid = 2;
	rig_ok(&rig, rig_deliver_key(&rig, f, key, "no header", 9, 0));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	rig_list(rig.root, "cur", &files);
	assert_int_equal(files.count, 2);
	assert_int_equal(files.file[0].mtime, 1104537600);
	assert_in_range(files.file[1].mtime, now, now + 60);
	rig_files_clear(&files);
	rig_end(&rig);
	free(key);
}

static void names_tell_identity_and_order(void **state)
{
	struct rig rig;
	struct folder *f, *g;
	int64_t m1, m2;
	char first[64], again[64];

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &m1);
	g = rig_folder(&rig, "Other", &m2);
	for (uint32_t uid = 1; uid <= 50; uid++)
		rig_ok(&rig, rig_deliver(&rig, f, m1, uid, "", "x\r\n"));
	rig_ok(&rig, rig_deliver(&rig, g, m2, 1, "", "x\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	rig_list(rig.root, "new", &files);
	assert_int_equal(files.count, 50);
	(void)snprintf(first, sizeof first, "%.26s",
		strchr(files.file[0].name, 'K') + 1);
	for (size_t i = 1; i < files.count; i++)
		assert_string_not_equal(strchr(files.file[0].name, 'K'),
			strchr(files.file[i].name, 'K'));
	rig_files_clear(&files);
	/* the same identity has the same digits in another store, with the
	 * same keys and account */
	rig_close(&rig);
	assert_int_equal(unlink(rig.ledger_path), 0);
	{
		char *wal = mem_printf("%s-wal", rig.ledger_path);
		(void)unlink(wal);
		free(wal);
	}
	rig_remove(rig.root);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &m1);
	rig_ok(&rig, rig_deliver(&rig, f, m1, 1, "", "x\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	rig_list(rig.root, "new", &files);
	assert_int_equal(files.count, 1);
	(void)snprintf(again, sizeof again, "%.26s",
		strchr(files.file[0].name, 'K') + 1);
	rig_files_clear(&files);
	assert_int_equal(strlen(again), 26);
	assert_string_equal(first, again);
	rig_end(&rig);
}

/* Only root can give files away. */
static void files_belong_to_the_owner(void **state)
{
	struct rig rig;
	struct folder *f;
	struct stat st;
	int64_t mailbox;

	(void)state;
	if (geteuid() != 0) {
		print_message("not root: owner not checked\n");
		skip();
	}
	rig_start(&rig, false);
	rig.config.uid = 12345;
	rig.config.gid = 12346;
	rig_open(&rig);
	f = rig_folder(&rig, "Sub", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "key", "x\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	rig_list(rig.root, ".Sub/cur", &files);
	assert_int_equal(files.count, 1);
	assert_int_equal(files.file[0].uid, 12345);
	rig_files_clear(&files);
	for (size_t i = 0; i < 7; i++) {
		static const char *const names[] = {".", "cur", ".Sub",
			".Sub/cur", ".Sub/tmp", ".Sub/maildirfolder",
			".Sub/dovecot-keywords"};
		char *path = mem_printf("%s/%s", rig.root, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, 12345);
		assert_int_equal(st.st_gid, 12346);
		assert_int_equal(st.st_mode & 077, 0);
		free(path);
	}
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_choose_directory_and_letters),
		cmocka_unit_test(date_from_header_or_now),
		cmocka_unit_test(names_tell_identity_and_order),
		cmocka_unit_test(files_belong_to_the_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
