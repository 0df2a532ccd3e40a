/* SPDX-License-Identifier: BSD-2-Clause */
#include "hidden.h"

#include "../base/buf.h"
#include "../base/dict.h"
#include "summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NOTE "hidden"
#define WEEK_S (7 * 24 * 3600)
#define LABELS_MAX 10000 /* Gmail's own limit */
#define TOLD_MAX 10	 /* by name */
#define NOTE_LINE_MAX (NAME_MAILBOX_MAX + 32)

struct label {
	char *name; /* as the server calls it */
	size_t count;
};

struct labels_seen {
	struct work *w;
	struct dict *places; /* in list */
	struct label *list;
	size_t count, cap;
};

/* ---- what has a mailbox */

/* Labels of the system: by attribute, whatever the mailbox is called in the
 * user's language. Those of which a view is made are no folders anywhere. */
static const struct system_label {
	const char *name, *shown;
	uint32_t attr;
} system_labels[] = {
	{"\\Sent", "Sent Mail", MAILBOX_SENT},
	{"\\Draft", "Drafts", MAILBOX_DRAFTS},
	{"\\Drafts", "Drafts", MAILBOX_DRAFTS},
	{"\\Junk", "Spam", MAILBOX_JUNK},
	{"\\Spam", "Spam", MAILBOX_JUNK},
	{"\\Trash", "Trash", MAILBOX_TRASH},
};

static const struct system_label *system_label(const char *name)
{
	for (size_t i = 0; i < sizeof system_labels / sizeof *system_labels;
		i++)
		if (strcasecmp(system_labels[i].name, name) == 0)
			return &system_labels[i];
	return NULL;
}

/* What the list has, those that the account leaves out as well. */
struct shown {
	struct dict *names; /* readable */
	uint32_t attrs;
};

static void show(struct shown *s, const char *mailbox, uint32_t attrs)
{
	char *name = summary_printable(mailbox);

	dict_put(s->names, name, 0);
	free(name);
	s->attrs |= attrs;
}

static struct shown shown_by(const struct plan *plan)
{
	struct shown s = {.names = dict_new()};

	for (size_t i = 0; plan != NULL && i < plan->count; i++)
		show(&s, plan->pairs[i].mailbox, plan->pairs[i].attrs);
	for (size_t i = 0; plan != NULL && i < plan->skip_count; i++)
		show(&s, plan->skips[i].mailbox, plan->skips[i].attrs);
	return s;
}

static bool has_mailbox(const struct shown *s, const char *label)
{
	const struct system_label *of_system = system_label(label);
	char *name;
	bool found;

	if (of_system != NULL)
		return (s->attrs & of_system->attr) != 0;
	if (label[0] == '\\')
		return true;
	name = summary_printable(label);
	found = dict_get(s->names, name, NULL);
	free(name);
	return found;
}

/* ---- counting */

static void add(struct labels_seen *s, const char *name)
{
	size_t at;

	if (dict_get(s->places, name, &at)) {
		s->list[at].count++;
		return;
	}
	if (s->count == LABELS_MAX)
		return;
	if (s->count == s->cap) {
		s->cap = s->cap != 0 ? s->cap * 2 : 64;
		s->list = mem_grow(s->list, s->cap, sizeof *s->list);
	}
	dict_put(s->places, name, s->count);
	s->list[s->count++] =
		(struct label){.name = mem_strdup(name), .count = 1};
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct labels_seen *s = arg;
	const char *line = meta->labels;
	char name[NAME_MAILBOX_MAX];

	if ((meta->has & MESSAGE_HAS_LABELS) == 0)
		return work_check_cancel(s->w, err);
	while (*line != '\0') {
		size_t n = strcspn(line, "\n");
		if (n < sizeof name) {
			memcpy(name, line, n);
			name[n] = '\0';
			add(s, name);
		}
		line += n + (line[n] == '\n');
	}
	return work_check_cancel(s->w, err);
}

