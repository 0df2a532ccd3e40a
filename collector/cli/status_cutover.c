/* SPDX-License-Identifier: BSD-2-Clause */
#include "status_cutover.h"

#include "../base/clock.h"
#include "../model/text.h"
#include "cutover_options.h"

#include <stdio.h>
#include <string.h>

static void note_finished(
	const struct job_status *s, char *out, size_t out_bytes)
{
	char when[CLOCK_RFC3339_BYTES], count[32];

	(void)clock_rfc3339(s->finished_at, when);
	text_format_count((uint64_t)s->differences, count);
	if (s->differences == 0)
		(void)snprintf(
			out, out_bytes, "finished %s: nothing differs", when);
	else
		(void)snprintf(out, out_bytes, "finished %s: %s difference%s",
			when, count, s->differences == 1 ? "" : "s");
}

bool status_note_end(const struct job_status *s, char *out, size_t out_bytes)
{
	char when[CLOCK_RFC3339_BYTES];

	if (strcmp(s->state, "paused") != 0)
		return false;
	switch (s->finish) {
	case FINISH_DONE:
		note_finished(s, out, out_bytes);
		return true;
	case FINISH_UNTIL:
		(void)snprintf(out, out_bytes,
			"ended %s: its date (--until) has passed",
			clock_rfc3339(s->finished_at, when));
		return true;
	case FINISH_PURGED:
		(void)snprintf(out, out_bytes,
			"being purged: repeat mailhaul remove --purge");
		return true;
	case FINISH_NONE:
	case FINISH_COLLECTS:
	case FINISH_COMPARES:
		break;
	}
	return false;
}

/* "; outside its hours (22:00-06:00), goes on 2026-…" */
static void note_hours(const struct account *a, const struct job_status *s,
	char *out, size_t out_bytes)
{
	int64_t opens_at = cutover_options_opens_at(a);
	char when[CLOCK_RFC3339_BYTES];

	if (opens_at == 0 || s->next_due_at > opens_at ||
		strcmp(s->state, "running") == 0 ||
		strcmp(s->state, "paused") == 0)
		return;
	(void)snprintf(out, out_bytes, "; outside its hours (%s), goes on %s",
		a->hours, clock_rfc3339(opens_at, when));
}

void status_note_cutover(const struct account *a, const struct job_status *s,
	char *out, size_t out_bytes)
{
	size_t len = strlen(out);

	if (s->finish == FINISH_COLLECTS)
		(void)snprintf(out + len, out_bytes - len,
			"; its last run, then no more");
	else if (s->finish == FINISH_COMPARES)
		(void)snprintf(out + len, out_bytes - len,
			"; to be compared, then no more");
	len = strlen(out);
	note_hours(a, s, out + len, out_bytes - len);
}
