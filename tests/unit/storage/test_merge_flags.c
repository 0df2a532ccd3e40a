/* SPDX-License-Identifier: BSD-2-Clause */
/* maildir_flags: merging into what is here, with a reader at work. */
#include "store_rig.h"

#include <pthread.h>
#include <stdatomic.h>

static struct rig_files files;
static struct arena *texts; /* of the test under way */

struct fixture {
	struct rig rig;
	struct folder *folder;
	struct store_flags *item;
};

static void setup(struct fixture *x)
{
	int64_t mailbox;

	texts = arena_new();
	rig_start(&x->rig, false);
	rig_open(&x->rig);
	x->folder = rig_folder(&x->rig, "F", &mailbox);
	x->item = mem_alloc(4 * sizeof *x->item);
}

static void teardown(struct fixture *x)
{
	free(x->item);
	arena_free(&texts);
	rig_end(&x->rig);
}

static void put(struct fixture *x, const char *name)
{
	char *path = mem_printf(".F/%s", name);

	rig_put(x->rig.root, path, "x\n");
	free(path);
}

static void set(struct flags *f, const char *words)
{
	char name[64];

	memset(f, 0, sizeof *f);
	while (*words != '\0') {
		size_t n = strcspn(words, " ");
		(void)snprintf(name, sizeof name, "%.*s", (int)n, words);
		assert_int_equal(flags_add(f, name), 0);
		words += n + (words[n] == ' ');
	}
}

static struct flags_ref kept(const char *text)
{
	struct flags f = {.system = 0};

	set(&f, text);
	return flags_keep(texts, &f);
}

static void want(struct store_flags *item, const char *base, const char *then,
	const char *now, const char *local_then)
{
	memset(item, 0, sizeof *item);
	item->base = base;
	item->source_then = kept(then);
	item->source_now = kept(now);
	item->local_then = kept(local_then);
}

static void merge(struct fixture *x, size_t n)
{
	rig_ok(&x->rig, store_merge_flags(x->rig.store, x->folder, x->item, n,
				texts, &x->rig.err));
}

static void assert_only(struct fixture *x, const char *sub, const char *name)
{
	char *dir = mem_printf(".F/%s", sub);

	rig_list(x->rig.root, dir, &files);
	assert_int_equal(files.count, 1);
	assert_string_equal(files.file[0].name, name);
	rig_files_clear(&files);
	free(dir);
}

static void assert_flags(const struct flags_ref *f, const char *words)
{
	struct flags *g = mem_alloc(sizeof *g);

	set(g, words);
	assert_int_equal(f->system, g->system);
	assert_string_equal(f->keywords, g->keywords);
	free(g);
}

static void source_change_is_applied(void **state)
{
	struct fixture x;

	(void)state;
	setup(&x);
	put(&x, "cur/1.M1Kx.h,S=2,W=3:2,F");
	want(&x.item[0], "1.M1Kx.h,S=2,W=3", "\\Flagged", "\\Seen word",
		"\\Flagged");
	merge(&x, 1);
	assert_true(x.item[0].found);
	assert_flags(&x.item[0].local_note, "\\Seen word");
	assert_only(&x, "cur", "1.M1Kx.h,S=2,W=3:2,Sa");
	teardown(&x);
}

static void local_change_is_kept(void **state)
{
	struct fixture x;

	(void)state;
	setup(&x);
	/* here: read and unflagged; there: flagged still, and answered */
	put(&x, "cur/1.M1Kx.h:2,S");
	want(&x.item[0], "1.M1Kx.h", "\\Flagged", "\\Flagged \\Answered",
		"\\Flagged");
	merge(&x, 1);
	assert_flags(&x.item[0].local_note, "\\Answered \\Flagged");
	assert_only(&x, "cur", "1.M1Kx.h:2,RS");
	teardown(&x);
}

static void new_moves_only_for_a_flag(void **state)
{
	struct fixture x;

	(void)state;
	setup(&x);
	put(&x, "new/1.M1Kx.h");
	want(&x.item[0], "1.M1Kx.h", "", "", "");
	merge(&x, 1);
	assert_true(x.item[0].found);
	assert_only(&x, "new", "1.M1Kx.h");
	want(&x.item[0], "1.M1Kx.h", "", "\\Seen", "");
	merge(&x, 1);
	assert_only(&x, "cur", "1.M1Kx.h:2,S");
	assert_int_equal(rig_entries(x.rig.root, ".F/new"), 0);
	/* and back to none: cur/ keeps it */
	want(&x.item[0], "1.M1Kx.h", "\\Seen", "", "\\Seen");
	merge(&x, 1);
	assert_only(&x, "cur", "1.M1Kx.h:2,");
	teardown(&x);
}

/* P (passed), an unknown G, a letter without a name, a second flag set. */
static void foreign_letters_stay(void **state)
{
	struct fixture x;

	(void)state;
	setup(&x);
	rig_put(x.rig.root, ".F/dovecot-keywords", "0 known\n");
	put(&x, "cur/1.M1Kx.h:2,GPSax,foreign");
	want(&x.item[0], "1.M1Kx.h", "\\Seen known", "\\Seen \\Draft other",
		"\\Seen known");
	merge(&x, 1);
	assert_flags(&x.item[0].local_note, "\\Draft \\Seen other");
	assert_only(&x, "cur", "1.M1Kx.h:2,DGPSbx,foreign");
	teardown(&x);
}

