/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of a conversation: every line, no secret, no content. */
#include "collector/base/log.h"
#include "collector/remote/transport.h"
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

static const struct guard_limits limits;
static char logged[65536];

struct talk {
	struct script script;
	struct transport *t;
	mailstream *stream;
	int log_fd;
};

static void begin(struct talk *k, const char *script, bool imap)
{
	const struct transport_config config = {.idle_ms = 10000,
		.hangup_fd = -1,
		.limits = imap ? &limits : NULL,
		.wire_log = true};

	k->log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(k->log_fd >= 0);
	log_setup(LOG_LEVEL_WIRE, LOG_FORMAT_TEXT, k->log_fd);
	k->t = transport_new(script_start(&k->script, script), &config);
	k->stream = transport_stream(k->t, 4096);
}

static void say(struct talk *k, const char *line)
{
	assert_int_equal(mailstream_write(k->stream, line, strlen(line)),
		(ssize_t)strlen(line));
	assert_int_equal(mailstream_flush(k->stream), 0);
}

/* Reads all there is, and leaves the log in `logged`. */
static void end(struct talk *k)
{
	char buf[777];
	ssize_t n;

	while (mailstream_read(k->stream, buf, sizeof buf) > 0)
		;
	(void)mailstream_close(k->stream);
	transport_free(&k->t);
	assert_true(script_finish(&k->script));
	script_free(&k->script);
	n = pread(k->log_fd, logged, sizeof logged - 1, 0);
	assert_true(n >= 0);
	logged[n] = '\0';
	(void)close(k->log_fd);
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, STDERR_FILENO);
}

static void assert_logged(const char *text)
{
	if (strstr(logged, text) == NULL)
		fail_msg("`%s' is not in:\n%s", text, logged);
}

static void assert_not_logged(const char *text)
{
	if (strstr(logged, text) != NULL)
		fail_msg("`%s' is in:\n%s", text, logged);
}

static void imap_lines_without_content(void **state)
{
	struct talk k;
	char *script =
		mem_printf("S: * OK hi\nC: 1 LOGIN u pw\nS: 1 OK in\n"
			   "C: 2 FETCH\n"
			   "S<: * 1 FETCH (X \n"
			   "R: 2000 y\n" /* longer than is logged */
			   "S<:  BODY[] {17}\\r\\ncontent\\r\\ncontent)\n"
			   "S: )\n"
			   "S: * 2 FETCH (BODY[] \"content\" UID 5)\n"
			   "S: 2 OK done\n");

	(void)state;
	begin(&k, script, true);
	transport_private(k.t, true);
	say(&k, "1 LOGIN u pw\r\n");
	transport_private(k.t, false);
	say(&k, "2 FETCH\r\n");
	end(&k);
	free(script);
	assert_logged("wire server=\"* OK hi\"");
	assert_logged("wire client=\"(not shown)\"");
	assert_logged("wire server=\"1 OK in\"");
	assert_logged("wire client=\"2 FETCH\"");
	assert_logged("wire server=\"{17 bytes}\"");
	assert_logged("wire server=\"2 OK done\"");
	assert_not_logged("pw");
	assert_not_logged("LOGIN");
	assert_not_logged("content");
}

static void pop3_lines_without_content(void **state)
{
	struct talk k;
	MMAPString *line = mmap_string_new("");

	(void)state;
	begin(&k,
		"S: +OK hi\nC: AUTH PLAIN\nS: + go\nC: c2VjcmV0\nS: +OK in\n"
		"C: LIST\nC: RETR 1\nC: RETR 2\nC: TOP 3 0\nC: NOOP\n"
		"S: +OK list\nS: 1 100\nS: 2 200\nS: .\n"
		"S: +OK follows\nS: content\nS: +OK content\nS: ..\nS: .\n"
		"S: -ERR no such\n"
		"S: +OK top\nS: Subject: content\nS: \nS: .\n"
		"S: +OK noop\nS: unasked content\n",
		false);
	say(&k, "AUTH PLAIN\r\n");
	while (strncmp(mailstream_read_line_remove_eol(k.stream, line), "+ ",
		       2) != 0)
		;
	transport_private(k.t, true);
	say(&k, "c2VjcmV0\r\n");
	transport_private(k.t, false);
	say(&k, "LIST\r\nRETR 1\r\nRETR 2\r\nTOP 3 0\r\nNOOP\r\n");
	end(&k);
	assert_logged("wire client=\"AUTH PLAIN\"");
	assert_logged("wire server=\"+ go\"");
	assert_logged("wire client=\"RETR 2\"");
	assert_logged("wire server=\"2 200\"");
	assert_logged("wire server=\"+OK follows\"");
	assert_logged("wire server=\"{26 bytes}\"");
	assert_logged("wire server=\"-ERR no such\"");
	assert_logged("wire server=\"+OK top\"");
	assert_logged("wire server=\"+OK noop\"");
	assert_not_logged("content");
	assert_not_logged("c2VjcmV0");
	mmap_string_free(line);
}

static void quiet_without_the_option(void **state)
{
	const struct transport_config config = {
		.idle_ms = 10000, .hangup_fd = -1};
	struct talk k;

	(void)state;
	begin(&k, "S: +OK hi\n", false);
	(void)mailstream_close(k.stream);
	transport_free(&k.t);
	assert_true(script_finish(&k.script));
	script_free(&k.script);
	k.t = transport_new(script_start(&k.script, "S: +OK hi\n"), &config);
	k.stream = transport_stream(k.t, 4096);
	end(&k);
	assert_string_equal(logged, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imap_lines_without_content),
		cmocka_unit_test(pop3_lines_without_content),
		cmocka_unit_test(quiet_without_the_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
