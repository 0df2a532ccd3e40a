/* SPDX-License-Identifier: BSD-2-Clause */
/* A manifest's lines: what is written is read back, and nothing else is. */
#include "collector/model/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "mailhaul-manifest 1\n"
#define ACCOUNT "account\tanna\timaps://a@b.example\tanna\tid\n"
#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
#define MESSAGE "message\t" HASH "\t12\tINBOX\tuid:1.2\t\tfile\n"

static struct manifest_reader reader;

/* Reads all lines: 0, or -1. */
static int read_all(const char *text, struct err *err)
{
	enum manifest_line kind;

	manifest_reader_init(&reader);
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		if (manifest_read(&reader, text, len, &kind, err) != 0)
			return -1;
		text += len + (text[len] != '\0');
	}
	return manifest_read_end(&reader, err);
}

static void test_there_and_back(void **unused)
{
	struct manifest_message m = {.bytes = UINT32_MAX + 1ULL,
		.mailbox = "A%b\t\xc3\xbc\x1b\n ",
		.key = "uidl:0:x\xff",
		.dir = ".Sub.dir",
		.file = "17.M1K.host,S=1,W=2"};
	struct manifest_account a = {.name = "anna",
		.source = "imaps://a%40b@host",
		.user = "\xe2\x80\xae",
		.store = "id"};
	struct err err = {0};
	struct buf text;

	(void)unused;
	for (size_t i = 0; i < 32; i++)
		m.sha256[i] = (unsigned char)(i * 8);
	buf_init(&text, 1 << 20);
	manifest_put_head(&text);
	manifest_put_account(&a, &text);
	manifest_put_message(&m, &text);
	manifest_put_account_end(1, &text);
	manifest_put_end(1, &text);
	for (size_t i = 0; i < text.len; i++)
		assert_true(strchr("\t\n", text.data[i]) != NULL ||
			    (text.data[i] >= ' ' && text.data[i] < 0x7f));
	if (read_all(buf_str(&text), &err) != 0)
		fail_msg("%s", err.text);
	assert_memory_equal(reader.message.sha256, m.sha256, 32);
	assert_int_equal(reader.message.bytes, m.bytes);
	assert_string_equal(reader.message.mailbox, m.mailbox);
	assert_string_equal(reader.message.key, m.key);
	assert_string_equal(reader.message.dir, m.dir);
	assert_string_equal(reader.message.file, m.file);
	assert_string_equal(reader.account.name, a.name);
	assert_string_equal(reader.account.source, a.source);
	assert_string_equal(reader.account.user, a.user);
	buf_free(&text);
}

