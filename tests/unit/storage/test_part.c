/* SPDX-License-Identifier: BSD-2-Clause */
/* The beginning of a message is kept, and goes on as if nothing had been. */
#include "store_rig.h"

#include "storage/part.h"

#include <openssl/sha.h>
#include <sys/wait.h>

#define BODY_BYTES (3u * 1024 * 1024 + 777)

enum body { BODY_CRLF, BODY_BARE_EARLY, BODY_BARE_LATE, BODY_CR, BODIES };

/* Lines of CRLF; one bare LF in the first KiB, or near the end; or CRs. */
static char *make_body(enum body kind)
{
	char *b = mem_alloc(BODY_BYTES + 1);
	int n = snprintf(b, 200, "Subject: large\r\n\r\n");

	for (unsigned i = (unsigned)n; i < BODY_BYTES; i++)
		b[i] = (char)('a' + (i * 7 + i / 253) % 26);
	for (unsigned i = 200; i + 2 < BODY_BYTES; i += 71) {
		b[i] = '\r';
		b[i + 1] = kind == BODY_CR && i % 3 == 0 ? 'x' : '\n';
	}
	if (kind == BODY_BARE_EARLY)
		b[190] = '\n';
	if (kind == BODY_BARE_LATE)
		b[BODY_BYTES - 50] = '\n';
	return b;
}

static struct part_key key_of(int64_t mailbox, uint32_t uid)
{
	return (struct part_key){mailbox, 7, uid};
}

static void write_all(struct rig *rig, struct delivery *d, const char *b,
	size_t from, size_t to)
{
	for (size_t n; from < to; from += n) {
		n = to - from < 60000 ? to - from : 60000;
		rig_ok(rig, delivery_write(d, b + from, n, &rig->err));
	}
}

/* n bytes of a message that is kept. */
static struct delivery *begin(
	struct rig *rig, int64_t mailbox, uint32_t uid, const char *b, size_t n)
{
	const struct part_key key = key_of(mailbox, uid);
	struct delivery *d;

	rig_ok(rig, delivery_begin(rig->store, &d, &rig->err));
	assert_int_equal(delivery_keep(d, &key, BODY_BYTES, &rig->err), 1);
	write_all(rig, d, b, 0, n);
	return d;
}

/* Whoever damages a file expects no sound bytes. */
static bool damaged;

static int count_bytes(void *arg, const void *bytes, size_t n, struct err *err)
{
	const char **at = arg;

	(void)err;
	if (!damaged)
		assert_memory_equal(bytes, *at, n);
	*at += n;
	return 0;
}

/* 0, or how many bytes are there; *ret_delivery goes on. */
static size_t resume(struct rig *rig, int64_t mailbox, uint32_t uid,
	const char *b, struct delivery **ret_delivery)
{
	const struct part_key key = key_of(mailbox, uid);
	const char *at = b;
	uint64_t total;
	int r = delivery_resume(rig->store, &key, count_bytes, &at,
		ret_delivery, &total, &rig->err);

	if (r < 0)
		fail_msg("%s", rig->err.text);
	if (r == 0)
		return 0;
	assert_int_equal(total, BODY_BYTES);
	assert_int_equal(delivery_received(*ret_delivery), at - b);
	return (size_t)(at - b);
}

static size_t count_parts(struct rig *rig)
{
	struct ledger_part *parts;
	size_t n;

	rig_ok(rig, store_parts(rig->store, &parts, &n, &rig->err));
	free(parts);
	return n;
}

static size_t count_mail(struct rig *rig)
{
	static struct rig_files files;
	size_t n;

	rig_list(rig->root, "new", &files);
	n = files.count;
	rig_files_clear(&files);
	rig_list(rig->root, "cur", &files);
	n += files.count;
	rig_files_clear(&files);
	return n;
}

/* What a message of these bytes looks like here. */
static char *stored_form(
	struct rig *rig, enum body kind, const char *b, size_t *ret_n)
{
	bool lf = rig->config.eol_lf && (kind == BODY_CRLF || kind == BODY_CR);
	char *out = mem_alloc(BODY_BYTES);
	size_t n = 0;

	for (size_t i = 0; i < BODY_BYTES; i++)
		if (!lf || b[i] != '\r' || i + 1 == BODY_BYTES ||
			b[i + 1] != '\n')
			out[n++] = b[i];
	*ret_n = n;
	return out;
}

static void check_whole(
	struct rig *rig, int64_t mailbox, enum body kind, const char *b)
{
	static struct rig_files files;
	struct ledger_message *m = mem_alloc(sizeof *m);
	unsigned char sha[32];
	size_t n;
	char *expected = stored_form(rig, kind, b, &n);

