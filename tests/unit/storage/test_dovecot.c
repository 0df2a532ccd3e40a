/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a real Dovecot makes of the store: folders, subscriptions, order,
 * flags, keywords, INTERNALDATE, sizes and bytes, and that both sides can
 * write in turns. Dovecot's imap is run over a pipe, already logged in, with
 * a configuration of its own; no port, no daemon.
 */
#include "store_rig.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static const char *imap_path(void)
{
	static const char *const paths[] = {
		"/usr/lib/dovecot/imap", "/usr/libexec/dovecot/imap"};

	for (size_t i = 0; i < 2; i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

/* As root everything belongs to "mail", since Dovecot refuses root. */
static void start(struct rig *rig, bool lf)
{
	const struct passwd *pw = getpwnam("mail");
	char *conf;

	if (imap_path() == NULL) {
		print_error("SKIPPED: Dovecot (dovecot-imapd) is not here\n");
		skip();
	}
	rig_start(rig, false);
	rig->config.eol_lf = lf;
	assert_int_equal(chmod(rig->dir, 0755), 0);
	if (geteuid() == 0) {
		assert_non_null(pw);
		rig->config.uid = pw->pw_uid;
		rig->config.gid = pw->pw_gid;
	}
	conf = mem_printf("base_dir = %s/run\nstate_dir = %s\n"
			  "log_path = /dev/stderr\nssl = no\n"
			  "first_valid_uid = 1\nmail_location = maildir:%s\n"
			  "mail_max_keyword_length = 100\n",
		rig->dir, rig->dir, rig->root);
	rig_put(rig->dir, "dovecot.conf", conf);
	free(conf);
	rig_open(rig);
}

static void become_dovecot(const struct rig *rig, int in, int out)
{
	char *conf = mem_printf("%s/dovecot.conf", rig->dir);
	char *const env[] = {
		"USER=u", "HOME=/nonexistent", "PATH=/usr/bin:/bin", NULL};

	if (geteuid() == 0 &&
		(setgroups(0, NULL) != 0 || setgid(rig->config.gid) != 0 ||
			setuid(rig->config.uid) != 0))
		_exit(126);
	(void)dup2(in, 0);
	(void)dup2(out, 1);
	(void)close(in);
	(void)close(out);
	(void)execle(imap_path(), imap_path(), "-c", conf, (char *)NULL, env);
	_exit(127);
}

struct answer {
	char *data;
	size_t n;
};

/* Sends all commands, closes, returns all that came back. */
static struct answer talk(const struct rig *rig, const char *commands)
{
	struct answer a = {.data = mem_alloc(16 << 20)};
	int to[2], from[2], status;
	size_t n = strlen(commands);
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_dovecot(rig, to[0], from[1]);
	(void)close(to[0]);
	(void)close(from[1]);
	/* commands are few: they fit into the pipe */
	assert_int_equal(write(to[1], commands, n), (ssize_t)n);
	while ((got = read(from[0], a.data + a.n, (16 << 20) - a.n)) > 0)
		a.n += (size_t)got;
	(void)close(to[1]);
	(void)close(from[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return a;
}

static void says(const struct answer *a, const void *bytes, size_t n)
{
	if (memmem(a->data, a->n, bytes, n) != NULL)
		return;
	if (n < 2000 && a->n < 8000)
		print_error("missing: %.*s\nin: %.*s\n", (int)n,
			(const char *)bytes, (int)a->n, a->data);
	fail();
}

static void says_text(const struct answer *a, const char *text)
{
	says(a, text, strlen(text));
}

/* As a reader of IMAP gets it: every LF with a CR. */
static void says_body(const struct answer *a, unsigned seq, unsigned uid,
	const char *text, size_t n)
{
	char *out = mem_alloc(2 * n + 100), *body = mem_alloc(2 * n + 1);
	size_t m = 0, head;

	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'))
			body[m++] = '\r';
		body[m++] = text[i];
	}
	head = (size_t)sprintf(out,
		"* %u FETCH (UID %u RFC822.SIZE %zu BODY[] {%zu}\r\n", seq, uid,
		m, m);
	memcpy(out + head, body, m);
	memcpy(out + head + m, ")\r\n", 3);
	says(a, out, head + m + 3);
	free(out);
	free(body);
}

struct mail {
	const char *flags; /* as delivered */
	const char *shown; /* as Dovecot orders them */
	int64_t date_s;
	const char *text;
	size_t n;
};

#define TEXT(s) s, sizeof(s) - 1

static const struct mail mails[] = {
	{"", "\\Recent", 1000000000, TEXT("Subject: one\r\n\r\nbody\r\n")},
	{"\\Seen", "\\Seen \\Recent", 86399, TEXT("Subject: two\r\n\r\n")},
	{"\\Answered \\Flagged \\Deleted \\Seen \\Draft",
		"\\Answered \\Flagged \\Deleted \\Seen \\Draft \\Recent",
		1700000000, TEXT("No header\r\nno final newline")},
	{"$Work", "\\Recent $Work", 1700000001, TEXT("\r\nempty first\r\n")},
	{"\\Seen $Work zeta", "\\Seen \\Recent $Work zeta", 1700000002,
		TEXT("a: bare\nlf\r\n")},
	{"zeta", "\\Recent zeta", 1700000003, TEXT("a: cr\r\r\n\r\n\r\n")},
	{"\\Flagged", "\\Flagged \\Recent", 1700000004,
		TEXT("8-bit: \xc3\xa4\xff\r\n\r\n.\r\n..\r\n")},
};
#define MAILS (sizeof mails / sizeof mails[0])

static void deliver_all(struct rig *rig, const char *folder)
{
	struct ledger_message *key = mem_alloc(sizeof *key);
	struct folder *f;
	int64_t mailbox;

	f = rig_folder(rig, folder, &mailbox);
	for (size_t i = 0; i < MAILS; i++) {
		rig_key(key, mailbox, (uint32_t)(i + 10), mails[i].flags);
		key->date_s = mails[i].date_s;
		rig_ok(rig, rig_deliver_key(
				    rig, f, key, mails[i].text, mails[i].n, 5));
	}
	rig_ok(rig, store_flush(rig->store, &rig->err));
	free(key);
}

static void check_folder(struct rig *rig, const char *imap_name)
{
	char *commands = mem_printf(
		"a SELECT \"%s\"\r\n"
		"b UID FETCH 1:* (FLAGS INTERNALDATE)\r\n"
		"c UID FETCH 1:* (RFC822.SIZE BODY.PEEK[])\r\nd LOGOUT\r\n",
		imap_name);
	struct answer a = talk(rig, commands);
	char date[64], line[512];

	for (size_t i = 0; i < MAILS; i++) {
		time_t t = mails[i].date_s;
		struct tm tm;
		(void)localtime_r(&t, &tm);
		(void)strftime(date, sizeof date, "%d-%b-%Y %H:%M:%S %z", &tm);
		(void)snprintf(line, sizeof line,
			"* %zu FETCH (UID %zu FLAGS (%s) INTERNALDATE "
			"\"%s\")\r\n",
			i + 1, i + 1, mails[i].shown, date);
		says_text(&a, line);
		says_body(&a, (unsigned)i + 1, (unsigned)i + 1, mails[i].text,
			mails[i].n);
	}
	says_text(&a, "c OK");
	free(a.data);
	free(commands);
}

static void what_was_delivered_is_served(void **state)
{
	static const char *const dirs[] = {
		"", ".Archive.2024", ".Entw&APw-rfe"};
	struct answer a;
	struct rig rig;

	(void)state;
	for (int lf = 0; lf < 2; lf++) {
		start(&rig, lf == 1);
		deliver_all(&rig, "INBOX");
		deliver_all(&rig, "Archive/2024");
		deliver_all(&rig, "Entw\xc3\xbcrfe");
		rig_ok(&rig, store_subscribe(rig.store, dirs, 3, &rig.err));
		a = talk(&rig, "a LIST \"\" *\r\nb LSUB \"\" *\r\n"
			       "c LOGOUT\r\n");
		says_text(&a, "\".\" Archive.2024\r\n");
		says_text(&a, "\".\" Entw&APw-rfe\r\n");
		says_text(&a, "* LSUB () \".\" INBOX\r\n");
		says_text(&a, "* LSUB () \".\" Archive.2024\r\n");
		says_text(&a, "* LSUB () \".\" Entw&APw-rfe\r\n");
		/* none of our own names is taken for a mailbox */
		assert_null(memmem(a.data, a.n, "mailhaul", 8));
		free(a.data);
		check_folder(&rig, "INBOX");
		check_folder(&rig, "Archive.2024");
		check_folder(&rig, "Entw&APw-rfe");
		rig_end(&rig);
	}
}

static void large_lines_are_served(void **state)
{
	const size_t n = 2500000;
	struct ledger_message *key = mem_alloc(sizeof *key);
	char *text = mem_alloc(n);
	struct folder *f;
	struct answer a;
	struct rig rig;
	int64_t mailbox;

	(void)state;
	start(&rig, true);
	memset(text, 'y', n);
	memcpy(text, "a: b\r\n\r\n", 8);
	memcpy(text + 1300000, "\r\n", 2);
	memcpy(text + n - 2, "\r\n", 2);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_key(key, mailbox, 1, "");
	rig_ok(&rig, rig_deliver_key(&rig, f, key, text, n, 65536));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	a = talk(&rig, "a SELECT INBOX\r\n"
		       "b UID FETCH 1 (RFC822.SIZE BODY.PEEK[])\r\n"
		       "c LOGOUT\r\n");
	says_body(&a, 1, 1, text, n);
	free(a.data);
	free(text);
	free(key);
	rig_end(&rig);
}

struct bases {
	char base[16][LEDGER_BASE_MAX];
	size_t n;
};

static int keep_base(void *arg, const struct ledger_message *m, const char *dir,
	struct err *err)
{
	struct bases *b = arg;

	(void)dir;
	(void)err;
	assert_true(b->n < 16);
	memcpy(b->base[b->n++], m->base, LEDGER_BASE_MAX);
	return 0;
}

/* Dovecot flags, gives a letter, moves and expunges; then we merge and
 * deliver more; then Dovecot must see all of it. */
static void both_sides_write_in_turns(void **state)
{
	struct store_flags *item = mem_alloc(MAILS * sizeof *item);
	struct bases *bases = mem_alloc(sizeof *bases);
	struct arena *texts = arena_new();
	struct folder *f;
	struct answer a;
	struct rig rig;
	int64_t mailbox;

	(void)state;
	start(&rig, true);
	f = rig_folder(&rig, "INBOX", &mailbox);
	deliver_all(&rig, "INBOX");
	a = talk(&rig, "a SELECT INBOX\r\nb CREATE Other\r\n"
		       "c STORE 1 +FLAGS (\\Answered theirs)\r\n"
		       "d STORE 2 -FLAGS (\\Seen)\r\n"
		       "e UID MOVE 4 Other\r\n"
		       "f UID STORE 5 +FLAGS (\\Deleted)\r\n"
		       "g UID EXPUNGE 5\r\nh LOGOUT\r\n");
	says_text(&a, "e OK");
	says_text(&a, "g OK");
	free(a.data);
	rig_ok(&rig, ledger_each(rig.ledger, mailbox, 7, keep_base, bases,
			     &rig.err));
	assert_int_equal(bases->n, MAILS);
	for (size_t i = 0; i < MAILS; i++) {
		struct ledger_message *key = mem_alloc(sizeof *key);
		rig_key(key, mailbox, 1, mails[i].flags);
		item[i].base = bases->base[i];
		item[i].source_then = flags_keep(texts, &key->source);
		item[i].local_then = item[i].source_then;
		assert_int_equal(flags_add(&key->source, "ours"), 0);
		assert_int_equal(flags_add(&key->source, "\\Flagged"), 0);
		item[i].source_now = flags_keep(texts, &key->source);
		free(key);
	}
	rig_ok(&rig,
		store_merge_flags(rig.store, f, item, MAILS, texts, &rig.err));
	for (size_t i = 0; i < MAILS; i++)
		assert_int_equal(item[i].found, i != 3 && i != 4);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 99, "last theirs",
			     "a: late\r\n\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	a = talk(&rig, "a SELECT INBOX\r\nb UID FETCH 1:* FLAGS\r\n"
		       "c LOGOUT\r\n");
	says_text(&a, "* 1 FETCH (UID 1 FLAGS (\\Answered \\Flagged theirs "
		      "ours))\r\n");
	says_text(&a, "* 2 FETCH (UID 2 FLAGS (\\Flagged ours))\r\n");
	says_text(&a, "* 3 FETCH (UID 3 FLAGS (\\Answered \\Flagged \\Deleted "
		      "\\Seen \\Draft ours))\r\n");
	says_text(&a, "* 4 FETCH (UID 6 FLAGS (\\Flagged zeta ours))\r\n");
	says_text(&a, "* 5 FETCH (UID 7 FLAGS (\\Flagged ours))\r\n");
	says_text(&a, "* 6 FETCH (UID 8 FLAGS (\\Recent theirs last))\r\n");
	free(a.data);
	free(bases);
	arena_free(&texts);
	free(item);
	rig_end(&rig);
}

/* What a kill in the middle of giving letters leaves behind. */
static void our_lock_does_not_block_dovecot(void **state)
{
	struct answer a;
	struct rig rig;
	struct folder *f;
	int64_t mailbox;
	time_t began;

	(void)state;
	start(&rig, true);
	f = rig_folder(&rig, "INBOX", &mailbox);
	rig_ok(&rig, rig_deliver(&rig, f, mailbox, 1, "kw", "x\r\n"));
	rig_ok(&rig, store_flush(rig.store, &rig.err));
	/* what a kill -9 of ours could leave: a lock of a dead process */
	{
		char host[256] = "", *text;
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		(void)waitpid(pid, NULL, 0);
		(void)gethostname(host, sizeof host - 1);
		text = mem_printf("%ld:%s", (long)pid, host);
		rig_put(rig.root, "dovecot-uidlist.lock", text);
		free(text);
	}
	began = time(NULL);
	a = talk(&rig, "a SELECT INBOX\r\nb UID FETCH 1:* FLAGS\r\n"
		       "c LOGOUT\r\n");
	says_text(&a, "* 1 FETCH (UID 1 FLAGS (\\Recent kw))\r\n");
	assert_true(time(NULL) - began < 30);
	free(a.data);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_delivered_is_served),
		cmocka_unit_test(large_lines_are_served),
		cmocka_unit_test(both_sides_write_in_turns),
		cmocka_unit_test(our_lock_does_not_block_dovecot),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
