/* SPDX-License-Identifier: BSD-2-Clause */
#include "intake.h"

#include "../../storage/part.h"
#include "resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct intake *in)
{
	in->broken = true;
	return -1;
}

static void remember_tail(struct part *p, const char *bytes, size_t n)
{
	size_t keep = PART_SAMPLE_BYTES - n;

	if (n >= PART_SAMPLE_BYTES) {
		memcpy(p->tail, bytes + n - PART_SAMPLE_BYTES,
			PART_SAMPLE_BYTES);
		p->tail_bytes = PART_SAMPLE_BYTES;
		return;
	}
	if (keep > p->tail_bytes)
		keep = p->tail_bytes;
	memmove(p->tail, p->tail + p->tail_bytes - keep, keep);
	memcpy(p->tail + keep, bytes, n);
	p->tail_bytes = keep + n;
}

/* What its beginning and its end are known by. */
static void remember(struct part *p, const char *bytes, size_t n)
{
	size_t room = PART_SAMPLE_BYTES - p->head_bytes;

	if (room > n)
		room = n;
	memcpy(p->head + p->head_bytes, bytes, room);
	p->head_bytes += room;
	remember_tail(p, bytes, n);
}

static void forget_part(struct intake *in)
{
	free(in->part);
	in->part = NULL;
}

static struct part_key key_of(const struct intake *in, uint32_t uid)
{
	return (struct part_key){.mailbox_id = in->mailbox_id,
		.uidvalidity = in->uidvalidity,
		.uid = uid};
}

static int keep(struct intake *in, struct err *err)
{
	const struct part_key key = key_of(in, in->part->uid);
	int r = delivery_keep(in->delivery, &key, in->part->total, err);

	if (r == 0)
		forget_part(in);
	return r < 0 ? -1 : 0;
}

static int begin(struct intake *in, struct err *err)
{
	if (delivery_begin(in->work->store, &in->delivery, err) != 0 ||
		(in->part != NULL && keep(in, err) != 0) ||
		(in->hash && content_begin(&in->content, err) != 0))
		return -1;
	in->begun = in->hash;
	return 0;
}

static void note_bytes(struct intake *in, const void *bytes, size_t n)
{
	in->bytes += n;
	if (in->part != NULL)
		remember(in->part, bytes, n);
	if (in->begun)
		content_add(&in->content, bytes, n);
}

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct intake *in = arg;
	struct work *w = in->work;

	if (in->delivery == NULL && begin(in, err) != 0)
		return refuse(in);
	work_receive(w, n);
	note_bytes(in, bytes, n);
	if (delivery_write(in->delivery, bytes, n, err) != 0)
		return refuse(in);
	return 0;
}

/* An item that is there and empty is believed only where the server says
 * that the message has no bytes: many say "" for what they cannot read. */
static bool is_message(const struct intake *in, const struct message_meta *meta)
{
	if ((meta->has & MESSAGE_HAS_BODY) == 0)
		return false;
	return in->bytes != 0 ||
	       ((meta->has & MESSAGE_HAS_SIZE) != 0 && meta->size_bytes == 0);
}

static int check_quota(const struct intake *in, struct err *err)
{
	const struct work *w = in->work;
	uint64_t limit = w->run->settings->limits_account_bytes;

	if (limit == 0 || w->bytes_kept + in->bytes <= limit)
		return 0;
	(void)err_set(err, ERR_QUOTA, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"limits.account is reached: %llu bytes are stored",
		(unsigned long long)w->bytes_kept);
	return err_hint(err, "raise limits.account");
}

/* Takes the delivery. */
static int hand_over(struct intake *in, const struct message_meta *meta,
	struct ledger_message *key, struct err *err)
{
	struct work *w = in->work;

	if (check_quota(in, err) != 0)
		return -1;
	if (in->delivery == NULL &&
		delivery_begin(w->store, &in->delivery, err) != 0)
		return -1;
	if ((meta->has & MESSAGE_HAS_MORE_KEYWORDS) != 0)
		LOG(LOG_LEVEL_WARN, &w->log, "keywords_left_out",
			LOG_NUM("uid", meta->uid),
			LOG_STR("error", "there are too many, or unusable "
					 "ones; the others are kept"));
	key->size_bytes = in->bytes;
	if ((meta->has & MESSAGE_HAS_EMAILID) != 0)
		memcpy(key->emailid, meta->emailid, sizeof key->emailid);
	if ((meta->has & MESSAGE_HAS_DATE) != 0)
		key->date_s = meta->date_s;
	if ((meta->has & MESSAGE_HAS_FLAGS) != 0)
		key->source = meta->flags;
	key->local = key->source;
	if (delivery_end(&in->delivery, in->folder, key, err) != 0)
		return -1;
	w->arrived++;
	w->bytes_kept += in->bytes;
	w->progress.now.messages_done++;
	link_progress(&w->link);
	progress_tick(&w->progress);
	return 0;
}

