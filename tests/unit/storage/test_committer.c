/* SPDX-License-Identifier: BSD-2-Clause */
/* committer: batches over several stores; one's fault is not another's. */
#include "store_rig.h"

#include <time.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

static struct rig_files files;

/* Another account with a store of its own on the same committer. */
struct tenant {
	char *root, *path;
	char uuid[33];
	struct ledger *ledger;
	struct store *store;
	struct folder *folder;
	int64_t mailbox;
	uint32_t messages;
	struct err err;
	int rc;
};

static void enter(struct tenant *t, struct rig *rig, int n)
{
	struct store_config config = rig->config;
	struct ledger_mailbox m;

	memset(t, 0, sizeof *t);
	(void)snprintf(t->uuid, sizeof t->uuid, "%032d", n);
	t->root = mem_printf("%s/mail/%d", rig->dir, n);
	t->path = mem_printf("%s/%d.db", rig->state, n);
	config.root = t->root;
	rig_ok(rig, ledger_open(t->path, t->uuid, 1, &t->ledger, &rig->err));
	rig_ok(rig, store_open(&config, t->ledger, rig->committer, &t->store,
			    &rig->err));
	rig_ok(rig, ledger_mailbox(t->ledger, "INBOX", "INBOX", &m, &rig->err));
	rig_ok(rig, store_folder(t->store, m.dir, &t->folder, &rig->err));
	t->mailbox = m.id;
}

static void leave(struct tenant *t)
{
	store_close(&t->store);
	ledger_close(&t->ledger);
	free(t->root);
	free(t->path);
}

static int send(struct tenant *t, uint32_t uid)
{
	struct ledger_message *key = mem_alloc(sizeof *key);
	struct delivery *d;
	char text[64];
	int rc = -1;

	rig_key(key, t->mailbox, uid, uid % 2 == 0 ? "" : "\\Seen");
	(void)snprintf(text, sizeof text, "Subject: %" PRIu32 "\r\n\r\n", uid);
	if (delivery_begin(t->store, &d, &t->err) == 0) {
		rc = delivery_write(d, text, strlen(text), &t->err);
		if (rc == 0)
			rc = delivery_end(&d, t->folder, key, &t->err);
		else
			delivery_abort(&d);
	}
	free(key);
	return rc;
}

static void *send_many(void *arg)
{
	struct tenant *t = arg;

	t->rc = 0;
	for (uint32_t uid = 1; t->rc == 0 && uid <= t->messages; uid++)
		t->rc = send(t, uid);
	if (t->rc == 0)
		t->rc = store_flush(t->store, &t->err);
	return NULL;
}

static void many_stores(bool fsync_each, uint32_t messages)
{
	enum { TENANTS = 4 };
	struct tenant t[TENANTS];
	pthread_t thread[TENANTS];
	uint64_t count, bytes;
	struct rig rig;

	rig_start(&rig, fsync_each);
	for (int i = 0; i < TENANTS; i++) {
		enter(&t[i], &rig, i);
		t[i].messages = messages;
	}
	for (int i = 0; i < TENANTS; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, send_many, &t[i]), 0);
	for (int i = 0; i < TENANTS; i++) {
		(void)pthread_join(thread[i], NULL);
		rig.err = t[i].err;
		rig_ok(&rig, t[i].rc);
		store_counts(t[i].store, &count, &bytes);
		assert_int_equal(count, messages);
		assert_int_equal(rig_entries(t[i].root, "new"), messages / 2);
		assert_int_equal(
			rig_entries(t[i].root, "cur"), messages - messages / 2);
		leave(&t[i]);
	}
	rig_end(&rig);
}

static void stores_are_committed_together(void **state)
{
	(void)state;
	many_stores(false, 500);
}

static void with_fsync_each_too(void **state)
{
	(void)state;
	many_stores(true, 40);
}

/* More than the queue holds from one thread. */
static void full_queue_only_waits(void **state)
{
	struct tenant t;
	struct rig rig;

	(void)state;
	rig_start(&rig, false);
	enter(&t, &rig, 1);
	t.messages = 3000;
	(void)send_many(&t);
	rig.err = t.err;
	rig_ok(&rig, t.rc);
	assert_int_equal(rig_entries(t.root, "new"), 1500);
	leave(&t);
	rig_end(&rig);
}

