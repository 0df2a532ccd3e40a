/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FETCH answers as libetpan streams them: pieces of bodies first, without a
 * word whose they are, then one call with the items of the finished line.
 * Three things can go wrong in between, and none may mix two messages:
 *  - libetpan gives up a FETCH line behind its body and passes over the rest:
 *    no call comes, and the next body would be appended to this one. So each
 *    piece is tied to the line it stands in; a body that another line follows
 *    is given up (a message without MESSAGE_HAS_BODY, which says so).
 *  - one line holds two bodies: the second is dropped, and the message has
 *    none, because nobody can say which one is meant.
 *  - a quoted body comes one byte a call: gathered here.
 * A piece of a body (<offset.bytes>) is what was asked for or the end of the
 * conversation: a server that ignores it would send the whole each time.
 */
#include "catchall.h"
#include "imap_command.h"

#include "../model/date.h"

#include <assert.h>
#include <string.h>

/* A peer that sends less than this in that time is not worth waiting for. */
#define MESSAGE_STALL_MS (INT64_C(300) * 1000)
#define MESSAGE_STALL_BYTES 16384

/* Where the untagged answer that is being parsed begins in the text. */
static size_t message_line_at(const struct imap *im)
{
	const MMAPString *text = im->m->imap_stream_buffer;

	for (size_t i = text->len; i >= 3; i--)
		if (text->str[i - 3] == '\n' && text->str[i - 2] == '*' &&
			text->str[i - 1] == ' ')
			return i - 2;
	return 0;
}

static int message_flush(struct imap *im, struct err *err)
{
	struct imap_body *b = &im->body;
	size_t n = b->n;

	b->n = 0;
	if (n == 0 || im->reader == NULL || im->reader->body == NULL)
		return 0;
	b->flushed = true;
	return im->reader->body(im->reader->arg, b->gathered, n, err);
}

static void message_forget(struct imap *im)
{
	im->body.seen = im->body.second = im->body.flushed = false;
	im->body.headless = false;
	im->body.n = 0;
	im->body.bytes = 0;
}

int imap_message_end(struct imap *im, struct err *err)
{
	struct err cause = {.class = ERR_NONE};
	bool given_up =
		im->body.seen && im->reader != NULL && im->reader->body != NULL;

	message_forget(im);
	if (!given_up)
		return 0;
	memset(&im->meta, 0, sizeof im->meta);
	if (im->reader->message(im->reader->arg, 0, &im->meta, &cause) == 0)
		return 0;
	imap_stop(im, &cause);
	if (err != NULL)
		*err = cause;
	return -1;
}

/* Which body a piece belongs to. While one arrives the answer's text does
 * not grow, and no two bodies find it at the same length. */
static int message_track(struct imap *im, struct err *err)
{
	struct imap_body *b = &im->body;
	size_t text_at = im->m->imap_stream_buffer->len;
	size_t line_at;

	if (b->seen && text_at == b->text_at)
		return 0;
	line_at = message_line_at(im);
	if (b->seen && line_at == b->line_at) {
		b->second = true;
		b->text_at = text_at;
		return 0;
	}
	if (imap_message_end(im, err) < 0)
		return -1;
	b->seen = true;
	b->text_at = text_at;
	b->line_at = line_at;
	return imap_message_announce(im, err);
}

/* RFC 9051 6.4.5: no more than was asked for. */
static int message_check_piece(struct imap *im, size_t n, struct err *err)
{
	const struct session_piece *piece = im->reader->piece;

	im->body.bytes += n;
	if (piece == NULL || piece->bytes == 0 ||
		im->body.bytes <= piece->bytes)
		return 0;
	return err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the server sends more than the part that was asked for");
}

static int message_piece(
	struct imap *im, const char *bytes, size_t n, struct err *err)
{
	struct imap_body *b = &im->body;

	if (message_track(im, err) < 0)
		return -1;
	if (b->second)
		return 0;
	if (message_check_piece(im, n, err) < 0)
		return -1;
	if (b->n == 0 && !b->flushed && n > 0)
		b->headless = bytes[0] == '\r' || bytes[0] == '\n';
	if (b->n + n <= sizeof b->gathered) {
		memcpy(b->gathered + b->n, bytes, n);
		b->n += n;
		return 0;
	}
	if (message_flush(im, err) < 0)
		return -1;
	if (n < sizeof b->gathered) {
		memcpy(b->gathered, bytes, n);
		b->n = n;
		return 0;
	}
	b->flushed = true;
	return im->reader->body(im->reader->arg, bytes, n, err);
}

