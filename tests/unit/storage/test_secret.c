/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "storage/accounts.h"
#include "storage/secret.h"

#include <fcntl.h>

static char dir[SCRATCH_MAX];
static struct state *state;
static struct account first, second;

static void add(struct account *a, const char *name, const char *password)
{
	struct secret s = {0};
	struct err err = {0};

	memset(a, 0, sizeof *a);
	(void)snprintf(a->name, sizeof a->name, "%s", name);
	(void)snprintf(a->url.host, sizeof a->url.host, "mail.example.org");
	(void)snprintf(a->url.user, sizeof a->url.user, "%s", name);
	a->url.port = 993;
	secret_set(&s, password, strlen(password));
	if (accounts_add(state, a, &s, &err) != 0)
		fail_msg("%s", err.text);
	secret_clear(&s);
}

static int setup(void **unused)
{
	bool created;

	(void)unused;
	scratch_make(dir);
	assert_int_equal(state_init(dir, &created, NULL), 0);
	assert_int_equal(state_open(dir, &state, NULL), 0);
	add(&first, "first", "Canary-1 pässwörd");
	add(&second, "second", "Canary-2");
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	state_close(&state);
	scratch_remove(dir);
	return 0;
}

static void assert_password(const char *uuid, const char *expected)
{
	struct secret s = {0};
	struct err err = {0};

	if (secret_load(state, uuid, &s, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(s.len, strlen(expected));
	assert_string_equal(s.bytes, expected);
	secret_clear(&s);
}

static void assert_refused(const char *uuid)
{
	struct secret s = {0};
	struct err err = {0};

	assert_int_equal(secret_load(state, uuid, &s, &err), -1);
	assert_null(s.bytes);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(err.scope, ERR_SCOPE_ACCOUNT);
	assert_non_null(strstr(err.hint, "--password-file"));
}

static size_t read_row(const char *uuid, unsigned char *out, size_t max)
{
	struct stmt *s = db_stmt(state->db, "secret_load");
	const void *row;
	size_t n;

	stmt_bind_text(s, "account_uuid", uuid);
	stmt_bind_text(s, "field", "password");
	assert_int_equal(stmt_step(s, NULL), 1);
	row = stmt_blob(s, "sealed", &n);
	assert_true(n <= max);
	memcpy(out, row, n);
	stmt_reset(s);
	return n;
}

static void write_row(const char *uuid, const unsigned char *row, size_t n)
{
	struct stmt *s = db_stmt(state->db, "secret_store");

	stmt_bind_text(s, "account_uuid", uuid);
	stmt_bind_text(s, "field", "password");
	stmt_bind_blob(s, "sealed", row, n);
	assert_int_equal(stmt_run(s, NULL), 0);
}

static void test_round_trip(void **unused)
{
	static char large[SECRET_MAX];
	struct secret s = {0};

	(void)unused;
	assert_password(first.uuid, "Canary-1 pässwörd");
	assert_password(second.uuid, "Canary-2");
	memset(large, 'x', sizeof large);
	secret_set(&s, large, sizeof large);
	assert_int_equal(secret_store(state, first.uuid, &s, NULL), 0);
	secret_clear(&s);
	assert_int_equal(secret_load(state, first.uuid, &s, NULL), 0);
	assert_int_equal(s.len, sizeof large);
	assert_memory_equal(s.bytes, large, sizeof large);
	secret_set(&s, "", 0);
	assert_int_equal(secret_store(state, first.uuid, &s, NULL), 0);
	secret_clear(&s);
	assert_password(first.uuid, "");
}

static void test_every_byte(void **unused)
{
	unsigned char row[128];
	size_t n = read_row(first.uuid, row, sizeof row);

	(void)unused;
	assert_int_equal(n, 1 + 4 + 12 + strlen("Canary-1 pässwörd") + 16);
	for (size_t i = 0; i < n; i++) {
		row[i] ^= 0x40;
		write_row(first.uuid, row, n);
		assert_refused(first.uuid);
		row[i] ^= 0x40;
	}
	for (size_t i = 0; i < n; i++) {
		write_row(first.uuid, row, i);
		assert_refused(first.uuid);
	}
	write_row(first.uuid, row, n);
	assert_password(first.uuid, "Canary-1 pässwörd");
}

static void test_swapped_rows(void **unused)
{
	unsigned char a[128], b[128];
	size_t an = read_row(first.uuid, a, sizeof a);
	size_t bn = read_row(second.uuid, b, sizeof b);

	(void)unused;
	write_row(first.uuid, b, bn);
	write_row(second.uuid, a, an);
	assert_refused(first.uuid);
	assert_refused(second.uuid);
}

static void test_same_password_differs(void **unused)
{
	unsigned char a[128], b[128];
	struct secret s = {0};
	size_t n;

	(void)unused;
	n = read_row(second.uuid, a, sizeof a);
	secret_set(&s, "Canary-2", 8);
	assert_int_equal(secret_store(state, second.uuid, &s, NULL), 0);
	secret_clear(&s);
	assert_int_equal(read_row(second.uuid, b, sizeof b), n);
	assert_memory_not_equal(a + 5, b + 5, n - 5);
	assert_memory_equal(a, b, 5);
}

static void test_removed(void **unused)
{
	(void)unused;
	assert_int_equal(secret_remove(state, first.uuid, NULL), 0);
	assert_refused(first.uuid);
	assert_password(second.uuid, "Canary-2");
}

static bool file_holds(const char *name, const char *needle)
{
	static char text[1 << 20];
	char path[SCRATCH_MAX + 32];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	return memmem(text, n, needle, strlen(needle)) != NULL;
}

static void test_nothing_readable_on_disk(void **unused)
{
	(void)unused;
	assert_true(file_holds("mailhaul.db", "mail.example.org"));
	assert_false(file_holds("mailhaul.db", "Canary"));
}

/* What a key sealed, only that key opens; a key added later seals. */
static void test_keys(void **unused)
{
	char path[SCRATCH_MAX + 32];
	unsigned char old[32], more[32];
	unsigned char hmac_before[32], hmac_after[32];
	struct err err = {0};
	int fd;

	(void)unused;
	keys_hmac(state->keys, "x", 1, hmac_before);
	(void)snprintf(path, sizeof path, "%s/mailhaul.key", dir);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, old, 32), 32);
	close(fd);
	assert_int_equal(keys_create(path, &err), -1);
	assert_non_null(strstr(err.text, "never replaced"));
	memset(more, 7, sizeof more);
	assert_int_equal(chmod(path, 0600), 0);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, more, 32), 32);
	close(fd);
	state_close(&state);
	assert_int_equal(state_open(dir, &state, NULL), 0);
	assert_password(first.uuid, "Canary-1 pässwörd");
	keys_hmac(state->keys, "x", 1, hmac_after);
	assert_memory_equal(hmac_before, hmac_after, 32);

	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, more, 32), 32);
	close(fd);
	state_close(&state);
	assert_int_equal(state_open(dir, &state, NULL), 0);
	assert_refused(first.uuid);
}

