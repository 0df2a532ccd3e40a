/* SPDX-License-Identifier: BSD-2-Clause */
/* subscriptions: both versions of the file, as Dovecot 2.3 writes them. */
#include "store_rig.h"

#include "storage/subscriptions.h"

static const struct owner us = {(uid_t)-1, (gid_t)-1};

struct place {
	char dir[64];
	int fd;
	struct err err;
};

static void setup(struct place *p)
{
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/subs.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY);
	assert_true(p->fd >= 0);
}

static void teardown(struct place *p)
{
	(void)close(p->fd);
	rig_remove(p->dir);
}

static void assert_after(const char *before, const char *const *dirs,
	size_t count, const char *after)
{
	struct place p;
	char *text;

	setup(&p);
	if (before != NULL)
		rig_put(p.dir, "subscriptions", before);
	for (int i = 0; i < 2; i++) { /* the second adds nothing */
		rig_ok(&p, subscriptions_add(
				   p.fd, dirs, count, us, "tag", &p.err));
		text = rig_get(p.dir, "subscriptions");
		assert_non_null(text);
		assert_string_equal(text, after);
		free(text);
		assert_int_equal(rig_entries(p.dir, "."), 1);
	}
	teardown(&p);
}

static const char *const dirs[] = {"", ".A", ".A.B", ".Entw&APw-rfe", ".A"};

static void a_new_file_has_version_2(void **state)
{
	(void)state;
	assert_after(NULL, dirs, 5, "V\t2\n\nINBOX\nA\nA\tB\nEntw&APw-rfe\n");
	assert_after("", dirs, 2, "V\t2\n\nINBOX\nA\n");
}

static void version_2_is_extended(void **state)
{
	(void)state;
	assert_after("V\t2\n\nZ\nA\tB\n", dirs, 4,
		"V\t2\n\nZ\nA\tB\nINBOX\nA\nEntw&APw-rfe\n");
}

static void version_1_stays_version_1(void **state)
{
	(void)state;
	assert_after("Old.One\nA\n", dirs, 4,
		"Old.One\nA\nINBOX\nA.B\nEntw&APw-rfe\n");
	/* a last line without its end, and names that begin alike */
	assert_after(
		"A.B.C\nAB\nA.BX", dirs, 3, "A.B.C\nAB\nA.BX\nINBOX\nA\nA.B\n");
}

static void a_link_is_refused(void **state)
{
	struct place p;
	char *text;

	(void)state;
	setup(&p);
	rig_put(p.dir, "victim", "keep\n");
	assert_int_equal(symlinkat("victim", p.fd, "subscriptions"), 0);
	assert_int_equal(
		subscriptions_add(p.fd, dirs, 1, us, "tag", &p.err), -1);
	assert_int_equal(p.err.class, ERR_STORE);
	text = rig_get(p.dir, "victim");
	assert_string_equal(text, "keep\n");
	free(text);
	assert_int_equal(rig_entries(p.dir, "."), 2);
	teardown(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_has_version_2),
		cmocka_unit_test(version_2_is_extended),
		cmocka_unit_test(version_1_stays_version_1),
		cmocka_unit_test(a_link_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
