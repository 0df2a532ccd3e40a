/* SPDX-License-Identifier: BSD-2-Clause */
#include "room.h"

#include "../../storage/accounts.h"
#include "../../storage/jobs.h"
#include "../base/clock.h"
#include "../base/log.h"
#include "../base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define LOW_BYTES ((uint64_t)64 << 20)
#define LOW_FILES 1000
#define WHO_MS 30000 /* accounts come and go */
#define TROUBLE_BYTES 400

struct full {
	struct full *next;
	dev_t dev;
	char *path; /* something on it */
	bool state; /* state.dir is on it */
	struct room_facts then;
	int64_t since_ms;
	int64_t who_ms; /* when ids were found out; 0: not yet */
	int64_t *ids;
	size_t count;
};

struct room {
	struct state *state;
	struct full *list;
	int64_t *waiting; /* of all of them */
	size_t waiting_count;
	char trouble[TROUBLE_BYTES];
	bool told; /* the notice in the job table is as it has to be */
};

/* ---- pure */

static uint64_t low_bytes(const struct room_facts *f)
{
	uint64_t part = f->bytes_all / 50;

	return part < LOW_BYTES ? part : LOW_BYTES;
}

static uint64_t low_files(const struct room_facts *f)
{
	uint64_t part = f->files_all / 100;

	if (f->files_all == 0)
		return 0;
	if (part < 2)
		part = 2; /* a message takes one, and a directory may */
	return part < LOW_FILES ? part : LOW_FILES;
}

bool room_is_low(const struct room_facts *f)
{
	return f->bytes < low_bytes(f) || f->files < low_files(f);
}

bool room_is_back(const struct room_facts *now, const struct room_facts *then,
	int64_t since_ms)
{
	if (now->bytes < 2 * low_bytes(now) || now->files < 2 * low_files(now))
		return false;
	if (room_is_low(then) || since_ms >= ROOM_PROBE_MS)
		return true;
	return now->bytes >= then->bytes + 2 * low_bytes(now) ||
	       now->files >= then->files + 2 * low_files(now) + 1;
}

/* ---- file systems */

static bool measure(const char *path, struct room_facts *ret_facts)
{
	struct statvfs st;

	if (statvfs(path, &st) != 0)
		return false;
	*ret_facts = (struct room_facts){
		.bytes = (uint64_t)st.f_bavail * st.f_frsize,
		.bytes_all = (uint64_t)st.f_blocks * st.f_frsize,
		.files = st.f_favail,
		.files_all = st.f_files};
	return true;
}

/* The store, or the nearest directory above it that is there already. Caller
 * frees; NULL: there is none. */
static char *find_dir(
	const struct settings *settings, const char *to, dev_t *ret_dev)
{
	char *path = NULL, *slash;
	struct stat st;

	if (settings_store_path(settings, to, &path, NULL) != 0)
		return NULL;
	while (stat(path, &st) != 0) {
		slash = strrchr(path, '/');
		if (slash == NULL || slash == path) {
			free(path);
			return NULL;
		}
		*slash = '\0';
	}
	*ret_dev = st.st_dev;
	return path;
}

static struct full *find_full(const struct room *r, dev_t dev)
{
	struct full *f = r->list;

	while (f != NULL && f->dev != dev)
		f = f->next;
	return f;
}

/* ---- what is said */

static void describe(struct room *r)
{
	size_t used = 0, n = 0;

	r->trouble[0] = '\0';
	for (const struct full *f = r->list; f != NULL; f = f->next, n++) {
		int put = snprintf(r->trouble + used, sizeof r->trouble - used,
			"%s%s", n == 0 ? "" : ", ", f->path);
		if (put < 0 || (size_t)put >= sizeof r->trouble - used)
			break;
		used += (size_t)put;
	}
	if (used != 0 && used < sizeof r->trouble)
		(void)snprintf(r->trouble + used, sizeof r->trouble - used,
			": no room left; %zu accounts wait until there is",
			r->waiting_count);
}

/* Where the job table itself has no room it is tried again. */
static void tell(struct room *r)
{
	struct err err;

	if (!r->told && jobs_notice(r->state, "room", r->trouble,
				clock_wall_s(), &err) == 0)
		r->told = true;
}

static void gather(struct room *r)
{
	size_t n = 0;

	for (const struct full *f = r->list; f != NULL; f = f->next)
		n += f->count;
	free(r->waiting);
	r->waiting = mem_array(n, sizeof *r->waiting);
	r->waiting_count = n;
	n = 0;
	for (const struct full *f = r->list; f != NULL; f = f->next)
		for (size_t i = 0; i < f->count; i++)
			r->waiting[n++] = f->ids[i];
	describe(r);
	r->told = false;
}