static void message_alive(struct imap *im, size_t bytes)
{
	im->body.unpaid_bytes += bytes;
	if (im->body.unpaid_bytes < MESSAGE_STALL_BYTES)
		return;
	im->body.unpaid_bytes = 0;
	transport_set_deadline(im->t, MESSAGE_STALL_MS);
}

static enum session_section message_section(
	const struct mailimap_msg_att_body_section *section)
{
	const struct mailimap_section_spec *spec;

	if (section->sec_section == NULL ||
		section->sec_section->sec_spec == NULL)
		return SESSION_WHOLE;
	spec = section->sec_section->sec_spec;
	if (spec->sec_type != MAILIMAP_SECTION_SPEC_SECTION_MSGTEXT ||
		spec->sec_data.sec_msgtext == NULL)
		return SESSION_SECTIONS;
	switch (spec->sec_data.sec_msgtext->sec_type) {
	case MAILIMAP_SECTION_MSGTEXT_HEADER:
		return SESSION_HEADER;
	case MAILIMAP_SECTION_MSGTEXT_TEXT:
		return SESSION_TEXT;
	default:
		return SESSION_SECTIONS;
	}
}

static uint32_t message_offset(const struct imap *im)
{
	return im->reader->piece != NULL ? im->reader->piece->offset : 0;
}

/* The body that this reader has asked for. */
static bool message_is_wanted(const struct imap *im, int type,
	const struct mailimap_msg_att_body_section *section)
{
	if (type == MAILIMAP_MSG_ATT_RFC822)
		return im->reader->section == SESSION_WHOLE &&
		       message_offset(im) == 0;
	return type == MAILIMAP_MSG_ATT_BODY_SECTION && section != NULL &&
	       message_section(section) == im->reader->section &&
	       section->sec_origin_octet == message_offset(im);
}

static bool message_on_body(int type,
	struct mailimap_msg_att_body_section *section, const char *bytes,
	size_t n, void *arg)
{
	struct imap *im = arg;
	struct err err = {.class = ERR_NONE};

	if (im->cause.class != ERR_NONE)
		return false;
	message_alive(im, n);
	if (im->reader == NULL || im->reader->body == NULL)
		return true;
	if (!message_is_wanted(im, type, section)) {
		if (im->reader->piece == NULL)
			return true;
		(void)err_set(&err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW,
			"the server sends another part than was asked for");
		imap_stop(im, &err);
		return false;
	}
	if (message_piece(im, bytes, n, &err) == 0)
		return true;
	imap_stop(im, &err);
	return false;
}

/* ---- items ---- */

static void message_flags(
	struct message_meta *meta, const struct mailimap_msg_att_dynamic *d)
{
	static const char *const names[] = {
		[MAILIMAP_FLAG_ANSWERED] = "\\Answered",
		[MAILIMAP_FLAG_FLAGGED] = "\\Flagged",
		[MAILIMAP_FLAG_DELETED] = "\\Deleted",
		[MAILIMAP_FLAG_SEEN] = "\\Seen",
		[MAILIMAP_FLAG_DRAFT] = "\\Draft",
	};

	memset(&meta->flags, 0, sizeof meta->flags);
	meta->has |= MESSAGE_HAS_FLAGS;
	if (d->att_list == NULL)
		return;
	for (clistiter *i = clist_begin(d->att_list); i != NULL;
		i = clist_next(i)) {
		const struct mailimap_flag_fetch *f = clist_content(i);
		const struct mailimap_flag *flag = f->fl_flag;
		const char *name = NULL;

		if (f->fl_type != MAILIMAP_FLAG_FETCH_OTHER || flag == NULL)
			continue; /* \Recent */
		if (flag->fl_type == MAILIMAP_FLAG_KEYWORD)
			name = flag->fl_data.fl_keyword;
		else if (flag->fl_type >= MAILIMAP_FLAG_ANSWERED &&
			 flag->fl_type <= MAILIMAP_FLAG_DRAFT)
			name = names[flag->fl_type];
		if (name != NULL && flags_add(&meta->flags, name) < 0)
			meta->has |= MESSAGE_HAS_MORE_KEYWORDS;
	}
}

static void message_date(
	struct message_meta *meta, const struct mailimap_date_time *d)
{
	if (d != NULL &&
		date_from_fields(d->dt_year, d->dt_month, d->dt_day, d->dt_hour,
			d->dt_min, d->dt_sec, d->dt_zone, &meta->date_s) == 0)
		meta->has |= MESSAGE_HAS_DATE;
}

