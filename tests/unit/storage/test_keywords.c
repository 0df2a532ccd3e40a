/* SPDX-License-Identifier: BSD-2-Clause */
/* keywords and the dotlock that they are written under. */
#include "store_rig.h"

#include "storage/dotlock.h"
#include "storage/keywords.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <utime.h>

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

static void first_come_first_served(void **state)
{
	char letters[27];
	struct flags *kept = mem_alloc(sizeof *kept);
	struct place p;

	(void)state;
	setup(&p);
	rig_ok(&p, keywords_letters(&p.k, p.fd, "", letters, kept, &p.err));
	assert_string_equal(letters, "");
	assert_int_equal(rig_entries(p.dir, "."), 0);
	rig_ok(&p, keywords_letters(
			   &p.k, p.fd, "beta zeta", letters, kept, &p.err));
	assert_string_equal(letters, "ab");
	assert_string_equal(kept->keywords, "beta zeta");
	rig_ok(&p, keywords_letters(
			   &p.k, p.fd, "Alpha ZETA", letters, kept, &p.err));
	assert_string_equal(letters, "bc");
	assert_file(&p, "0 beta\n1 zeta\n2 Alpha\n");
	/* no lock, no temporary file */
	assert_int_equal(rig_entries(p.dir, "."), 1);
	free(kept);
	teardown(&p);
}

static void existing_file_is_respected(void **state)
{
	char letters[27], unknown[27];
	struct flags *f = mem_alloc(sizeof *f);
	struct stat was, is;
	struct place p;

	(void)state;
	setup(&p);
	rig_put(p.dir, "dovecot-keywords",
		"# nonsense\n3 three\n0 zero\n99 no\n25 last");
	assert_int_equal(fstatat(p.fd, "dovecot-keywords", &was, 0), 0);
	rig_ok(&p, keywords_letters(
			   &p.k, p.fd, "LAST three", letters, NULL, &p.err));
	assert_string_equal(letters, "dz");
	rig_ok(&p,
		keywords_letters(&p.k, p.fd, "fresh", letters, NULL, &p.err));
	assert_string_equal(letters, "b");
	assert_file(&p, "0 zero\n1 fresh\n3 three\n25 last\n");
	assert_int_equal(fstatat(p.fd, "dovecot-keywords", &is, 0), 0);
	assert_true(is.st_mtime > was.st_mtime);
	keywords_names(&p.k, "SabcZ", f, unknown);
	assert_string_equal(f->keywords, "fresh zero");
	assert_string_equal(unknown, "c");
	free(f);
	teardown(&p);
}

static void the_27th_is_left_out(void **state)
{
	char letters[27], name[32];
	struct flags *kept = mem_alloc(sizeof *kept);
	struct place p;

	(void)state;
	setup(&p);
	for (int i = 0; i < 26; i++) {
		(void)snprintf(name, sizeof name, "k%02d", i);
		rig_ok(&p, keywords_letters(
				   &p.k, p.fd, name, letters, kept, &p.err));
		assert_int_equal(letters[0], 'a' + i);
	}
	assert_string_equal(p.k.left_out, "");
	rig_ok(&p, keywords_letters(
			   &p.k, p.fd, "extra k01", letters, kept, &p.err));
	assert_string_equal(letters, "b");
	assert_string_equal(kept->keywords, "k01");
	rig_ok(&p,
		keywords_letters(&p.k, p.fd, "extra", letters, kept, &p.err));
	assert_string_equal(letters, "");
	assert_string_equal(p.k.left_out, "extra");
	free(kept);
	teardown(&p);
}

/* Somebody else gave letters meanwhile: read again under the lock. */
static void other_writers_are_seen(void **state)
{
	char letters[27];
	struct place p;

	(void)state;
	setup(&p);
	rig_ok(&p, keywords_letters(&p.k, p.fd, "mine", letters, NULL, &p.err));
	rig_put(p.dir, "dovecot-keywords", "0 mine\n1 theirs\n");
	rig_ok(&p,
		keywords_letters(&p.k, p.fd, "second", letters, NULL, &p.err));
	assert_string_equal(letters, "c");
	assert_file(&p, "0 mine\n1 theirs\n2 second\n");
	teardown(&p);
}

static void planted_link_is_not_followed(void **state)
{
	char letters[27];
	struct place p;

	(void)state;
	setup(&p);
	rig_put(p.dir, "victim", "0 secret\n");
	assert_int_equal(symlinkat("victim", p.fd, "dovecot-keywords"), 0);
	assert_int_equal(
		keywords_letters(&p.k, p.fd, "x", letters, NULL, &p.err), -1);
	assert_int_equal(p.err.class, ERR_STORE);
	teardown(&p);
}

static struct dotlock_config quick(int wait_s)
{
	const struct dotlock_config c = {.file = "dovecot-uidlist",
		.tag = "tag",
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.stale_s = 3,
		.wait_s = wait_s};

	return c;
}

