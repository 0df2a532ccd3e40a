/* SPDX-License-Identifier: BSD-2-Clause */
#include "part.h"

#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "delivery_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S ((int64_t)24 * 3600)

static bool same_key(const struct part_key *a, const struct part_key *b)
{
	return a->mailbox_id == b->mailbox_id &&
	       a->uidvalidity == b->uidvalidity && a->uid == b->uid;
}

static void seq_name(uint64_t seq, char out[MAILDIR_SEQ_BYTES])
{
	(void)snprintf(out, MAILDIR_SEQ_BYTES, "%" PRIu64, seq);
}

/* ---- writing */

int part_note(struct delivery *d, struct err *err)
{
	struct ledger_part p = {.key = d->key};

	if (d->noted == d->received && d->noted_seq == d->seq)
		return 0;
	if (delivery_file_flush(d, err) != 0 ||
		content_so_far(&d->content, p.sha256, err) != 0)
		return -1;
	p.stage_seq = d->seq;
	p.total_bytes = d->total;
	p.received = d->received;
	p.file_bytes = d->written;
	p.to_lf = d->to_lf;
	if (ledger_part_put(d->store->ledger, &p, err) != 0)
		return -1;
	d->noted = d->received;
	d->noted_seq = d->seq;
	return 0;
}

int part_note_step(struct delivery *d, struct err *err)
{
	if (d->received - d->noted < PART_STEP_BYTES &&
		(d->noted_seq == 0 || d->noted_seq == d->seq))
		return 0;
	return part_note(d, err);
}

static int room_for(struct store *store, const struct part_key *key,
	bool *ret_room, struct err *err)
{
	struct ledger_part *parts;
	size_t count;

	if (ledger_parts(store->ledger, &parts, &count, err) != 0)
		return -1;
	*ret_room = count < PARTS_MAX;
	for (size_t i = 0; i < count; i++)
		*ret_room |= same_key(&parts[i].key, key);
	free(parts);
	return 0;
}

int delivery_keep(struct delivery *d, const struct part_key *key,
	uint64_t total, struct err *err)
{
	bool room;

	if (room_for(d->store, key, &room, err) != 0)
		return -1;
	if (!room)
		return 0;
	d->kept = true;
	d->key = *key;
	d->total = total;
	d->noted = d->received;
	return 1;
}

void delivery_leave(struct delivery **delivery)
{
	struct delivery *d = *delivery;

	if (d == NULL || !d->kept || d->received == 0 ||
		part_note(d, NULL) != 0) {
		delivery_abort(delivery);
		return;
	}
	*delivery = NULL;
	delivery_end_use(d);
}

uint64_t delivery_received(const struct delivery *d)
{
	return d->received;
}

/* ---- reading */

struct replay {
	struct delivery *d;
	part_bytes_fn *fn;
	void *arg;
	uint64_t fed;
	const struct ledger_part *part;
};

/* As it was received. */
static int feed(struct replay *r, const char *bytes, size_t n, struct err *err)
{
	if (r->fed + n > r->part->received)
		return 1;
	r->fed += n;
	if (delivery_write(r->d, bytes, n, err) != 0 ||
		r->fn(r->arg, bytes, n, err) != 0)
		return -1;
	return 0;
}

static int feed_block(
	struct replay *r, const char *in, size_t n, struct err *err)
{
	char out[8192];
	size_t used = 0;

	if (!r->part->to_lf)
		return feed(r, in, n, err);
	for (size_t i = 0; i < n; i++) {
		if (in[i] == '\n')
			out[used++] = '\r';
		out[used++] = in[i];
	}
	return feed(r, out, used, err);
}

