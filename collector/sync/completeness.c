/* SPDX-License-Identifier: BSD-2-Clause */
#include "completeness.h"

#include "../model/quirk.h"

#include <stdio.h>
#include <string.h>

/* What Gmail's users can choose as the most that a folder shows. */
static const uint32_t gmail_limits[] = {1000, 2000, 5000, 10000};

static uint64_t count_rows(const struct visit *v)
{
	uint64_t n = v->known.count + v->got.count + v->left_out;

	for (size_t i = 0; i < v->due_count; i++)
		n += !uidset_has(&v->got, v->due[i].uid);
	return n;
}

bool completeness_by_count(const struct visit *v, size_t unsettled)
{
	uint64_t rows = count_rows(v);

	if (rows < (uint64_t)v->m.gone ||
		rows - (uint64_t)v->m.gone != v->state.exists)
		return false;
	return unsettled == 0 || (v->known.count == 0 && v->due_count == 0);
}

void completeness_listed(struct visit *v, const struct scan *s)
{
	if (!s->cut && v->known.count >= s->known)
		v->m.gone = (int64_t)(v->known.count - s->known);
}

void completeness_fewer(struct visit *v)
{
	if (v->state.exists < v->m.exists)
		v->m.gone += v->m.exists - v->state.exists;
}

int completeness_check(struct visit *v, uint32_t listed, struct err *err)
{
	struct mailbox_state now;

	if (listed >= v->state.exists)
		return 0;
	if (visit_ensure_session(v, err) != 0 ||
		session_select(v->work->link.session, v->pair->mailbox, &now,
			err) != 0)
		return -1;
	if (now.exists > listed && now.exists == v->state.exists) {
		v->cut = true;
		v->shown = listed;
	}
	return 0;
}

static bool is_gmail_limit(uint32_t exists)
{
	for (size_t i = 0; i < sizeof gmail_limits / sizeof *gmail_limits; i++)
		if (exists == gmail_limits[i])
			return true;
	return false;
}

void completeness_notice(struct visit *v)
{
	const struct session_info *info = &v->work->link.info;
	char *out = v->m.notice;
	size_t n = sizeof v->m.notice;

	out[0] = '\0';
	if (v->cut)
		(void)snprintf(out, n,
			"the server says %lu messages and shows %lu; the "
			"others are looked for in each run",
			(unsigned long)v->state.exists,
			(unsigned long)v->shown);
	else if ((info->quirks & QUIRK_VIEW_10000) != 0 &&
		 v->state.exists >= QUIRK_VIEW_MESSAGES)
		(void)snprintf(out, n,
			"%lu messages: this server shows no more of a mailbox, "
			"older ones may be missing; Yahoo shows all at "
			"export.imap.mail.yahoo.com",
			(unsigned long)v->state.exists);
	else if (info->gmail && is_gmail_limit(v->state.exists))
		(void)snprintf(out, n,
			"exactly %lu messages: Gmail may be told to show no "
			"more (its settings, POP and IMAP, folder size limits)",
			(unsigned long)v->state.exists);
	else if (v->work->all_hidden && name_is_inbox(v->m.name))
		(void)snprintf(out, n,
			"Gmail does not show All Mail: mail without a label "
			"(archived) is not collected until its settings, "
			"Labels, say \"Show in IMAP\"");
	if (out[0] != '\0')
		LOG(LOG_LEVEL_WARN, &v->log, "mailbox_incomplete",
			LOG_STR("notice", out));
}