/* The staging directory of one store vanishes: nothing can be staged. */
static void one_store_fails_alone(void **state)
{
	struct tenant good, bad;
	struct rig rig;
	char *stage;
	uint32_t *uids;
	size_t count;

	(void)state;
	rig_start(&rig, false);
	enter(&good, &rig, 1);
	enter(&bad, &rig, 2);
	stage = mem_printf("%s/mailhaul.stage/%s.1", bad.root, bad.uuid);
	rig_remove(stage);
	for (uint32_t uid = 1; uid <= 20; uid++) {
		assert_int_equal(send(&bad, uid), -1);
		assert_int_equal(bad.err.class, ERR_STORE);
		assert_int_equal(send(&good, uid), 0);
	}
	rig_ok(&rig, store_flush(good.store, &rig.err));
	assert_int_equal(store_flush(bad.store, &rig.err), 0);
	assert_int_equal(
		rig_entries(good.root, "new") + rig_entries(good.root, "cur"),
		20);
	assert_int_equal(rig_entries(bad.root, "cur"), 0);
	rig_ok(&rig, ledger_uids(bad.ledger, bad.mailbox, 7, 0, &uids, &count,
			     &rig.err));
	assert_int_equal(count, 0);
	free(uids);
	free(stage);
	leave(&good);
	leave(&bad);
	rig_end(&rig);
}

/* new/ becomes a file: publication fails after the rows are recorded; the
 * error sticks; the other store goes on; the next opening publishes. */
static void failed_publication_is_recovered(void **state)
{
	struct store_config config;
	struct tenant good, bad;
	struct rig rig;
	char *new;

	(void)state;
	rig_start(&rig, false);
	enter(&good, &rig, 1);
	enter(&bad, &rig, 2);
	new = mem_printf("%s/new", bad.root);
	assert_int_equal(rmdir(new), 0);
	rig_put(bad.root, "new", "in the way\n");
	assert_int_equal(send(&bad, 2), 0);
	assert_int_equal(send(&good, 2), 0);
	rig_ok(&rig, store_flush(good.store, &rig.err));
	assert_int_equal(store_flush(bad.store, &rig.err), -1);
	assert_int_equal(rig.err.class, ERR_STORE);
	assert_int_equal(send(&bad, 4), -1);
	assert_int_equal(send(&good, 4), 0);
	rig_ok(&rig, store_flush(good.store, &rig.err));
	assert_int_equal(rig_entries(good.root, "new"), 2);
	assert_int_equal(unlink(new), 0);
	store_close(&bad.store);
	ledger_close(&bad.ledger);
	rig_ok(&rig, ledger_open(bad.path, bad.uuid, 2, &bad.ledger, &rig.err));
	config = rig.config;
	config.root = bad.root;
	rig_ok(&rig, store_open(&config, bad.ledger, rig.committer, &bad.store,
			     &rig.err));
	rig_list(bad.root, "new", &files);
	assert_int_equal(files.count, 1);
	assert_string_equal(files.file[0].data, "Subject: 2\n\n");
	rig_files_clear(&files);
	free(new);
	leave(&good);
	leave(&bad);
	rig_end(&rig);
}

/* A reader removes the folder while mail for it is on its way. */
static void removed_folder_is_made_again(void **state)
{
	struct rig rig;
	struct folder *f;
	int64_t mailbox;
	char *path;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "Gone", &mailbox);
	path = mem_printf("%s/.Gone", rig.root);
	rig_remove(path);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "x\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	assert_int_equal(rig_entries(rig.root, ".Gone/new"), 1);
	free(path);
	rig_end(&rig);
}

/* A reader that acts on mail the moment it appears. */
struct reader {
	char *root;
	atomic_bool stop;
	unsigned deleted, moved;
};

static void act(struct reader *r, const char *sub, const char *name)
{
	char *from = mem_printf("%s/%s/%s", r->root, sub, name), *to = NULL;
	int die = (int)(strchr(name, 'K')[1] % 4);

	if (die == 0) {
		r->deleted += unlink(from) == 0;
	} else if (die == 1) {
		to = mem_printf("%s/.Trash/cur/%s", r->root, name);
		r->moved += rename(from, to) == 0;
	} else if (strcmp(sub, "new") == 0) {
		to = mem_printf("%s/cur/%s:2,S", r->root, name);
		(void)rename(from, to);
	}
	free(to);
	free(from);
}

static void *read_mail(void *arg)
{
	static const char *const subs[] = {"new", "cur"};
	struct reader *r = arg;
	struct dirent *e;

	while (!atomic_load(&r->stop))
		for (int i = 0; i < 2; i++) {
			char *path = mem_printf("%s/%s", r->root, subs[i]);
			DIR *d = opendir(path);
			while (d != NULL && (e = readdir(d)) != NULL)
				if (e->d_name[0] != '.')
					act(r, subs[i], e->d_name);
			if (d != NULL)
				(void)closedir(d);
			free(path);
		}
	return NULL;
}

