/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ends spell alike: a message's metadata and an error. */
#include "../model/text.h"
#include "channel.h"

#include <string.h>

#define HAS_ALL                                                               \
	(MESSAGE_HAS_UID | MESSAGE_HAS_FLAGS | MESSAGE_HAS_DATE |             \
		MESSAGE_HAS_SIZE | MESSAGE_HAS_MODSEQ | MESSAGE_HAS_UIDL |    \
		MESSAGE_HAS_BODY | MESSAGE_HAS_MORE_KEYWORDS |                \
		MESSAGE_HAS_EMAILID | MESSAGE_IS_STUB | MESSAGE_IS_INTERNAL | \
		MESSAGE_HAS_LABELS)
#define SYSTEM_ALL \
	(FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT)

/* 1 January 1 and 31 December 9999. */
#define DATE_MIN_S INT64_C(-62135596800)
#define DATE_MAX_S INT64_C(253402300799)
#define RETRY_AFTER_MAX_S (UINT32_C(7) * 24 * 3600)

void channel_put_meta(struct channel *c, const struct message_meta *m)
{
	channel_put_u32(c, m->has);
	if ((m->has & MESSAGE_HAS_UID) != 0)
		channel_put_u32(c, m->uid);
	if ((m->has & MESSAGE_HAS_DATE) != 0)
		channel_put_u64(c, (uint64_t)m->date_s);
	if ((m->has & MESSAGE_HAS_SIZE) != 0)
		channel_put_u64(c, m->size_bytes);
	if ((m->has & MESSAGE_HAS_MODSEQ) != 0)
		channel_put_u64(c, m->modseq);
	if ((m->has & MESSAGE_HAS_UIDL) != 0)
		channel_put_str(c, m->uidl);
	if ((m->has & MESSAGE_HAS_EMAILID) != 0)
		channel_put_str(c, m->emailid);
	if ((m->has & MESSAGE_HAS_LABELS) != 0)
		channel_put_str(c, m->labels);
	if ((m->has & MESSAGE_HAS_FLAGS) != 0) {
		channel_put_u8(c, m->flags.system);
		channel_put_str(c, m->flags.keywords);
	}
}

/* The set is made anew: what comes out is one, whatever came in. */
static bool get_keywords(struct channel *c, struct flags *flags)
{
	char set[FLAGS_KEYWORDS_MAX], name[FLAGS_KEYWORDS_MAX];
	const char *pos = set;

	if (!channel_get_str(c, set, sizeof set))
		return false;
	while (flags_next_keyword(&pos, name))
		if (name[0] == '\\' || flags_add(flags, name) < 0)
			return false;
	return true;
}

static bool get_flags(struct channel *c, struct flags *flags)
{
	flags->system = 0;
	flags->keywords[0] = '\0';
	if (!channel_get_u8(c, &flags->system))
		return false;
	flags->system &= SYSTEM_ALL;
	return get_keywords(c, flags);
}