static void message_static(const struct imap *im, struct message_meta *meta,
	const struct mailimap_msg_att_static *s, int *bodies)
{
	const struct mailimap_msg_att_body_section *section;

	switch (s->att_type) {
	case MAILIMAP_MSG_ATT_UID:
		meta->uid = s->att_data.att_uid;
		meta->has |= MESSAGE_HAS_UID;
		break;
	case MAILIMAP_MSG_ATT_INTERNALDATE:
		message_date(meta, s->att_data.att_internal_date);
		break;
	case MAILIMAP_MSG_ATT_RFC822_SIZE:
		meta->size_bytes = s->att_data.att_rfc822_size;
		meta->has |= MESSAGE_HAS_SIZE;
		break;
	case MAILIMAP_MSG_ATT_RFC822:
		*bodies += message_is_wanted(im, s->att_type, NULL) &&
			   s->att_data.att_rfc822.att_content != NULL;
		break;
	case MAILIMAP_MSG_ATT_BODY_SECTION:
		section = s->att_data.att_body_section;
		*bodies += message_is_wanted(im, s->att_type, section) &&
			   section->sec_body_part != NULL;
		break;
	default:
		break;
	}
}

static void message_extension(
	struct message_meta *meta, const struct mailimap_extension_data *x)
{
	const struct mailimap_condstore_fetch_mod_resp *modseq = x->ext_data;

	if (catchall_emailid(x, meta->emailid, sizeof meta->emailid)) {
		meta->has |= MESSAGE_HAS_EMAILID;
		return;
	}
	if (catchall_labels(x, meta->labels, sizeof meta->labels)) {
		meta->has |= MESSAGE_HAS_LABELS;
		return;
	}
	if (x->ext_extension == NULL || modseq == NULL ||
		x->ext_extension->ext_id != MAILIMAP_EXTENSION_CONDSTORE ||
		x->ext_type != MAILIMAP_CONDSTORE_TYPE_FETCH_DATA)
		return;
	meta->modseq = modseq->cs_modseq_value;
	meta->has |= MESSAGE_HAS_MODSEQ;
}

/* Returns how many whole bodies the line carried. */
static int message_items(const struct imap *im, struct message_meta *meta,
	const struct mailimap_msg_att *att)
{
	int bodies = 0;

	memset(meta, 0, sizeof *meta);
	if (att->att_list == NULL)
		return 0;
	for (clistiter *i = clist_begin(att->att_list); i != NULL;
		i = clist_next(i)) {
		const struct mailimap_msg_att_item *item = clist_content(i);

		if (item->att_type == MAILIMAP_MSG_ATT_ITEM_DYNAMIC)
			message_flags(meta, item->att_data.att_dyn);
		else if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC)
			message_static(
				im, meta, item->att_data.att_static, &bodies);
		else if (item->att_type == MAILIMAP_MSG_ATT_ITEM_EXTENSION)
			message_extension(
				meta, item->att_data.att_extension_data);
	}
	return bodies;
}

static int message_finish(
	struct imap *im, const struct mailimap_msg_att *att, struct err *err)
{
	struct imap_body *b = &im->body;
	uint32_t verdict;
	int bodies;

	if (b->seen && message_line_at(im) != b->line_at &&
		imap_message_end(im, err) < 0)
		return -1;
	verdict = imap_body_judge(im);
	if (verdict != MESSAGE_HAS_BODY || b->second)
		b->n = 0;
	if (message_flush(im, err) < 0)
		return -1;
	bodies = message_items(im, &im->meta, att);
	if (bodies == 1 && !b->second)
		im->meta.has |= verdict;
	message_forget(im);
	return im->reader->message(
		im->reader->arg, att->att_number, &im->meta, err);
}

static void message_on_att(struct mailimap_msg_att *att, void *arg)
{
	struct imap *im = arg;
	struct err err = {.class = ERR_NONE};

	if (im->cause.class != ERR_NONE)
		return;
	message_alive(im, MESSAGE_STALL_BYTES);
	if (im->reader == NULL)
		return;
	if (message_finish(im, att, &err) < 0)
		imap_stop(im, &err);
}

static void message_on_progress(size_t now, size_t all, void *arg)
{
	(void)now;
	(void)all;
	(void)arg;
}

void imap_message_start(struct imap *im)
{
	/* Without a progress callback libetpan ignores the other handlers and
	 * keeps every message in a list. */
	mailimap_set_progress_callback(
		im->m, message_on_progress, message_on_progress, im);
	mailimap_set_msg_att_handler(im->m, message_on_att, im);
	mailimap_set_msg_body_handler(im->m, message_on_body, im);
}
