/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step A of the order of durability: one message, streamed into the staging
 * directory. Bytes are hashed and counted as received; with store.eol=lf
 * CRLF becomes LF on the way, until a byte shows that this could not be
 * undone: then what was written is written again as it was received, and
 * the rest goes in as it comes.
 */
#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "../collector/model/date.h"
#include "../collector/model/eol.h"
#include "basename.h"
#include "batch.h"
#include "header.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GATHER_BYTES ((size_t)16 * 1024)
#define ROOM_BYTES ((size_t)4096) /* less room than this: write first */

struct delivery {
	struct store *store;
	int fd;
	uint64_t seq;
	EVP_MD_CTX *sha;
	struct eol eol;
	bool to_lf;
	uint64_t received;
	uint64_t written; /* bytes in the file, without what is gathered */
	size_t gathered;
	char *gather;	      /* GATHER_BYTES */
	struct header header; /* for the date */
};

static int create_file(
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

static void remove_file(const struct store *store, uint64_t seq)
{
	char name[MAILDIR_SEQ_BYTES];

	(void)snprintf(name, sizeof name, "%" PRIu64, seq);
	(void)unlinkat(store->stage_fd, name, 0);
}

static void free_delivery(struct delivery *d)
{
	EVP_MD_CTX_free(d->sha);
	free(d->gather);
	header_clear(&d->header);
	free(d);
}

void delivery_drop_spare(struct store *store)
{
	if (store->spare != NULL)
		free_delivery(store->spare);
	store->spare = NULL;
}

/* Its buffers are kept: most messages are smaller than what they cost. */
static void end_delivery(struct delivery *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	if (d->store->spare != NULL) {
		free_delivery(d);
		return;
	}
	d->store->spare = d;
}

static struct delivery *new_delivery(struct store *store)
{
	struct delivery *d = store->spare;

	store->spare = NULL;
	if (d == NULL) {
		d = mem_alloc(sizeof *d);
		d->gather = mem_array(GATHER_BYTES, 1);
		d->sha = EVP_MD_CTX_new();
	}
	*d = (struct delivery){.store = store,
		.fd = -1,
		.sha = d->sha,
		.to_lf = store->eol_lf,
		.gather = d->gather,
		.header = d->header};
	header_begin(&d->header);
	eol_init(&d->eol);
	return d;
}

/* A context that has a digest begins anew without looking it up. */
static bool begin_hash(EVP_MD_CTX *sha)
{
	const EVP_MD *md;

	if (sha == NULL)
		return false;
	md = EVP_MD_CTX_get0_md(sha) != NULL ? NULL : EVP_sha256();
	return EVP_DigestInit_ex(sha, md, NULL) == 1;
}

int delivery_begin(
	struct store *store, struct delivery **ret_delivery, struct err *err)
{
	struct delivery *d = new_delivery(store);

	if (!begin_hash(d->sha)) {
		free_delivery(d);
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "OpenSSL has no SHA-256");
	}
	if (create_file(store, &d->seq, &d->fd, err) != 0) {
		end_delivery(d);
		return -1;
	}
	*ret_delivery = d;
	return 0;
}

