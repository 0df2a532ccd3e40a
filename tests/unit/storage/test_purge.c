/* SPDX-License-Identifier: BSD-2-Clause */
/* purge: what the ledger names goes, wherever it is; nothing else does. */
#include "storage/purge.h"

#include "store_rig.h"

static void setup(struct rig *rig)
{
	struct folder *inbox, *a, *b;
	int64_t in_inbox, in_a, in_b;

	rig_start(rig, false);
	rig_open(rig);
	inbox = rig_folder(rig, "INBOX", &in_inbox);
	a = rig_folder(rig, "A", &in_a);
	b = rig_folder(rig, "B", &in_b);
	rig_ok(rig, rig_deliver(rig, inbox, in_inbox, 1, "", "one\n"));
	rig_ok(rig, rig_deliver(rig, inbox, in_inbox, 2, "\\Seen", "two\n"));
	rig_ok(rig, rig_deliver(rig, a, in_a, 3, "\\Flagged", "three\n"));
	rig_ok(rig, rig_deliver(rig, b, in_b, 4, "\\Seen", "four\n"));
	rig_ok(rig, store_flush(rig->store, &rig->err));
	store_close(&rig->store);
}

static void end(struct rig *rig)
{
	rig_ok(rig, store_open(&rig->config, rig->ledger, rig->committer,
			    &rig->store, &rig->err));
	rig_end(rig);
}

static struct purge_result purge(struct rig *rig)
{
	struct purge_result result = {0};

	rig_ok(rig, purge_store(rig->root, (uid_t)-1, (gid_t)-1, rig->ledger,
			    &result, &rig->err));
	return result;
}

static void move(struct rig *rig, const char *from, const char *to)
{
	struct rig_files files;
	char *old, *new;

	rig_list(rig->root, from, &files);
	assert_int_equal(files.count, 1);
	old = mem_printf("%s/%s/%s", rig->root, from, files.file[0].name);
	new = mem_printf("%s/%s/%.*s:2,FS", rig->root, to,
		(int)strcspn(files.file[0].name, ":"), files.file[0].name);
	assert_int_equal(rename(old, new), 0);
	free(old);
	free(new);
	rig_files_clear(&files);
}

static void all_that_it_brought(void **state)
{
	struct purge_result r;
	struct rig rig;

	(void)state;
	setup(&rig);
	rig_put(rig.root, ".A/dovecot-uidlist", "3 V1 N1\n");
	/* moved by a reader, into a folder of its own */
	rig_put(rig.root, "x", "");
	move(&rig, ".A/cur", "cur");
	r = purge(&rig);
	assert_int_equal(r.removed, 4);
	assert_int_equal(r.bytes, 4 + 4 + 6 + 5);
	assert_int_equal(r.stayed, 0);
	assert_int_equal(r.folders, 2);
	assert_false(rig_exists(&rig, ".A"));
	assert_false(rig_exists(&rig, ".B"));
	assert_int_equal(rig_entries(rig.root, "cur"), 0);
	assert_int_equal(rig_entries(rig.root, "new"), 0);
	assert_true(rig_exists(&rig, "mailhaul.id"));
	assert_true(rig_exists(&rig, "x"));
	/* again: nothing to do, and no fault */
	r = purge(&rig);
	assert_int_equal(r.removed, 0);
	assert_int_equal(r.folders, 0);
	end(&rig);
}

static void what_is_not_its_own_stays(void **state)
{
	struct purge_result r;
	struct rig rig;

	(void)state;
	setup(&rig);
	rig_put(rig.root, "cur/1.other:2,S", "not ours");
	rig_put(rig.root, ".A/new/2.other", "not ours");
	rig_put(rig.root, ".B/notes.txt", "a person's");
	r = purge(&rig);
	assert_int_equal(r.removed, 4);
	assert_int_equal(r.stayed, 2);
	assert_int_equal(r.folders, 0);
	assert_true(rig_exists(&rig, "cur/1.other:2,S"));
	assert_true(rig_exists(&rig, ".A/new/2.other"));
	/* a folder is whole, or gone */
	assert_true(rig_exists(&rig, ".A/cur"));
	assert_true(rig_exists(&rig, ".A/tmp"));
	assert_true(rig_exists(&rig, ".B/notes.txt"));
	assert_true(rig_exists(&rig, ".B/cur"));
	end(&rig);
}

/* What a tenant puts in the place of a folder leads nowhere. */
static void no_link_is_followed(void **state)
{
	struct rig_files files;
	struct purge_result r;
	struct rig rig;
	char *outside, *old, *link, *sub;

	(void)state;
	setup(&rig);
	outside = mem_printf("%s/outside", rig.dir);
	old = mem_printf("%s/.A", rig.root);
	link = mem_printf("%s/.Link", rig.root);
	sub = mem_printf("%s/.B/new", rig.root);
	assert_int_equal(rename(old, outside), 0);
	assert_int_equal(symlink(outside, old), 0);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(rmdir(sub), 0);
	assert_int_equal(symlink(outside, sub), 0);
	r = purge(&rig);
	assert_int_equal(r.removed, 3);
	assert_int_equal(r.folders, 0);
	rig_list(outside, "cur", &files);
	assert_int_equal(files.count, 1);
	rig_files_clear(&files);
	assert_true(rig_exists(&rig, ".A"));
	assert_int_equal(unlink(old), 0);
	assert_int_equal(rename(outside, old), 0);
	free(outside);
	free(old);
	free(link);
	free(sub);
	end(&rig);
}

static void another_store_is_not_touched(void **state)
{
	struct purge_result r = {.removed = 77};
	struct rig rig;
	char *id;

	(void)state;
	setup(&rig);
	id = rig_get(rig.root, "mailhaul.id");
	rig_put(rig.root, "mailhaul.id", "00000000000000000000000000000000\n");
	assert_int_equal(purge_store(rig.root, (uid_t)-1, (gid_t)-1, rig.ledger,
				 &r, &rig.err),
		-1);
	assert_int_equal(rig.err.class, ERR_STORE);
	assert_int_equal(r.removed, 77);
	assert_int_equal(rig_entries(rig.root, ".A/cur"), 1);
	rig_put(rig.root, "mailhaul.id", id);
	free(id);
	end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_it_brought),
		cmocka_unit_test(what_is_not_its_own_stays),
		cmocka_unit_test(no_link_is_followed),
		cmocka_unit_test(another_store_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