static void test_bad_key_files(void **unused)
{
	static const size_t sizes[] = {0, 1, 31, 33, 32 * 65};
	char path[SCRATCH_MAX + 32];
	char bytes[32 * 65] = {1};

	(void)unused;
	(void)snprintf(path, sizeof path, "%s/other.key", dir);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct keys *keys = NULL;
		struct err err = {0};
		int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
		assert_int_equal(write(fd, bytes, sizes[i]), sizes[i]);
		close(fd);
		assert_int_equal(keys_load(path, &keys, &err), -1);
		assert_int_equal(err.class, ERR_CONFIG);
		assert_non_null(strstr(err.text, "damaged"));
	}
}

/* init does not hide the loss of a key behind a new one. */
static void test_lost_key(void **unused)
{
	char path[SCRATCH_MAX + 32];
	struct secret s = {0};
	struct err err = {0};
	bool created = false;

	(void)unused;
	(void)snprintf(path, sizeof path, "%s/mailhaul.key", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(state_init(dir, &created, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "is missing"));
	assert_int_equal(access(path, F_OK), -1);
	state_close(&state);
	assert_int_equal(state_open(dir, &state, &err), 0);
	assert_int_equal(secret_load(state, first.uuid, &s, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "mailhaul.key"));
	assert_non_null(strstr(err.hint, "backup"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_round_trip),
		T(test_every_byte),
		T(test_swapped_rows),
		T(test_same_password_differs),
		T(test_removed),
		T(test_nothing_readable_on_disk),
		T(test_keys),
		T(test_bad_key_files),
		T(test_lost_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
