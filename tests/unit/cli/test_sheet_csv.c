/* SPDX-License-Identifier: BSD-2-Clause */
/* CSV as people and programs write it: what is read, and what is refused at
 * which line and column. */
#include "sheet_table.h"

#define H "name,url,password\n"

static const struct sheet_case good[] = {
	GOOD(H, ""),
	GOOD("name", ""),
	GOOD("name\n", ""),
	GOOD(H "a,b,c\n", "2[name=a,url=b,password=c]"),
	GOOD(H "a,b,c", "2[name=a,url=b,password=c]"),
	GOOD(H "a,b,c\nd,e,f\n",
		"2[name=a,url=b,password=c]3[name=d,url=e,password=f]"),
	/* line ends */
	GOOD("name,url\r\na,b\r\n", "2[name=a,url=b]"),
	GOOD("name,url\r\na,b", "2[name=a,url=b]"),
	GOOD("name,url\na,b\r\nc,d\n", "2[name=a,url=b]3[name=c,url=d]"),
	/* what is in front */
	GOOD("\xef\xbb\xbf" H "a,b,c\n", "2[name=a,url=b,password=c]"),
	GOOD("\xef\xbb\xbf\"name\",url\na,b\n", "2[name=a,url=b]"),
	GOOD("sep=;\nname;url\na;b\n", "3[name=a,url=b]"),
	GOOD("sep=,\r\nname,url\r\na,b\r\n", "3[name=a,url=b]"),
	GOOD("\n\r\nname,url\na,b\n", "4[name=a,url=b]"),
	/* separators */
	GOOD("name;url\na;b\n", "2[name=a,url=b]"),
	GOOD("name\turl\na\tb\n", "2[name=a,url=b]"),
	GOOD("name;url\na,c;b\n", "2[name=a,c,url=b]"),
	GOOD("name,url\na;c,b\n", "2[name=a;c,url=b]"),
	GOOD("name\turl\na,;c\tb\n", "2[name=a,;c,url=b]"),
	GOOD("name;\"url\"\na;\"b;c\"\n", "2[name=a,url=b;c]"),
	/* the header */
	GOOD("Name,URL,Password\na,b,c\n", "2[name=a,url=b,password=c]"),
	GOOD(" name , url\na,b\n", "2[name=a,url=b]"),
	GOOD("\"name\",\"url\"\na,b\n", "2[name=a,url=b]"),
	GOOD("\" Name \",\"url\"\na,b\n", "2[name=a,url=b]"),
	GOOD("url,name\nb,a\n", "2[url=b,name=a]"),
	GOOD("name\na\nb\n", "2[name=a]3[name=b]"),
	GOOD("name,url,,\na,b,,\n", "2[name=a,url=b]"),
	/* empty fields, empty rows */
	GOOD(H "a,,c\n", "2[name=a,password=c]"),
	GOOD(H "a,b,\n", "2[name=a,url=b]"),
	GOOD(H ",b,c\n", "2[url=b,password=c]"),
	GOOD(H "a,\"\",c\n", "2[name=a,password=c]"),
	GOOD(H "\n\na,b,c\n\n", "4[name=a,url=b,password=c]"),
	GOOD(H "\r\na,b,c\r\n\r\n", "3[name=a,url=b,password=c]"),
	GOOD(H ",,\na,b,c\n,,\n,,\n", "3[name=a,url=b,password=c]"),
	GOOD(H ",,,,\n", ""),
	GOOD(H "\"\",\"\",\"\"\n", ""),
	GOOD(H " ,,\n", "2[name= ]"),
	/* quotes */
	GOOD(H "\"a\",\"b\",\"c\"\n", "2[name=a,url=b,password=c]"),
	GOOD(H "a,b,\"c,d\"\n", "2[name=a,url=b,password=c,d]"),
	GOOD(H "a,b,\"c\"\"d\"\n", "2[name=a,url=b,password=c\"d]"),
	GOOD(H "a,b,\"\"\"\"\n", "2[name=a,url=b,password=\"]"),
	GOOD(H "a,b,\"\"\"c\"\n", "2[name=a,url=b,password=\"c]"),
	GOOD(H "a,b,\"c\"\"\"\n", "2[name=a,url=b,password=c\"]"),
	GOOD(H "a,b,\"\"\"\"\"\"\n", "2[name=a,url=b,password=\"\"]"),
	GOOD(H "a,b,\"c\"", "2[name=a,url=b,password=c]"),
	GOOD(H "a,\"b\nc\",d\ne,f,g\n",
		"2[name=a,url=b\\nc,password=d]4[name=e,url=f,password=g]"),
	GOOD(H "a,\"b\r\nc\",d\r\n", "2[name=a,url=b\\r\\nc,password=d]"),
	GOOD(H "a,\"\n\n\",d\ne,f,g\n",
		"2[name=a,url=\\n\\n,password=d]5[name=e,url=f,password=g]"),
	GOOD(H "a,b,\"\r\"\n", "2[name=a,url=b,password=\\r]"),
	/* what means nothing here */
	GOOD(H "a,b, c \n", "2[name=a,url=b,password= c ]"),
	GOOD(H "a,b,'c'\n", "2[name=a,url=b,password='c']"),
	GOOD(H "a,b,c\\\n", "2[name=a,url=b,password=c\\]"),
	GOOD(H "#a,b,c\n", "2[name=#a,url=b,password=c]"),
	GOOD(H "=a,b,c\n", "2[name==a,url=b,password=c]"),
	GOOD(H "a,b,{\n", "2[name=a,url=b,password={]"),
	/* other scripts */
	GOOD(H "a,b,p\xc3\xa4ss\n", "2[name=a,url=b,password=p\xc3\xa4ss]"),
	GOOD(H "a,b,\xf0\x9f\x94\x91\n",
		"2[name=a,url=b,password=\xf0\x9f\x94\x91]"),
	GOOD(H "a,b,\xe6\x97\xa5\n", "2[name=a,url=b,password=\xe6\x97\xa5]"),
};