static void lock_names_its_holder(void **state)
{
	const struct dotlock_config c = quick(0);
	struct dotlock lock, other;
	char host[256] = "", *text, *expected;
	struct place p;

	(void)state;
	setup(&p);
	rig_ok(&p, dotlock_take(&lock, p.fd, &c, &p.err));
	text = rig_get(p.dir, "dovecot-uidlist.lock");
	(void)gethostname(host, sizeof host - 1);
	expected = mem_printf("%ld:%s", (long)getpid(), host);
	assert_string_equal(text, expected);
	free(text);
	free(expected);
	assert_int_equal(rig_entries(p.dir, "."), 1);
	assert_int_equal(dotlock_take(&other, p.fd, &c, &p.err), -1);
	assert_int_equal(p.err.class, ERR_STORE);
	assert_int_equal(p.err.retry, ERR_RETRY_LATER);
	dotlock_drop(&lock);
	assert_int_equal(rig_entries(p.dir, "."), 0);
	rig_ok(&p, dotlock_take(&lock, p.fd, &c, &p.err));
	/* overridden by somebody: theirs is not removed */
	assert_int_equal(unlinkat(p.fd, "dovecot-uidlist.lock", 0), 0);
	rig_put(p.dir, "dovecot-uidlist.lock", "1:elsewhere");
	dotlock_drop(&lock);
	assert_int_equal(rig_entries(p.dir, "."), 1);
	teardown(&p);
}

static void stale_locks_are_overridden(void **state)
{
	static const char *const contents[] = {
		"", "1:another.host.example", "garbage", "4999999:"};
	struct dotlock_config c = quick(20);
	struct dotlock lock;
	struct place p;

	(void)state;
	setup(&p);
	c.stale_s = 1;
	for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
		rig_put(p.dir, "dovecot-uidlist.lock", contents[i]);
		rig_ok(&p, dotlock_take(&lock, p.fd, &c, &p.err));
		dotlock_drop(&lock);
		assert_int_equal(rig_entries(p.dir, "."), 0);
	}
	teardown(&p);
}

/* A dead holder on this host is noticed long before the lock is stale. */
static void dead_holder_is_overridden(void **state)
{
	struct dotlock_config c = quick(20);
	struct dotlock lock;
	char host[256] = "", *text;
	struct place p;
	time_t began = time(NULL);
	pid_t pid;

	(void)state;
	setup(&p);
	c.stale_s = 1000;
	pid = fork();
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)gethostname(host, sizeof host - 1);
	text = mem_printf("%ld:%s", (long)pid, host);
	rig_put(p.dir, "dovecot-uidlist.lock", text);
	free(text);
	rig_ok(&p, dotlock_take(&lock, p.fd, &c, &p.err));
	assert_true(time(NULL) - began < 15);
	dotlock_drop(&lock);
	teardown(&p);
}

/* A living holder, and a recently changed file, keep a lock from staleness. */
static void living_lock_is_respected(void **state)
{
	struct dotlock_config c = quick(2);
	struct dotlock lock;
	struct place p;

	(void)state;
	setup(&p);
	c.stale_s = 60;
	rig_put(p.dir, "dovecot-uidlist.lock", "1:another.host.example");
	assert_int_equal(dotlock_take(&lock, p.fd, &c, &p.err), -1);
	assert_int_equal(rig_entries(p.dir, "."), 1);
	teardown(&p);
}

struct contest {
	int fd;
	atomic_int inside, worst, rounds;
};

static void *contend(void *arg)
{
	struct contest *c = arg;
	struct dotlock_config config = quick(60);
	char tag[40];
	struct dotlock lock;
	struct err err;
	int now;

	(void)snprintf(tag, sizeof tag, "t%lx", (unsigned long)pthread_self());
	config.tag = tag;
	config.stale_s = 120;
	for (int i = 0; i < 20; i++) {
		if (dotlock_take(&lock, c->fd, &config, &err) != 0)
			return NULL;
		now = atomic_fetch_add(&c->inside, 1) + 1;
		if (now > atomic_load(&c->worst))
			atomic_store(&c->worst, now);
		(void)sched_yield();
		(void)atomic_fetch_sub(&c->inside, 1);
		dotlock_drop(&lock);
		(void)atomic_fetch_add(&c->rounds, 1);
	}
	return NULL;
}

static void one_holder_at_a_time(void **state)
{
	struct contest c = {.worst = 0};
	pthread_t threads[4];
	struct place p;

	(void)state;
	setup(&p);
	c.fd = p.fd;
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, contend, &c), 0);
	for (int i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&c.rounds), 80);
	assert_int_equal(atomic_load(&c.worst), 1);
	assert_int_equal(rig_entries(p.dir, "."), 0);
	teardown(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_come_first_served),
		cmocka_unit_test(existing_file_is_respected),
		cmocka_unit_test(the_27th_is_left_out),
		cmocka_unit_test(other_writers_are_seen),
		cmocka_unit_test(planted_link_is_not_followed),
		cmocka_unit_test(lock_names_its_holder),
		cmocka_unit_test(stale_locks_are_overridden),
		cmocka_unit_test(dead_holder_is_overridden),
		cmocka_unit_test(living_lock_is_respected),
		cmocka_unit_test(one_holder_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
