/* SPDX-License-Identifier: BSD-2-Clause */
/* delivery: bytes, sizes in the name, hash, limits. */
#include "store_rig.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <signal.h>
#include <sys/resource.h>

static struct rig_files files;

/* What the store must hold, worked out byte by byte. */
struct expected {
	char *data;
	size_t bytes;
	uint64_t virtual_bytes;
};

static void expect(const char *in, size_t n, bool lf, struct expected *e)
{
	bool undoable = true;

	for (size_t i = 0; i < n; i++) {
		if (in[i] != '\n')
			continue;
		if (i == 0 || in[i - 1] != '\r')
			undoable = false;
		else if (i > 1 && in[i - 2] == '\r')
			undoable = false;
	}
	e->data = mem_alloc(n + 1);
	e->bytes = 0;
	e->virtual_bytes = 0;
	for (size_t i = 0; i < n; i++) {
		bool crlf = in[i] == '\r' && i + 1 < n && in[i + 1] == '\n';
		if (crlf && lf && undoable)
			continue;
		e->data[e->bytes++] = in[i];
	}
	for (size_t i = 0; i < e->bytes; i++)
		e->virtual_bytes +=
			1 + (e->data[i] == '\n' &&
				    (i == 0 || e->data[i - 1] != '\r'));
}

static void check_name(const char *name, const struct expected *e)
{
	uint64_t s = 0, w = 0;
	const char *p = strstr(name, ",S=");

	assert_non_null(p);
	assert_int_equal(sscanf(p, ",S=%" SCNu64 ",W=%" SCNu64, &s, &w), 2);
	assert_int_equal(s, e->bytes);
	assert_int_equal(w, e->virtual_bytes);
}

static void check_row(struct rig *rig, int64_t mailbox, uint32_t uid,
	const char *in, size_t n, const char *name)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	unsigned char sha[32];

	assert_int_equal(
		ledger_find_uid(rig->ledger, mailbox, 7, uid, m, &rig->err), 1);
	(void)SHA256((const unsigned char *)in, n, sha);
	assert_memory_equal(m->sha256, sha, sizeof sha);
	assert_int_equal(m->size_bytes, n);
	assert_int_equal(m->state, LEDGER_DONE);
	assert_int_equal(strncmp(m->base, name, strlen(m->base)), 0);
	free(m);
}

static void one_case(struct rig *rig, const char *in, size_t n, size_t piece)
{
	static uint32_t uid;
	struct ledger_message *key = mem_alloc(sizeof *key);
	struct expected e;
	struct folder *f;
	int64_t mailbox;

	f = rig_folder(rig, "INBOX", &mailbox);
	rig_key(key, mailbox, ++uid, "\\Seen");
	expect(in, n, rig->config.eol_lf, &e);
	rig_ok(rig, rig_deliver_key(rig, f, key, in, n, piece));
	rig_ok(rig, store_flush(rig->store, &rig->err));
	rig_list(rig->root, "cur", &files);
	assert_int_equal(files.count, 1);
	assert_int_equal(files.file[0].bytes, e.bytes);
	assert_memory_equal(files.file[0].data, e.data, e.bytes);
	check_name(files.file[0].name, &e);
	check_row(rig, mailbox, uid, in, n, files.file[0].name);
	{
		char *path =
			mem_printf("%s/cur/%s", rig->root, files.file[0].name);
		assert_int_equal(unlink(path), 0);
		free(path);
	}
	rig_files_clear(&files);
	free(e.data);
	free(key);
}

#define LITERAL(s)               \
	{                        \
		s, sizeof(s) - 1 \
	}
static const struct {
	const char *bytes;
	size_t n;
} odd[] = {
	LITERAL(""),
	LITERAL("\r\n"),
	LITERAL("\n"),
	LITERAL("\r"),
	LITERAL("a"),
	LITERAL("Subject: x\r\n\r\nbody\r\n"),
	LITERAL("Subject: x\r\n\r\nno final newline"),
	LITERAL("no header at all\r\nreally\r\n"),
	LITERAL("\r\nbegins with an empty line\r\n"),
	LITERAL("nul \0 in\0side\r\n\0\r\n"),
	LITERAL("bare\nlf\n"),
	LITERAL("mixed\r\nthen bare\nthen\r\n"),
	LITERAL("bare cr \r in it\r\n"),
	LITERAL("crcrlf\r\r\nx\r\n"),
	LITERAL("ends in cr\r\n\r"),
	LITERAL("\r\r\r\r\n"),
	LITERAL("a\r\nb\r\n\r\n\r\n\nc"),
	LITERAL("\x80\xff\xfe 8-bit\r\n"),
	LITERAL(".\r\n..\r\n.x\r\n"),
};

static void odd_bytes_arrive_exactly(void **state)
{
	static const size_t pieces[] = {0, 1, 2, 3, 7};
	struct rig rig;

	(void)state;
	for (int lf = 0; lf < 2; lf++) {
		rig_start(&rig, false);
		rig.config.eol_lf = lf == 1;
		rig_open(&rig);
		for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
			for (size_t p = 0; p < 5; p++)
				one_case(&rig, odd[i].bytes, odd[i].n,
					pieces[p]);
		assert_int_equal(rig_staged_rows(&rig), 0);
		rig_close(&rig);
		assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
		rig_end(&rig);
	}
}

