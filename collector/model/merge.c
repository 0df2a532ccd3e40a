/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For each flag, alone:
 *
 *     changed here?  changed there?  here now        noted as written here
 *     no             no              as it is        as it is
 *     no             yes             as there        as there
 *     yes            whatever        as it is        as before: it stays
 *                                                    "changed here"
 *
 * With the note left as it was, a flag that a reader has set is the reader's
 * for good, also where the source sets it later and takes it away again.
 */
#include "merge.h"

#include <string.h>

/* The bits that a reader has changed here. */
static unsigned changed_here(const struct merge_input *in)
{
	unsigned source = in->source_then->system ^ in->source_now->system;
	unsigned local = in->local_then->system ^ in->local_now->system;
	unsigned alike = ~(in->local_now->system ^ in->source_now->system);

	return in->again ? local & ~(source & alike) : local;
}

/* The same for one keyword. */
static bool keyword_changed_here(const struct merge_input *in, const char *name)
{
	bool then = flags_has_keyword(in->local_then->keywords, name);
	bool now = flags_has_keyword(in->local_now->keywords, name);
	bool there, there_then;

	if (then == now)
		return false;
	if (!in->again)
		return true;
	there_then = flags_has_keyword(in->source_then->keywords, name);
	there = flags_has_keyword(in->source_now->keywords, name);
	return there == there_then || there != now;
}

/*
 * What is here stays, but for what the source took away while nobody touched
 * it here. Then what the source has put on since, unless it was taken off
 * here. Where the set has no room for that, the source's gives way.
 */
static void merge_keywords(const struct merge_input *in, struct flags *merged)
{
	const char *source_then = in->source_then->keywords;
	const char *source_now = in->source_now->keywords;
	const char *local_then = in->local_then->keywords;
	const char *pos = in->local_now->keywords;
	char name[FLAGS_KEYWORDS_MAX];

	while (flags_next_keyword(&pos, name)) {
		if (flags_has_keyword(source_then, name) &&
			!flags_has_keyword(source_now, name) &&
			flags_has_keyword(local_then, name))
			continue;
		(void)flags_add(merged, name);
	}
	pos = source_now;
	while (flags_next_keyword(&pos, name))
		if (!flags_has_keyword(source_then, name) &&
			!flags_has_keyword(local_then, name))
			(void)flags_add(merged, name);
}

void merge_flags(const struct merge_input *in, struct flags *ret_merged)
{
	struct flags merged = {0};
	unsigned source = in->source_then->system ^ in->source_now->system;
	unsigned local = in->local_then->system ^ in->local_now->system;
	unsigned take = source & ~local;

	merged.system = (uint8_t)((in->local_now->system & ~take) |
				  (in->source_now->system & take));
	if (strcmp(in->source_then->keywords, in->source_now->keywords) == 0)
		memcpy(merged.keywords, in->local_now->keywords,
			sizeof merged.keywords);
	else
		merge_keywords(in, &merged);
	*ret_merged = merged;
}

void merge_note(const struct merge_input *in, const struct flags *after,
	struct flags *ret_note)
{
	unsigned stays = changed_here(in);
	const char *pos = after->keywords;
	char name[FLAGS_KEYWORDS_MAX];

	ret_note->system = (uint8_t)((after->system & ~stays) |
				     (in->local_then->system & stays));
	if (strcmp(in->local_then->keywords, in->local_now->keywords) == 0) {
		memcpy(ret_note->keywords, after->keywords,
			sizeof ret_note->keywords);
		return;
	}
	ret_note->keywords[0] = '\0';
	while (flags_next_keyword(&pos, name))
		if (!keyword_changed_here(in, name))
			(void)flags_add(ret_note, name);
	pos = in->local_then->keywords;
	while (flags_next_keyword(&pos, name))
		if (keyword_changed_here(in, name))
			(void)flags_add(ret_note, name);
}
