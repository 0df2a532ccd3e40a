/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has to be written into the job table is gathered and written for all
 * entries in one transaction as soon as the loop has seen all that has come;
 * if the table cannot be had, again with the next tick.
 */
#include "../base/clock.h"
#include "../base/log.h"
#include "parked_table.h"

static void on_settle(uv_timer_t *timer);

void parked_owe(struct parked *p, struct entry *e, enum owed owed, int64_t in_s)
{
	e->owed = owed;
	e->due_s = clock_wall_s() + in_s;
	p->owes = true;
	if (!p->closed)
		(void)uv_timer_start(&p->settle, on_settle, 0, 0);
}

static int write_one(struct parked *p, const struct entry *e, int64_t now_s,
	bool *ret_now, struct err *err)
{
	if (e->owed == OWED_NOTHING)
		return 0;
	if (e->owed == OWED_END)
		return jobs_push_end(p->needs.state, e->account_id, err);
	*ret_now = *ret_now || e->due_s <= now_s;
	return jobs_due_by(p->needs.state, e->account_id, now_s, e->due_s,
		e->owed == OWED_NEWS, err);
}

static int write_all(struct parked *p, bool *ret_now, struct err *err)
{
	int64_t now_s = clock_wall_s();

	if (jobs_begin(p->needs.state, err) != 0)
		return -1;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = p->entries[i]; e != NULL; e = e->next)
			if (write_one(p, e, now_s, ret_now, err) != 0) {
				jobs_rollback(p->needs.state);
				return -1;
			}
	return jobs_commit(p->needs.state, err);
}

static void owe_nothing(struct parked *p, struct entry *e, const void *arg)
{
	(void)p;
	(void)arg;
	e->owed = OWED_NOTHING;
}

void parked_settle(struct parked *p)
{
	struct err err = {0};
	bool now = false;

	if (!p->owes)
		return;
	if (write_all(p, &now, &err) != 0) {
		log_err(LOG_LEVEL_WARN, NULL, "push_not_written", &err);
		return;
	}
	p->owes = false;
	parked_each(p, owe_nothing, NULL);
	if (now && !p->closed)
		p->needs.on_due(p->needs.arg);
}

static void on_settle(uv_timer_t *timer)
{
	parked_settle(timer->data);
}