	rig_ok(rig, store_flush(rig->store, &rig->err));
	rig_list(rig->root, "new", &files);
	assert_int_equal(files.count, 1);
	assert_int_equal(files.file[0].bytes, n);
	assert_memory_equal(files.file[0].data, expected, n);
	rig_files_clear(&files);
	assert_int_equal(
		ledger_find_uid(rig->ledger, mailbox, 7, 1, m, &rig->err), 1);
	(void)SHA256((const unsigned char *)b, BODY_BYTES, sha);
	assert_memory_equal(m->sha256, sha, sizeof sha);
	assert_int_equal(m->size_bytes, BODY_BYTES);
	assert_int_equal(count_parts(rig), 0);
	free(expected);
	free(m);
}

static void finish(struct rig *rig, int64_t mailbox, struct folder *f,
	struct delivery *d, enum body kind, const char *b)
{
	struct ledger_message *key = mem_alloc(sizeof *key);

	write_all(rig, d, b, (size_t)delivery_received(d), BODY_BYTES);
	rig_key(key, mailbox, 1, "");
	rig_ok(rig, delivery_end(&d, f, key, &rig->err));
	check_whole(rig, mailbox, kind, b);
	free(key);
}

static void broken_off(enum body kind, bool eol_lf, size_t at)
{
	char *b = make_body(kind);
	struct delivery *d;
	struct folder *f;
	int64_t mailbox;
	struct rig rig;

	rig_start(&rig, false);
	rig.config.eol_lf = eol_lf;
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	d = begin(&rig, mailbox, 1, b, at);
	delivery_leave(&d);
	/* twice in the same run, and then in the next one but one */
	assert_int_equal(resume(&rig, mailbox, 1, b, &d), at);
	delivery_leave(&d);
	for (int i = 0; i < 2; i++) {
		rig_close(&rig);
		rig_open(&rig);
		assert_int_equal(count_mail(&rig), 0);
		assert_int_equal(count_parts(&rig), 1);
	}
	f = rig_folder(&rig, "INBOX", &mailbox);
	assert_int_equal(resume(&rig, mailbox, 1, b, &d), at);
	finish(&rig, mailbox, f, d, kind, b);
	rig_close(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
	rig_open(&rig);
	rig_end(&rig);
	free(b);
}

static void it_goes_on_at_the_byte(void **state)
{
	char *b = make_body(BODY_CRLF);
	size_t cr = 2000000;

	(void)state;
	while (b[cr] != '\r')
		cr++;
	free(b);
	for (int kind = 0; kind < BODIES; kind++)
		for (int lf = 0; lf < 2; lf++) {
			broken_off((enum body)kind, lf == 1, 1500001);
			/* between CR and LF, and behind the last byte */
			broken_off((enum body)kind, lf == 1, cr + 1);
			broken_off((enum body)kind, lf == 1, BODY_BYTES);
		}
	broken_off(BODY_CRLF, true, 1);
}

static void write_and_die(struct rig *rig, const char *b, size_t n)
{
	int64_t mailbox;

	rig_ok(rig,
		committer_start(rig->state, false, &rig->committer, &rig->err));
	rig_open(rig);
	(void)rig_folder(rig, "INBOX", &mailbox);
	(void)begin(rig, mailbox, 1, b, n);
	_exit(0);
}

/* A kill costs no more than a step. */
static void it_survives_a_kill(void **state)
{
	(void)state;
	for (int kind = 0; kind < BODIES; kind++) {
		char *b = make_body((enum body)kind);
		const size_t at = 2600000;
		struct delivery *d;
		struct folder *f;
		int64_t mailbox;
		struct rig rig;
		int status;
		size_t got;
		pid_t pid;

		rig_prepare(&rig);
		pid = fork();
		if (pid == 0)
			write_and_die(&rig, b, at);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		rig.fence = 1;
		rig_ok(&rig, committer_start(rig.state, false, &rig.committer,
				     &rig.err));
		rig_open(&rig);
		assert_int_equal(count_mail(&rig), 0);
		f = rig_folder(&rig, "INBOX", &mailbox);
		got = resume(&rig, mailbox, 1, b, &d);
		assert_true(got <= at);
		assert_true(got + PART_STEP_BYTES >= at);
		finish(&rig, mailbox, f, d, (enum body)kind, b);
		rig_end(&rig);
		free(b);
	}
}

/* The path of the only part. */
static char *part_path(struct rig *rig)
{
	struct ledger_part *parts;
	char *path;
	size_t n;

	rig_ok(rig, store_parts(rig->store, &parts, &n, &rig->err));
	assert_int_equal(n, 1);
	path = mem_printf("%s/mailhaul.stage/%s.%lld/%llu", rig->root,
		rig->uuid, (long long)parts[0].fence,
		(unsigned long long)parts[0].stage_seq);
	free(parts);
	return path;
}

static void scribble(const char *path, off_t at)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "!", 1, at), 1);
	assert_int_equal(close(fd), 0);
}