static void keyword_without_letter_is_left_out(void **state)
{
	struct fixture x;
	char text[400] = "";

	(void)state;
	setup(&x);
	for (int i = 0; i < 26; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text),
			"%d k%d\n", i, i);
	rig_put(x.rig.root, ".F/dovecot-keywords", text);
	put(&x, "cur/1.M1Kx.h:2,");
	want(&x.item[0], "1.M1Kx.h", "", "k3 toomuch", "");
	merge(&x, 1);
	assert_flags(&x.item[0].local_note, "k3");
	assert_only(&x, "cur", "1.M1Kx.h:2,d");
	assert_string_equal(folder_keywords_left_out(x.folder), "toomuch");
	teardown(&x);
}

static void absent_is_left_alone(void **state)
{
	struct fixture x;

	(void)state;
	setup(&x);
	put(&x, "cur/2.M1Kx.h:2,");
	put(&x, "cur/2.M1Kx.h2:2,"); /* begins alike */
	want(&x.item[0], "1.M1Kx.h", "", "\\Seen", "");
	want(&x.item[1], "2.M1Kx.h", "", "\\Seen", "");
	want(&x.item[2], "2.M1Kx", "", "\\Seen", "");
	merge(&x, 3);
	assert_false(x.item[0].found);
	assert_true(x.item[1].found);
	assert_false(x.item[2].found);
	rig_list(x.rig.root, ".F/cur", &files);
	assert_int_equal(files.count, 2);
	assert_string_equal(files.file[0].name, "2.M1Kx.h2:2,");
	assert_string_equal(files.file[1].name, "2.M1Kx.h:2,S");
	rig_files_clear(&files);
	merge(&x, 0);
	teardown(&x);
}

/* A reader that renames, moves away and deletes all the time. */
struct reader {
	char *cur, *trash;
	atomic_bool stop;
	unsigned seed;
	unsigned deleted, moved;
};

static void act(struct reader *r, const char *name)
{
	char *from = mem_printf("%s/%s", r->cur, name), *to;
	int die = rand_r(&r->seed) % 40;

	if (die == 0) {
		r->deleted += unlink(from) == 0;
	} else if (die == 1) {
		to = mem_printf("%s/%s", r->trash, name);
		r->moved += rename(from, to) == 0;
		free(to);
	} else {
		to = mem_printf("%s/%.*s:2,%s", r->cur, (int)strcspn(name, ":"),
			name, strchr(name, 'F') != NULL ? "" : "F");
		(void)rename(from, to);
		free(to);
	}
	free(from);
}

static void *read_and_write(void *arg)
{
	struct reader *r = arg;
	struct dirent *e;

	while (!atomic_load(&r->stop)) {
		DIR *d = opendir(r->cur);
		while (d != NULL && (e = readdir(d)) != NULL)
			if (e->d_name[0] != '.' && rand_r(&r->seed) % 16 == 0)
				act(r, e->d_name);
		if (d != NULL)
			(void)closedir(d);
	}
	return NULL;
}

static void reader_may_do_anything(void **state)
{
	enum { COUNT = 400 };
	struct store_flags *items = mem_alloc(COUNT * sizeof *items);
	struct reader r = {.seed = 7};
	struct fixture x;
	pthread_t thread;
	char name[64], *bases[COUNT];
	size_t left;
	int64_t mailbox;

	(void)state;
	setup(&x);
	(void)rig_folder(&x.rig, "Trash", &mailbox);
	for (int i = 0; i < COUNT; i++) {
		bases[i] = mem_printf("%d.M1Kx.h", i);
		(void)snprintf(name, sizeof name, "cur/%s:2,", bases[i]);
		put(&x, name);
	}
	r.cur = mem_printf("%s/.F/cur", x.rig.root);
	r.trash = mem_printf("%s/.Trash/cur", x.rig.root);
	assert_int_equal(pthread_create(&thread, NULL, read_and_write, &r), 0);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < COUNT; i++)
			want(&items[i], bases[i], "", "\\Seen", "");
		rig_ok(&x.rig, store_merge_flags(x.rig.store, x.folder, items,
				       COUNT, texts, &x.rig.err));
	}
	atomic_store(&r.stop, true);
	(void)pthread_join(thread, NULL);
	/* nothing was lost or doubled by us: what is gone, the reader took */
	left = rig_entries(x.rig.root, ".F/cur");
	assert_int_equal(rig_entries(x.rig.root, ".Trash/cur"), r.moved);
	assert_int_equal(left + r.deleted + r.moved, COUNT);
	/* in peace all that is left is found */
	for (int i = 0; i < COUNT; i++)
		want(&items[i], bases[i], "", "\\Answered", "");
	rig_ok(&x.rig, store_merge_flags(x.rig.store, x.folder, items, COUNT,
			       texts, &x.rig.err));
	for (int i = 0; i < COUNT; i++)
		left -= items[i].found;
	assert_int_equal(left, 0);
	for (int i = 0; i < COUNT; i++)
		free(bases[i]);
	free(items);
	free(r.cur);
	free(r.trash);
	teardown(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(source_change_is_applied),
		cmocka_unit_test(local_change_is_kept),
		cmocka_unit_test(new_moves_only_for_a_flag),
		cmocka_unit_test(foreign_letters_stay),
		cmocka_unit_test(keyword_without_letter_is_left_out),
		cmocka_unit_test(absent_is_left_alone),
		cmocka_unit_test(reader_may_do_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
