/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rig: runs against a fake server into a real store with a real ledger and
 * committer, in a directory that is removed afterwards.
 */
#ifndef TEST_SYNC_RIG_H
#define TEST_SYNC_RIG_H

#include "collector/base/log.h"
#include "collector/sync/run.h"
#include "fake_session.h"
#include "storage/ledger.h"
#include "storage/secret.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define RIG_IDS 1024
#define RIG_UUID "0123456789abcdef0123456789abcdef"

struct rig {
	struct fake fake;
	char dir[64];
	char store[128];
	struct settings settings;
	struct keys *keys;
	struct committer *committer;
	int64_t fence;
	int64_t attempts;
	/* of the account */
	int64_t every_s;
	bool skip_deleted;
	bool retry; /* what is quarantined, due or not */
	const char *excludes, *prefix, *quirks;
	int pop3_seen;		 /* 0: arrives as unread */
	const char *to_folder;	 /* POP3; NULL: INBOX */
	const char *on_expunge;	 /* NULL: keep */
	int64_t confirmed_fence; /* deletions held up to then are confirmed */
	struct budget budget;	 /* what the run is given */
	bool yield;		 /* others wait from its begin on */
	int64_t closes_at;	 /* its hours end then; 0 = they do not */
	/* the run under way, for hooks */
	struct run *run;
	/* the last result; no mailboxes */
	struct job_result result;
	char notice[LEDGER_NOTICE_MAX]; /* of the first that has one */
	struct job_progress progress;
	/* what the store holds, by rig_look */
	int seen[RIG_IDS]; /* files with this X-Id */
	int files;
};

static inline void rig_set(struct rig *r, const char *key, const char *value)
{
	assert_int_equal(settings_set(&r->settings, key, value, NULL), 0);
}

