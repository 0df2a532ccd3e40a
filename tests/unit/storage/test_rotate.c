/* SPDX-License-Identifier: BSD-2-Clause */
/* The key ring: rotation at every step, beside a second state (a daemon's),
 * and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "storage/accounts.h"
#include "storage/rotate.h"
#include "storage/secret.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ACCOUNTS 7

static char dir[SCRATCH_MAX], key[SCRATCH_MAX + 32];
static struct state *state, *daemon_state;
static char uuid[ACCOUNTS][64];

static void add(size_t i)
{
	struct secret s = {0};
	struct account a = {0};
	struct err err = {0};

	(void)snprintf(a.name, sizeof a.name, "account%zu", i);
	(void)snprintf(a.url.host, sizeof a.url.host, "mail.example.org");
	(void)snprintf(a.url.user, sizeof a.url.user, "user%zu", i);
	a.url.port = 993;
	secret_set(&s, a.url.user, strlen(a.url.user));
	if (accounts_add(state, &a, &s, &err) != 0)
		fail_msg("%s", err.text);
	(void)snprintf(uuid[i], sizeof uuid[i], "%s", a.uuid);
	secret_clear(&s);
}

static int setup(void **unused)
{
	bool created;

	(void)unused;
	scratch_make(dir);
	(void)snprintf(key, sizeof key, "%s/mailhaul.key", dir);
	assert_int_equal(state_init(dir, &created, NULL), 0);
	assert_int_equal(state_open(dir, &state, NULL), 0);
	assert_int_equal(state_open(dir, &daemon_state, NULL), 0);
	for (size_t i = 0; i < ACCOUNTS; i++)
		add(i);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	state_close(&state);
	state_close(&daemon_state);
	scratch_remove(dir);
	return 0;
}

static void assert_opens(struct state *by)
{
	for (size_t i = 0; i < ACCOUNTS; i++) {
		struct secret s = {0};
		struct err err = {0};
		char expected[32];
		(void)snprintf(expected, sizeof expected, "user%zu", i);
		if (secret_load(by, uuid[i], &s, &err) != 0)
			fail_msg("%zu: %s", i, err.text);
		assert_string_equal(s.bytes, expected);
		secret_clear(&s);
	}
}

static off_t key_bytes(void)
{
	struct stat st;

	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	return st.st_size;
}

static void rotate_ok(struct rotation *x)
{
	struct err err = {0};

	if (rotate(state, x, &err) != 0)
		fail_msg("%s", err.text);
}

/* Old rows, new rows, and a daemon that has read the ring before. */
static void test_rotate(void **unused)
{
	unsigned char before[32], after[32], first[KEYS_ID_BYTES];
	struct rotation x;

	(void)unused;
	assert_opens(daemon_state);
	keys_hmac(daemon_state->keys, "x", 1, before);
	memcpy(first, keys_id(state->keys, 0), sizeof first);
	for (int i = 0; i < 3; i++) {
		rotate_ok(&x);
		assert_false(x.resumed);
		assert_int_equal(x.sealed, ACCOUNTS);
		assert_int_equal(x.unopened, 0);
		assert_int_equal(x.dropped, i > 0);
		assert_int_equal(key_bytes(), 64);
		assert_opens(state);
		assert_opens(daemon_state);
	}
	assert_memory_equal(keys_id(state->keys, 0), first, sizeof first);
	keys_hmac(daemon_state->keys, "x", 1, after);
	assert_memory_equal(before, after, 32);
}

/* A state that read the ring before the rotation seals with the new key. */
static void test_old_ring_seals_new(void **unused)
{
	size_t sealed[KEYS_MAX], other;
	struct secret s = {0};
	struct rotation x;

	(void)unused;
	assert_opens(daemon_state);
	rotate_ok(&x);
	rotate_ok(&x);
	secret_set(&s, "user0", 5);
	assert_int_equal(secret_store(daemon_state, uuid[0], &s, NULL), 0);
	secret_clear(&s);
	assert_int_equal(rotate_count(state, sealed, &other, NULL), 0);
	assert_int_equal(sealed[0], 0);
	assert_int_equal(sealed[1], ACCOUNTS);
	assert_int_equal(other, 0);
	assert_opens(state);
}

/* Killed after the new key was written, before the commit. */
static void test_resume_before_commit(void **unused)
{
	struct rotation x;

	(void)unused;
	assert_int_equal(keys_append(key, NULL), 0);
	assert_opens(state);
	assert_opens(daemon_state);
	rotate_ok(&x);
	assert_true(x.resumed);
	assert_int_equal(x.sealed, ACCOUNTS);
	assert_int_equal(key_bytes(), 64);
	assert_opens(state);
	assert_opens(daemon_state);
}

/* Killed in the middle of the transaction: SQLite rolls it back, and also
 * half of it would open. */
static void test_resume_half(void **unused)
{
	struct secret s = {0};
	struct rotation x;

	(void)unused;
	assert_int_equal(keys_append(key, NULL), 0);
	secret_set(&s, "user3", 5);
	assert_int_equal(secret_store(state, uuid[3], &s, NULL), 0);
	secret_clear(&s);
	assert_opens(daemon_state);
	rotate_ok(&x);
	assert_true(x.resumed);
	assert_int_equal(x.sealed, ACCOUNTS - 1);
	assert_opens(daemon_state);
}

