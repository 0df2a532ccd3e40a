/* SPDX-License-Identifier: BSD-2-Clause */
/* The conductor's end and an honest envoy's, with a fake session behind. */
#include "collector/base/clock.h"
#include "session_rig.h"

static void the_config_arrives_whole(void **state)
{
	struct session_config want = rig_config();
	struct session_info info;
	struct session *s = NULL;
	struct rig r = {0};

	(void)state;
	assert_int_equal(rig_open(&r, &s, NULL), 0);
	session_info(s, &info);
	assert_string_equal(info.tls, "TLSv1.3 FAKE");
	assert_null(strchr(info.greeting, '\x1b'));
	assert_true(info.condstore);
	assert_true(info.qresync);
	assert_false(info.pipelining);
	rig_close(&r, &s);
	assert_string_equal(r.fake.secret, "pass word");
	assert_int_equal(r.fake.config.url.protocol, PROTOCOL_POP3);
	assert_int_equal(r.fake.config.url.tls, TLS_STARTTLS);
	assert_int_equal(r.fake.config.url.port, 110);
	assert_string_equal(r.fake.config.url.user, "bob@x");
	assert_string_equal(r.fake.config.url.host, "mail.test");
	assert_memory_equal(
		&r.fake.config.limits, &want.limits, sizeof want.limits);
	assert_true(r.fake.config.tls13_only);
	assert_true(r.fake.config.quirks.on == QUIRK_NO_EXAMINE);
	assert_true(r.fake.config.quirks.off == QUIRK_TEN_ERRORS);
	assert_false(r.fake.config.wire_log);
	assert_string_equal(r.fake.config.fingerprint, "SHA256:00");
	secret_clear(&want.secret);
}

static void a_failed_open_says_why(void **state)
{
	struct rig r = {.fake.fail_open = true};
	struct session *s = NULL;
	struct err err = {0};
	char byte;

	(void)state;
	assert_int_equal(rig_open(&r, &s, &err), -1);
	assert_int_equal(err.class, ERR_AUTH);
	assert_int_equal(err.scope, ERR_SCOPE_ACCOUNT);
	assert_int_equal(err.retry, ERR_RETRY_CHANGE);
	assert_string_equal(err.text, "the server refused the password");
	assert_int_equal(pthread_join(r.thread, NULL), 0);
	assert_int_equal(read(r.remote_fd, &byte, 1), 0);
	assert_int_equal(close(r.remote_fd), 0);
}

static void a_refused_mailbox_leaves_the_session(void **state)
{
	struct rig r = {.fake.fail_select = true};
	struct mailbox_state box = {.exists = 99};
	struct session *s = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(rig_open(&r, &s, &err), 0);
	assert_int_equal(session_select(s, "Gone", &box, &err), -1);
	assert_int_equal(err.class, ERR_REFUSED);
	assert_int_equal(err.scope, ERR_SCOPE_MAILBOX);
	assert_int_equal(box.exists, 99);
	r.fake.fail_select = false;
	r.fake.messages = 5;
	assert_int_equal(session_select(s, "A \x80\n\"B", &box, &err), 0);
	assert_int_equal(box.uidvalidity, 7);
	assert_int_equal(box.uidnext, 6);
	assert_int_equal(box.exists, 5);
	assert_true(box.highestmodseq == UINT64_C(1) << 62);
	assert_string_equal(r.fake.selected, "A \x80\n\"B");
	r.fake.messages = 100001;
	assert_int_equal(session_select(s, "Huge", &box, &err), -1);
	assert_int_equal(err.class, ERR_LIMIT);
	assert_int_equal(err.scope, ERR_SCOPE_MAILBOX);
	r.fake.messages = 1;
	assert_int_equal(session_select(s, "Small", &box, &err), 0);
	rig_close(&r, &s);
}

struct seen {
	uint32_t count;
	uint32_t stop_at;
	size_t bytes; /* of the body under way */
	uint32_t uid; /* that the body must be of */
};

static int see(void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *v = arg;

	v->count++;
	assert_int_equal(meta->uid, v->count);
	assert_int_equal(meta->date_s, 1000000000 + (int64_t)meta->uid);
	assert_string_equal(meta->flags.keywords, "$Forwarded");
	if (v->count == v->stop_at)
		return err_set(err, ERR_DISK, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, "full");
	return 0;
}

static void scans_and_changes(void **state)
{
	struct rig r = {.fake.messages = 100000};
	struct session *s = NULL;
	struct seen v = {0};
	const struct session_peek peek = {
		.ranges = {{1, 1}, {3, 9}}, .count = 2};
	struct err err = {0};

	(void)state;
	assert_int_equal(rig_open(&r, &s, &err), 0);
	assert_int_equal(session_scan(s, SESSION_SCAN_FLAGS | SESSION_SCAN_DATE,
				 see, &v, &err),
		0);
	assert_int_equal(v.count, 100000);
	assert_int_equal(r.fake.items, SESSION_SCAN_FLAGS | SESSION_SCAN_DATE);
	v.count = 0;
	assert_int_equal(
		session_changes(s, UINT64_C(1) << 60, see, &v, &err), 0);
	assert_true(r.fake.since == UINT64_C(1) << 60);
	assert_int_equal(v.count, 1);
	assert_int_equal(r.fake.peek.count, 0);
	v.count = 0;
	assert_int_equal(session_changes_peek(s, 5, &peek, see, &v, &err), 0);
	assert_int_equal(r.fake.peek.count, 2);
	assert_memory_equal(
		r.fake.peek.ranges, peek.ranges, 2 * sizeof *peek.ranges);
	v.count = 0;
	r.fake.messages = 100001;
	assert_int_equal(session_scan(s, 0, see, &v, &err), -1);
	assert_int_equal(err.class, ERR_LIMIT);
	assert_int_equal(v.count, 100000);
	/* The session is over. */
	assert_int_equal(session_scan(s, 0, see, &v, &err), -1);
	assert_int_equal(err.scope, ERR_SCOPE_SESSION);
	rig_close(&r, &s);
}