static void reader_acts_during_the_import(void **state)
{
	enum { COUNT = 600 };
	struct reader r = {.deleted = 0};
	struct folder *f;
	struct rig rig;
	pthread_t thread;
	int64_t mailbox, trash;
	uint64_t messages, bytes;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	(void)rig_folder(&rig, "Trash", &trash);
	r.root = rig.root;
	assert_int_equal(pthread_create(&thread, NULL, read_mail, &r), 0);
	for (int run = 0; run < 3; run++) {
		for (uint32_t uid = 1; uid <= COUNT; uid++) {
			/* more of them in each run, all known ones again */
			if (uid > (uint32_t)(run + 1) * COUNT / 3)
				break;
			rig_ok(&rig, rig_deliver(&rig, f, mailbox, uid,
					     uid % 2 == 0 ? "" : "\\Flagged",
					     "x\r\n"));
			if (uid % 50 == 0)
				rig_ok(&rig, store_flush(rig.store, &rig.err));
		}
		/* the last ones are not flushed: recovery has to settle them */
		if (run == 2)
			rig_ok(&rig, store_flush(rig.store, &rig.err));
		store_counts(rig.store, &messages, &bytes);
		assert_true(messages <= COUNT);
		rig_close(&rig);
		rig_open(&rig);
		f = rig_folder(&rig, "INBOX", &mailbox);
	}
	atomic_store(&r.stop, true);
	(void)pthread_join(thread, NULL);
	assert_int_equal(rig_staged_rows(&rig), 0);
	assert_true(r.deleted > 0 && r.moved > 0);
	assert_int_equal(rig_entries(rig.root, ".Trash/cur"), r.moved);
	assert_int_equal(rig_entries(rig.root, "new") +
				 rig_entries(rig.root, "cur") + r.deleted +
				 r.moved,
		COUNT);
	rig_end(&rig);
}

/* Closed in the middle: whatever was not done is not there, and nothing is
 * left over. */
static void close_drops_what_is_queued(void **state)
{
	struct tenant t;
	struct rig rig;
	size_t published, known;
	uint32_t *uids;

	(void)state;
	rig_start(&rig, false);
	enter(&t, &rig, 1);
	for (uint32_t uid = 1; uid <= 300; uid++)
		assert_int_equal(send(&t, uid), 0);
	store_close(&t.store);
	published = rig_entries(t.root, "new") + rig_entries(t.root, "cur");
	rig_ok(&rig, ledger_uids(t.ledger, t.mailbox, 7, 0, &uids, &known,
			     &rig.err));
	assert_int_equal(known, published);
	assert_int_equal(rig_entries(t.root, "mailhaul.stage"), 0);
	free(uids);
	leave(&t);
	rig_end(&rig);
}

/* Stop finishes what was handed over; the store is closed before. */
/* A run that fails takes its messages out of the queue while the committer
 * waits for more: it has to be there for the next one. */
static void withdrawing_does_not_end_it(void **state)
{
	const struct timespec shorter = {.tv_nsec = 50 * 1000 * 1000};
	const struct timespec longer = {.tv_nsec = 500 * 1000 * 1000};
	struct rig rig;
	struct folder *f;
	int64_t mailbox;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "x\r\n"));
	(void)nanosleep(&shorter, NULL);
	rig_close(&rig);
	(void)nanosleep(&longer, NULL); /* than it lingers */
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "x\r\n"));
	(void)alarm(60);
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	(void)alarm(0);
	rig_end(&rig);
}

static void flush_with_nothing_returns(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	for (int i = 0; i < 3; i++)
		rig_ok(&rig, store_flush(rig.store, &rig.err));
	rig_end(&rig);
	assert_null(rig.committer);
	assert_int_equal(committer_start("/nonexistent/state", false,
				 &rig.committer, &rig.err),
		-1);
	assert_int_equal(rig.err.class, ERR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_are_committed_together),
		cmocka_unit_test(with_fsync_each_too),
		cmocka_unit_test(full_queue_only_waits),
		cmocka_unit_test(one_store_fails_alone),
		cmocka_unit_test(failed_publication_is_recovered),
		cmocka_unit_test(removed_folder_is_made_again),
		cmocka_unit_test(reader_acts_during_the_import),
		cmocka_unit_test(close_drops_what_is_queued),
		cmocka_unit_test(withdrawing_does_not_end_it),
		cmocka_unit_test(flush_with_nothing_returns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