static void what_is_damaged_is_dropped(void **state)
{
	char *b = make_body(BODY_CRLF);

	(void)state;
	for (int how = 0; how < 3; how++) {
		struct delivery *d = NULL;
		int64_t mailbox;
		struct rig rig;
		char *path;

		rig_start(&rig, false);
		rig_open(&rig);
		(void)rig_folder(&rig, "INBOX", &mailbox);
		d = begin(&rig, mailbox, 1, b, 2000000);
		delivery_leave(&d);
		path = part_path(&rig);
		damaged = true;
		if (how == 0)
			scribble(path, 1234567);
		else if (how == 1)
			assert_int_equal(truncate(path, 1000000), 0);
		else
			assert_int_equal(unlink(path), 0);
		if (how == 2) {
			rig_close(&rig);
			rig_open(&rig);
			assert_int_equal(count_parts(&rig), 0);
		}
		assert_int_equal(resume(&rig, mailbox, 1, b, &d), 0);
		damaged = false;
		assert_int_equal(count_parts(&rig), 0);
		rig_close(&rig);
		assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
		rig_open(&rig);
		rig_end(&rig);
		free(path);
	}
	free(b);
}

/* A thread of the run before may hold its file for as long as it likes. */
static void an_older_run_can_harm_nothing(void **state)
{
	char *b = make_body(BODY_CRLF), *path;
	struct delivery *d;
	struct folder *f;
	int64_t mailbox;
	struct rig rig;
	int fd;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	(void)rig_folder(&rig, "INBOX", &mailbox);
	d = begin(&rig, mailbox, 1, b, 2000000);
	delivery_leave(&d);
	path = part_path(&rig);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	rig_close(&rig);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	assert_int_equal(write(fd, "more", 4), 4);
	assert_int_equal(resume(&rig, mailbox, 1, b, &d), 2000000);
	assert_int_equal(write(fd, "more", 4), 4);
	assert_int_equal(pwrite(fd, "!", 1, 0), 1);
	finish(&rig, mailbox, f, d, BODY_CRLF, b);
	assert_int_equal(close(fd), 0);
	rig_end(&rig);
	free(path);
	free(b);
}

static void what_is_not_wanted_goes(void **state)
{
	char *b = make_body(BODY_CRLF);
	struct ledger_part *parts;
	struct delivery *d;
	int64_t mailbox;
	struct rig rig;
	size_t n;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	(void)rig_folder(&rig, "INBOX", &mailbox);
	d = begin(&rig, mailbox, 1, b, 2000000);
	delivery_abort(&d);
	assert_int_equal(count_parts(&rig), 0);
	d = begin(&rig, mailbox, 1, b, 2000000);
	delivery_leave(&d);
	d = begin(&rig, mailbox, 2, b, 2000000);
	delivery_leave(&d);
	rig_ok(&rig, store_parts(rig.store, &parts, &n, &rig.err));
	assert_int_equal(n, 2);
	rig_ok(&rig, store_drop_part(rig.store, &parts[0], &rig.err));
	free(parts);
	assert_int_equal(resume(&rig, mailbox, 1, b, &d), 0);
	/* the epoch is over */
	rig_ok(&rig, ledger_leave_epoch(rig.ledger, mailbox, 7, &rig.err));
	assert_int_equal(count_parts(&rig), 0);
	rig_close(&rig);
	rig_open(&rig);
	rig_close(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
	rig_open(&rig);
	rig_end(&rig);
	free(b);
}

static void there_are_not_too_many(void **state)
{
	char *b = make_body(BODY_CRLF);
	struct delivery *d;
	struct part_key key;
	int64_t mailbox;
	struct rig rig;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	(void)rig_folder(&rig, "INBOX", &mailbox);
	for (uint32_t uid = 1; uid <= PARTS_MAX; uid++) {
		d = begin(&rig, mailbox, uid, b, 1200000);
		delivery_leave(&d);
	}
	rig_ok(&rig, delivery_begin(rig.store, &d, &rig.err));
	key = key_of(mailbox, PARTS_MAX + 1);
	assert_int_equal(delivery_keep(d, &key, BODY_BYTES, &rig.err), 0);
	write_all(&rig, d, b, 0, 1200000);
	delivery_leave(&d);
	assert_int_equal(count_parts(&rig), PARTS_MAX);
	/* but one that is kept may be begun anew */
	d = begin(&rig, mailbox, 3, b, 1300000);
	delivery_leave(&d);
	assert_int_equal(resume(&rig, mailbox, 3, b, &d), 1300000);
	delivery_abort(&d);
	rig_end(&rig);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_on_at_the_byte),
		cmocka_unit_test(it_survives_a_kill),
		cmocka_unit_test(what_is_damaged_is_dropped),
		cmocka_unit_test(an_older_run_can_harm_nothing),
		cmocka_unit_test(what_is_not_wanted_goes),
		cmocka_unit_test(there_are_not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
