/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A keyword gets its letter with the first batch that has a message with it.
 * The committer has a view of its own of each folder's file, so the letters in
 * a name are those of the file at that moment, whatever the run thread has
 * planned or a reader has done since.
 */
#include "batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* A lock that somebody keeps holds up all stores: after that long only this
 * one fails, and its next run waits for the lock alone. */
#define LOCK_WAIT_S 10

void batch_keywords_init(struct folder *folder, const char *account)
{
	char tag[sizeof folder->letters.tag];

	(void)snprintf(tag, sizeof tag, "%.32s.batch", account);
	keywords_init(&folder->letters, folder->store->owner.uid,
		folder->store->owner.gid, tag);
	folder->letters.stage_fd = folder->store->stage_fd;
}

static int plan(const struct staged *s, int dir_fd, struct err *err)
{
	struct flags kept;

	if (s->kept[0] == '\0' || keywords_knows(&s->folder->letters, s->kept))
		return 0;
	return keywords_plan(&s->folder->letters, dir_fd, s->kept, &kept, err);
}

/* Those of one folder. */
static int prepare(const struct staged *first, bool fsync_each, struct err *err)
{
	struct folder *f = first->folder;
	char name[MAILDIR_SEQ_BYTES + 1];
	int dir_fd, rc = 0;

	if (maildir_open_dir(f->store, f->dir, &dir_fd, err) != 0)
		return -1;
	for (const struct staged *s = first; rc == 0 && s != NULL; s = s->next)
		if (s->folder == f)
			rc = plan(s, dir_fd, err);
	(void)snprintf(name, sizeof name, "k%" PRIu64, first->seq);
	if (rc == 0)
		rc = keywords_prepare(
			&f->letters, dir_fd, name, fsync_each, err);
	(void)close(dir_fd);
	return rc;
}

int batch_keywords_prepare(
	const struct batch_part *p, bool fsync_each, struct err *err)
{
	for (const struct staged *s = p->first; s != NULL; s = s->next)
		if (s->kept[0] != '\0' &&
			!keywords_knows(&s->folder->letters, s->kept) &&
			prepare(s, fsync_each, err) != 0)
			return -1;
	return 0;
}

int batch_keywords_publish(const struct staged *first, int dir_fd,
	bool fsync_each, bool may_wait, struct err *err)
{
	struct folder *f = first->folder;
	int rc = 0;

	for (const struct staged *s = first; rc == 0 && s != NULL; s = s->next)
		if (s->folder == f)
			rc = plan(s, dir_fd, err);
	f->letters.wait_s = may_wait ? LOCK_WAIT_S : 0;
	if (rc == 0)
		rc = keywords_publish(&f->letters, dir_fd, fsync_each, err);
	return rc != 0 && !may_wait ? 1 : rc;
}

int batch_keywords_letters(
	const struct staged *s, int dir_fd, char *letters, struct err *err)
{
	letters[0] = '\0';
	if (s->kept[0] == '\0')
		return 0;
	/* never the lock: it may be held for the numbers */
	if (!keywords_knows(&s->folder->letters, s->kept))
		return err_set(err, ERR_STORE, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "letters of %s are not known",
			s->base);
	return keywords_letters(
		&s->folder->letters, dir_fd, s->kept, letters, NULL, err);
}