static const struct sheet_case bad[] = {
	BAD("", "#1/", "empty"),
	BAD("\n \r\n\t", "#1/", "empty"),
	BAD("\xef\xbb\xbf", "#1/", "empty"),
	BAD("\xff\xfen\0a\0", "#1/", "UTF-16"),
	BAD("\xfe\xff\0n\0a", "#1/", "UTF-16"),
	/* the header */
	BAD("a,imaps://a@h,HUNTER2\n", "#1/", "name the columns"),
	BAD("user,url\na,b\n", "#1/", "name the columns"),
	BAD("name,url;to\na,b;c\n", "#1/", "separated in two ways"),
	BAD("name;url\tto\n", "#1/", "separated in two ways"),
	BAD("name,colour\na,b\n", "2[name=a]#1/", "\"colour\" is no column"),
	BAD("name,--every\na,b\n", "2[name=a]#1/", "is no column"),
	BAD("name,url,url\na,b,c\n", "2[name=a,url=b]#1/url", "two columns"),
	BAD("name,Name\na,b\n", "2[name=a]#1/name", "two columns"),
	BAD("name,x,y\na,b,c\n", "2[name=a]#1/#1/", "\"x\""),
	BAD("name,\"url\na,b\n", "#1/", "never closed"),
	BAD("na\"me,url\na,b\n", "#1/", "quote in a field"),
	BAD("name,url\ra,b\r", "#1/", "carriage return"),
	BAD("name,,url\na,b,c\n", "2!#2/", "without a name"),
	/* how many fields */
	BAD(H "a,b\n", "2!#2/", "2 fields where the header has 3"),
	BAD(H "a\n", "2!#2/", "1 fields"),
	BAD(H "a,b,c,d\n", "2!#2/", "4 fields"),
	BAD(H "a,b,c,\n", "2!#2/", "4 fields"),
	BAD(H "a,b,pass,word\nd,e,f\n", "2!3[name=d,url=e,password=f]#2/",
		"needs quotes"),
	BAD(H "a;b;c\n", "2!#2/", "1 fields"),
	BAD(H "a,b\n\nc\n", "2!4!#2/#4/", "2 fields"),
	BAD("name\na,b\n", "2!#2/", "2 fields"),
	/* quotes */
	BAD(H "a,b,c\"d\n", "2!#2/password", "quote in a field"),
	BAD(H "a,b\"\",c\n", "2!#2/url", "quote in a field"),
	BAD(H "a, \"b\",c\n", "2!#2/url", "quote in a field"),
	BAD(H "a,b,\"c\"d\n", "2!#2/password", "closing quote"),
	BAD(H "a,b,\"c\" \n", "2!#2/password", "closing quote"),
	BAD(H "a,\"b\"\"c,d\n", "2!#2/url", "never closed"),
	BAD(H "\"a,b,c\nd,e,f\n", "2!#2/name", "never closed"),
	BAD(H "a,b,\"", "2!#2/password", "never closed"),
	BAD(H "a,b,\"c\"\"", "2!#2/password", "never closed"),
	BAD(H "a,\"b\nc\"d,e\nf,g,h\n", "2!4[name=f,url=g,password=h]#2/url",
		"closing quote"),
	BAD(H "a\"x,b,c\nd,\"e\"y,f\ng,h,i\n",
		"2!3!4[name=g,url=h,password=i]#2/name#3/url",
		"quote in a field"),
	BAD(H "a,b,\"c\"\rd,e,f\n", "2!#2/password", "closing quote"),
	/* bytes */
	BAD(H "a,b,c\rd\n", "2!#2/password", "carriage return"),
	BAD(H "a,b,c\r", "2!#2/password", "carriage return"),
	BAD(H "a,b\0,c\n", "2!#2/url", "NUL"),
	BAD(H "a,\"b\0\",c\n", "2!#2/url", "NUL"),
	BAD(H "a,\"b\n\0\",c\nd,e,f\n", "2!4[name=d,url=e,password=f]#3/url",
		"NUL"),
	BAD("name\0,url\n", "#1/", "NUL"),
	BAD(H "a,b,p\xe4ss\n", "2!#2/password", "UTF-8"),
	BAD(H "a,b,\xc3\n", "2!#2/password", "UTF-8"),
	BAD(H "a,b,\xc0\xaf\n", "2!#2/password", "UTF-8"),
	BAD(H "a,b,\xed\xa0\x80\n", "2!#2/password", "UTF-8"),
	BAD(H "a,b,\xf4\x90\x80\x80\n", "2!#2/password", "UTF-8"),
	BAD(H "\xff,\xff,\xff\n", "2!#2/name#2/url#2/password", "UTF-8"),
	BAD(H "a,\"x\ny\",\xff\nb,c,\xff\n", "2!4!#3/password#4/password",
		"UTF-8"),
};

