/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists through a session's channel: whole, in order, within their bounds. */
#include "session_rig.h"

static int count_mailbox(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	uint32_t *n = arg;
	char name[32];

	(void)err;
	(void)snprintf(name, sizeof name, "Box/%u", *n);
	assert_string_equal(info->name, name);
	assert_int_equal(info->delimiter, '/');
	assert_int_equal(info->attrs, MAILBOX_SENT);
	(*n)++;
	return 0;
}

static int stop_at_third(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	(void)info;
	if (++*(uint32_t *)arg < 3)
		return 0;
	return err_set(
		err, ERR_DISK, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER, "enough");
}

static void lists_come_whole_or_stop(void **state)
{
	struct rig r = {.fake.mailboxes = 1000};
	struct session *s = NULL;
	struct err err = {0};
	uint32_t n = 0;

	(void)state;
	assert_int_equal(rig_open(&r, &s, &err), 0);
	assert_int_equal(session_list(s, count_mailbox, &n, &err), 0);
	assert_int_equal(n, 1000);
	n = 0;
	assert_int_equal(session_list(s, stop_at_third, &n, &err), -1);
	assert_int_equal(n, 3);
	assert_string_equal(err.text, "enough");
	n = 0; /* and the session is still of use */
	assert_int_equal(session_list(s, count_mailbox, &n, &err), 0);
	assert_int_equal(n, 1000);
	r.fake.mailboxes = 1001;
	assert_int_equal(session_list(s, stop_at_third, &n, &err), -1);
	assert_int_equal(err.class, ERR_LIMIT);
	assert_int_equal(err.scope, ERR_SCOPE_SESSION);
	rig_close(&r, &s);
}

static int on_range(void *arg, const struct uid_range *range, struct err *err)
{
	uint32_t *n = arg;

	assert_int_equal(range->first, 2 * *n + 1);
	assert_int_equal(range->last, range->first);
	(void)err;
	(*n)++;
	return 0;
}

static void lists_of_uids(void **state)
{
	struct rig r = {.fake.ranges = 0};
	struct session *s = NULL;
	uint32_t n = 0;
	struct err err = {0};

	(void)state;
	assert_int_equal(rig_open(&r, &s, &err), 0);
	/* none; a frame; many; up to the limit */
	for (uint32_t count = 0; count <= 100000; count = count * 10 + 4096) {
		r.fake.ranges = count;
		n = 0;
		assert_int_equal(session_uids(s, on_range, &n, &err), 0);
		assert_int_equal(n, count);
	}
	r.fake.ranges = 100000;
	n = 0;
	assert_int_equal(session_vanished(s, 5, on_range, &n, &err), 1);
	assert_int_equal(n, 100000);
	assert_int_equal(r.fake.since, 5);
	r.fake.cannot = true;
	assert_int_equal(session_vanished(s, 5, on_range, &n, &err), 0);
	r.fake.ranges = 100001;
	n = 0;
	assert_int_equal(session_uids(s, on_range, &n, &err), -1);
	assert_int_equal(err.class, ERR_LIMIT);
	assert_int_equal(session_uids(s, on_range, &n, &err), -1);
	assert_int_equal(err.scope, ERR_SCOPE_SESSION);
	rig_close(&r, &s);
}

static int on_status(void *arg, size_t index, const struct mailbox_state *state,
	struct err *err)
{
	uint32_t *n = arg;

	(void)err;
	assert_int_equal(index, 2 * *n);
	assert_int_equal(state->exists, index);
	assert_int_equal(state->uidvalidity, 3);
	(*n)++;
	return 0;
}

static void states_of_many(void **state)
{
	const char *names[1000];
	struct session *s = NULL;
	struct rig r = {0};
	struct err err = {0};
	uint32_t n = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		names[i] = "a\x80\"";
	assert_int_equal(rig_open(&r, &s, &err), 0);
	assert_int_equal(
		session_statuses(s, names, 1000, on_status, &n, &err), 0);
	assert_int_equal(n, 500);
	n = 0;
	assert_int_equal(session_statuses(s, names, 3, on_status, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(session_statuses(s, names, 0, on_status, &n, &err), 0);
	/* a number that was not asked for */
	r.fake.ranges = 5;
	assert_int_equal(
		session_statuses(s, names, 3, on_status, &n, &err), -1);
	assert_int_equal(err.class, ERR_CRASH);
	rig_close(&r, &s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_come_whole_or_stop),
		cmocka_unit_test(lists_of_uids),
		cmocka_unit_test(states_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