/* Killed after the commit, before the old key was dropped. */
static void test_resume_after_commit(void **unused)
{
	struct rotation x;
	size_t moved, unopened;

	(void)unused;
	rotate_ok(&x);
	assert_int_equal(keys_append(key, NULL), 0);
	assert_int_equal(db_begin(state->db, NULL), 0);
	assert_int_equal(secret_reseal(state, &moved, &unopened, NULL), 0);
	assert_int_equal(db_commit(state->db, NULL), 0);
	assert_int_equal(key_bytes(), 96);
	rotate_ok(&x);
	assert_true(x.resumed);
	assert_int_equal(x.dropped, 1);
	assert_int_equal(x.sealed, 0);
	assert_int_equal(key_bytes(), 64);
	assert_opens(state);
	assert_opens(daemon_state);
}

/* A file that a kill left beside the ring is in nobody's way. */
static void test_leftover(void **unused)
{
	char tmp[SCRATCH_MAX + 40];
	struct rotation x;
	int fd;

	(void)unused;
	(void)snprintf(tmp, sizeof tmp, "%s.new", key);
	fd = open(tmp, O_CREAT | O_WRONLY, 0400);
	assert_true(fd >= 0);
	close(fd);
	rotate_ok(&x);
	assert_int_equal(access(tmp, F_OK), -1);
	assert_opens(state);
}

/* What no key opens stays to the byte, and is counted. */
static void test_unopened_stays(void **unused)
{
	static const char row[] = "\1\xde\xad\xbe\xef"
				  "nobody knows what this is, nor its key";
	struct stmt *s = db_stmt(state->db, "secret_store");
	struct rotation x;
	const void *now;
	size_t n;

	(void)unused;
	stmt_bind_text(s, "account_uuid", uuid[2]);
	stmt_bind_text(s, "field", "password");
	stmt_bind_blob(s, "sealed", row, sizeof row);
	assert_int_equal(stmt_run(s, NULL), 0);
	for (int i = 0; i < 2; i++) {
		rotate_ok(&x);
		assert_false(x.resumed);
		assert_int_equal(x.sealed, ACCOUNTS - 1);
		assert_int_equal(x.unopened, 1);
	}
	s = db_stmt(state->db, "secret_load");
	stmt_bind_text(s, "account_uuid", uuid[2]);
	stmt_bind_text(s, "field", "password");
	assert_int_equal(stmt_step(s, NULL), 1);
	now = stmt_blob(s, "sealed", &n);
	assert_int_equal(n, sizeof row);
	assert_memory_equal(now, row, n);
	stmt_reset(s);
}

/* Another state's key file under a running daemon: nothing is opened with
 * it, and what was known stays. */
static void test_another_ring(void **unused)
{
	struct secret s = {0};
	struct err err = {0};

	(void)unused;
	assert_opens(daemon_state);
	assert_int_equal(unlink(key), 0);
	assert_int_equal(keys_create(key, NULL), 0);
	secret_set(&s, "x", 1);
	assert_int_equal(secret_store(daemon_state, uuid[0], &s, &err), -1);
	secret_clear(&s);
	assert_non_null(strstr(err.text, "is another one now"));
	assert_opens(daemon_state);
}

static void refused(const char *why)
{
	struct keys *keys = NULL;
	struct err err = {0};

	assert_int_equal(keys_load(key, &keys, &err), -1);
	assert_null(keys);
	if (strstr(err.text, why) == NULL)
		fail_msg("%s, not %s", err.text, why);
}

static void test_refused_files(void **unused)
{
	char other[SCRATCH_MAX + 40];

	(void)unused;
	assert_int_equal(chmod(key, 0440), 0);
	refused("can be read by other users");
	assert_int_equal(chmod(key, 0400), 0);
	(void)snprintf(other, sizeof other, "%s.other", key);
	assert_int_equal(rename(key, other), 0);
	assert_int_equal(symlink(other, key), 0);
	refused("cannot read the key file");
	assert_int_equal(unlink(key), 0);
	assert_int_equal(mkfifo(key, 0400), 0);
	refused("is not a file");
}

/* A credential is read before the state's own file, and never written. */
static void test_credential(void **unused)
{
	char given[SCRATCH_MAX + 16], path[SCRATCH_MAX + 48];
	struct rotation x;
	struct err err = {0};
	bool created;

	(void)unused;
	(void)snprintf(given, sizeof given, "%s/given", dir);
	(void)snprintf(path, sizeof path, "%s/mailhaul.key", given);
	assert_int_equal(mkdir(given, 0700), 0);
	assert_int_equal(rename(key, path), 0);
	assert_int_equal(chmod(path, 0440), 0); /* an ACL looks like this */
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", given, 1), 0);
	state_close(&state);
	assert_int_equal(state_init(dir, &created, &err), 0);
	assert_int_equal(access(key, F_OK), -1);
	assert_int_equal(state_open(dir, &state, &err), 0);
	assert_opens(state);
	assert_int_equal(rotate(state, &x, &err), -1);
	assert_non_null(strstr(err.text, "cannot be written"));
	assert_non_null(strstr(err.hint, "32 random bytes"));
	assert_opens(state);
	/* the operator did, and the file has one more key */
	assert_int_equal(keys_append(path, NULL), 0);
	rotate_ok(&x);
	assert_true(x.resumed);
	assert_int_equal(x.sealed, ACCOUNTS);
	assert_opens(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rotate),
		T(test_old_ring_seals_new),
		T(test_resume_before_commit),
		T(test_resume_half),
		T(test_resume_after_commit),
		T(test_leftover),
		T(test_unopened_stays),
		T(test_another_ring),
		T(test_refused_files),
		T(test_credential),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
