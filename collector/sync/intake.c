/* SPDX-License-Identifier: BSD-2-Clause */
#include "intake.h"

#include <stdlib.h>
#include <string.h>

static int refuse(struct intake *in)
{
	in->broken = true;
	return -1;
}

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct intake *in = arg;
	struct work *w = in->work;

	if (in->delivery == NULL) {
		if (delivery_begin(w->store, &in->delivery, err) != 0)
			return refuse(in);
		if (in->hash && content_begin(&in->content, err) != 0)
			return refuse(in);
		in->begun = in->hash;
	}
	in->bytes += n;
	w->progress.now.bytes_done += n;
	progress_tick(&w->progress);
	if (in->begun)
		content_add(&in->content, bytes, n);
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
	if (work_check_cancel(in->work, err) != 0)
		return refuse(in);
	return 0;
}

void intake_sink(struct intake *in, struct session_sink *ret_sink)
{
	*ret_sink = (struct session_sink){
		.body = on_body, .message = on_message, .arg = in};
}

void intake_reset(struct intake *in)
{
	if (in->delivery != NULL)
		delivery_abort(&in->delivery);
	content_clear(&in->content);
	in->begun = false;
	in->delivery = NULL;
	in->bytes = 0;
}
