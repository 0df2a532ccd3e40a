/* SPDX-License-Identifier: BSD-2-Clause */
/* A row as an account: every option of `add` is a column, is compared, and has
 * the sentence that `add` has. */
#include "collector/cli/account_options.h"
#include "collector/cli/commands.h"
#include "collector/cli/import_row.h"
#include "collector/cli/import_row_internal.h"
#include "storage/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct rig {
	struct settings settings;
	struct sheet sheet;
	struct account account;
	struct secret password;
	int result;
};

/* The first row of a file over a new account, or one that is enrolled. */
static void apply(struct rig *r, const char *text, bool enrolled)
{
	size_t n = strlen(text);
	char *copy = malloc(n + 1);

	memset(r, 0, sizeof *r);
	settings_init(&r->settings);
	memcpy(copy, text, n);
	sheet_read(&r->sheet, copy, n, import_row_knows);
	assert_int_equal(r->sheet.fault_count, 0);
	account_defaults(&r->account, "anna");
	r->account.id = enrolled;
	r->result = import_row_apply(&r->settings, &r->sheet, &r->sheet.rows[0],
		&r->account, &r->password);
	assert_true((r->result < 0) == (r->sheet.fault_count != 0));
}

static void clear(struct rig *r)
{
	secret_clear(&r->password);
	account_clear(&r->account);
	sheet_clear(&r->sheet);
	settings_clear(&r->settings);
}

static const struct command *add_command(void)
{
	const struct command *c = commands;

	while (strcmp(c->name, "add") != 0)
		c++;
	return c;
}

static void test_every_option_of_add(void **state)
{
	(void)state;
	for (const struct cli_option *o = add_command()->options;
		o->name != NULL; o++) {
		if (strcmp(o->name, "address") == 0) {
			assert_false(import_row_knows(o->name));
			continue;
		}
		assert_true(import_row_knows(o->name));
		if (strcmp(o->name, "password-file") == 0 ||
			strcmp(o->name, "hold") == 0)
			continue;
		if (!import_row_compares(o->name))
			fail_msg("import does not compare %s", o->name);
	}
	assert_true(import_row_knows("url"));
	assert_true(import_row_knows("password"));
	assert_false(import_row_knows("no-push"));
	assert_false(import_row_knows("json"));
}

static void test_values_arrive(void **state)
{
	struct rig r;

	(void)state;
	apply(&r,
		"name,url,to,password,every,folder,exclude,map,push,hold,"
		"connections,order,skip-deleted,new-uids,prefix,delete\n"
		"anna,imaps://a@h.example,t,\" p\"\"w \",1h,\"A\nB/*\r\n\","
		"C,\"x=y\nz=w\",yes,1,2,newest,true,no,Old,14d\n",
		false);
	assert_int_equal(r.result, 0);
	assert_string_equal(r.account.url.host, "h.example");
	assert_string_equal(r.account.to, "t");
	assert_string_equal(r.password.bytes, " p\"w ");
	assert_int_equal(r.account.every_s, 3600);
	assert_string_equal(r.account.folders, "A\nB/*");
	assert_string_equal(r.account.excludes, "C");
	assert_string_equal(r.account.maps, "x=y\nz=w\n");
	assert_true(r.account.push);
	assert_true(r.account.paused);
	assert_int_equal(r.account.connections, 2);
	assert_true(r.account.newest_first);
	assert_true(r.account.skip_deleted);
	assert_false(r.account.new_uids);
	assert_string_equal(r.account.prefix, "Old");
	assert_string_equal(r.account.delete_rule, "14d");
	clear(&r);
}

/* What a row does not say stays; "no" undoes; hold is for new ones. */
static void test_over_an_account_that_is_enrolled(void **state)
{
	struct rig r;

	(void)state;
	apply(&r, "name,push,hold,url,password\nanna,no,yes,,\n", true);
	assert_int_equal(r.result, 0);
	assert_false(r.account.push);
	assert_false(r.account.paused);
	assert_int_equal(r.password.len, 0);
	clear(&r);
}

struct fault {
	const char *header, *row;
	size_t line;
	const char *column, *text;
};

