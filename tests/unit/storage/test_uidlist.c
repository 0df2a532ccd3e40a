/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of dovecot-uidlist, and the file under the hands of a tenant. */
#include "store_rig.h"

#include "storage/uidlist.h"

#define GUID "0123456789abcdef0123456789abcdef"
#define HEAD "3 V1275660208 N4 G" GUID "\n"

struct place {
	char dir[64];
	int fd;
	struct uidlist_config config;
	struct uidlist u;
	struct err err;
};

static void setup(struct place *p)
{
	memset(p, 0, sizeof *p);
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/uidlist.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->fd = open(p->dir, O_RDONLY | O_DIRECTORY);
	assert_true(p->fd >= 0);
	p->config = (struct uidlist_config){
		.tag = "tag", .uid = (uid_t)-1, .gid = (gid_t)-1};
	p->u.fd = -1;
}

static void teardown(struct place *p)
{
	uidlist_close(&p->u);
	(void)close(p->fd);
	rig_remove(p->dir);
}

static int open_with(struct place *p, const char *text)
{
	uidlist_close(&p->u);
	if (text != NULL)
		rig_put(p->dir, UIDLIST_FILE, text);
	return uidlist_open(&p->u, p->fd, &p->config, &p->err);
}

static void assert_file(struct place *p, const char *expected)
{
	char *text = rig_get(p->dir, UIDLIST_FILE);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void heads(void **state)
{
	static const char *const bad[] = {"", "3", "3 ", "1 5 6", "2 V5 N6",
		"3 V5", "3 N6", "3 V0 N6", "3 V5 N0", "3 V5x N6",
		"3 V4294967296 N6", "3 V-5 N6", "3 V5 N6 G0", "33 V5 N6"};
	char line[128];
	struct uidlist_head h;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		(void)snprintf(line, sizeof line, "%s", bad[i]);
		assert_int_equal(uidlist_parse_head(line, &h), -1);
	}
	(void)snprintf(line, sizeof line, "3 N7 Xa  V5 G" GUID " Yb");
	assert_int_equal(uidlist_parse_head(line, &h), 0);
	assert_int_equal(h.uidvalidity, 5);
	assert_int_equal(h.next, 7);
	buf_init(&out, 4096);
	uidlist_format_head(&h, &out);
	assert_string_equal(buf_str(&out), "3 V5 N7 G" GUID " Xa Yb\n");
	buf_free(&out);
}

static void records(void **state)
{
	static const char *const bad[] = {"", "7", "7 ", "7 a", "x :a", "0 :a",
		"7:a", "7 :", "7 ::2,S", "7 :a/b", "4294967295 :a",
		"4294967296 :a"};
	char line[128];
	struct uidlist_record r;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		(void)snprintf(line, sizeof line, "%s", bad[i]);
		assert_int_equal(uidlist_parse_record(line, &r), -1);
	}
	(void)snprintf(line, sizeof line, "7 S3 P:u:1 W4 O9 :1.M2,S=3:2,FS");
	assert_int_equal(uidlist_parse_record(line, &r), 0);
	assert_int_equal(r.uid, 7);
	assert_int_equal(r.order, 9);
	assert_string_equal(r.uidl, ":u:1");
	assert_string_equal(r.name, "1.M2,S=3");
}

/* One that the file cannot hold is left out, and nothing is forged by it. */
static void uidls(void **state)
{
	static const char *const bad[] = {
		"", "a b", "a\nb", "a\tb", "a\x7f", " ", "a\rb"};
	struct uidlist_record r = {.uid = 1, .order = 2, .name = "n"};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		buf_init(&out, 4096);
		r.uidl = bad[i];
		uidlist_format_record(&r, &out);
		assert_string_equal(buf_str(&out), "1 O2 :n\n");
		buf_free(&out);
	}
	buf_init(&out, 4096);
	r.uidl = ":\xff!~";
	uidlist_format_record(&r, &out);
	assert_string_equal(buf_str(&out), "1 P:\xff!~ O2 :n\n");
	buf_free(&out);
}

static void next_is_head_or_last(void **state)
{
	struct place p;

	(void)state;
	setup(&p);
	assert_int_equal(open_with(&p, NULL), 0);
	assert_int_equal(open_with(&p, HEAD), 1);
	assert_int_equal(p.u.next, 4);
	assert_int_equal(open_with(&p, HEAD "2 :a\n"), 1);
	assert_int_equal(p.u.next, 4);
	assert_int_equal(open_with(&p, HEAD "2 :a\n9 S1 :b\n"), 1);
	assert_int_equal(p.u.next, 10);
	teardown(&p);
}

