/* SPDX-License-Identifier: BSD-2-Clause */
/* watch_rig: accounts and jobs in memory, a view of them, and words for what
 * the tests of `status --watch` look for on its canvas. Header only. */
#ifndef MAILHAUL_TESTS_WATCH_RIG_H
#define MAILHAUL_TESTS_WATCH_RIG_H

#include "collector/base/mem.h"
#include "collector/cli/columns.h"
#include "collector/cli/watch.h"
#include "collector/cli/watch_keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RIG_MAX 5000
#define RIG_NOW INT64_C(1800000000)

static struct account rig_accounts[RIG_MAX];
static struct job_status rig_jobs[RIG_MAX];
static struct watch_row rig_rows[RIG_MAX];
static struct watch_reading rig_now;
static size_t rig_count;
static struct watch rig;
static struct canvas rig_canvas;

static inline int rig_setup(void **unused)
{
	(void)unused;
	rig_count = 0;
	rig_now = (struct watch_reading){.served = true,
		.per_host = 8,
		.now_s = RIG_NOW,
		.rows = rig_rows};
	watch_init(&rig);
	return 0;
}

static inline int rig_teardown(void **unused)
{
	(void)unused;
	watch_clear(&rig);
	canvas_clear(&rig_canvas);
	return 0;
}

/* In the order of their names. */
static inline struct job_status *rig_add(const char *name, const char *state)
{
	struct account *a = &rig_accounts[rig_count];
	struct job_status *s = &rig_jobs[rig_count++];

	*a = (struct account){.id = (int64_t)rig_count,
		.group = (char *)(uintptr_t) "",
		.hours = (char *)(uintptr_t) ""};
	*s = (struct job_status){.account_id = a->id};
	(void)snprintf(a->name, sizeof a->name, "%s", name);
	(void)snprintf(a->url.host, sizeof a->url.host, "imap.example.org");
	(void)snprintf(s->state, sizeof s->state, "%s", state);
	return s;
}

static inline void rig_fail(struct job_status *s, enum err_class class,
	const char *text, const char *hint)
{
	s->has_error = true;
	s->err.class = class;
	(void)snprintf(s->err.text, sizeof s->err.text, "%s", text);
	(void)snprintf(s->err.hint, sizeof s->err.hint, "%s", hint);
}

static inline void rig_run(
	struct job_status *s, uint64_t done, uint64_t all, uint64_t bytes)
{
	s->progress = (struct job_progress){.messages_done = done,
		.messages_new = all,
		.messages_total = all,
		.bytes_done = bytes,
		.started_ms = (RIG_NOW - 10) * 1000,
		.fence = 7};
	(void)snprintf(
		s->progress.phase, sizeof s->progress.phase, "importing");
}

/* What was added is what is read now. */
static inline void rig_take(void)
{
	for (size_t i = 0; i < rig_count; i++)
		watch_row_fill(&rig_rows[i], &rig_accounts[i], &rig_jobs[i]);
	watch_row_pace(rig_rows, rig_count, NULL, 0, 0, RIG_NOW * 1000);
	rig_now.count = rig_count;
	watch_take(&rig, &rig_now);
}

static inline void rig_draw(int columns, int rows)
{
	canvas_clear(&rig_canvas);
	canvas_init(&rig_canvas, rows, columns, true);
	watch_draw(&rig, &rig_canvas, 1);
	for (int i = 0; i < rows; i++) {
		char *text = canvas_row(&rig_canvas, i);
		assert_true(columns_of(text) <= columns);
		free(text);
	}
}

/* The row that holds this, -1 for none. */
static inline int rig_find(const char *part)
{
	int found = -1;

	for (int i = 0; i < rig_canvas.rows && found < 0; i++) {
		char *text = canvas_row(&rig_canvas, i);
		if (strstr(text, part) != NULL)
			found = i;
		free(text);
	}
	return found;
}

static inline void rig_is(int row, const char *wanted)
{
	char *text = canvas_row(&rig_canvas, row);

	assert_string_equal(text, wanted);
	free(text);
}

static inline enum watch_act rig_key(int32_t key)
{
	return watch_key(&rig, key, 0);
}

static inline void rig_type(const char *text)
{
	for (; *text != '\0'; text++)
		(void)rig_key(*text);
}

#endif
