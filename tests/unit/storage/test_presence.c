/* SPDX-License-Identifier: BSD-2-Clause */
/* presence: where messages are, and when absence is certain. */
#include "storage/presence.h"

#include "store_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static void settle(void)
{
	const struct timespec t = {.tv_nsec = 50 * 1000000L};

	(void)nanosleep(&t, NULL);
}

static void setup(struct rig *rig)
{
	int64_t mailbox;

	rig_start(rig, false);
	rig_open(rig);
	(void)rig_folder(rig, "INBOX", &mailbox);
	(void)rig_folder(rig, "A", &mailbox);
	(void)rig_folder(rig, "Trash", &mailbox);
	rig_put(rig->root, "new/1.a", "x");
	rig_put(rig->root, "cur/2.b:2,S", "x");
	rig_put(rig->root, ".A/cur/3.c:2,", "x");
	rig_put(rig->root, ".Trash/cur/4.d:2,ST", "x");
	settle();
}

static void assert_at(struct presence *p, const char *base, const char *dir)
{
	const char *found = NULL;

	assert_int_equal(presence_find(p, base, &found), PRESENCE_HERE);
	assert_string_equal(found, dir);
}

static void every_folder_is_looked_into(void **state)
{
	struct presence *p = NULL;
	struct rig rig;

	(void)state;
	setup(&rig);
	rig_ok(&rig, store_presence(rig.store, &p, &rig.err));
	assert_at(p, "1.a", "");
	assert_at(p, "2.b", "");
	assert_at(p, "3.c", ".A");
	assert_at(p, "4.d", ".Trash");
	assert_int_equal(presence_find(p, "5.e", NULL), PRESENCE_ABSENT);
	assert_int_equal(presence_find(p, "3.c:2,", NULL), PRESENCE_HERE);
	presence_free(&p);
	assert_null(p);
	rig_end(&rig);
}

/* A link may lead to where the message was moved. */
static void a_folder_out_of_sight_leaves_doubt(void **state)
{
	struct presence *p = NULL;
	struct rig rig;
	char *path;

	(void)state;
	setup(&rig);
	path = mem_printf("%s/.Elsewhere", rig.root);
	assert_int_equal(symlink("/nowhere", path), 0);
	settle();
	rig_ok(&rig, store_presence(rig.store, &p, &rig.err));
	assert_at(p, "3.c", ".A");
	assert_int_equal(presence_find(p, "5.e", NULL), PRESENCE_UNSURE);
	presence_free(&p);
	free(path);
	rig_end(&rig);
}

struct stirrer {
	const char *root;
	atomic_bool stop;
	unsigned renamed;
};

/* One message wanders through all folders and flags, without a pause. */
static void *stir(void *arg)
{
	static const char *const places[] = {"cur/9.z:2,", ".A/cur/9.z:2,S",
		".Trash/cur/9.z:2,", "new/9.z", ".A/cur/9.z:2,FS"};
	struct stirrer *s = arg;

	for (unsigned i = 0; !atomic_load(&s->stop); i++) {
		char *from = mem_printf("%s/%s", s->root, places[i % 5]);
		char *to = mem_printf("%s/%s", s->root, places[(i + 1) % 5]);
		s->renamed += rename(from, to) == 0;
		free(from);
		free(to);
	}
	return NULL;
}

static void a_message_on_its_way_is_never_absent(void **state)
{
	struct stirrer s = {0};
	struct rig rig;
	pthread_t thread;
	int unsure = 0;

	(void)state;
	setup(&rig);
	rig_put(rig.root, "cur/9.z:2,", "x");
	s.root = rig.root;
	assert_int_equal(pthread_create(&thread, NULL, stir, &s), 0);
	for (int i = 0; i < 12; i++) {
		struct presence *p = NULL;
		rig_ok(&rig, store_presence(rig.store, &p, &rig.err));
		assert_int_not_equal(
			presence_find(p, "9.z", NULL), PRESENCE_ABSENT);
		unsure += presence_find(p, "5.e", NULL) == PRESENCE_UNSURE;
		presence_free(&p);
	}
	atomic_store(&s.stop, true);
	(void)pthread_join(thread, NULL);
	assert_true(s.renamed > 0);
	assert_true(unsure > 0);
	rig_end(&rig);
}

static void another_store_says_nothing(void **state)
{
	struct presence *p = NULL;
	struct rig rig;
	char *id;

	(void)state;
	setup(&rig);
	id = rig_get(rig.root, "mailhaul.id");
	rig_put(rig.root, "mailhaul.id", "00000000000000000000000000000000\n");
	assert_int_equal(store_presence(rig.store, &p, &rig.err), -1);
	assert_int_equal(rig.err.class, ERR_STORE);
	assert_null(p);
	rig_put(rig.root, "mailhaul.id", id);
	rig_ok(&rig, store_presence(rig.store, &p, &rig.err));
	presence_free(&p);
	free(id);
	rig_end(&rig);
}

static void a_store_that_was_swapped_says_nothing(void **state)
{
	struct presence *p = NULL;
	struct rig rig;
	char *aside, *id;

	(void)state;
	setup(&rig);
	id = rig_get(rig.root, "mailhaul.id");
	aside = mem_printf("%s.aside", rig.root);
	assert_int_equal(rename(rig.root, aside), 0);
	assert_int_equal(store_presence(rig.store, &p, &rig.err), -1);
	assert_int_equal(mkdir(rig.root, 0700), 0);
	rig_put(rig.root, "mailhaul.id", id);
	assert_int_equal(store_presence(rig.store, &p, &rig.err), -1);
	assert_int_equal(rig.err.class, ERR_STORE);
	rig_remove(rig.root);
	assert_int_equal(rename(aside, rig.root), 0);
	free(aside);
	free(id);
	rig_end(&rig);
}

static void absence_is_counted_over_runs(void **state)
{
	int64_t n = 0;

	(void)state;
	n = presence_count(n, PRESENCE_ABSENT);
	n = presence_count(n, PRESENCE_UNSURE);
	assert_int_equal(n, 1);
	assert_int_equal(presence_count(n, PRESENCE_HERE), 0);
	assert_true(presence_count(n, PRESENCE_ABSENT) >= PRESENCE_RUNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_folder_is_looked_into),
		cmocka_unit_test(a_folder_out_of_sight_leaves_doubt),
		cmocka_unit_test(a_message_on_its_way_is_never_absent),
		cmocka_unit_test(another_store_says_nothing),
		cmocka_unit_test(a_store_that_was_swapped_says_nothing),
		cmocka_unit_test(absence_is_counted_over_runs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