static inline struct rig *rig_new(bool pop3)
{
	struct rig *r = mem_alloc(sizeof *r);
	char path[192];
	struct err err = {0};

	log_setup(getenv("RIG_LOG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
		LOG_FORMAT_TEXT, STDERR_FILENO);
	fake_init(&r->fake);
	r->fake.pop3 = pop3;
	(void)snprintf(r->dir, sizeof r->dir, "/tmp/mailhaul-sync-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	(void)snprintf(r->store, sizeof r->store, "%s/mail/u", r->dir);
	(void)snprintf(path, sizeof path, "%s/mail", r->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	settings_init(&r->settings);
	(void)snprintf(path, sizeof path, "%s/mail/%%u", r->dir);
	rig_set(r, "store.path", path);
	rig_set(r, "store.eol", "crlf");
	(void)snprintf(path, sizeof path, "%s/key", r->dir);
	if (keys_create(path, &err) != 0 ||
		keys_load(path, &r->keys, &err) != 0 ||
		committer_start(r->dir, false, &r->committer, &err) != 0)
		fail_msg("%s", err.text);
	return r;
}

static inline int rig_unlink(
	const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void rig_free(struct rig *r)
{
	committer_stop(&r->committer);
	keys_free(&r->keys);
	settings_clear(&r->settings);
	fake_clear(&r->fake);
	(void)nftw(r->dir, rig_unlink, 16, FTW_DEPTH | FTW_PHYS);
	free(r);
}

/* One run; the result stays in r. */
static inline void rig_run(struct rig *r)
{
	struct run *run = run_new();

	run->settings = &r->settings;
	run->keys = r->keys;
	run->committer = r->committer;
	run->dialer = (struct run_dialer){.open = fake_open, .arg = &r->fake};
	run->job.account_id = 1;
	run->job.fence = ++r->fence;
	run->job.attempts = r->attempts;
	run->job.retry = r->retry;
	run->job.closes_at = r->closes_at;
	run->account.quirks = mem_strdup(r->quirks != NULL ? r->quirks : "");
	(void)snprintf(run->job.run, sizeof run->job.run, "%016llx",
		(unsigned long long)r->fence);
	(void)snprintf(
		run->account.uuid, sizeof run->account.uuid, "%s", RIG_UUID);
	(void)snprintf(run->account.name, sizeof run->account.name, "anna");
	run->account.url.protocol =
		r->fake.pop3 ? PROTOCOL_POP3 : PROTOCOL_IMAP;
	run->account.to = mem_strdup("u");
	run->account.every_s = r->every_s;
	run->account.skip_deleted = r->skip_deleted;
	run->account.on_expunge =
		mem_strdup(r->on_expunge != NULL ? r->on_expunge : "keep");
	run->account.pop3_seen = r->pop3_seen;
	run->account.to_folder =
		mem_strdup(r->to_folder != NULL ? r->to_folder : "");
	run->account.confirmed_fence = r->confirmed_fence;
	run->account.excludes =
		mem_strdup(r->excludes != NULL ? r->excludes : "");
	run->account.prefix = mem_strdup(r->prefix != NULL ? r->prefix : "");
	allowance_refresh(&run->allowance, &r->budget);
	atomic_store(&run->allowance.yield, r->yield);
	run->ledger_path = mem_printf("%s/ledger.db", r->dir);
	r->run = run;
	run_execute(run);
	r->run = NULL;
	r->result = run->result;
	r->notice[0] = '\0';
	for (size_t i = 0; i < run->result.mailbox_count; i++)
		if (r->notice[0] == '\0')
			(void)snprintf(r->notice, sizeof r->notice, "%s",
				run->result.mailboxes[i].notice);
	r->result.mailboxes = NULL;
	r->progress = run->progress.now;
	run_free(&run);
}

/* A run that has to end well. */
static inline void rig_run_ok(struct rig *r)
{
	rig_run(r);
	if (!r->result.ok)
		fail_msg("run failed: %s", r->result.err.text);
}

/* ---- looking into the store */

static inline int rig_id_of(const char *path)
{
	FILE *f = fopen(path, "re");
	int id = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "X-Id: %d", &id) != 1)
		id = 0;
	(void)fclose(f);
	return id;
}

typedef void rig_file_fn(void *arg, const char *path, const char *name, int id);

static inline void rig_each_in(const char *dir, rig_file_fn *fn, void *arg)
{
	static const char *const subs[] = {"new", "cur"};

	for (size_t i = 0; i < 2; i++) {
		char *sub = mem_printf("%s/%s", dir, subs[i]);
		DIR *d = opendir(sub);
		struct dirent *e;
		while (d != NULL && (e = readdir(d)) != NULL) {
			char *path;
			if (e->d_name[0] == '.')
				continue;
			path = mem_printf("%s/%s", sub, e->d_name);
			fn(arg, path, e->d_name, rig_id_of(path));
			free(path);
		}
		if (d != NULL)
			(void)closedir(d);
		free(sub);
	}
}

static inline void rig_each(struct rig *r, rig_file_fn *fn, void *arg)
{
	DIR *d = opendir(r->store);
	struct dirent *e;

	assert_non_null(d);
	rig_each_in(r->store, fn, arg);
	while ((e = readdir(d)) != NULL) {
		char *path;
		if (e->d_name[0] != '.' || e->d_name[1] == '\0' ||
			e->d_name[1] == '.')
			continue;
		path = mem_printf("%s/%s", r->store, e->d_name);
		rig_each_in(path, fn, arg);
		free(path);
	}
	(void)closedir(d);
}

static inline void rig_count_file(
	void *arg, const char *path, const char *name, int id)
{
	struct rig *r = arg;

	(void)path;
	(void)name;
	r->files++;
	if (id >= 0 && id < RIG_IDS)
		r->seen[id]++;
}

static inline void rig_look(struct rig *r)
{
	memset(r->seen, 0, sizeof r->seen);
	r->files = 0;
	rig_each(r, rig_count_file, r);
}

/* Ids first … first+count-1 are here once each, and nothing else is. */
static inline void rig_assert_exactly(struct rig *r, int first, int count)
{
	rig_look(r);
	for (int i = 0; i < count; i++)
		if (r->seen[first + i] != 1)
			fail_msg("message %d is here %d times", first + i,
				r->seen[first + i]);
	assert_int_equal(r->files, count);
}

struct rig_path {
	int id;
	char path[512];
	char name[256];
};

static inline void rig_match(
	void *arg, const char *path, const char *name, int id)
{
	struct rig_path *p = arg;

	if (id != p->id)
		return;
	(void)snprintf(p->path, sizeof p->path, "%s", path);
	(void)snprintf(p->name, sizeof p->name, "%s", name);
}

/* Where a message is; path "" if it is not here. */
static inline void rig_find(struct rig *r, int id, struct rig_path *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->id = id;
	rig_each(r, rig_match, ret);
}

/* The letters behind ":2,"; "" in new/ or without. */
static inline const char *rig_letters(struct rig *r, int id)
{
	static char letters[64];
	struct rig_path p;
	const char *at;

	rig_find(r, id, &p);
	if (p.path[0] == '\0')
		fail_msg("message %d is not here", id);
	at = strstr(p.name, ":2,");
	(void)snprintf(letters, sizeof letters, "%s", at != NULL ? at + 3 : "");
	return letters;
}

/* As a reader: gives a message these letters, in cur/. */
static inline void rig_set_letters(struct rig *r, int id, const char *letters)
{
	struct rig_path p;
	char *to, *slash;

	rig_find(r, id, &p);
	slash = strrchr(p.path, '/');
	*slash = '\0';
	slash = strrchr(p.path, '/');
	*slash = '\0';
	p.name[strcspn(p.name, ":")] = '\0';
	to = mem_printf("%s/cur/%s:2,%s", p.path, p.name, letters);
	rig_find(r, id, &p);
	assert_int_equal(rename(p.path, to), 0);
	free(to);
}

static inline void rig_remove(struct rig *r, int id)
{
	struct rig_path p;

	rig_find(r, id, &p);
	assert_int_equal(unlink(p.path), 0);
}

/* As a reader: into .Other, as Dovecot moves. */
static inline void rig_move(struct rig *r, int id)
{
	struct rig_path p;
	char path[256], to[600];

	(void)snprintf(path, sizeof path, "%s/.Other", r->store);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "%s/.Other/cur", r->store);
	(void)mkdir(path, 0700);
	rig_find(r, id, &p);
	p.name[strcspn(p.name, ":")] = '\0';
	(void)snprintf(to, sizeof to, "%s/%s:2,S", path, p.name);
	assert_int_equal(rename(p.path, to), 0);
}

#endif
