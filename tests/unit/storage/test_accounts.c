/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/base/clock.h"
#include "scratch.h"
#include "storage/accounts.h"
#include "storage/jobs.h"
#include "storage/secret.h"

#include <fcntl.h>

static char dir[SCRATCH_MAX];
static struct state *state;

static int setup(void **unused)
{
	bool created;

	(void)unused;
	scratch_make(dir);
	assert_int_equal(state_init(dir, &created, NULL), 0);
	assert_int_equal(state_open(dir, &state, NULL), 0);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	state_close(&state);
	scratch_remove(dir);
	return 0;
}

static void fill(struct account *a, const char *name)
{
	memset(a, 0, sizeof *a);
	(void)snprintf(a->name, sizeof a->name, "%s", name);
	a->url.protocol = PROTOCOL_POP3;
	a->url.tls = TLS_STARTTLS;
	a->url.port = 110;
	(void)snprintf(a->url.user, sizeof a->url.user, "us\xe9r@x");
	(void)snprintf(a->url.host, sizeof a->url.host, "pop.example.org");
	a->to = mem_strdup("local");
	a->every_s = 900;
	a->delete_rule = mem_strdup("14d");
	a->on_expunge = mem_strdup("trash");
	a->folders = mem_strdup("A*\nB'; DROP TABLE job; --");
	a->excludes = mem_strdup("Trash");
	a->prefix = mem_strdup("Alt/Über");
	a->ca_file = mem_strdup("/etc/ca.pem");
	a->fingerprint = mem_strdup("SHA256:00");
	a->skip_deleted = true;
	a->group = mem_strdup("wave 1");
}

static void add(struct account *a, const char *name)
{
	struct err err = {0};

	fill(a, name);
	if (accounts_add(state, a, NULL, &err) != 0)
		fail_msg("%s", err.text);
}

static struct job_status *status_of(int64_t id)
{
	struct job_status *s = NULL;
	size_t n = 0;

	assert_int_equal(jobs_status(state, id, &s, &n, NULL), 0);
	assert_int_equal(n, 1);
	return s;
}

static void assert_state(int64_t id, const char *expected)
{
	struct job_status *s = status_of(id);

	assert_string_equal(s->state, expected);
	jobs_status_free(&s, 1);
}

static void test_round_trip(void **unused)
{
	struct account a, b;

	(void)unused;
	add(&a, "one");
	assert_true(a.id > 0);
	assert_int_equal(strlen(a.uuid), 32);
	assert_true(a.created_at > 0);
	assert_int_equal(accounts_find(state, "one", &b, NULL), 1);
	assert_int_equal(b.id, a.id);
	assert_string_equal(b.uuid, a.uuid);
	assert_int_equal(b.url.protocol, PROTOCOL_POP3);
	assert_int_equal(b.url.tls, TLS_STARTTLS);
	assert_int_equal(b.url.port, 110);
	assert_string_equal(b.url.user, a.url.user);
	assert_string_equal(b.url.host, a.url.host);
	assert_string_equal(b.to, "local");
	assert_int_equal(b.every_s, 900);
	assert_string_equal(b.delete_rule, "14d");
	assert_string_equal(b.on_expunge, "trash");
	assert_string_equal(b.folders, a.folders);
	assert_string_equal(b.excludes, "Trash");
	assert_string_equal(b.prefix, a.prefix);
	assert_string_equal(b.ca_file, "/etc/ca.pem");
	assert_string_equal(b.fingerprint, "SHA256:00");
	assert_true(b.skip_deleted);
	assert_string_equal(b.group, "wave 1");
	assert_false(b.paused);
	account_clear(&b);
	assert_int_equal(accounts_by_id(state, a.id, &b, NULL), 1);
	assert_string_equal(b.name, "one");
	account_clear(&b);
	assert_int_equal(accounts_find(state, "One", &b, NULL), 0);
	assert_int_equal(accounts_by_id(state, 77, &b, NULL), 0);
	assert_state(a.id, "queued");
	account_clear(&a);
}

static void test_twice(void **unused)
{
	struct account a, b;
	struct err err = {0};

	(void)unused;
	add(&a, "one");
	fill(&b, "one");
	assert_int_equal(accounts_add(state, &b, NULL, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "one exists"));
	account_clear(&b);
	/* Nothing half done: the next one works. */
	add(&b, "two");
	account_clear(&a);
	account_clear(&b);
}

