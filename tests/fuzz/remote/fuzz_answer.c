/* SPDX-License-Identifier: BSD-2-Clause */
/* What servers say of themselves: response codes, texts of refusals, pleas
 * for patience. Whatever the words, the error is typed, bounded and one line
 * of text, and no wait that they name is longer than a day. */
#include "collector/remote/imap_command.h"
#include "collector/remote/pop3_command.h"
#include "collector/remote/verdict.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS ((uint32_t)86400 * 1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_err(const struct err *err)
{
	require(err->class != ERR_NONE && err->text[0] != '\0');
	require(memchr(err->text, '\0', sizeof err->text) != NULL);
	for (const char *p = err->text; *p != '\0'; p++)
		require((unsigned char)*p >= 0x20 && *p != 0x7f);
	require(err->retry_after_ms <= DAY_MS);
	require(err->retry_after_s <= 86400);
}

static void judge(const char *code, const char *text)
{
	static const enum verdict_of all[] = {
		VERDICT_LOGIN, VERDICT_COMMAND, VERDICT_SESSION};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct verdict v = {0};
		verdict_find(all[i], code, text, &v);
		require(v.class != ERR_NONE && v.class != ERR_CRASH);
		require(v.after_ms <= DAY_MS);
	}
}

static void refuse_imap(const char *line, size_t n)
{
	struct imap_answer a = {.status = IMAP_OK};
	struct err err = {0};

	if (!imap_read_tagged(line, n, 7, &a))
		return;
	require(strlen(a.code) < sizeof a.code);
	require(strlen(a.text) < sizeof a.text);
	judge(a.code, a.text);
	require(imap_refused(&a, "FETCH", ERR_SCOPE_MAILBOX, &err) < 0);
	check_err(&err);
}

static void refuse_pop3(const char *line, size_t n)
{
	struct pop3_answer a = {0};
	struct err err = {0};

	if (!pop3_parse_answer(line, n, &a))
		return;
	require(strlen(a.text) < sizeof a.text);
	if (a.status != POP3_ERR)
		return;
	require(pop3_refused(&a, "RETR", &err) < 0);
	check_err(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *line;

	if (n > 1 << 16)
		return 0;
	line = malloc(n + 1);
	require(line != NULL);
	memcpy(line, data, n);
	line[n] = '\0';
	refuse_imap(line, n);
	refuse_pop3(line, n);
	free(line);
	return 0;
}