/* The longest of everything still is a line. */
static void test_the_longest(void **unused)
{
	static struct manifest_message m;
	static struct manifest_account a;
	struct err err = {0};
	struct buf text;

	(void)unused;
	memset(m.mailbox, 0xff, sizeof m.mailbox - 1);
	memset(m.key, 0xff, sizeof m.key - 1);
	memset(m.dir, 0xff, sizeof m.dir - 1);
	memset(m.file, 0xff, sizeof m.file - 1);
	memset(a.name, 0xff, sizeof a.name - 1);
	memset(a.source, 0xff, sizeof a.source - 1);
	memset(a.user, 0xff, sizeof a.user - 1);
	memset(a.store, 0xff, sizeof a.store - 1);
	buf_init(&text, MANIFEST_LINE_MAX);
	manifest_put_message(&m, &text);
	assert_false(text.full);
	buf_free(&text);
	buf_init(&text, MANIFEST_LINE_MAX * 3);
	manifest_put_head(&text);
	manifest_put_account(&a, &text);
	assert_in_range(text.len, 1, MANIFEST_LINE_MAX);
	manifest_put_message(&m, &text);
	manifest_put_account_end(1, &text);
	manifest_put_end(1, &text);
	if (read_all(buf_str(&text), &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(reader.account.source, a.source);
	buf_free(&text);
}

static void test_what_is_refused(void **unused)
{
	static const struct bad {
		const char *text, *said;
	} table[] = {
		{"", "not whole"},
		{HEAD, "not whole"},
		{HEAD ACCOUNT MESSAGE, "not whole"},
		{HEAD ACCOUNT MESSAGE "account-end\t1\n", "not whole"},
		{"\n", "line 1: this is no manifest"},
		{"mailhaul-manifest 2\nend\t0\n", "line 1: this is no"},
		{HEAD "\n", "line 2: it begins with none"},
		{HEAD MESSAGE, "line 2: a message stands outside"},
		{HEAD ACCOUNT ACCOUNT, "line 3: an account begins inside"},
		{HEAD "account-end\t0\n", "line 2: no account"},
		{HEAD ACCOUNT "end\t1\n", "line 3: it ends inside"},
		{HEAD "end\t1\n", "line 2: it has more or fewer accounts"},
		{HEAD ACCOUNT "account-end\t1\n", "line 3: the account has"},
		{HEAD ACCOUNT MESSAGE "account-end\t0\n", "line 4: the acc"},
		{HEAD ACCOUNT "account-end\t00\n", "line 3: an account ends"},
		{HEAD ACCOUNT "account-end\t-1\n", "line 3: an account ends"},
		{HEAD ACCOUNT "account-end\n", "line 3: an account ends"},
		{HEAD "end\t0\nend\t0\n", "line 3: something follows"},
		{HEAD "account\t\tu\tanna\tid\n", "line 2: an account has"},
		{HEAD "account\ta\tu\t\tid\n", "line 2: an account has"},
		{HEAD "account\ta\tu\tanna\n", "line 2: an account has"},
		{HEAD "account\ta\tu\tanna\tid\tx\n", "line 2: an account"},
		{HEAD "account\ta\tu\tanna\tid\tx\tx\tx\tx\n", "line 2: an"},
		{HEAD "account\ta\tu\tan%6e\tid\n", "line 2: an account has"},
		{HEAD ACCOUNT "message\n", "line 3: a message has to have"},
		{HEAD ACCOUNT "message\t12\t1\tI\tk\t\tf\n", "line 3: the SHA"},
		{HEAD ACCOUNT "message\t" HASH "\tx\tI\tk\t\tf\n",
			"line 3: the size"},
		{HEAD ACCOUNT "message\t" HASH "\t\tI\tk\t\tf\n",
			"line 3: the size"},
		{HEAD ACCOUNT "message\t" HASH
			      "\t99999999999999999999\tI\tk\t\tf\n",
			"line 3: the size"},
		{HEAD ACCOUNT "message\t" HASH "\t1\t%\tk\t\tf\n",
			"line 3: a field"},
		{HEAD ACCOUNT "message\t" HASH "\t1\t%c3\tk\t\tf\n",
			"line 3: a field"},
		{HEAD ACCOUNT "message\t" HASH "\t1\t%41\tk\t\tf\n",
			"line 3: a field"},
		{HEAD ACCOUNT "message\t" HASH "\t1\t%00\tk\t\tf\n",
			"line 3: a field"},
		{HEAD ACCOUNT "message\t" HASH "\t1\t\x80\tk\t\tf\n",
			"line 3: a field"},
		{HEAD ACCOUNT "message\t" HASH "\t1\tI\tk\t\tf\r\n",
			"line 3: a field"},
		{HEAD ACCOUNT "message\t" HASH "\t1\tI\tk\t\t\n",
			"line 3: folder and file"},
		{HEAD ACCOUNT "message\t" HASH "\t1\tI\tk\t../x\tf\n",
			"line 3: folder and file"},
		{HEAD ACCOUNT "message\t" HASH "\t1\tI\tk\t\ta/b\n",
			"line 3: folder and file"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct err err = {0};
		if (read_all(table[i].text, &err) == 0)
			fail_msg("%zu was taken", i);
		if (strncmp(err.text, table[i].said, strlen(table[i].said)) !=
				0 &&
			strstr(err.text, table[i].said) == NULL)
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(err.class, ERR_CONFIG);
	}
}

static void test_too_long(void **unused)
{
	char *line = mem_alloc(MANIFEST_LINE_MAX + 1);
	enum manifest_line kind;
	struct err err = {0};

	(void)unused;
	memset(line, 'a', MANIFEST_LINE_MAX);
	manifest_reader_init(&reader);
	assert_int_equal(
		manifest_read(&reader, line, MANIFEST_LINE_MAX, &kind, &err),
		-1);
	assert_string_equal(err.text, "line 1: it is too long");
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_the_longest),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
