/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things land: folders, subscriptions, what the result says of them. */
#include "rig.h"

static bool has_dir(struct rig *r, const char *dir)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/%s/cur", r->store, dir);
	return stat(path, &st) == 0;
}

static bool is_subscribed(struct rig *r, const char *name)
{
	char path[256], line[256];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/subscriptions", r->store);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = found || strcmp(line, name) == 0;
	}
	if (f != NULL)
		(void)fclose(f);
	return found;
}

static void two_that_want_one_name_get_two_folders(void **state)
{
	struct rig *r = rig_new(false);
	struct rig_path p;

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "Sent"), 1, 2);
	fake_fill(fake_mailbox(&r->fake, "Gesendet"), 3, 2);
	r->fake.mailboxes[1].attrs = MAILBOX_SENT;
	rig_run_ok(r);
	rig_assert_exactly(r, 1, 4);
	rig_find(r, 3, &p);
	assert_non_null(strstr(p.path, "/.Sent/"));
	rig_find(r, 1, &p);
	assert_null(strstr(p.path, "/.Sent/"));
	assert_non_null(strstr(p.path, "/.Sent~"));
	rig_free(r);
}

static void a_mapping_stays(void **state)
{
	struct rig *r = rig_new(false);
	struct rig_path p;

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "Ausgang"), 1, 2);
	rig_run_ok(r);
	/* the server learns special use; the prefix changes */
	r->fake.mailboxes[0].attrs = MAILBOX_SENT;
	r->prefix = "Old";
	fake_fill(&r->fake.mailboxes[0], 3, 1);
	rig_run_ok(r);
	rig_find(r, 3, &p);
	assert_non_null(strstr(p.path, "/.Ausgang/"));
	rig_free(r);
}

static void all_under_a_prefix(void **state)
{
	struct rig *r = rig_new(false);
	struct rig_path p;

	(void)state;
	r->prefix = "Old";
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 1);
	fake_fill(fake_mailbox(&r->fake, "a"), 2, 1);
	rig_run_ok(r);
	rig_find(r, 1, &p);
	assert_non_null(strstr(p.path, "/.Old/"));
	rig_find(r, 2, &p);
	assert_non_null(strstr(p.path, "/.Old.a/"));
	rig_free(r);
}

static void empty_ones_are_made_and_excluded_ones_are_not(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	r->excludes = "Not*";
	(void)fake_mailbox(&r->fake, "Empty");
	fake_fill(fake_mailbox(&r->fake, "Not this"), 1, 2);
	(void)fake_mailbox(&r->fake, "All");
	r->fake.mailboxes[2].attrs = MAILBOX_ALL;
	rig_run_ok(r);
	assert_true(has_dir(r, ".Empty"));
	assert_false(has_dir(r, ".Not this"));
	assert_false(has_dir(r, ".All"));
	assert_int_equal(r->fake.selects, 1);
	rig_free(r);
}

static void subscribed_once_and_never_again(void **state)
{
	struct rig *r = rig_new(false);
	char path[256];

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "A"), 1, 1);
	fake_fill(fake_mailbox(&r->fake, "B"), 2, 1);
	r->fake.mailboxes[0].attrs = MAILBOX_SUBSCRIBED;
	rig_run_ok(r);
	assert_true(is_subscribed(r, "A"));
	assert_false(is_subscribed(r, "B"));
	/* a person unsubscribes */
	(void)snprintf(path, sizeof path, "%s/subscriptions", r->store);
	assert_int_equal(unlink(path), 0);
	fake_fill(&r->fake.mailboxes[0], 3, 1);
	rig_run_ok(r);
	assert_false(is_subscribed(r, "A"));
	rig_free(r);
}

static void a_folder_of_a_broken_import_is_subscribed_later(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "A"), 1, 6);
	r->fake.cut_at_message = 3;
	r->fake.dead_after_cut = -1;
	rig_run(r);
	assert_false(r->result.ok);
	r->fake.dead_after_cut = 0;
	rig_run_ok(r);
	assert_true(is_subscribed(r, "A"));
	rig_free(r);
}

/* Another store, or none, in the place of ours. */
static void a_store_that_was_swapped_is_not_touched(void **state)
{
	struct rig *r = rig_new(false);
	char away[256];

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	rig_run_ok(r);
	(void)snprintf(away, sizeof away, "%s/away", r->dir);
	assert_int_equal(rename(r->store, away), 0);
	r->fake.opens = 0;
	rig_run(r);
	assert_int_equal(r->result.err.class, ERR_STORE);
	assert_true(r->result.needs_person);
	assert_int_equal(r->fake.opens, 0);
	rig_free(r);
}

static void a_newer_run_owns_the_account(void **state)
{
	struct rig *r = rig_new(false);

	(void)state;
	fake_fill(fake_mailbox(&r->fake, "INBOX"), 1, 3);
	r->fence = 5;
	rig_run_ok(r);
	r->fence = 3;
	r->fake.opens = 0;
	rig_run(r);
	assert_true(r->result.cancelled);
	assert_int_equal(r->fake.opens, 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_that_want_one_name_get_two_folders),
		cmocka_unit_test(a_mapping_stays),
		cmocka_unit_test(all_under_a_prefix),
		cmocka_unit_test(empty_ones_are_made_and_excluded_ones_are_not),
		cmocka_unit_test(subscribed_once_and_never_again),
		cmocka_unit_test(
			a_folder_of_a_broken_import_is_subscribed_later),
		cmocka_unit_test(a_store_that_was_swapped_is_not_touched),
		cmocka_unit_test(a_newer_run_owns_the_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