/* 0; 1: the file is not what it was noted to be; -1. */
static int replay_file(struct replay *r, int fd, struct err *err)
{
	uint64_t left = r->part->file_bytes;
	unsigned char sha256[32];
	char in[4096];
	int rc = 0;

	while (rc == 0 && left > 0) {
		size_t want = left < sizeof in ? (size_t)left : sizeof in;
		ssize_t n = read(fd, in, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 1;
		left -= (uint64_t)n;
		rc = feed_block(r, in, (size_t)n, err);
	}
	/* a CR that waited for what follows is not in the file */
	if (rc == 0 && r->part->to_lf && r->fed + 1 == r->part->received)
		rc = feed(r, "\r", 1, err);
	if (rc != 0)
		return rc;
	if (r->fed != r->part->received)
		return 1;
	if (content_so_far(&r->d->content, sha256, err) != 0)
		return -1;
	return memcmp(sha256, r->part->sha256, sizeof sha256) != 0;
}

static int open_file(const struct store *store, const struct ledger_part *p)
{
	char seq[MAILDIR_SEQ_BYTES];
	int dir_fd = maildir_open_stage(store, p->fence), fd;
	struct stat st;

	if (dir_fd < 0)
		return -1;
	seq_name(p->stage_seq, seq);
	fd = openat(
		dir_fd, seq, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	(void)close(dir_fd);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		(uint64_t)st.st_size >= p->file_bytes)
		return fd;
	(void)close(fd);
	return -1;
}

static void remove_file(const struct store *store, const struct ledger_part *p)
{
	char seq[MAILDIR_SEQ_BYTES], dir[MAILDIR_STAGE_BYTES];
	int fd = maildir_open_stage(store, p->fence);

	if (fd < 0)
		return;
	seq_name(p->stage_seq, seq);
	(void)unlinkat(fd, seq, 0);
	(void)close(fd);
	if (p->fence == ledger_fence(store->ledger))
		return;
	(void)snprintf(dir, sizeof dir, "%s/%s.%" PRId64, MAILDIR_STAGE,
		ledger_account(store->ledger), p->fence);
	(void)unlinkat(store->root_fd, dir, AT_REMOVEDIR);
}

/* Into a new file of ours. 1, 0 (no good), -1. */
static int replay(struct store *store, const struct ledger_part *p,
	part_bytes_fn *fn, void *arg, struct delivery **ret_delivery,
	struct err *err)
{
	struct replay r = {.fn = fn, .arg = arg, .part = p};
	int fd = open_file(store, p), rc;

	if (fd < 0)
		return 0;
	if (delivery_begin(store, &r.d, err) != 0) {
		(void)close(fd);
		return -1;
	}
	rc = replay_file(&r, fd, err);
	(void)close(fd);
	if (rc != 0) {
		delivery_abort(&r.d);
		return rc < 0 ? -1 : 0;
	}
	*ret_delivery = r.d;
	return 1;
}

static int take_over(
	struct delivery *d, const struct ledger_part *p, struct err *err)
{
	d->kept = true;
	d->key = p->key;
	d->total = p->total_bytes;
	if (part_note(d, err) != 0) {
		/* the old note stands, and its file */
		delivery_abort(&d);
		return -1;
	}
	remove_file(d->store, p);
	return 1;
}

static int resume(struct store *store, const struct ledger_part *p,
	part_bytes_fn *fn, void *arg, struct delivery **ret_delivery,
	struct err *err)
{
	int rc = replay(store, p, fn, arg, ret_delivery, err);

	if (rc > 0)
		return take_over(*ret_delivery, p, err);
	if (rc < 0)
		return -1;
	return store_drop_part(store, p, err);
}

int delivery_resume(struct store *store, const struct part_key *key,
	part_bytes_fn *fn, void *arg, struct delivery **ret_delivery,
	uint64_t *ret_total, struct err *err)
{
	struct ledger_part *parts;
	struct delivery *d = NULL;
	size_t count, i = 0;
	int rc = 0;

	if (ledger_parts(store->ledger, &parts, &count, err) != 0)
		return -1;
	while (i < count && !same_key(&parts[i].key, key))
		i++;
	if (i < count)
		rc = resume(store, &parts[i], fn, arg, &d, err);
	if (rc > 0) {
		*ret_delivery = d;
		*ret_total = parts[i].total_bytes;
	}
	free(parts);
	return rc;
}

int store_parts(struct store *store, struct ledger_part **ret_parts,
	size_t *ret_count, struct err *err)
{
	return ledger_parts(store->ledger, ret_parts, ret_count, err);
}

int store_drop_part(
	struct store *store, const struct ledger_part *p, struct err *err)
{
	/* the note first: a file without one is cleared away */
	if (ledger_part_drop(store->ledger, &p->key, err) != 0)
		return -1;
	remove_file(store, p);
	return 0;
}

/* ---- at store_open */

/* The message is here, or left out for good. */
static bool is_settled(const struct store *store, const struct ledger_part *p)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	bool settled = ledger_find_uid(store->ledger, p->key.mailbox_id,
			       p->key.uidvalidity, p->key.uid, m, NULL) == 1 &&
		       m->state != LEDGER_QUARANTINED;

	free(m);
	return settled;
}

static bool is_of_use(const struct store *store, const struct ledger_part *p)
{
	int64_t age_s = clock_wall_s() - p->kept_at;
	int fd;

	/* a clock that jumps back makes nothing old */
	if (age_s > PART_DAYS * DAY_S)
		return false;
	fd = open_file(store, p);
	if (fd < 0)
		return false;
	(void)close(fd);
	return !is_settled(store, p);
}

int part_sweep(struct store *store, struct ledger_part **ret_parts,
	size_t *ret_count, struct err *err)
{
	struct ledger_part *parts;
	size_t count, kept = 0;

	if (ledger_parts(store->ledger, &parts, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (is_of_use(store, &parts[i])) {
			parts[kept++] = parts[i];
		} else if (store_drop_part(store, &parts[i], err) != 0) {
			free(parts);
			return -1;
		}
	}
	*ret_parts = parts;
	*ret_count = kept;
	return 0;
}

bool part_is_kept(const struct ledger_part *parts, size_t count, int64_t fence,
	const char *name)
{
	char seq[MAILDIR_SEQ_BYTES];

	for (size_t i = 0; i < count; i++) {
		seq_name(parts[i].stage_seq, seq);
		if (parts[i].fence == fence && strcmp(name, seq) == 0)
			return true;
	}
	return false;
}