static int by_count(const void *a, const void *b)
{
	const struct label *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int write_note(struct visit *v, struct labels_seen *s, struct err *err)
{
	struct shown shown = shown_by(v->work->plan);
	struct buf note;
	size_t hidden = 0;
	int rc;

	if (s->count != 0)
		qsort(s->list, s->count, sizeof *s->list, by_count);
	buf_init(&note, 64 + s->count * NOTE_LINE_MAX);
	(void)buf_printf(
		&note, "%" PRId64 "\n%" PRId64, v->work->now_s, v->m.id);
	for (size_t i = 0; i < s->count; i++) {
		if (has_mailbox(&shown, s->list[i].name))
			continue;
		(void)buf_printf(
			&note, "\n%zu %s", s->list[i].count, s->list[i].name);
		hidden++;
	}
	LOG(LOG_LEVEL_INFO, &v->log, "labels_counted",
		LOG_NUM("labels", s->count), LOG_NUM("hidden", hidden));
	rc = ledger_note(v->work->ledger, NOTE, buf_str(&note), err);
	buf_free(&note);
	dict_free(&shown.names);
	return rc;
}

/* 1 due, 0 not, -1. */
static int is_due(struct visit *v, struct err *err)
{
	char *note;
	int64_t age_s;

	if (!v->pair->all || !v->work->link.info.gmail ||
		v->work->plan == NULL || v->state.exists == 0)
		return 0;
	note = ledger_note_get(v->work->ledger, NOTE, err);
	if (note == NULL)
		return -1;
	age_s = v->work->now_s - strtoll(note, NULL, 10);
	free(note);
	return age_s < 0 || age_s >= WEEK_S;
}

int hidden_count(struct visit *v, struct err *err)
{
	struct labels_seen s = {.w = v->work};
	int rc = is_due(v, err);

	if (rc <= 0)
		return rc;
	s.places = dict_new();
	rc = visit_ensure_session(v, err);
	if (rc == 0)
		rc = session_scan(v->work->link.session, SESSION_SCAN_LABELS,
			on_message, &s, err);
	if (rc == 0) {
		rc = write_note(v, &s, err);
	} else if (link_is_suspect(err) && link_survives(&v->work->link, err)) {
		log_err(LOG_LEVEL_WARN, &v->log, "labels_unreadable", err);
		rc = visit_ensure_session(v, err);
	}
	for (size_t i = 0; i < s.count; i++)
		free(s.list[i].name);
	free(s.list);
	dict_free(&s.places);
	return rc;
}

/* ---- telling */

static void tell_one(
	struct buf *out, size_t told, size_t count, const char *name)
{
	const struct system_label *of_system = system_label(name);
	char *shown = of_system != NULL ? mem_strdup(of_system->shown)
					: summary_printable(name);

	(void)buf_printf(
		out, "%s\"%s\" (%zu)", told != 0 ? ", " : "", shown, count);
	free(shown);
}

/* lines: of the note; cut up. How many are hidden. */
static size_t tell_all(struct work *w, char *lines, struct buf *out)
{
	struct shown shown = shown_by(w->plan);
	size_t hidden = 0;
	char *rest, *name;

	for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest)) {
		size_t count = strtoull(line, &name, 10);
		if (*name++ != ' ' ||
			(w->plan != NULL && has_mailbox(&shown, name)))
			continue;
		if (hidden < TOLD_MAX)
			tell_one(out, hidden, count, name);
		hidden++;
	}
	if (hidden > TOLD_MAX)
		(void)buf_printf(out, " and %zu more", hidden - TOLD_MAX);
	dict_free(&shown.names);
	return hidden;
}

char *hidden_tell(struct work *w, const struct ledger_mailbox *m)
{
	char *note = ledger_note_get(w->ledger, NOTE, NULL);
	char *text = NULL, *lines;
	struct buf names;

	if (note == NULL)
		return NULL;
	lines = strchr(note, '\n');
	if (lines == NULL || strtoll(lines + 1, &lines, 10) != m->id) {
		free(note);
		return NULL;
	}
	buf_init(&names, (TOLD_MAX + 1) * NAME_MAILBOX_MAX * 4);
	if (tell_all(w, lines, &names) != 0)
		text = mem_printf(
			"Gmail shows no mailbox for labels that messages here "
			"have: %s; the mail is collected, these labels are "
			"not, until Gmail's settings, Labels, say \"Show in "
			"IMAP\"",
			buf_str(&names));
	buf_free(&names);
	free(note);
	return text;
}