static bool is_uidl(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* Drops members whose values cannot be meant. */
static void drop_nonsense(struct message_meta *m)
{
	if (m->uid == 0)
		m->has &= ~(uint32_t)MESSAGE_HAS_UID;
	if (m->date_s < DATE_MIN_S || m->date_s > DATE_MAX_S)
		m->has &= ~(uint32_t)MESSAGE_HAS_DATE;
	if (m->size_bytes > INT64_MAX)
		m->has &= ~(uint32_t)MESSAGE_HAS_SIZE;
	if (m->modseq > INT64_MAX) /* RFC 7162 7: 63 bits */
		m->has &= ~(uint32_t)MESSAGE_HAS_MODSEQ;
	if (!message_is_emailid(m->emailid))
		m->has &= ~(uint32_t)MESSAGE_HAS_EMAILID;
	if (!message_are_labels(m->labels))
		m->has &= ~(uint32_t)MESSAGE_HAS_LABELS;
	if (!is_uidl(m->uidl))
		m->has &= ~(uint32_t)MESSAGE_HAS_UIDL;
	if ((m->has & MESSAGE_HAS_DATE) == 0)
		m->date_s = 0;
	if ((m->has & MESSAGE_HAS_SIZE) == 0)
		m->size_bytes = 0;
	if ((m->has & MESSAGE_HAS_MODSEQ) == 0)
		m->modseq = 0;
	if ((m->has & MESSAGE_HAS_UIDL) == 0)
		m->uidl[0] = '\0';
	if ((m->has & MESSAGE_HAS_EMAILID) == 0)
		m->emailid[0] = '\0';
	if ((m->has & MESSAGE_HAS_LABELS) == 0)
		m->labels[0] = '\0';
}

static bool has(const struct message_meta *m, enum message_has what)
{
	return (m->has & (uint32_t)what) != 0;
}

bool channel_get_meta(struct channel *c, struct message_meta *m)
{
	uint64_t date = 0;

	m->uid = 0;
	m->size_bytes = 0;
	m->modseq = 0;
	m->uidl[0] = '\0';
	m->emailid[0] = '\0';
	m->labels[0] = '\0';
	m->flags.system = 0;
	m->flags.keywords[0] = '\0';
	if (!channel_get_u32(c, &m->has) || (m->has & ~(uint32_t)HAS_ALL) != 0)
		return false;
	if ((has(m, MESSAGE_HAS_UID) && !channel_get_u32(c, &m->uid)) ||
		(has(m, MESSAGE_HAS_DATE) && !channel_get_u64(c, &date)) ||
		(has(m, MESSAGE_HAS_SIZE) &&
			!channel_get_u64(c, &m->size_bytes)) ||
		(has(m, MESSAGE_HAS_MODSEQ) &&
			!channel_get_u64(c, &m->modseq)) ||
		(has(m, MESSAGE_HAS_UIDL) &&
			!channel_get_str(c, m->uidl, sizeof m->uidl)) ||
		(has(m, MESSAGE_HAS_EMAILID) &&
			!channel_get_str(c, m->emailid, sizeof m->emailid)) ||
		(has(m, MESSAGE_HAS_LABELS) &&
			!channel_get_str(c, m->labels, sizeof m->labels)) ||
		(has(m, MESSAGE_HAS_FLAGS) && !get_flags(c, &m->flags)))
		return false;
	m->date_s = (int64_t)date;
	drop_nonsense(m);
	return true;
}

void channel_put_err(struct channel *c, const struct err *e)
{
	channel_put_u8(c, (uint8_t)e->class);
	channel_put_u8(c, (uint8_t)e->scope);
	channel_put_u8(c, (uint8_t)e->retry);
	channel_put_u32(c, e->retry_after_s);
	channel_put_u32(c, e->retry_after_ms);
	channel_put_u32(c, e->in_flight);
	channel_put_u8(c, (uint8_t)e->complaint);
	channel_put_u8(c, e->host_wide);
	channel_put_str(c, e->text);
	channel_put_str(c, e->hint);
}

/* A peer that parses foreign bytes knows nothing of stores and settings, and
 * nothing it says ends more than its account. */
static enum err_class clamp_class(uint8_t class)
{
	if (class <= ERR_NONE || class > ERR_CANCELLED || class == ERR_STORE)
		return ERR_PROTOCOL;
	return (enum err_class) class;
}

bool channel_get_err(struct channel *c, struct err *e)
{
	char text[sizeof e->text], hint[sizeof e->hint];
	uint8_t class, scope, retry, complaint, host_wide;

	if (!channel_get_u8(c, &class) || !channel_get_u8(c, &scope) ||
		!channel_get_u8(c, &retry) ||
		!channel_get_u32(c, &e->retry_after_s) ||
		!channel_get_u32(c, &e->retry_after_ms) ||
		!channel_get_u32(c, &e->in_flight) ||
		!channel_get_u8(c, &complaint) ||
		!channel_get_u8(c, &host_wide) ||
		!channel_get_str(c, text, sizeof text) ||
		!channel_get_str(c, hint, sizeof hint))
		return false;
	e->class = clamp_class(class);
	e->scope = scope <= ERR_SCOPE_ACCOUNT ? (enum err_scope)scope
					      : ERR_SCOPE_SESSION;
	e->retry = retry <= ERR_RETRY_CHANGE ? (enum err_retry)retry
					     : ERR_RETRY_LATER;
	e->complaint = complaint <= ERR_TOO_MUCH ? (enum err_complaint)complaint
						 : ERR_NO_COMPLAINT;
	e->host_wide = host_wide != 0;
	if (e->retry_after_s > RETRY_AFTER_MAX_S)
		e->retry_after_s = RETRY_AFTER_MAX_S;
	/* the former covers the latter, or there is no such thing */
	if (e->retry_after_ms / 1000 > e->retry_after_s)
		e->retry_after_ms = 0;
	text_printable(text, e->text, sizeof e->text);
	text_printable(hint, e->hint, sizeof e->hint);
	return true;
}
