/* SPDX-License-Identifier: BSD-2-Clause */
#include "resume.h"

#include "../../storage/part.h"

#include <stdlib.h>
#include <string.h>

/* Failures that may be the part's own fault, without a byte between them. */
#define RESUME_TRIES 2

/* ---- what is kept */

int resume_load(struct intake *in, struct err *err)
{
	struct ledger_part *parts;
	size_t count;

	if (!in->work->parts)
		return 0;
	if (store_parts(in->work->store, &parts, &count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (parts[i].key.mailbox_id == in->mailbox_id &&
			parts[i].key.uidvalidity == in->uidvalidity)
			(void)uidset_add(&in->kept, parts[i].key.uid);
	free(parts);
	return 0;
}

bool resume_knows(const struct intake *in, uint32_t uid)
{
	return intake_broken_off(in, uid) || uidset_has(&in->kept, uid);
}

/* 1; 0: there is no such row; -1. */
static int is_quarantined(
	struct visit *v, const struct part_key *key, struct err *err)
{
	struct ledger_message *m = mem_alloc(sizeof *m);
	int r = ledger_find_uid(v->work->ledger, key->mailbox_id,
		key->uidvalidity, key->uid, m, err);

	if (r == 1)
		r = m->state == LEDGER_QUARANTINED;
	free(m);
	return r;
}

/* Of a message that has come just now the note goes with its row. */
static int is_needed(
	struct visit *v, const struct part_key *key, struct err *err)
{
	if (key->uidvalidity != v->m.uidvalidity)
		return 0;
	if (uidset_has(&v->got, key->uid))
		return 1;
	return is_quarantined(v, key, err);
}

int resume_sweep(struct visit *v, struct err *err)
{
	struct ledger_part *parts;
	size_t count;
	int rc = 0;

	if (!v->work->parts)
		return 0;
	if (store_parts(v->work->store, &parts, &count, err) != 0)
		return -1;
	for (size_t i = 0; rc >= 0 && i < count; i++) {
		if (parts[i].key.mailbox_id != v->m.id)
			continue;
		rc = is_needed(v, &parts[i].key, err);
		if (rc != 0)
			continue;
		LOG(LOG_LEVEL_INFO, &v->log, "part_of_no_use",
			LOG_NUM("uid", parts[i].key.uid),
			LOG_NUM("bytes", parts[i].received));
		rc = store_drop_part(v->work->store, &parts[i], err);
	}
	free(parts);
	return rc < 0 ? -1 : 0;
}

/* ---- going on */

struct resume {
	struct intake *in;
	struct part *part;
	uint32_t uid;
	uint64_t from;	/* so much was kept */
	uint64_t seen;	/* bytes of this piece */
	bool same;	/* as what is kept, as far as they overlap */
	bool came;	/* a piece, whole */
	struct err why; /* the server's word is not to be taken */
	struct session_sink sink;
};

/* What a message is not resumed for: the next time it is fetched whole. */
static void drop(struct resume *r, const char *why)
{
	LOG(LOG_LEVEL_WARN, &r->in->work->log, "part_dropped",
		LOG_NUM("uid", r->uid), LOG_NUM("bytes", r->in->bytes),
		LOG_STR("why", why));
	intake_reset(r->in);
}

static void compare(struct resume *r, const char *kept, size_t kept_bytes,
	const char *bytes, size_t n)
{
	if (r->seen >= kept_bytes)
		return;
	kept += r->seen;
	kept_bytes -= (size_t)r->seen;
	if (memcmp(kept, bytes, n < kept_bytes ? n : kept_bytes) != 0)
		r->same = false;
}

static int on_first_bytes(
	void *arg, const void *bytes, size_t n, struct err *err)
{
	struct resume *r = arg;

	(void)err;
	compare(r, r->part->head, r->part->head_bytes, bytes, n);
	r->seen += n;
	return 0;
}

static bool is_ours(const struct resume *r, const struct message_meta *meta)
{
	return (meta->has & MESSAGE_HAS_BODY) != 0 &&
	       (meta->has & MESSAGE_HAS_UID) != 0 && meta->uid == r->uid;
}

static int on_first(void *arg, const struct message_meta *meta, struct err *err)
{
	struct resume *r = arg;

	(void)err;
	if (is_ours(r, meta))
		r->came = true;
	return 0;
}

static int refuse(struct resume *r, const char *why, struct err *err)
{
	(void)err_set(&r->why, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"%s", why);
	if (err != NULL)
		*err = r->why;
	return -1;
}

static int on_rest(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct resume *r = arg;
	const char *at = bytes;
	size_t tail = r->part->tail_bytes, old = 0;

	compare(r, r->part->tail, tail, at, n);
	if (!r->same)
		return refuse(r, "it is not the same any more", err);
	if (r->seen < tail)
		old = tail - (size_t)r->seen < n ? tail - (size_t)r->seen : n;
	r->seen += n;
	if (n - old > r->part->total - r->in->bytes)
		return refuse(r, "it is longer than it was", err);
	if (n == old)
		return 0;
	return r->sink.body(r->sink.arg, at + old, n - old, err);
}

static int on_rest_end(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct resume *r = arg;

	if (!is_ours(r, meta) || r->in->bytes != r->part->total)
		return 0;
	r->came = true;
	return r->sink.message(r->sink.arg, meta, err);
}

/* After a call for a piece has failed: drops what is kept where the server is
 * not to be believed; else it stays for another time. */
static int failed(struct resume *r, const struct err *err)
{
	if (r->in->broken)
		return -1;
	if (r->why.class != ERR_NONE) {
		drop(r, r->why.text);
		return RESUME_AGAIN;
	}
	if (r->in->bytes != r->from)
		r->part->failures = 0;
	if (err->class == ERR_NETWORK || err->class == ERR_CANCELLED ||
		(err->class != ERR_PROTOCOL && err->class != ERR_LIMIT &&
			++r->part->failures < RESUME_TRIES))
		return -1;
	r->in->work->link.no_pieces = true;
	drop(r, err->text);
	return err->scope < ERR_SCOPE_SESSION ? RESUME_NOTHING : RESUME_AGAIN;
}

/* RESUME_DONE: it is still the same message, by its first bytes. */
static int look(struct resume *r, struct err *err)
{
	const struct session_piece piece = {.uid = r->uid,
		.section = SESSION_WHOLE,
		.bytes = (uint32_t)r->part->head_bytes};
	const struct session_sink sink = {
		.body = on_first_bytes, .message = on_first, .arg = r};

	r->seen = 0;
	r->same = true;
	r->came = false;
	if (session_fetch_piece(
		    r->in->work->link.session, &piece, &sink, err) != 0)
		return failed(r, err);
	if (r->came && r->same && r->seen == r->part->head_bytes)
		return RESUME_DONE;
	drop(r, !r->came   ? "the server does not give a piece of it"
		: !r->same ? "its beginning is not the same any more"
			   : "the server gives less than the piece");
	return RESUME_NOTHING;
}

static int get_rest(struct resume *r, struct err *err)
{
	uint64_t from = r->in->bytes - r->part->tail_bytes;
	const struct session_piece piece = {.uid = r->uid,
		.section = SESSION_WHOLE,
		.offset = (uint32_t)from,
		/* one more: it must not be there */
		.bytes = (uint32_t)(r->part->total - from + 1)};
	const struct session_sink sink = {
		.body = on_rest, .message = on_rest_end, .arg = r};

	r->seen = 0;
	r->same = true;
	r->came = false;
	if (session_fetch_piece(
		    r->in->work->link.session, &piece, &sink, err) != 0)
		return failed(r, err);
	if (r->came)
		return RESUME_DONE;
	r->in->work->link.no_pieces = true;
	drop(r, "the server gives less than the rest");
	return RESUME_NOTHING;
}

int resume_message(struct intake *in, uint32_t uid, struct err *err)
{
	struct resume r = {.in = in, .uid = uid};
	int rc;

	if (!resume_knows(in, uid))
		return RESUME_NOTHING;
	rc = intake_take_up(in, uid, err);
	if (rc <= 0)
		return rc;
	r.part = in->part;
	if (in->work->link.no_pieces || r.part->total >= UINT32_MAX) {
		drop(&r, "the server is not to be asked for pieces");
		return RESUME_NOTHING;
	}
	r.from = in->bytes;
	intake_sink(in, &r.sink);
	rc = look(&r, err);
	if (rc == RESUME_DONE)
		rc = get_rest(&r, err);
	if (rc == RESUME_DONE)
		LOG(LOG_LEVEL_INFO, &in->work->log, "message_resumed",
			LOG_NUM("uid", uid), LOG_NUM("kept", r.from));
	return rc;
}
