/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes are hashed and counted as received; with store.eol=lf CRLF becomes
 * LF on the way, until a byte shows that this could not be undone: then what
 * was written is written again as it was received, and the rest goes in as
 * it comes.
 */
#include "delivery_file.h"
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM_BYTES ((size_t)4096) /* less room than this: write first */

int delivery_file_create(
	struct store *store, uint64_t *ret_seq, int *ret_fd, struct err *err)
{
	char name[MAILDIR_SEQ_BYTES];
	uint64_t seq = ++store->seq;

	(void)snprintf(name, sizeof name, "%" PRIu64, seq);
	*ret_fd = openat(store->stage_fd, name,
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*ret_fd < 0)
		return err_set_file(
			err, errno, "store %s: cannot stage", store->root);
	*ret_seq = seq;
	return 0;
}

void delivery_file_remove(const struct store *store, uint64_t seq)
{
	char name[MAILDIR_SEQ_BYTES];

	(void)snprintf(name, sizeof name, "%" PRIu64, seq);
	(void)unlinkat(store->stage_fd, name, 0);
}

static int write_all(
	struct delivery *d, const char *bytes, size_t n, struct err *err)
{
	while (n > 0) {
		ssize_t w = write(d->fd, bytes, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_set_file(err, w < 0 ? errno : EIO,
				"store %s: cannot write", d->store->root);
		bytes += w;
		n -= (size_t)w;
		d->written += (uint64_t)w;
	}
	return 0;
}

int delivery_file_flush(struct delivery *d, struct err *err)
{
	size_t n = d->gathered;

	d->gathered = 0;
	return n == 0 ? 0 : write_all(d, d->gather, n, err);
}

/* Room for n more bytes, if that can be had: in a large buffer, or by writing
 * what is there. */
static int make_room(struct delivery *d, size_t n, struct err *err)
{
	if (n <= d->gather_bytes - d->gathered)
		return 0;
	if (d->large == NULL)
		d->large = lender_lend(committer_lender(d->store->committer));
	if (d->large == NULL || d->gather == d->large)
		return delivery_file_flush(d, err);
	memcpy(d->large, d->gather, d->gathered);
	d->gather = d->large;
	d->gather_bytes = LENDER_BYTES;
	return n <= d->gather_bytes - d->gathered ? 0
						  : delivery_file_flush(d, err);
}

/* As received: counted and gathered; large pieces go past the buffer. */
static int add_as_received(
	struct delivery *d, const char *bytes, size_t n, struct err *err)
{
	eol_count(&d->eol, bytes, n);
	if (make_room(d, n, err) != 0)
		return -1;
	if (n > d->gather_bytes)
		return write_all(d, bytes, n, err);
	memcpy(d->gather + d->gathered, bytes, n);
	d->gathered += n;
	return 0;
}

static int copy_with_crlf(struct delivery *d, int from_fd, struct err *err)
{
	char in[4096], out[2 * sizeof in];
	ssize_t n;
	size_t m;

	while ((n = read(from_fd, in, sizeof in)) > 0) {
		m = 0;
		for (ssize_t i = 0; i < n; i++) {
			if (in[i] == '\n')
				out[m++] = '\r';
			out[m++] = in[i];
		}
		if (add_as_received(d, out, m, err) != 0)
			return -1;
	}
	return n == 0 ? 0
		      : err_set_file(err, errno, "store %s: cannot read back",
				d->store->root);
}

/* All that came before was plain CRLF: a second file gets it back so. */
static int start_anew(struct delivery *d, bool held, struct err *err)
{
	uint64_t old_seq = d->seq;
	int old_fd = d->fd, rc;

	if (delivery_file_flush(d, err) != 0)
		return -1;
	if (lseek(old_fd, 0, SEEK_SET) != 0)
		return err_set_file(err, errno, "store %s", d->store->root);
	if (delivery_file_create(d->store, &d->seq, &d->fd, err) != 0)
		return -1;
	d->to_lf = false;
	d->written = 0;
	eol_init(&d->eol);
	rc = copy_with_crlf(d, old_fd, err);
	if (rc == 0 && held)
		rc = add_as_received(d, "\r", 1, err);
	(void)close(old_fd);
	delivery_file_remove(d->store, old_seq);
	return rc;
}

static int add_to_lf(
	struct delivery *d, const char *bytes, size_t n, struct err *err)
{
	bool undoable = true, held = false;
	size_t room, take;

	while (n > 0 && undoable) {
		if (make_room(d, n < ROOM_BYTES ? n + 1 : ROOM_BYTES, err) != 0)
			return -1;
		room = d->gather_bytes - d->gathered;
		take = n < room - 1 ? n : room - 1;
		room = eol_to_lf(&d->eol, bytes, take, d->gather + d->gathered,
			&undoable, &held);
		if (!undoable)
			break;
		d->gathered += room;
		bytes += take;
		n -= take;
	}
	if (undoable)
		return 0;
	if (start_anew(d, held, err) != 0)
		return -1;
	return add_as_received(d, bytes, n, err);
}

int delivery_write(
	struct delivery *d, const void *bytes, size_t n, struct err *err)
{
	uint64_t max = d->store->message_bytes;

	if (max > 0 && (n > max || d->received > max - n))
		return err_set(err, ERR_LIMIT, ERR_SCOPE_MESSAGE,
			ERR_RETRY_CHANGE,
			"larger than limits.message (%" PRIu64 " bytes)", max);
	d->received += n;
	content_add(&d->content, bytes, n);
	if ((d->to_lf ? add_to_lf(d, bytes, n, err)
		      : add_as_received(d, bytes, n, err)) != 0)
		return -1;
	return d->kept ? part_note_step(d, err) : 0;
}

/* 0600 whatever the umask and the directory's default ACL: what holds for
 * one file there holds for all. */
static int set_mode(struct delivery *d)
{
	struct stat st;

	if (d->store->mode_is_right)
		return 0;
	if (fstat(d->fd, &st) == 0 && (st.st_mode & 07777) == 0600) {
		d->store->mode_is_right = true;
		return 0;
	}
	return fchmod(d->fd, 0600);
}

/* Owner, mode and times before anybody can see the file. */
int delivery_file_finish(struct delivery *d, int64_t date_s, struct err *err)
{
	const struct store *s = d->store;
	struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = date_s}};
	int rc;

	if (d->to_lf) {
		if (make_room(d, 1, err) != 0)
			return -1;
		d->gathered += eol_finish(&d->eol, d->gather + d->gathered);
	}
	if (delivery_file_flush(d, err) != 0)
		return -1;
	if (((s->owner.uid != (uid_t)-1 || s->owner.gid != (gid_t)-1) &&
		    fchown(d->fd, s->owner.uid, s->owner.gid) != 0) ||
		set_mode(d) != 0) {
		(void)err_set_file(err, errno,
			"store %s: cannot give a message to store.owner",
			s->root);
		return err_hint(
			err, "run as root, or as the user of store.owner");
	}
	/* a date that the file system cannot hold is no reason to refuse */
	if (futimens(d->fd, t) != 0 && errno != EINVAL && errno != EOVERFLOW)
		return err_set_file(
			err, errno, "store %s: cannot set the time", s->root);
	rc = close(d->fd);
	d->fd = -1;
	return rc == 0 ? 0
		       : err_set_file(
				 err, errno, "store %s: cannot write", s->root);
}
