/* SPDX-License-Identifier: BSD-2-Clause */
#include "pop3_delete.h"

#include "../base/log.h"

#include <stdio.h>

static int put_dele(struct pop3_wire *w, uint32_t number, struct err *err)
{
	char line[32];

	(void)snprintf(line, sizeof line, "DELE %lu", (unsigned long)number);
	return pop3_put(w, line, err);
}

/* -ERR is about this message only: it stays. */
static int read_dele(struct pop3_wire *w, uint32_t number, session_range_fn *fn,
	void *arg, struct err *err)
{
	const struct uid_range one = {.first = number, .last = number};
	struct pop3_answer answer;

	if (pop3_read_answer(w, &answer, err) < 0)
		return -1;
	if (answer.status == POP3_OK)
		return fn(arg, &one, err);
	LOG(LOG_LEVEL_WARN, NULL, "pop3_dele_refused",
		LOG_NUM("number", number), LOG_STR("answer", answer.text));
	return 0;
}

static uint64_t count_numbers(const struct uid_range *ranges, size_t count)
{
	uint64_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += (uint64_t)ranges[i].last - ranges[i].first + 1;
	return n;
}

int pop3_delete(struct pop3_wire *w, const struct uid_range *ranges,
	size_t count, bool pipelining, session_range_fn *fn, void *arg,
	struct err *err)
{
	uint64_t numbers = count_numbers(ranges, count);

	if (numbers > SESSION_DELETES_MAX)
		return err_set(err, ERR_LIMIT, ERR_SCOPE_MAILBOX,
			ERR_RETRY_CHANGE,
			"%llu messages to delete in one session",
			(unsigned long long)numbers);
	pop3_expect(w, numbers * 64);
	for (size_t i = 0; i < count; i++)
		for (uint64_t n = ranges[i].first; n <= ranges[i].last; n++) {
			if (put_dele(w, (uint32_t)n, err) < 0)
				return -1;
			if (!pipelining && (pop3_flush(w, err) < 0 ||
						   read_dele(w, (uint32_t)n, fn,
							   arg, err) < 0))
				return -1;
		}
	if (!pipelining)
		return 0;
	if (pop3_flush(w, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		for (uint64_t n = ranges[i].first; n <= ranges[i].last; n++)
			if (read_dele(w, (uint32_t)n, fn, arg, err) < 0)
				return -1;
	return 0;
}

int pop3_quit(struct pop3_wire *w, struct err *err)
{
	struct pop3_answer answer;

	if (pop3_ask(w, "QUIT", &answer, err) < 0)
		return -1;
	return answer.status == POP3_OK ? 0
					: pop3_refused(&answer, "QUIT", err);
}
