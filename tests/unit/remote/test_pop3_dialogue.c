/* SPDX-License-Identifier: BSD-2-Clause */
/* The last lines of a conversation over POP3 about one message: how it was
 * refused, and never what is in it, nor what was said at the login. */
#include "collector/remote/pop3.h"
#include "pop3_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "pop3_sink.h"

#define SECRET "sesame"
#define LISTED                                                     \
	"C: STAT\nS: +OK 3 9\nC: LIST\nS: +OK\nS: 1 10\nS: 2 20\n" \
	"S: 3 30\nS: .\nC: UIDL\nS: +OK\nS: 1 a\nS: 2 b\nS: 3 c\nS: .\n"
/* With pipelining the client asks at once what it will need. */
#define LISTED_PIPE                                           \
	"S: +OK 3 9\nS: +OK\nS: 1 10\nS: 2 20\nS: 3 30\nS: ." \
	"\nS: +OK\nS: 1 a\nS: 2 b\nS: 3 c\nS: .\n"

static int ignore(void *arg, const struct message_meta *meta, struct err *err)
{
	(void)arg;
	(void)meta;
	(void)err;
	return 0;
}

static void open_listed(struct peer *p, bool pipe, const char *then)
{
	char *text =
		mem_printf("%s%s%s", pipe ? PEER_LOGIN_PIPE_ASKED : PEER_LOGIN,
			pipe ? LISTED_PIPE : LISTED, then);
	struct mailbox_state box;

	peer_init(p);
	assert_int_equal(peer_open(p, text), 0);
	assert_int_equal(
		p->session->ops->select(p->session, "INBOX", &box, &p->err), 0);
	assert_int_equal(
		p->session->ops->scan(p->session, 0, ignore, NULL, &p->err), 0);
	free(text);
}

static int get(struct peer *p, uint32_t first, uint32_t last)
{
	struct uid_range range = {first, last};
	struct got got = {0};
	struct session_sink sink = sink_of(&got);
	int rc = p->session->ops->fetch(p->session, &range, 1, &sink, &p->err);

	buf_free(&got.bytes);
	return rc;
}

static void dialogue(const char *answer, int result, const char *expected)
{
	for (int pipe = 0; pipe < 2; pipe++) {
		char *then = mem_printf("C: RETR 2\n%s", answer);
		char *asked = mem_printf("C: RETR 2\n%s", expected);
		struct peer p;

		open_listed(&p, pipe != 0, then);
		assert_int_equal(get(&p, 2, 2), result);
		assert_string_equal(session_dialogue(p.session), asked);
		assert_null(strstr(session_dialogue(p.session), SECRET));
		assert_null(strstr(session_dialogue(p.session), "s3cret"));
		(void)peer_close(&p);
		free(asked);
		free(then);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	dialogue("S: -ERR [SYS/TEMP] cannot \\x1b[0m render it\nC: QUIT\n", 0,
		"S: -ERR [SYS/TEMP] cannot ?[0m render it");
	dialogue("S: -ERR\nC: QUIT\n", 0, "S: -ERR");
	/* neither yes nor no */
	dialogue("S: * BYE\n", -1, "S: * BYE");
}

static void test_content(void **state)
{
	(void)state;
	dialogue("S: +OK 20 octets\nS: To: " SECRET "\nS: \nS: ..x\nS: .\n"
		 "C: QUIT\n",
		0, "S: +OK 20 octets\nS: {19 bytes}\nS: .");
	/* cut off in its middle */
	dialogue("S: +OK\nS: To: " SECRET "\n", -1, "S: +OK");
}

/* One line is enough to say why, and no server fills more than that. */
static void test_long_refusal(void **state)
{
	char *answer = mem_printf("S: -ERR %0300d\nC: QUIT\n", 1);
	char *expected = mem_printf("S: -ERR %0151d", 0);

	(void)state;
	dialogue(answer, 0, expected);
	free(answer);
	free(expected);
}

/* Of many at once nothing is kept, and nothing of the time before. */
static void test_only_of_one(void **state)
{
	struct peer p;

	(void)state;
	open_listed(&p, false,
		"C: RETR 2\nS: -ERR first\nC: RETR 1\nS: -ERR second\n"
		"C: RETR 2\nS: -ERR third\nC: RETR 3\nS: -ERR\nC: QUIT\n");
	assert_int_equal(get(&p, 2, 2), 0);
	assert_string_equal(
		session_dialogue(p.session), "C: RETR 2\nS: -ERR first");
	assert_int_equal(get(&p, 1, 2), 0);
	assert_string_equal(session_dialogue(p.session), "");
	assert_int_equal(get(&p, 3, 3), 0);
	assert_string_equal(session_dialogue(p.session), "C: RETR 3\nS: -ERR");
	assert_true(peer_close(&p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_long_refusal),
		cmocka_unit_test(test_only_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
