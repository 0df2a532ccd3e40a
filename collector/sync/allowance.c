/* SPDX-License-Identifier: BSD-2-Clause */
#include "allowance.h"

#include "../base/clock.h"

#include <poll.h>

#define LOOK_EVERY_MS 50

void allowance_init(struct allowance *a)
{
	atomic_init(&a->received, 0);
	atomic_init(&a->yield, false);
	atomic_init(&a->logins, 0);
	atomic_init(&a->granted, 1); /* with the claim */
	(void)pthread_mutex_init(&a->lock, NULL);
}

void allowance_clear(struct allowance *a)
{
	(void)pthread_mutex_destroy(&a->lock);
}

void allowance_receive(struct allowance *a, uint64_t bytes)
{
	(void)atomic_fetch_add_explicit(
		&a->received, bytes, memory_order_relaxed);
}

void allowance_set_rate(struct allowance *a, int64_t bytes_s)
{
	(void)pthread_mutex_lock(&a->lock);
	a->rate = bytes_s;
	a->bucket = bytes_s;
	a->filled_ms = clock_mono_ms();
	(void)pthread_mutex_unlock(&a->lock);
}

/* Under the lock: what has come in since, a second's at most. */
static void fill(struct allowance *a)
{
	int64_t now_ms = clock_mono_ms(), passed_ms = now_ms - a->filled_ms;

	/* more than that fills it, whatever is owed: no overflow */
	if (passed_ms > 3600 * 1000)
		passed_ms = 3600 * 1000;
	a->bucket += passed_ms * a->rate / 1000;
	if (a->bucket > a->rate)
		a->bucket = a->rate;
	a->filled_ms = now_ms;
}

/* Takes them out of the bucket: milliseconds until that is paid for. */
static int64_t take(struct allowance *a, uint64_t bytes)
{
	int64_t wait_ms = 0;

	(void)pthread_mutex_lock(&a->lock);
	if (a->rate != 0) {
		fill(a);
		a->bucket -= (int64_t)bytes;
		if (a->bucket < 0)
			wait_ms = -a->bucket * 1000 / a->rate;
	}
	(void)pthread_mutex_unlock(&a->lock);
	return wait_ms;
}

void allowance_keep_rate(
	struct allowance *a, uint64_t bytes, const atomic_bool *cancel)
{
	int64_t wait_ms = take(a, bytes);
	int64_t until_ms = clock_mono_ms() + wait_ms;

	while (wait_ms > 0 && !atomic_load(cancel)) {
		(void)poll(NULL, 0,
			(int)(wait_ms < LOOK_EVERY_MS ? wait_ms
						      : LOOK_EVERY_MS));
		wait_ms = until_ms - clock_mono_ms();
	}
}

/* Under the lock. */
static uint64_t uncounted(const struct allowance *a)
{
	return atomic_load_explicit(&a->received, memory_order_relaxed) -
	       a->counted;
}

int allowance_check(
	struct allowance *a, const char *host, int64_t now_s, struct err *err)
{
	enum budget_verdict verdict;
	int64_t until_s = now_s;
	struct budget budget;

	(void)pthread_mutex_lock(&a->lock);
	budget = a->budget;
	verdict = budget_judge(&budget, uncounted(a), now_s, &until_s);
	(void)pthread_mutex_unlock(&a->lock);
	if (verdict == BUDGET_GOES_ON)
		return 0;
	return budget_err(verdict, &budget, host, until_s - now_s, err);
}

bool allowance_log_in(struct allowance *a, const atomic_bool *cancel)
{
	unsigned mine = atomic_fetch_add(&a->logins, 1) + 1;

	while (a->logins_limited && atomic_load(&a->granted) < mine) {
		if (atomic_load(cancel))
			return false;
		(void)poll(NULL, 0, LOOK_EVERY_MS);
	}
	return true;
}

uint64_t allowance_used(struct allowance *a, int64_t now_s, int64_t *ret_ends_s)
{
	uint64_t used;

	(void)pthread_mutex_lock(&a->lock);
	used = budget_used(&a->budget.account, now_s) + uncounted(a);
	*ret_ends_s = budget_ends_s(&a->budget.account, now_s);
	(void)pthread_mutex_unlock(&a->lock);
	return used;
}

uint64_t allowance_uncounted(struct allowance *a)
{
	uint64_t n;

	(void)pthread_mutex_lock(&a->lock);
	n = uncounted(a);
	(void)pthread_mutex_unlock(&a->lock);
	return n;
}

void allowance_counted(struct allowance *a, uint64_t bytes)
{
	(void)pthread_mutex_lock(&a->lock);
	a->counted += bytes;
	(void)pthread_mutex_unlock(&a->lock);
}

void allowance_refresh(struct allowance *a, const struct budget *budget)
{
	(void)pthread_mutex_lock(&a->lock);
	a->budget = *budget;
	(void)pthread_mutex_unlock(&a->lock);
}
