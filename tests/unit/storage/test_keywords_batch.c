/* SPDX-License-Identifier: BSD-2-Clause */
/* Letters that are planned, and come with a batch. */
#include "store_rig.h"

#include "storage/keywords.h"

struct place {
	char dir[64];
	int fd;
	struct keywords k;
	struct err err;
};

static void setup(struct place *p)
{
	memset(p, 0, sizeof *p);
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/keywords.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY);
	assert_true(p->fd >= 0);
	keywords_init(&p->k, (uid_t)-1, (gid_t)-1, "tag");
	p->k.stage_fd = p->fd;
}

static void teardown(struct place *p)
{
	keywords_clear(&p->k);
	(void)close(p->fd);
	rig_remove(p->dir);
}

static void assert_file(struct place *p, const char *expected)
{
	char *text = rig_get(p->dir, "dovecot-keywords");

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void put_file(struct place *p, const char *text)
{
	rig_put(p->dir, "dovecot-keywords", text);
}

static void plan(struct place *p, const char *set, const char *expected)
{
	struct flags kept;

	rig_ok(p, keywords_plan(&p->k, p->fd, set, &kept, &p->err));
	assert_string_equal(kept.keywords, expected);
}

static void assert_letters(
	struct place *p, const char *set, const char *expected)
{
	char letters[27];

	assert_true(keywords_knows(&p->k, set));
	rig_ok(p, keywords_letters(&p->k, p->fd, set, letters, NULL, &p->err));
	assert_string_equal(letters, expected);
}

static void a_plan_writes_nothing(void **state)
{
	struct place p;

	(void)state;
	setup(&p);
	plan(&p, "beta zeta", "beta zeta");
	assert_int_equal(rig_entries(p.dir, "."), 0);
	assert_true(p.k.planned);
	rig_ok(&p, keywords_prepare(&p.k, p.fd, "staged", false, &p.err));
	assert_int_equal(rig_entries(p.dir, "."), 1);
	rig_ok(&p, keywords_publish(&p.k, p.fd, false, &p.err));
	assert_file(&p, "0 beta\n1 zeta\n");
	assert_int_equal(rig_entries(p.dir, "."), 1);
	assert_letters(&p, "zeta beta", "ab");
	/* nothing new: nothing to do */
	plan(&p, "zeta", "zeta");
	assert_false(p.k.planned);
	rig_ok(&p, keywords_prepare(&p.k, p.fd, "staged", false, &p.err));
	assert_int_equal(rig_entries(p.dir, "."), 1);
	teardown(&p);
}

/* Somebody gives our letter away between the two steps. */
static void another_writer_comes_between(void **state)
{
	struct place p;

	(void)state;
	setup(&p);
	put_file(&p, "0 old\n");
	plan(&p, "ours", "ours");
	rig_ok(&p, keywords_prepare(&p.k, p.fd, "staged", false, &p.err));
	put_file(&p, "0 old\n1 theirs\n");
	rig_ok(&p, keywords_publish(&p.k, p.fd, false, &p.err));
	assert_file(&p, "0 old\n1 theirs\n2 ours\n");
	assert_letters(&p, "ours", "c");
	assert_int_equal(rig_entries(p.dir, "."), 1);
	teardown(&p);
}

/* … and gives it what we want. */
static void another_writer_did_the_same(void **state)
{
	struct place p;

	(void)state;
	setup(&p);
	plan(&p, "ours", "ours");
	rig_ok(&p, keywords_prepare(&p.k, p.fd, "staged", false, &p.err));
	put_file(&p, "0 x\n7 OURS\n");
	rig_ok(&p, keywords_publish(&p.k, p.fd, false, &p.err));
	assert_file(&p, "0 x\n7 OURS\n");
	assert_letters(&p, "ours", "h");
	assert_int_equal(rig_entries(p.dir, "."), 1);
	teardown(&p);
}

/* Where nothing was prepared the file is durable by itself. */
static void without_a_batch(void **state)
{
	struct place p;

	(void)state;
	setup(&p);
	put_file(&p, "3 old\n");
	plan(&p, "late old", "late old");
	rig_ok(&p, keywords_publish(&p.k, p.fd, true, &p.err));
	assert_file(&p, "0 late\n3 old\n");
	plan(&p, "later", "later");
	rig_ok(&p, keywords_publish(&p.k, p.fd, false, &p.err));
	assert_file(&p, "0 late\n1 later\n3 old\n");
	teardown(&p);
}

/* Each plan sees what the file has become, and no more than 26 get one. */
static void a_plan_reads_first(void **state)
{
	char text[512] = "";
	struct place p;

	(void)state;
	setup(&p);
	plan(&p, "a1", "a1");
	for (int i = 0; i < 25; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text),
			"%d k%d\n", i, i);
	put_file(&p, text);
	plan(&p, "a2", "");
	assert_true(flags_has_keyword(p.k.left_out, "a2"));
	rig_ok(&p, keywords_publish(&p.k, p.fd, true, &p.err));
	assert_letters(&p, "k24 a1", "yz");
	teardown(&p);
}

/* A reader's mtime of the second that the file was read in is passed. */
static void dovecot_notices(void **state)
{
	struct stat first, second;
	struct place p;

	(void)state;
	setup(&p);
	plan(&p, "one", "one");
	rig_ok(&p, keywords_publish(&p.k, p.fd, true, &p.err));
	assert_int_equal(fstatat(p.fd, "dovecot-keywords", &first, 0), 0);
	plan(&p, "two", "two");
	rig_ok(&p, keywords_prepare(&p.k, p.fd, "staged", false, &p.err));
	rig_ok(&p, keywords_publish(&p.k, p.fd, false, &p.err));
	assert_int_equal(fstatat(p.fd, "dovecot-keywords", &second, 0), 0);
	assert_true(second.st_mtime > first.st_mtime);
	teardown(&p);
}

/* The lock is respected, and the plan is not lost in silence. */
static void a_lock_that_stays_is_an_error(void **state)
{
	struct place p;
	char text[64];

	(void)state;
	setup(&p);
	(void)snprintf(text, sizeof text, "%d:elsewhere", (int)getpid());
	rig_put(p.dir, "dovecot-uidlist.lock", text);
	p.k.wait_s = 1;
	plan(&p, "one", "one");
	rig_ok(&p, keywords_prepare(&p.k, p.fd, "staged", false, &p.err));
	assert_int_equal(keywords_publish(&p.k, p.fd, false, &p.err), -1);
	assert_int_equal(p.err.class, ERR_STORE);
	assert_null(rig_get(p.dir, "dovecot-keywords"));
	teardown(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_writes_nothing),
		cmocka_unit_test(another_writer_comes_between),
		cmocka_unit_test(another_writer_did_the_same),
		cmocka_unit_test(without_a_batch),
		cmocka_unit_test(a_plan_reads_first),
		cmocka_unit_test(dovecot_notices),
		cmocka_unit_test(a_lock_that_stays_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
