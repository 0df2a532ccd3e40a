/* SPDX-License-Identifier: BSD-2-Clause */
/* Which UIDs dovecot-uidlist gives to what is delivered. */
#include "store_rig.h"

#include "storage/dotlock.h"
#include "storage/maildir.h"
#include "storage/numbering.h"
#include "storage/uidlist.h"

/* How a message without a UIDL is known: 64 digits. */
#define DIGITS "0123456789abcdef"
#define NAMELESS "sha256:" DIGITS DIGITS DIGITS DIGITS
#define HEAD_OTHER "3 V99 N1 G0123456789abcdef0123456789abcdef\n"

struct listing {
	size_t count;
	uint32_t uid[64], order[64];
	char uidl[64][64], name[64][LEDGER_BASE_MAX];
	struct uidlist_head head;
	uint32_t next;
};

static int note(void *arg, const struct uidlist_record *r)
{
	struct listing *l = arg;

	assert_true(l->count < 64);
	l->uid[l->count] = r->uid;
	l->order[l->count] = r->order;
	(void)snprintf(l->uidl[l->count], 64, "%s", r->uidl);
	(void)snprintf(l->name[l->count++], LEDGER_BASE_MAX, "%s", r->name);
	return 0;
}

/* False: there is no list. */
static bool read_list(const struct rig *rig, struct listing *l)
{
	static const struct uidlist_config config = {
		.tag = "t", .uid = (uid_t)-1, .gid = (gid_t)-1};
	int fd = open(rig->root, O_RDONLY | O_DIRECTORY);
	struct uidlist u;
	int rc = uidlist_open(&u, fd, &config, NULL);

	memset(l, 0, sizeof *l);
	assert_true(rc >= 0);
	if (rc == 1) {
		l->head = u.head;
		l->next = u.next;
		assert_int_equal(uidlist_each(&u, note, l), 0);
		uidlist_close(&u);
	}
	(void)close(fd);
	return rc == 1;
}

struct place {
	struct rig rig;
	struct folder *folder;
	int64_t mailbox;
	struct listing list;
};

static void setup_as(struct place *p, enum folder_numbers how)
{
	rig_start(&p->rig, false);
	rig_open(&p->rig);
	p->folder = rig_folder(&p->rig, "INBOX", &p->mailbox);
	folder_number(p->folder, how, 1000);
}

static void deliver(struct place *p, const uint32_t *uids)
{
	for (; *uids != 0; uids++)
		rig_ok(&p->rig, rig_deliver(&p->rig, p->folder, p->mailbox,
					*uids, "\\Seen", "Subject: a\n\n"));
	rig_ok(&p->rig, store_flush(p->rig.store, &p->rig.err));
}

static void assert_uids(struct place *p, const uint32_t *uids)
{
	size_t n = 0;

	assert_true(read_list(&p->rig, &p->list));
	assert_int_equal(p->list.head.uidvalidity, 7);
	for (; uids[n] != 0; n++) {
		assert_true(n < p->list.count);
		assert_int_equal(p->list.uid[n], uids[n]);
	}
	assert_int_equal(p->list.count, n);
	assert_false(rig_exists(&p->rig, "dovecot-uidlist.lock"));
}

#define UIDS(...) ((const uint32_t[]){__VA_ARGS__, 0})

/* As Dovecot would, for a message that was delivered here. */
static void take_uid(struct place *p, uint32_t uid)
{
	char *path = mem_printf("%s/dovecot-uidlist", p->rig.root);
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	assert_true(fprintf(f, "%u :local\n", uid) > 0);
	assert_int_equal(fclose(f), 0);
	free(path);
	rig_put(p->rig.root, "cur/local:2,", "Subject: local\n\n");
}

static void kept_in_any_order_of_a_batch(void **state)
{
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	deliver(&p, UIDS(5, 4, 9, 17));
	assert_uids(&p, UIDS(4, 5, 9, 17));
	deliver(&p, UIDS(18, 40));
	assert_uids(&p, UIDS(4, 5, 9, 17, 18, 40));
	assert_int_equal(p.list.head.next, 4);
	assert_null(folder_numbers_lost(p.folder));
	rig_end(&p.rig);
}

static void new_ones_unless_asked(void **state)
{
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_NEW);
	deliver(&p, UIDS(5, 6));
	assert_false(read_list(&p.rig, &p.list));
	rig_end(&p.rig);
}

static void a_straggler_gets_a_new_one(void **state)
{
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	deliver(&p, UIDS(5, 9));
	deliver(&p, UIDS(7));
	deliver(&p, UIDS(8, 10));
	assert_uids(&p, UIDS(5, 9, 10));
	assert_null(folder_numbers_lost(p.folder));
	rig_end(&p.rig);
}

static void a_taken_uid_moves_the_rest_away(void **state)
{
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	deliver(&p, UIDS(1, 2));
	take_uid(&p, 3);
	deliver(&p, UIDS(3, 4));
	assert_uids(&p, UIDS(1, 2, 3));
	assert_string_equal(p.list.name[2], "local");
	assert_non_null(folder_numbers_lost(p.folder));
	assert_int_equal(p.list.next, 1000 + NUMBERING_GAP);
	deliver(&p, UIDS(5));
	assert_uids(&p, UIDS(1, 2, 3));
	rig_end(&p.rig);
}

/* A hole of the source that somebody has filled hurts nobody. */
static void a_taken_hole_does_not_matter(void **state)
{
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	deliver(&p, UIDS(1, 2));
	take_uid(&p, 3);
	deliver(&p, UIDS(4, 5));
	assert_uids(&p, UIDS(1, 2, 3, 4, 5));
	assert_null(folder_numbers_lost(p.folder));
	rig_end(&p.rig);
}