/* The secret cannot be sealed: no account without a password stays. */
static void test_add_is_one_step(void **unused)
{
	struct secret s = {0};
	struct account a, *all;
	struct err err = {0};
	char path[SCRATCH_MAX + 32];
	size_t n;

	(void)unused;
	(void)snprintf(path, sizeof path, "%s/mailhaul.key", dir);
	assert_int_equal(unlink(path), 0);
	keys_free(&state->keys);
	fill(&a, "one");
	secret_set(&s, "pw", 2);
	assert_int_equal(accounts_add(state, &a, &s, &err), -1);
	assert_non_null(strstr(err.text, "mailhaul.key"));
	assert_int_equal(accounts_all(state, &all, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(all);
	secret_clear(&s);
	account_clear(&a);
}

static void test_all_by_name(void **unused)
{
	static const char *const names[] = {"b", "a", "C", "ä"};
	static const char *const sorted[] = {"C", "a", "b", "ä"};
	struct account *all;
	size_t n;

	(void)unused;
	for (size_t i = 0; i < 4; i++) {
		struct account a;
		add(&a, names[i]);
		account_clear(&a);
	}
	assert_int_equal(accounts_all(state, &all, &n, NULL), 0);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(all[i].name, sorted[i]);
		account_clear(&all[i]);
	}
	free(all);
}

static struct job claim(int64_t id)
{
	struct job job;

	assert_int_equal(jobs_claim(state, "t", clock_wall_s(), 8, id, NULL, 0,
				 &job, NULL),
		1);
	return job;
}

static void finish(const struct job *job, bool ok, bool person)
{
	struct job_result r = {.ok = ok, .needs_person = person};
	bool ours;

	r.next_due_s = clock_wall_s() + 900;
	if (!ok)
		(void)err_set(&r.err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "no");
	assert_int_equal(
		jobs_finish(state, job, clock_wall_s(), &r, &ours, NULL), 0);
	assert_true(ours);
}

/* What makes an account due at once, and what does not. */
static void test_update(void **unused)
{
	struct secret pw = {0}, got = {0};
	struct account a, b;
	struct job job;

	(void)unused;
	add(&a, "one");
	job = claim(a.id);
	finish(&job, true, false);
	assert_state(a.id, "idle");
	free(a.prefix);
	a.prefix = mem_strdup("");
	(void)snprintf(a.name, sizeof a.name, "renamed");
	assert_int_equal(accounts_update(state, &a, NULL, NULL), 0);
	assert_state(a.id, "idle");
	assert_int_equal(accounts_find(state, "renamed", &b, NULL), 1);
	assert_string_equal(b.prefix, "");
	account_clear(&b);

	a.url.port = 995;
	assert_int_equal(accounts_update(state, &a, NULL, NULL), 0);
	assert_state(a.id, "queued");
	job = claim(a.id);
	finish(&job, true, false);

	secret_set(&pw, "new", 3);
	assert_int_equal(accounts_update(state, &a, &pw, NULL), 0);
	assert_state(a.id, "queued");
	assert_int_equal(secret_load(state, a.uuid, &got, NULL), 0);
	assert_string_equal(got.bytes, "new");
	secret_clear(&pw);
	secret_clear(&got);
	job = claim(a.id);
	finish(&job, false, true);
	assert_state(a.id, "failed");
	assert_int_equal(accounts_update(state, &a, NULL, NULL), 0);
	assert_state(a.id, "queued");
	account_clear(&a);
}

static void test_update_refuses(void **unused)
{
	struct account a, b;
	struct err err = {0};

	(void)unused;
	add(&a, "one");
	add(&b, "two");
	(void)snprintf(b.name, sizeof b.name, "one");
	assert_int_equal(accounts_update(state, &b, NULL, &err), -1);
	assert_non_null(strstr(err.text, "one exists"));
	assert_int_equal(accounts_remove(state, b.id, &err), 0);
	(void)snprintf(b.name, sizeof b.name, "two");
	assert_int_equal(accounts_update(state, &b, NULL, &err), -1);
	assert_non_null(strstr(err.text, "removed"));
	account_clear(&a);
	account_clear(&b);
}

/* A new host is the one the limit counts. */
static void test_host_follows(void **unused)
{
	struct account a, b;
	struct job job;
	int64_t now = clock_wall_s();

	(void)unused;
	add(&a, "one");
	add(&b, "two");
	(void)snprintf(b.url.host, sizeof b.url.host, "other.example.org");
	assert_int_equal(accounts_update(state, &b, NULL, NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(jobs_claim(state, "t", now + 5, 1, 0, NULL, 0,
					 &job, NULL),
			1);
	account_clear(&a);
	account_clear(&b);
}

static void test_pause(void **unused)
{
	struct account a, b;

	(void)unused;
	add(&a, "one");
	assert_int_equal(accounts_set_paused(state, a.id, true, NULL), 0);
	assert_state(a.id, "paused");
	assert_int_equal(accounts_by_id(state, a.id, &b, NULL), 1);
	assert_true(b.paused);
	account_clear(&b);
	assert_int_equal(accounts_set_paused(state, a.id, false, NULL), 0);
	assert_state(a.id, "queued");
	account_clear(&a);

	fill(&a, "held");
	a.paused = true;
	assert_int_equal(accounts_add(state, &a, NULL, NULL), 0);
	assert_state(a.id, "paused");
	account_clear(&a);
}

static void test_remove(void **unused)
{
	struct secret pw = {0};
	struct account a;
	struct err err = {0};
	struct job job;
	char *ledger, *wal;
	int64_t id;

	(void)unused;
	fill(&a, "one");
	secret_set(&pw, "pw", 2);
	assert_int_equal(accounts_add(state, &a, &pw, NULL), 0);
	ledger = state_ledger_path(state, a.uuid);
	wal = mem_printf("%s-wal", ledger);
	assert_int_equal(close(open(ledger, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(close(open(wal, O_CREAT | O_WRONLY, 0600)), 0);
	job = claim(a.id);
	assert_int_equal(accounts_remove(state, a.id, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "under way"));
	assert_int_equal(access(ledger, F_OK), 0);
	finish(&job, true, false);
	assert_int_equal(accounts_remove(state, a.id, &err), 0);
	assert_int_equal(access(ledger, F_OK), -1);
	assert_int_equal(access(wal, F_OK), -1);
	assert_int_equal(secret_load(state, a.uuid, &pw, &err), -1);
	assert_int_equal(accounts_remove(state, a.id, &err), -1);
	id = a.id;
	account_clear(&a);
	add(&a, "one");
	assert_true(a.id > id);
	account_clear(&a);
	secret_clear(&pw);
	free(ledger);
	free(wal);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_round_trip),
		T(test_twice),
		T(test_add_is_one_step),
		T(test_all_by_name),
		T(test_update),
		T(test_update_refuses),
		T(test_host_follows),
		T(test_pause),
		T(test_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