/* ---- who waits */

static void find_who(
	struct room *r, const struct settings *settings, struct full *f)
{
	struct account *accounts = NULL;
	struct err err;
	size_t n = 0;

	f->who_ms = clock_mono_ms();
	if (accounts_all(r->state, &accounts, &n, &err) != 0)
		return;
	free(f->ids);
	f->ids = mem_array(n, sizeof *f->ids);
	f->count = 0;
	for (size_t i = 0; i < n; i++) {
		dev_t dev = 0;
		char *dir = find_dir(settings, accounts[i].to, &dev);
		if (f->state || (dir != NULL && dev == f->dev))
			f->ids[f->count++] = accounts[i].id;
		free(dir);
		account_clear(&accounts[i]);
	}
	free(accounts);
	gather(r);
}

static void begin(struct room *r, const struct settings *settings,
	const char *path, dev_t dev, const struct room_facts *facts)
{
	struct full *f = mem_alloc(sizeof *f);
	struct stat st;

	f->dev = dev;
	f->path = mem_strdup(path);
	f->state = stat(r->state->dir, &st) == 0 && st.st_dev == dev;
	f->then = *facts;
	f->since_ms = clock_mono_ms();
	f->next = r->list;
	r->list = f;
	find_who(r, settings, f);
	LOG(LOG_LEVEL_ERROR, NULL, "no_room", LOG_STR("path", path),
		LOG_NUM("bytes_free", facts->bytes),
		LOG_NUM("files_free", facts->files),
		LOG_NUM("accounts", f->count),
		LOG_STR("error", "they wait, and go on by themselves when "
				 "there is room again"));
}

static void end(struct room *r, struct full *f)
{
	struct full **p = &r->list;
	struct err err;

	while (*p != f)
		p = &(*p)->next;
	*p = f->next;
	LOG(LOG_LEVEL_INFO, NULL, "room_again", LOG_STR("path", f->path),
		LOG_NUM("accounts", f->count));
	if (jobs_due_disk(r->state, f->ids, f->count, clock_wall_s(), &err) !=
		0)
		log_err(LOG_LEVEL_WARN, NULL, "due_not_written", &err);
	free(f->ids);
	free(f->path);
	free(f);
	gather(r);
}

/* ---- the loop's */

struct room *room_new(struct state *state)
{
	struct room *r = mem_alloc(sizeof *r);

	r->state = state;
	return r;
}

void room_free(struct room **room)
{
	struct room *r = *room;

	if (r == NULL)
		return;
	while (r->list != NULL) {
		struct full *f = r->list;
		r->list = f->next;
		free(f->ids);
		free(f->path);
		free(f);
	}
	free(r->waiting);
	free(r);
	*room = NULL;
}

static void note_path(struct room *r, const struct settings *settings,
	const char *path, dev_t dev, bool only_if_low, bool *noted)
{
	struct room_facts facts;

	if (find_full(r, dev) != NULL) {
		*noted = true;
		return;
	}
	if (!measure(path, &facts) || (only_if_low && !room_is_low(&facts)))
		return;
	begin(r, settings, path, dev, &facts);
	*noted = true;
}

void room_note(struct room *r, const struct settings *settings, const char *to,
	const struct err *err)
{
	bool noted = false;
	struct stat st;
	dev_t dev = 0;
	char *dir;

	if (err->class != ERR_DISK || err->errnum != ENOSPC)
		return;
	if (stat(r->state->dir, &st) == 0)
		note_path(r, settings, r->state->dir, st.st_dev, true, &noted);
	dir = find_dir(settings, to, &dev);
	if (dir != NULL)
		note_path(r, settings, dir, dev, noted, &noted);
	free(dir);
}

void room_look(struct room *r, const struct settings *settings)
{
	struct full *next;
	struct room_facts facts;
	struct stat st;
	bool noted;

	for (struct full *f = r->list; f != NULL; f = next) {
		next = f->next;
		if (measure(f->path, &facts) &&
			room_is_back(&facts, &f->then,
				clock_mono_ms() - f->since_ms))
			end(r, f);
		else if (clock_mono_ms() - f->who_ms > WHO_MS)
			find_who(r, settings, f);
	}
	if (stat(r->state->dir, &st) == 0)
		note_path(r, settings, r->state->dir, st.st_dev, true, &noted);
	tell(r);
}

bool room_state_is_full(const struct room *r)
{
	for (const struct full *f = r->list; f != NULL; f = f->next)
		if (f->state)
			return true;
	return false;
}

size_t room_waiting(const struct room *r, const int64_t **ret_ids)
{
	*ret_ids = r->waiting;
	return r->waiting_count;
}

const char *room_trouble(const struct room *r)
{
	return r->trouble;
}