void delivery_abort(struct delivery **delivery)
{
	struct delivery *d = *delivery;

	if (d == NULL)
		return;
	*delivery = NULL;
	remove_file(d->store, d->seq);
	end_delivery(d);
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

static int flush(struct delivery *d, struct err *err)
{
	size_t n = d->gathered;

	d->gathered = 0;
	return n == 0 ? 0 : write_all(d, d->gather, n, err);
}

/* As received: counted and gathered; large pieces go past the buffer. */
static int add_as_received(
	struct delivery *d, const char *bytes, size_t n, struct err *err)
{
	eol_count(&d->eol, bytes, n);
	if (n > GATHER_BYTES - d->gathered && flush(d, err) != 0)
		return -1;
	if (n >= GATHER_BYTES)
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

	if (flush(d, err) != 0)
		return -1;
	if (lseek(old_fd, 0, SEEK_SET) != 0)
		return err_set_file(err, errno, "store %s", d->store->root);
	if (create_file(d->store, &d->seq, &d->fd, err) != 0)
		return -1;
	d->to_lf = false;
	d->written = 0;
	eol_init(&d->eol);
	rc = copy_with_crlf(d, old_fd, err);
	if (rc == 0 && held)
		rc = add_as_received(d, "\r", 1, err);
	(void)close(old_fd);
	remove_file(d->store, old_seq);
	return rc;
}

static int add_to_lf(
	struct delivery *d, const char *bytes, size_t n, struct err *err)
{
	bool undoable = true, held = false;
	size_t room, take;

	while (n > 0 && undoable) {
		if (GATHER_BYTES - d->gathered < ROOM_BYTES &&
			flush(d, err) != 0)
			return -1;
		room = GATHER_BYTES - d->gathered;
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
	(void)EVP_DigestUpdate(d->sha, bytes, n);
	header_add(&d->header, bytes, n);
	return d->to_lf ? add_to_lf(d, bytes, n, err)
			: add_as_received(d, bytes, n, err);
}

static int64_t date_of(
	const struct delivery *d, const struct ledger_message *key)
{
	int64_t date_s;

	if (key->date_s != 0)
		return key->date_s;
	if (d->header.n > 0 &&
		date_of_header(d->header.bytes, d->header.n, &date_s) == 0)
		return date_s;
	return clock_wall_s();
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
static int finish_file(struct delivery *d, int64_t date_s, struct err *err)
{
	const struct store *s = d->store;
	struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = date_s}};
	int rc;

	if (d->to_lf) {
		if (d->gathered == GATHER_BYTES && flush(d, err) != 0)
			return -1;
		d->gathered += eol_finish(&d->eol, d->gather + d->gathered);
	}
	if (flush(d, err) != 0)
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

/* Grows with every message, so that Dovecot numbers them as they came. */
static int64_t next_time_us(struct store *store)
{
	int64_t now_us = clock_wall_us();

	store->last_us = now_us > store->last_us ? now_us : store->last_us + 1;
	return store->last_us;
}

static int set_letters(struct folder *folder, const struct flags *source,
	char *letters, struct flags *kept, struct err *err)
{
	int fd, rc;

	letters[0] = '\0';
	kept->keywords[0] = '\0';
	if (source->keywords[0] == '\0')
		return 0;
	if (keywords_have(&folder->keywords, source->keywords))
		return keywords_letters(&folder->keywords, -1, source->keywords,
			letters, kept, err);
	if (maildir_open_dir(folder->store, folder->dir, &fd, err) != 0)
		return -1;
	rc = keywords_letters(
		&folder->keywords, fd, source->keywords, letters, kept, err);
	(void)close(fd);
	if (rc != 0)
		(void)err_where(err, "store %s folder \"%s\"",
			folder->store->root, folder->dir);
	return rc;
}

static struct staged *new_staged(
	const struct ledger_message *key, const struct flags *kept)
{
	size_t uidl = strlen(key->uidl) + 1;
	size_t words = strlen(key->source.keywords) + 1;
	size_t kepts = strlen(kept->keywords) + 1;
	struct staged *s = mem_alloc(sizeof *s + uidl + words + kepts);

	memcpy(s->strings, key->uidl, uidl);
	s->uidl = s->strings;
	memcpy(s->strings + uidl, key->source.keywords, words);
	s->keywords = s->strings + uidl;
	memcpy(s->strings + uidl + words, kept->keywords, kepts);
	s->kept = s->strings + uidl + words;
	s->mailbox_id = key->mailbox_id;
	s->uidvalidity = key->uidvalidity;
	s->uid = key->uid;
	s->occurrence = key->occurrence;
	s->pop3_order = key->pop3_order;
	s->system = key->source.system;
	return s;
}

static void name_it(const struct delivery *d, struct folder *folder,
	const struct ledger_message *key, struct staged *s)
{
	struct store *store = d->store;
	const struct basename_parts parts = {.time_us = next_time_us(store),
		.account = ledger_account(store->ledger),
		.dir = folder->dir,
		.key = key,
		.host = store->host,
		.file_bytes = d->written,
		.virtual_bytes =
			d->written + (d->to_lf ? d->eol.lf : d->eol.bare_lf)};

	basename_make(store->keys, &parts, s->base);
	s->store = store;
	s->folder = folder;
	s->seq = d->seq;
	s->size_bytes = d->received;
	s->file_bytes = d->written;
	s->to_new = s->system == 0 && s->letters[0] == '\0';
	(void)EVP_DigestFinal_ex(d->sha, s->sha256, NULL);
	header_hash(&d->header, s->header_hash);
	memcpy(s->emailid, key->emailid, sizeof s->emailid);
}

int delivery_end(struct delivery **delivery, struct folder *folder,
	const struct ledger_message *key, struct err *err)
{
	struct delivery *d = *delivery;
	char letters[KEYWORDS_LETTERS + 1];
	int64_t date_s = date_of(d, key);
	struct flags kept;
	struct staged *s;

	if (set_letters(folder, &key->source, letters, &kept, err) != 0 ||
		finish_file(d, date_s, err) != 0) {
		delivery_abort(delivery);
		return -1;
	}
	s = new_staged(key, &kept);
	memcpy(s->letters, letters, sizeof letters);
	s->date_s = date_s;
	name_it(d, folder, key, s);
	*delivery = NULL;
	end_delivery(d);
	return committer_hand_over(folder->store->committer, s, err);
}
