/* SPDX-License-Identifier: BSD-2-Clause */
#include "rescue.h"

#include "../../storage/part.h"

#include <stdlib.h>
#include <string.h>

#define RESCUE_PIECE_BYTES ((uint32_t)256 * 1024)

struct rescue {
	struct intake *in;
	uint32_t uid;
	struct session_sink sink; /* the intake's */
	struct message_meta meta; /* of the last piece */
	bool came;		  /* the piece */
	uint64_t seen;		  /* bytes of it */
	size_t end_bytes;
	char end[4]; /* how it ends */
};

static void remember_end(struct rescue *r, const char *bytes, size_t n)
{
	for (size_t i = n > sizeof r->end ? n - sizeof r->end : 0; i < n; i++) {
		if (r->end_bytes == sizeof r->end)
			memmove(r->end, r->end + 1, --r->end_bytes);
		r->end[r->end_bytes++] = bytes[i];
	}
}

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct rescue *r = arg;

	r->seen += n;
	remember_end(r, bytes, n);
	return r->sink.body(r->sink.arg, bytes, n, err);
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct rescue *r = arg;

	(void)err;
	if ((meta->has & MESSAGE_HAS_UID) == 0 || meta->uid != r->uid)
		return 0;
	r->meta = *meta;
	r->came = (meta->has & MESSAGE_HAS_BODY) != 0;
	return 0;
}

/* 1: r->seen bytes have come; 0: none; -1. */
static int get_piece(
	struct rescue *r, const struct session_piece *piece, struct err *err)
{
	const struct session_sink sink = {
		.body = on_body, .message = on_message, .arg = r};

	r->came = false;
	r->seen = 0;
	r->end_bytes = 0;
	if (session_fetch_piece(r->in->work->link.session, piece, &sink, err) !=
		0)
		return -1;
	return r->came;
}

static int refuse(const char *why, struct err *err)
{
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_MESSAGE, ERR_RETRY_LATER,
		"%s", why);
}

/* All has come. */
static int take(struct rescue *r, struct err *err)
{
	if (r->in->bytes == 0)
		return refuse("all of it is empty", err);
	if ((r->meta.has & MESSAGE_HAS_SIZE) != 0 &&
		r->meta.size_bytes != r->in->bytes)
		return refuse("its pieces are not as long as the message", err);
	r->meta.has |= MESSAGE_HAS_BODY;
	return r->sink.message(r->sink.arg, &r->meta, err) == 0 ? 1 : -1;
}

static bool ends_header(const struct rescue *r)
{
	const char *end = r->end + r->end_bytes;

	return (r->end_bytes >= 2 && memcmp(end - 2, "\n\n", 2) == 0) ||
	       (r->end_bytes >= 3 && memcmp(end - 3, "\n\r\n", 3) == 0);
}

static int by_parts(struct rescue *r, struct err *err)
{
	const struct session_piece header = {
		.uid = r->uid, .section = SESSION_HEADER};
	const struct session_piece text = {
		.uid = r->uid, .section = SESSION_TEXT};
	int rc = get_piece(r, &header, err);
	bool whole_header;

	if (rc <= 0)
		return rc;
	whole_header = ends_header(r);
	rc = get_piece(r, &text, err);
	if (rc <= 0)
		return rc;
	if (!whole_header && r->seen != 0)
		return refuse("its header has no end", err);
	return take(r, err);
}

static int by_pieces(struct rescue *r, struct err *err)
{
	struct session_piece piece = {.uid = r->uid,
		.section = SESSION_WHOLE,
		.bytes = RESCUE_PIECE_BYTES};
	int rc;

	do {
		if (r->in->bytes > UINT32_MAX - RESCUE_PIECE_BYTES)
			return refuse("it has no end", err);
		piece.offset = (uint32_t)r->in->bytes;
		rc = get_piece(r, &piece, err);
	} while (rc > 0 && r->seen == RESCUE_PIECE_BYTES);
	/* behind the end some servers have nothing to say */
	if (rc < 0 || (rc == 0 && r->in->bytes == 0))
		return rc;
	return take(r, err);
}

typedef int way_fn(struct rescue *r, struct err *err);

/* 1, 0, -1 as rescue_message. */
static int go(struct rescue *r, const struct fetch_owner *owner, way_fn *way,
	const char *name, struct err *err)
{
	struct intake *in = r->in;
	struct link *link = &in->work->link;
	unsigned suspect = link->suspect, network = link->network;
	struct err why = {.class = ERR_NONE};
	int rc;

	if (work_check_cancel(in->work, err) != 0 ||
		fetch_ensure_session(link, owner, err) != 0)
		return -1;
	in->broken = false;
	link->network = 0;
	rc = way(r, &why);
	intake_reset(in);
	LOG(LOG_LEVEL_INFO, &in->work->log,
		rc > 0 ? "message_rescued" : "message_not_rescued",
		LOG_NUM("uid", r->uid), LOG_STR("way", name),
		LOG_STR("why", why.text));
	if (rc >= 0)
		return rc;
	if (in->broken && why.scope < ERR_SCOPE_SESSION)
		why.scope = ERR_SCOPE_SESSION;
	if (err != NULL)
		*err = why;
	if (!link_is_suspect(&why) && why.class != ERR_NETWORK)
		return -1;
	link->suspect = link->network = 0;
	rc = link_survives(link, &why) ? 0 : -1;
	link->suspect = suspect;
	link->network = network;
	return rc;
}

/* What was kept of it before it came in another way. */
static int drop_part(struct rescue *r, struct err *err)
{
	struct ledger_part *parts;
	size_t count;
	int rc = 0;

	if (!uidset_has(&r->in->kept, r->uid))
		return 0;
	if (store_parts(r->in->work->store, &parts, &count, err) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (parts[i].key.mailbox_id == r->in->mailbox_id &&
			parts[i].key.uidvalidity == r->in->uidvalidity &&
			parts[i].key.uid == r->uid)
			rc = store_drop_part(
				r->in->work->store, &parts[i], err);
	free(parts);
	return rc;
}

int rescue_message(struct intake *in, const struct fetch_owner *owner,
	uint32_t uid, struct err *err)
{
	struct rescue r = {.in = in, .uid = uid};
	int rc;

	if (in->work->link.rescues_in_vain >= RESCUES_IN_VAIN)
		return 0;
	intake_put_by(in);
	intake_sink(in, &r.sink);
	rc = go(&r, owner, by_parts, "header and text", err);
	if (rc == 0)
		rc = go(&r, owner, by_pieces, "pieces", err);
	if (rc == 0)
		in->work->link.rescues_in_vain++;
	else if (rc > 0)
		in->work->link.rescues_in_vain = 0;
	if (rc > 0 && drop_part(&r, err) != 0)
		return -1;
	return rc;
}
