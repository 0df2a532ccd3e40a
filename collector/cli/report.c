/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include "../base/clock.h"
#include "../base/mem.h"
#include "../model/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void report_totals(const struct report_account *a, struct report_totals *ret)
{
	*ret = (struct report_totals){.listed = 0};
	for (size_t i = 0; i < a->mailbox_count; i++) {
		const struct report_mailbox *m = &a->mailboxes[i];
		ret->listed += m->listed;
		ret->collected += m->collected;
		ret->bytes += m->bytes;
		ret->former += m->former;
		ret->quarantined += m->quarantined;
		ret->left_out += m->left_out;
		ret->gone += m->gone;
		ret->let_go += m->let_go;
		ret->unproved += m->accounted == REPORT_UNPROVED;
		ret->unlisted += m->accounted == REPORT_UNLISTED;
		ret->left += m->accounted == REPORT_LEFT;
		ret->missing += m->accounted == REPORT_SHORT;
		if (m->accounted == REPORT_SHORT)
			ret->off += m->off;
	}
}

/* What was left out without a row is missing from the rows. */
static uint64_t unexplained(
	const struct report_account *a, const struct report_totals *t)
{
	return t->off > a->left_out_there ? t->off - a->left_out_there : 0;
}

bool report_is_accounted(const struct report_account *a)
{
	struct report_totals t;

	report_totals(a, &t);
	return a->fault == NULL && a->listed_at != 0 && a->last_ok &&
	       a->failed_mailboxes == 0 && t.unproved == 0 && t.unlisted == 0 &&
	       unexplained(a, &t) == 0;
}

struct words {
	char *out;
	size_t bytes, len;
};

static void say(struct words *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->out + w->len, w->bytes - w->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->len += (size_t)n;
	if (w->len >= w->bytes)
		w->len = w->bytes - 1;
}

static const char *count(uint64_t n, char out[32])
{
	text_format_count(n, out);
	return out;
}

static void say_doubts(struct words *w, const struct report_account *a,
	const struct report_totals *t)
{
	char n[32];

	if (!a->last_ok)
		say(w, " The last run failed%s%s.",
			a->error[0] != '\0' ? ": " : "", a->error);
	if (unexplained(a, t) != 0)
		say(w,
			" %s messages that the source listed are neither "
			"collected nor quarantined nor left out for a reason.",
			count(unexplained(a, t), n));
	if (t->unlisted != 0)
		say(w, " No list of %zu mailbox%s was completed yet.",
			t->unlisted, t->unlisted == 1 ? "" : "es");
	if (t->unproved != 0)
		say(w,
			" In %zu mailbox%s more messages are known here than "
			"the source listed, so counts alone do not prove that "
			"none is missing.",
			t->unproved, t->unproved == 1 ? "" : "es");
	if (a->failed_mailboxes != 0)
		say(w, " %zu mailbox%s could not be read (see the failures).",
			a->failed_mailboxes,
			a->failed_mailboxes == 1 ? "" : "es");
}

void report_verdict(const struct report_account *a, char *out, size_t bytes)
{
	struct words w = {.out = out, .bytes = bytes};
	struct report_totals t;
	char n[32], k[32], q[32], l[32];

	report_totals(a, &t);
	if (a->fault != NULL) {
		say(&w, "Nothing can be said: %s", a->fault);
	} else if (a->listed_at == 0) {
		say(&w, "No run of this account was good yet, so what the "
			"source has is not known.");
	} else if (report_is_accounted(a)) {
		say(&w,
			"All %s messages that the source listed in the last "
			"run are accounted for. Collected in all: %s; "
			"quarantined: %s; left out for a reason: %s.",
			count(t.listed, n), count(t.collected, k),
			count(t.quarantined, q),
			count(t.left_out + a->left_out_there, l));
	} else {
		say(&w, "Not all is proved to be here.");
	}
	if (a->fault == NULL && a->listed_at != 0 && !report_is_accounted(a))
		say_doubts(&w, a, &t);
	if (a->fault == NULL && t.left != 0)
		say(&w,
			" %zu mailbox%s collected before, and no longer "
			"listed or chosen.",
			t.left, t.left == 1 ? " was" : "es were");
	if (a->fault == NULL && a->scope[0] != '\0')
		say(&w, " %s", a->scope);
	if (a->fault == NULL && a->running)
		say(&w, " A run is under way; this is as of the moment "
			"named.");
}

void report_verified(const struct report_account *a, char *out, size_t bytes)
{
	struct words w = {.out = out, .bytes = bytes};
	char when[CLOCK_RFC3339_BYTES], n[32];

	if (a->verified_at == 0) {
		say(&w, "Source, ledger and store have not "
			"been compared message by message yet "
			"(mailhaul verify).");
		return;
	}
	say(&w,
		"Source, ledger and store were compared message by message "
		"on %s: ",
		clock_rfc3339(a->verified_at, when));
	if (a->verified_differences == 0)
		say(&w, "no difference");
	else
		say(&w, "%s difference%s", count(a->verified_differences, n),
			a->verified_differences == 1 ? "" : "s");
	for (size_t i = 0; i < a->verified.count; i++)
		say(&w, "%s%s %s", i == 0 ? " (" : ", ",
			count(a->verified.list[i].messages, n),
			a->verified.list[i].label);
	say(&w, "%s.", a->verified.count != 0 ? ")" : "");
	if (a->listed_at > a->verified_at)
		say(&w, " The account has been collected since.");
}

void report_accounted(
	const struct report_mailbox *m, char *out, size_t out_bytes)
{
	char n[32];

	(void)count(m->off, n);
	switch (m->accounted) {
	case REPORT_ACCOUNTED:
		(void)snprintf(out, out_bytes, "yes");
		break;
	case REPORT_SHORT:
		(void)snprintf(out, out_bytes, "%s not", n);
		break;
	case REPORT_UNPROVED:
		(void)snprintf(out, out_bytes, "not proved");
		break;
	case REPORT_UNLISTED:
		(void)snprintf(out, out_bytes, "not listed yet");
		break;
	case REPORT_LEFT:
		(void)snprintf(out, out_bytes, "no longer listed");
		break;
	}
}

static void clear_counts(struct report_counts *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->list[i].label);
	free(c->list);
	*c = (struct report_counts){.list = NULL};
}

void report_clear(struct report_account *a)
{
	for (size_t i = 0; i < a->mailbox_count; i++) {
		free(a->mailboxes[i].mailbox);
		free(a->mailboxes[i].folder);
		free(a->mailboxes[i].notice);
	}
	free(a->mailboxes);
	clear_counts(&a->reasons);
	clear_counts(&a->years);
	clear_counts(&a->verified);
	free(a->minutes);
	if (a->failures != NULL)
		jobs_failures_free(a->failures, a->failure_count);
	free(a->name);
	free(a->source);
	free(a->user);
	free(a->error);
	free(a->scope);
	free(a->fault);
	memset(a, 0, sizeof *a);
}