static void damage_is_refused(void **state)
{
	static const char *const bad[] = {"", "3 V1 N1", "1 5 6\n1 a\n",
		"3 V5 N6\njunk\n", "3 V5 N6\n4294967295 :a\n"};
	struct place p;
	char *text;

	(void)state;
	setup(&p);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(open_with(&p, bad[i]), -1);
		assert_file(&p, bad[i]);
	}
	text = mem_alloc(20000);
	(void)snprintf(text, 20000, "%s1 :%018000d\n", HEAD, 1);
	assert_int_equal(open_with(&p, text), -1);
	free(text);
	teardown(&p);
}

/* What a crash has torn off must not swallow the next record. */
static void a_torn_line_is_cut(void **state)
{
	const struct uidlist_record r = {.uid = 9, .uidl = "", .name = "c"};
	struct place p;

	(void)state;
	setup(&p);
	assert_int_equal(open_with(&p, HEAD "5 :a\n7 :b"), 1);
	assert_int_equal(p.u.next, 6);
	rig_ok(&p, uidlist_append(&p.u, &r, 1, &p.err));
	assert_file(&p, HEAD "5 :a\n9 :c\n");
	teardown(&p);
}

static void links_and_pipes_are_refused(void **state)
{
	struct place p;

	(void)state;
	setup(&p);
	rig_put(p.dir, "other", HEAD);
	assert_int_equal(symlinkat("other", p.fd, UIDLIST_FILE), 0);
	assert_int_equal(open_with(&p, NULL), -1);
	assert_int_equal(unlinkat(p.fd, UIDLIST_FILE, 0), 0);
	assert_int_equal(linkat(p.fd, "other", p.fd, UIDLIST_FILE, 0), 0);
	assert_int_equal(open_with(&p, NULL), -1);
	assert_int_equal(unlinkat(p.fd, UIDLIST_FILE, 0), 0);
	assert_int_equal(mkfifoat(p.fd, UIDLIST_FILE, 0600), 0);
	assert_int_equal(open_with(&p, NULL), -1);
	teardown(&p);
}

