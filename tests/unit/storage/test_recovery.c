/* SPDX-License-Identifier: BSD-2-Clause */
/* recovery: what a killed run has left is settled when the store is opened. */
#include "store_rig.h"

#include <inttypes.h>
#include <sys/file.h>

static struct rig_files files;

/* A row and a file as a crash between C and D leaves them. */
static void leave_staged(struct rig *rig, int64_t mailbox, uint32_t uid,
	bool file, const char *flags)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	char name[128];
	bool new;

	rig_key(m, mailbox, uid, flags);
	m->local = m->source;
	m->fence = rig->fence;
	m->stage_seq = 1000 + uid;
	m->to_new = flags[0] == '\0';
	(void)snprintf(m->base, sizeof m->base, "17.M%06uKx.host,S=2,W=3", uid);
	rig_ok(rig, ledger_begin(rig->ledger, &rig->err));
	rig_ok(rig, ledger_stage(rig->ledger, m, &new, &rig->err));
	rig_ok(rig, ledger_commit(rig->ledger, &rig->err));
	(void)snprintf(name, sizeof name, "mailhaul.stage/%s.%" PRId64 "/%u",
		rig->uuid, rig->fence, 1000 + uid);
	if (file)
		rig_put(rig->root, name, "x\n");
	free(m);
}

static void recovery_settles_what_was_left(void **state)
{
	struct rig rig;
	int64_t inbox, sub;
	char *text;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	(void)rig_folder(&rig, "INBOX", &inbox);
	(void)rig_folder(&rig, "Sub", &sub);
	leave_staged(&rig, inbox, 1, true, "");
	leave_staged(&rig, inbox, 2, false, ""); /* published before */
	leave_staged(&rig, sub, 3, true, "\\Seen later");
	leave_staged(&rig, sub, 4, true, "\\Flagged");
	text = mem_printf(
		"mailhaul.stage/%s.%" PRId64 "/77", rig.uuid, rig.fence);
	rig_put(rig.root, text, "no row\n");
	free(text);
	rig_put(rig.root, "maildirsize", "1000S\n10 1\n");
	rig_close(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 1);

	rig_open(&rig);
	assert_int_equal(rig_staged_rows(&rig), 0);
	assert_false(rig_exists(&rig, "maildirsize"));
	rig_list(rig.root, "new", &files);
	assert_int_equal(files.count, 1);
	assert_string_equal(files.file[0].name, "17.M000001Kx.host,S=2,W=3");
	rig_files_clear(&files);
	rig_list(rig.root, ".Sub/cur", &files);
	assert_int_equal(files.count, 2);
	assert_string_equal(
		files.file[0].name, "17.M000003Kx.host,S=2,W=3:2,Sa");
	assert_string_equal(
		files.file[1].name, "17.M000004Kx.host,S=2,W=3:2,F");
	rig_files_clear(&files);
	text = rig_get(rig.root, ".Sub/dovecot-keywords");
	assert_string_equal(text, "0 later\n");
	free(text);
	rig_close(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
	rig_end(&rig);
}

/* Half of a link + unlink: the name is there, the staged one too. */
static void recovery_finishes_a_half_link(void **state)
{
	struct rig rig;
	int64_t inbox;
	char *staged, *published;

	(void)state;
	rig_start(&rig, true);
	rig_open(&rig);
	(void)rig_folder(&rig, "INBOX", &inbox);
	leave_staged(&rig, inbox, 1, true, "");
	staged = mem_printf("%s/mailhaul.stage/%s.%" PRId64 "/1001", rig.root,
		rig.uuid, rig.fence);
	published = mem_printf("%s/new/17.M000001Kx.host,S=2,W=3", rig.root);
	assert_int_equal(link(staged, published), 0);
	rig_close(&rig);
	rig_open(&rig);
	assert_int_equal(rig_entries(rig.root, "new"), 1);
	assert_int_equal(rig_staged_rows(&rig), 0);
	assert_int_equal(access(staged, F_OK), -1);
	free(staged);
	free(published);
	rig_end(&rig);
}

/* A run that holds a lower fence than the ledger's is over. */
static void lower_fence_is_refused(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, false);
	rig.fence = 9;
	rig_open(&rig);
	rig_close(&rig);
	assert_int_equal(ledger_open(rig.ledger_path, rig.uuid, 4, &rig.ledger,
				 &rig.err),
		-1);
	assert_int_equal(rig.err.class, ERR_CANCELLED);
	rig_end(&rig);
}

/* Staging directories of other accounts and of higher fences stay. */
static void only_our_own_staging_is_cleared(void **state)
{
	struct rig rig;
	char *path;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	rig_close(&rig);
	path = mem_printf("%s/mailhaul.stage/" RIG_UUID ".900", rig.root);
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	path = mem_printf("%s/mailhaul.stage/%.*s0.1", rig.root, 31, RIG_UUID);
	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
	path = mem_printf("%s/mailhaul.stage/" RIG_UUID ".1", rig.root);
	assert_int_equal(mkdir(path, 0700), 0);
	rig_put(path, "5", "left\n");
	rig.fence = 10;
	rig_open(&rig);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 3);
	free(path);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recovery_settles_what_was_left),
		cmocka_unit_test(recovery_finishes_a_half_link),
		cmocka_unit_test(lower_fence_is_refused),
		cmocka_unit_test(only_our_own_staging_is_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