static int body(void *arg, const void *bytes, size_t n, struct err *err)
{
	const char *p = bytes;
	struct seen *v = arg;

	(void)err;
	for (size_t i = 0; i < n; i++)
		if (p[i] != fake_byte(v->count + 1, v->bytes + i))
			fail_msg("message %u byte %zu", v->count + 1,
				v->bytes + i);
	v->bytes += n;
	return 0;
}

static int message(void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *v = arg;

	assert_true((meta->has & MESSAGE_HAS_BODY) != 0);
	v->uid = (uint32_t)v->bytes;
	v->bytes = 0;
	return see(arg, meta, err);
}

static const size_t body_sizes[] = {0, 10, 5000, 16384, 65530, 300000};

static void bodies_arrive_byte_for_byte(void **state)
{
	struct rig r = {.fake.messages = 40};
	const struct uid_range all = {1, UINT32_MAX};
	struct session *s = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(rig_open(&r, &s, &err), 0);
	for (size_t i = 0; i < sizeof body_sizes / sizeof *body_sizes; i++) {
		struct seen v = {0};
		const struct session_sink sink = {
			.body = body, .message = message, .arg = &v};
		r.fake.body_bytes = body_sizes[i];
		assert_int_equal(session_fetch(s, &all, 1, &sink, &err), 0);
		assert_int_equal(v.count, 40);
		assert_int_equal(v.uid, body_sizes[i] + 40);
	}
	rig_close(&r, &s);
}

static void many_ranges_are_asked_for(void **state)
{
	const size_t count = 20000;
	struct uid_range *ranges = mem_array(count, sizeof *ranges);
	struct rig r = {.fake.messages = 20000, .fake.body_bytes = 1};
	struct session *s = NULL;
	struct seen v = {0};
	const struct session_sink sink = {
		.body = body, .message = message, .arg = &v};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < count; i++)
		ranges[i].first = ranges[i].last = (uint32_t)i + 1;
	assert_int_equal(rig_open(&r, &s, &err), 0);
	assert_int_equal(session_fetch(s, ranges, count, &sink, &err), 0);
	assert_int_equal(v.count, count);
	v.count = 0;
	assert_int_equal(session_fetch(s, ranges, 0, &sink, &err), 0);
	assert_int_equal(v.count, 0);
	free(ranges);
	rig_close(&r, &s);
}

/* A sink that fails keeps its own error; the far end is hung up on. */
static void a_full_disk_ends_the_session(void **state)
{
	struct rig r = {.fake.messages = 1000, .fake.body_bytes = 100000};
	const struct uid_range all = {1, UINT32_MAX};
	struct session *s = NULL;
	struct seen v = {.stop_at = 5};
	const struct session_sink sink = {
		.body = body, .message = message, .arg = &v};
	struct err err = {0};

	(void)state;
	assert_int_equal(rig_open(&r, &s, &err), 0);
	assert_int_equal(session_fetch(s, &all, 1, &sink, &err), -1);
	assert_string_equal(err.text, "full");
	assert_int_equal(v.count, 5);
	rig_close(&r, &s);
}

static void *cancel(void *arg)
{
	session_channel_cancel(arg);
	return NULL;
}

static void cancel_ends_a_call(void **state)
{
	struct rig r = {.fake.messages = 3, .fake.hang = true};
	const struct uid_range all = {1, 3};
	struct session *s = NULL;
	struct seen v = {0};
	const struct session_sink sink = {
		.body = body, .message = message, .arg = &v};
	struct err err = {0};
	pthread_t thread;
	int64_t began_ms;

	(void)state;
	assert_int_equal(rig_open(&r, &s, &err), 0);
	began_ms = clock_mono_ms();
	assert_int_equal(pthread_create(&thread, NULL, cancel, s), 0);
	assert_int_equal(session_fetch(s, &all, 1, &sink, &err), -1);
	assert_int_equal(err.class, ERR_CANCELLED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	rig_close(&r, &s);
	assert_true(clock_mono_ms() - began_ms < 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_config_arrives_whole),
		cmocka_unit_test(a_failed_open_says_why),
		cmocka_unit_test(a_refused_mailbox_leaves_the_session),
		cmocka_unit_test(scans_and_changes),
		cmocka_unit_test(bodies_arrive_byte_for_byte),
		cmocka_unit_test(many_ranges_are_asked_for),
		cmocka_unit_test(a_full_disk_ends_the_session),
		cmocka_unit_test(cancel_ends_a_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