static void replace_append_raise(void **state)
{
	const struct uidlist_record r[] = {
		{.uid = 100, .uidl = "u1", .order = 1, .name = "a"},
		{.uid = 105, .uidl = "", .name = "b"}};
	struct place p;
	struct stat st;
	char *text;

	(void)state;
	setup(&p);
	assert_int_equal(open_with(&p, HEAD "2 :a\n"), 1);
	rig_ok(&p, uidlist_replace(&p.u, 77, 100, &p.err));
	assert_file(&p, "3 V77 N100 G" GUID "\n");
	rig_ok(&p, uidlist_append(&p.u, r, 2, &p.err));
	assert_int_equal(p.u.next, 106);
	rig_ok(&p, uidlist_raise(&p.u, 5000, &p.err));
	assert_file(&p, "3 V77 N5000 G" GUID "\n100 Pu1 O1 :a\n105 :b\n");
	assert_int_equal(open_with(&p, NULL), 1);
	assert_int_equal(p.u.next, 5000);
	assert_int_equal(unlinkat(p.fd, UIDLIST_FILE, 0), 0);

	assert_int_equal(open_with(&p, NULL), 0);
	assert_int_equal(fchmod(p.fd, 0770), 0);
	rig_ok(&p, uidlist_replace(&p.u, 8, 9, &p.err));
	assert_int_equal(fstatat(p.fd, UIDLIST_FILE, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	text = rig_get(p.dir, UIDLIST_FILE);
	assert_int_equal(strlen(text), strlen("3 V8 N9 G" GUID "\n"));
	free(text);
	assert_int_equal(rig_entries(p.dir, "."), 1);
	teardown(&p);
}

/* ---- UIDLs for what is there */

static int by_record_name(const void *a, const void *b)
{
	const struct uidlist_record *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void names_get_their_uidls(void **state)
{
	struct uidlist_record names[] = {
		{.uid = 1, .order = 3, .uidl = "three", .name = "c"},
		{.uid = 1, .order = 1, .uidl = "one", .name = "a"},
		{.uid = 1, .order = 9, .uidl = "nine", .name = "not-there"},
		{.uid = 1, .order = 4, .uidl = "four", .name = "d"}};
	struct place p;
	bool found[4];
	struct stat before, after;

	(void)state;
	setup(&p);
	qsort(names, 4, sizeof *names, by_record_name);
	assert_int_equal(
		open_with(&p, HEAD "1 W5 Gabc :a\n2 :b:x\nwhat is this?\n"
				   "3 Pold S7 O8 Zz :c:2,S\n9 Pfour O4 :d\n"),
		1);
	assert_int_equal(uidlist_name(&p.u, names, 4, found, &p.err), 0);
	assert_file(&p, HEAD "1 Pone O1 W5 Gabc :a\n2 :b:x\nwhat is this?\n"
			     "3 Pthree O3 S7 Zz :c:2,S\n9 Pfour O4 :d\n");
	assert_true(found[0] && found[1] && found[2]);
	assert_false(found[3]);
	/* nothing to change: the file stays, and so does the reader's view */
	assert_int_equal(fstatat(p.fd, UIDLIST_FILE, &before, 0), 0);
	assert_int_equal(open_with(&p, NULL), 1);
	assert_int_equal(uidlist_name(&p.u, names, 4, found, &p.err), 0);
	assert_int_equal(fstatat(p.fd, UIDLIST_FILE, &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(found[0] && !found[3]);
	teardown(&p);
}

static void naming_keeps_lines_of_any_length(void **state)
{
	const struct uidlist_record name = {
		.uid = 1, .order = 1, .uidl = "u", .name = "a"};
	struct buf text, expected;
	struct place p;
	bool found;

	(void)state;
	setup(&p);
	buf_init(&text, 1 << 20);
	buf_init(&expected, 1 << 20);
	(void)buf_add_str(&text, HEAD);
	for (int i = 0; i < 200000; i++)
		(void)buf_add_str(&text, "x");
	(void)buf_add_str(&expected, buf_str(&text));
	(void)buf_add_str(&text, " :a\n5 :a\n6 :a\n7 :e\n");
	/* the first of two records of one name, as a reader takes it */
	(void)buf_add_str(&expected, " :a\n5 Pu O1 :a\n6 :a\n7 :e\n");
	assert_int_equal(open_with(&p, buf_str(&text)), 1);
	assert_int_equal(uidlist_name(&p.u, &name, 1, &found, &p.err), 0);
	assert_true(found);
	assert_file(&p, buf_str(&expected));
	buf_free(&text);
	buf_free(&expected);
	teardown(&p);
}

static void naming_that_fails_leaves_the_list(void **state)
{
	const struct uidlist_record name = {
		.uid = 1, .order = 1, .uidl = "u", .name = "a"};
	struct place p;
	bool found = true;
	char path[128];

	(void)state;
	setup(&p);
	/* in the way of the temporary file */
	(void)snprintf(path, sizeof path, "%s/mailhaul.uidlist.tag.0", p.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(open_with(&p, HEAD "1 :a\n"), 1);
	assert_int_equal(uidlist_name(&p.u, &name, 1, &found, &p.err), -1);
	assert_false(found);
	assert_file(&p, HEAD "1 :a\n");
	assert_int_equal(rmdir(path), 0);
	teardown(&p);
}

/* Where the next run clears them away, whatever ended this one. */
static void temporary_files_lie_in_staging(void **state)
{
	struct place p;
	struct stat st;
	char stage[64], path[160];

	(void)state;
	setup(&p);
	(void)snprintf(stage, sizeof stage, "/tmp/uidlist-stage.XXXXXX");
	assert_non_null(mkdtemp(stage));
	assert_int_equal(stat(p.dir, &st), 0);
	(void)snprintf(path, sizeof path, "%s/mailhaul.uidlist.tag.%ju", stage,
		(uintmax_t)st.st_ino);
	p.config.stage_fd = open(stage, O_RDONLY | O_DIRECTORY);
	assert_true(p.config.stage_fd > 0);
	assert_int_equal(mkdir(path, 0700), 0); /* in its way */
	assert_int_equal(open_with(&p, HEAD "1 :a\n"), 1);
	assert_int_equal(uidlist_raise(&p.u, 9, &p.err), -1);
	assert_file(&p, HEAD "1 :a\n");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(open_with(&p, HEAD "1 :a\n"), 1);
	assert_int_equal(uidlist_raise(&p.u, 9, &p.err), 0);
	assert_int_equal(p.u.next, 9);
	assert_int_equal(rmdir(stage), 0); /* empty */
	(void)close(p.config.stage_fd);
	teardown(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads),
		cmocka_unit_test(records),
		cmocka_unit_test(uidls),
		cmocka_unit_test(next_is_head_or_last),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(a_torn_line_is_cut),
		cmocka_unit_test(links_and_pipes_are_refused),
		cmocka_unit_test(replace_append_raise),
		cmocka_unit_test(names_get_their_uidls),
		cmocka_unit_test(naming_keeps_lines_of_any_length),
		cmocka_unit_test(naming_that_fails_leaves_the_list),
		cmocka_unit_test(temporary_files_lie_in_staging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