static void an_empty_list_is_replaced_and_keeps_its_guid(void **state)
{
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	rig_put(p.rig.root, "dovecot-uidlist", HEAD_OTHER);
	deliver(&p, UIDS(12));
	assert_uids(&p, UIDS(12));
	assert_string_equal(
		p.list.head.guid, "0123456789abcdef0123456789abcdef");
	rig_end(&p.rig);
}

static void other_mail_stays_as_it_is(void **state)
{
	struct place p;
	char *text;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	rig_put(p.rig.root, "dovecot-uidlist", HEAD_OTHER);
	rig_put(p.rig.root, "new/local", "Subject: local\n\n");
	deliver(&p, UIDS(12));
	text = rig_get(p.rig.root, "dovecot-uidlist");
	assert_string_equal(text, HEAD_OTHER);
	free(text);
	assert_non_null(folder_numbers_lost(p.folder));
	rig_end(&p.rig);
}

static void highest_uids_are_left_to_later_mail(void **state)
{
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	deliver(&p, UIDS(UIDLIST_UID_MAX, UIDLIST_UID_MAX + 1, UINT32_MAX));
	assert_uids(&p, UIDS(UIDLIST_UID_MAX));
	rig_end(&p.rig);
}

/* The reader holds its lock: mail is published all the same, once. */
static void a_lock_that_is_held_costs_uids_only(void **state)
{
	static const struct dotlock_config config = {.file = "dovecot-uidlist",
		.tag = "reader",
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.stale_s = 120,
		.wait_s = 1};
	struct dotlock lock;
	struct place p;
	int fd;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	p.rig.store->lock_wait_s = 1;
	fd = open(p.rig.root, O_RDONLY | O_DIRECTORY);
	rig_ok(&p.rig, dotlock_take(&lock, fd, &config, &p.rig.err));
	deliver(&p, UIDS(1, 2));
	deliver(&p, UIDS(3));
	dotlock_drop(&lock);
	(void)close(fd);
	assert_false(read_list(&p.rig, &p.list));
	assert_int_equal(rig_entries(p.rig.root, "cur"), 3);
	assert_non_null(folder_numbers_lost(p.folder));
	rig_end(&p.rig);
}

static void sealing_counts_and_moves_away(void **state)
{
	struct ledger_mailbox m;
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_SOURCE);
	deliver(&p, UIDS(5, 9));
	deliver(&p, UIDS(7));
	rig_ok(&p.rig,
		ledger_mailbox(p.rig.ledger, "INBOX", "INBOX", &m, &p.rig.err));
	m.uidvalidity = 7;
	rig_ok(&p.rig,
		store_seal_numbers(p.rig.store, p.folder, &m, &p.rig.err));
	assert_int_equal(m.uids_kept, 2);
	assert_int_equal(m.uids_wanted, 3);
	/* once more, after a crash before the mark */
	rig_ok(&p.rig,
		store_seal_numbers(p.rig.store, p.folder, &m, &p.rig.err));
	assert_uids(&p, UIDS(5, 9));
	assert_int_equal(p.list.next, 1000 + NUMBERING_GAP);
	rig_end(&p.rig);
}

static void deliver_uidl(struct place *p, const char *uidl, uint32_t order)
{
	struct ledger_message *key = mem_alloc(sizeof *key);

	rig_key(key, p->mailbox, 0, "");
	key->uidvalidity = 0;
	key->pop3_order = order;
	(void)snprintf(key->uidl, sizeof key->uidl, "%s", uidl);
	rig_ok(&p->rig,
		rig_deliver_key(&p->rig, p->folder, key, "a: b\n\n", 6, 0));
	free(key);
}

static void uidls_and_their_order(void **state)
{
	static const char *const uidls[] = {
		"a:1", "with space", NAMELESS, "last"};
	static const char *const written[] = {"a:1", "", "", "last"};
	struct place p;

	(void)state;
	setup_as(&p, FOLDER_NUMBERS_UIDL);
	for (uint32_t i = 0; i < 3; i++)
		deliver_uidl(&p, uidls[i], i + 1);
	rig_ok(&p.rig, store_flush(p.rig.store, &p.rig.err));
	take_uid(&p, 4);
	deliver_uidl(&p, uidls[3], 9);
	rig_ok(&p.rig, store_flush(p.rig.store, &p.rig.err));
	assert_true(read_list(&p.rig, &p.list));
	assert_int_equal(p.list.count, 5);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(p.list.uid[i], i + 1);
		assert_int_equal(p.list.order[i], i + 1);
		assert_string_equal(p.list.uidl[i], written[i]);
	}
	assert_int_equal(p.list.uid[4], 5);
	assert_int_equal(p.list.order[4], 9);
	assert_string_equal(p.list.uidl[4], written[3]);
	rig_end(&p.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_in_any_order_of_a_batch),
		cmocka_unit_test(new_ones_unless_asked),
		cmocka_unit_test(a_straggler_gets_a_new_one),
		cmocka_unit_test(a_taken_uid_moves_the_rest_away),
		cmocka_unit_test(a_taken_hole_does_not_matter),
		cmocka_unit_test(an_empty_list_is_replaced_and_keeps_its_guid),
		cmocka_unit_test(other_mail_stays_as_it_is),
		cmocka_unit_test(highest_uids_are_left_to_later_mail),
		cmocka_unit_test(a_lock_that_is_held_costs_uids_only),
		cmocka_unit_test(sealing_counts_and_moves_away),
		cmocka_unit_test(uidls_and_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