static int finish(
	struct intake *in, const struct message_meta *meta, struct err *err)
{
	struct intake_message message = {.meta = meta, .bytes = in->bytes};
	struct ledger_message *key = mem_alloc(sizeof *key);
	struct content_id id;
	int rc = 0;

	if (in->hash) {
		/* an empty message has not begun one */
		if (!in->begun && content_begin(&in->content, err) != 0) {
			free(key);
			return -1;
		}
		in->begun = false;
		content_end(&in->content, &id);
		message.id = &id;
	}
	if (in->date && in->delivery != NULL)
		message.date_s = delivery_date(in->delivery);
	key->mailbox_id = in->mailbox_id;
	key->uidvalidity = in->uidvalidity;
	switch (in->accept(in->arg, &message, key, err)) {
	case INTAKE_DROP:
		break;
	case INTAKE_TAKE:
		rc = hand_over(in, meta, key, err);
		break;
	case INTAKE_FAIL:
		rc = -1;
		break;
	}
	free(key);
	return rc;
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct intake *in = arg;

	if (is_message(in, meta)) {
		in->seen++;
		if (finish(in, meta, err) != 0)
			return refuse(in);
	} else if ((meta->has & (MESSAGE_IS_STUB | MESSAGE_IS_INTERNAL)) != 0 &&
		   in->unusable != NULL) {
		if (in->unusable(in->arg, meta, err) != 0)
			return refuse(in);
	}
	intake_reset(in);
	if (work_may_receive(in->work, err) != 0)
		return refuse(in);
	return 0;
}

static int on_large(void *arg, uint32_t uid, uint64_t bytes, struct err *err)
{
	struct intake *in = arg;

	(void)err;
	if (!in->keeps || in->work->link.no_pieces || in->delivery != NULL ||
		in->part != NULL || bytes >= UINT32_MAX)
		return 0;
	in->part = mem_alloc(sizeof *in->part);
	in->part->uid = uid;
	in->part->total = bytes;
	return 0;
}

void intake_sink(struct intake *in, struct session_sink *ret_sink)
{
	*ret_sink = (struct session_sink){.body = on_body,
		.message = on_message,
		.large = on_large,
		.arg = in};
}

void intake_reset(struct intake *in)
{
	if (in->delivery != NULL)
		delivery_abort(&in->delivery);
	content_clear(&in->content);
	forget_part(in);
	in->begun = false;
	in->delivery = NULL;
	in->bytes = 0;
}

/* ---- parts */

bool intake_break_off(struct intake *in)
{
	if (in->part == NULL || in->delivery == NULL || in->broken ||
		in->bytes < RESUME_WORTH_BYTES) {
		intake_reset(in);
		return false;
	}
	in->part->broken = true;
	return in->bytes - in->part->from >= RESUME_WORTH_BYTES;
}

bool intake_broken_off(const struct intake *in, uint32_t uid)
{
	return in->part != NULL && in->part->broken && in->part->uid == uid;
}

void intake_put_by(struct intake *in)
{
	if (in->part == NULL || !in->part->broken)
		return;
	(void)uidset_add(&in->kept, in->part->uid);
	in->work->parts = true;
	delivery_leave(&in->delivery);
	intake_reset(in);
}

static int on_kept_bytes(
	void *arg, const void *bytes, size_t n, struct err *err)
{
	(void)err;
	note_bytes(arg, bytes, n);
	return 0;
}

int intake_take_up(struct intake *in, uint32_t uid, struct err *err)
{
	const struct part_key key = key_of(in, uid);
	int rc;

	if (intake_broken_off(in, uid)) {
		in->part->broken = false;
		in->part->from = in->bytes;
		return 1;
	}
	intake_put_by(in);
	if (in->hash && content_begin(&in->content, err) != 0)
		return -1;
	in->begun = in->hash;
	in->part = mem_alloc(sizeof *in->part);
	in->part->uid = uid;
	rc = delivery_resume(in->work->store, &key, on_kept_bytes, in,
		&in->delivery, &in->part->total, err);
	if (rc <= 0)
		intake_reset(in);
	else
		in->part->from = in->bytes;
	return rc;
}

void intake_ask(struct intake *in, uint32_t id)
{
	struct session *s = in->work->link.session;

	in->told_of = id;
	(void)snprintf(in->told, sizeof in->told, "%s",
		s != NULL ? session_dialogue(s) : "");
}

const char *intake_told(const struct intake *in, uint32_t id)
{
	return in->told_of == id ? in->told : "";
}

void intake_clear(struct intake *in)
{
	intake_put_by(in);
	intake_reset(in);
	uidset_clear(&in->kept);
}