static const struct fault faults[] = {
	{"name,url,password", "a,imaps://a@h,", 2, "password", "it has none"},
	{"name,url,password", "a,,p", 2, "url", "give the server's URL"},
	{"name,url,password", "a,smtp://a@h,p", 2, "url", "bad URL"},
	{"name,url,password", "a,imaps://a:p@h,p", 2, "url",
		"a password does not belong into a URL"},
	{"name,url,password", "a,imaps://a@h,\"p\nq\"", 2, "password",
		"one line"},
	{"name,url,password-file", "a,imaps://a@h,-", 2, "password-file",
		"the name of a file"},
	{"name,url,password-file", "a,imaps://a@h,/nowhere/x", 2,
		"password-file", "cannot read the password file /nowhere/x"},
	{"name,url,password,password-file", "a,imaps://a@h,p,/x", 2, "password",
		"--password and --password-file exclude each other; give one"},
	{"name,url,password,token-file", "a,imaps://a@h,p,/x", 2, "token-file",
		"--token-file and --password exclude each other; give one"},
	{"name,url,password,every", "a,imaps://a@h,p,soon", 2, "every",
		"--every soon: it takes a time such as 15m or 1h, or never"},
	{"name,url,password,delete", "a,imaps://a@h,p,x", 2, "delete",
		"--delete x: it takes never, after-import, with-local"},
	{"name,url,password,on-expunge", "a,pop3s://a@h,p,trash", 2,
		"on-expunge", "POP3 cannot tell"},
	{"name,url,password,push", "a,imaps://a@h,p,maybe", 2, "push",
		"it takes yes or no"},
	{"name,url,password,push", "a,pop3s://a@h,p,yes", 2, "push",
		"--push: POP3 cannot wait for new mail; use --every"},
	{"name,url,password,map", "a,imaps://a@h,p,\"a=b\nc\"", 2, "map",
		"--map c: it takes MAILBOX=FOLDER"},
	{"name,url,password,quirk", "a,imaps://a@h,p,x=on", 2, "quirk",
		"--quirk"},
	{"name,url,password,auth", "a,imaps://a@h,p,magic", 2, "auth",
		"--auth"},
	{"name,url,password,connections", "a,imaps://a@h,p,17", 2,
		"connections", "--connections 17: it takes a number"},
	{"name,url,password,folder,every", "a,imaps://a@h,p,\"x\ny\",z", 3,
		"every", "--every z"},
};

static void test_each_fault_and_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		char *text =
			mem_printf("%s\n%s\n", faults[i].header, faults[i].row);
		struct rig r;
		apply(&r, text, false);
		if (r.sheet.fault_count != 1 ||
			strstr(r.sheet.faults[0].text, faults[i].text) ==
				NULL ||
			strcmp(r.sheet.faults[0].column, faults[i].column) !=
				0 ||
			r.sheet.faults[0].line != faults[i].line)
			fail_msg("%s: %zu faults, %s: %s", text,
				r.sheet.fault_count,
				r.sheet.fault_count != 0
					? r.sheet.faults[0].column
					: "",
				r.sheet.fault_count != 0
					? r.sheet.faults[0].text
					: "");
		clear(&r);
		free(text);
	}
}

static void test_all_faults_of_a_row(void **state)
{
	struct rig r;

	(void)state;
	apply(&r,
		"name,url,password,every,delete,push,connections,map\n"
		"a,imaps://,,soon,x,perhaps,99,\"a\n\"\n",
		false);
	assert_int_equal(r.sheet.fault_count, 7);
	clear(&r);
}

static void test_differences(void **state)
{
	struct rig r;
	struct account here = {0};

	(void)state;
	apply(&r, "name,url,every,folder\nanna,imaps://a@h,2h,\"A\nB\"\n",
		true);
	account_defaults(&here, "anna");
	here.id = 1;
	here.url = r.account.url;
	assert_int_equal(import_row_differences(&r.sheet, &r.sheet.rows[0],
				 &here, &r.account, false),
		3);
	assert_string_equal(r.sheet.faults[0].column, "every");
	assert_string_equal(r.sheet.faults[0].text,
		"anna is enrolled already with default, the file says 2h; "
		"--update changes it");
	assert_non_null(
		strstr(r.sheet.faults[1].text, "none, the file says A B"));
	here.every_s = r.account.every_s;
	free(here.folders);
	here.folders = mem_strdup(r.account.folders);
	assert_int_equal(import_row_differences(&r.sheet, &r.sheet.rows[0],
				 &here, &r.account, true),
		0);
	account_clear(&here);
	clear(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option_of_add),
		cmocka_unit_test(test_values_arrive),
		cmocka_unit_test(test_over_an_account_that_is_enrolled),
		cmocka_unit_test(test_each_fault_and_its_sentence),
		cmocka_unit_test(test_all_faults_of_a_row),
		cmocka_unit_test(test_differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