/* Lines over 1 MB, and a fault of line ends only at the very end, so that
 * all that was converted has to be turned back. */
static void large_bytes_arrive_exactly(void **state)
{
	const size_t n = 3 << 20;
	char *in = mem_alloc(n);
	struct rig rig;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	memset(in, 'x', n);
	memcpy(in + 1200000, "\r\n", 2);
	one_case(&rig, in, n, 0);
	for (size_t i = 70; i + 1 < n; i += 71)
		memcpy(in + i, "\r\n", 2);
	one_case(&rig, in, n, 65536);
	one_case(&rig, in, n, 9973);
	in[n - 1] = '\n';
	in[n - 2] = 'x';
	one_case(&rig, in, n, 65536);
	one_case(&rig, in, n, 4099);
	rig_end(&rig);
	free(in);
}

static void fifty_megabytes_in_constant_memory(void **state)
{
	struct ledger_message *key = mem_alloc(sizeof *key);
	struct rusage before, after;
	struct delivery *d;
	struct folder *f;
	struct rig rig;
	char piece[65536];
	int64_t mailbox;
	uint64_t messages, bytes;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_key(key, mailbox, 1, "");
	for (size_t i = 0; i < sizeof piece; i++)
		piece[i] = (char)(i % 64 == 62	 ? '\r'
				  : i % 64 == 63 ? '\n'
						 : 'a' + (int)(i % 26));
	(void)getrusage(RUSAGE_SELF, &before);
	rig_ok(&rig, delivery_begin(rig.store, &d, &rig.err));
	for (int i = 0; i < 800; i++)
		rig_ok(&rig, delivery_write(d, piece, sizeof piece, &rig.err));
	rig_ok(&rig, delivery_write(d, "\n", 1, &rig.err));
	rig_ok(&rig, delivery_end(&d, f, key, &rig.err));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	(void)getrusage(RUSAGE_SELF, &after);
#ifndef MAILHAUL_SANITIZED
	assert_true(after.ru_maxrss - before.ru_maxrss < 4096);
#endif
	store_counts(rig.store, &messages, &bytes);
	assert_int_equal(messages, 1);
	assert_int_equal(bytes, 800 * sizeof piece + 1);
	rig_list(rig.root, "new", &files);
	assert_int_equal(files.count, 1);
	assert_int_equal(files.file[0].bytes, 800 * sizeof piece + 1);
	for (int i = 0; i < 800; i++)
		assert_memory_equal(files.file[0].data + i * sizeof piece,
			piece, sizeof piece);
	assert_int_equal(files.file[0].data[800 * sizeof piece], '\n');
	rig_files_clear(&files);
	rig_end(&rig);
	free(key);
}

static void too_large_is_a_limit(void **state)
{
	struct delivery *d;
	struct rig rig;

	(void)state;
	rig_start(&rig, false);
	rig.config.message_bytes = 10;
	rig_open(&rig);
	rig_ok(&rig, delivery_begin(rig.store, &d, &rig.err));
	rig_ok(&rig, delivery_write(d, "0123456789", 10, &rig.err));
	assert_int_equal(delivery_write(d, "x", 1, &rig.err), -1);
	assert_int_equal(rig.err.class, ERR_LIMIT);
	assert_int_equal(rig.err.scope, ERR_SCOPE_MESSAGE);
	delivery_abort(&d);
	assert_null(d);
	rig_close(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
	rig_end(&rig);
}

static void same_key_is_delivered_once(void **state)
{
	struct rig rig;
	struct folder *f;
	int64_t mailbox;
	uint64_t messages, bytes;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "one\r\n"));
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "", "one\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "\\Seen", "one\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	assert_int_equal(rig_entries(rig.root, "new"), 1);
	assert_int_equal(rig_entries(rig.root, "cur"), 0);
	store_counts(rig.store, &messages, &bytes);
	assert_int_equal(messages, 1);
	rig_close(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
	rig_end(&rig);
}

/* EFBIG stands for a full disk: the same path through write(2). */
static void full_disk_leaves_nothing(void **state)
{
	struct rlimit old, small;
	struct delivery *d;
	char piece[65536] = "";
	struct rig rig;
	int rc = 0;

	(void)state;
	rig_start(&rig, false);
	rig_open(&rig);
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 100000;
	rig_ok(&rig, delivery_begin(rig.store, &d, &rig.err));
	(void)setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; rc == 0 && i < 10; i++)
		rc = delivery_write(d, piece, sizeof piece, &rig.err);
	(void)setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(rc, -1);
	assert_int_equal(rig.err.class, ERR_DISK);
	delivery_abort(&d);
	rig_close(&rig);
	assert_int_equal(rig_entries(rig.root, "mailhaul.stage"), 0);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_bytes_arrive_exactly),
		cmocka_unit_test(large_bytes_arrive_exactly),
		cmocka_unit_test(fifty_megabytes_in_constant_memory),
		cmocka_unit_test(too_large_is_a_limit),
		cmocka_unit_test(same_key_is_delivered_once),
		cmocka_unit_test(full_disk_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