static void test_good(void **state)
{
	(void)state;
	sheet_test_all(good);
}

static void test_bad(void **state)
{
	(void)state;
	sheet_test_all(bad);
}

/* Nothing that a cell holds is in any fault: it may be a password. */
static void test_no_fault_repeats_a_cell(void **state)
{
	static const char *const files[] = {
		"HUNTER2,imaps://HUNTER2@h,HUNTER2\n", H "a,b,HUNTER2,d\n",
		H "a,b,HUNTER2\"\n", H "a,b,\"HUNTER2\"HUNTER2\n",
		H "a,b,\"HUNTER2\n", H "HUNTER2\n", H "a,b,HUNTER2\xff\n",
		"{\"name\":\"HUNTER2", "{\"name\":\"HUNTER2\"\n",
		"{\"name\":\"a\",\"password\":HUNTER2}",
		"{\"password\":\"HUNTER2\"}HUNTER2",
		"{\"password\":{\"HUNTER2\":1}}",
		"{\"password\":\"HUNTER2\",\"password\":\"HUNTER2\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct sheet s;
		sheet_test_load(&s, files[i], strlen(files[i]));
		assert_true(s.fault_count > 0);
		for (size_t j = 0; j < s.fault_count; j++)
			assert_null(strstr(s.faults[j].text, "HUNTER2"));
		sheet_clear(&s);
	}
}

static void test_limits(void **state)
{
	char *text = mem_alloc(SHEET_FIELD_MAX + 64);
	size_t head = strlen(H "a,b,");
	struct sheet s;
	char many[1024] = "name";
	struct buf rows;

	(void)state;
	(void)strcpy(text, H "a,b,");
	memset(text + head, 'x', SHEET_FIELD_MAX);
	sheet_test_load(&s, text, head + SHEET_FIELD_MAX);
	assert_int_equal(s.fault_count, 0);
	assert_int_equal(strlen(s.cells[2].text), SHEET_FIELD_MAX);
	sheet_clear(&s);
	text[head + SHEET_FIELD_MAX] = 'x';
	sheet_test_load(&s, text, head + SHEET_FIELD_MAX + 1);
	assert_int_equal(s.fault_count, 1);
	assert_string_equal(s.faults[0].column, "password");
	sheet_clear(&s);
	free(text);

	memset(many + 4, ',', SHEET_COLUMNS_MAX);
	sheet_test_load(&s, many, 4 + SHEET_COLUMNS_MAX - 1);
	assert_int_equal(s.fault_count, 0);
	sheet_clear(&s);
	sheet_test_load(&s, many, 4 + SHEET_COLUMNS_MAX);
	assert_int_equal(s.fault_count, 1);
	assert_true(s.broken);
	sheet_clear(&s);

	buf_init(&rows, 1 << 20);
	(void)buf_add_str(&rows, "name\n");
	for (size_t i = 0; i <= SHEET_ROWS_MAX; i++)
		(void)buf_add_str(&rows, "a\n");
	sheet_test_load(&s, rows.data, rows.len);
	assert_int_equal(s.row_count, SHEET_ROWS_MAX);
	assert_int_equal(s.fault_count, 1);
	assert_true(s.broken);
	sheet_clear(&s);
	sheet_test_load(&s, rows.data, rows.len - 2);
	assert_int_equal(s.row_count, SHEET_ROWS_MAX);
	assert_false(s.broken);
	sheet_clear(&s);
	buf_free(&rows);
}

static void test_too_large(void **state)
{
	char *bytes = malloc(SHEET_BYTES_MAX + 2);
	struct sheet s;

	(void)state;
	memset(bytes, '\n', SHEET_BYTES_MAX + 1);
	sheet_read(&s, bytes, SHEET_BYTES_MAX + 1, sheet_test_knows);
	assert_true(s.broken);
	assert_non_null(strstr(s.faults[0].text, "64 MiB"));
	sheet_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_no_fault_repeats_a_cell),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
