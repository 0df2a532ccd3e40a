/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON lines: what is read, and what is refused at which line and name. */
#include "sheet_table.h"

#define A "{\"name\":\"a\"}\n"

static const struct sheet_case good[] = {
	GOOD(A, "1[name=a]"),
	GOOD("{\"name\":\"a\"}", "1[name=a]"),
	GOOD("{}", "1[]"),
	GOOD("{}\n{}\n", "1[]2[]"),
	GOOD(A A, "1[name=a]2[name=a]"),
	GOOD("\n\n" A "\n  \n" A, "3[name=a]6[name=a]"),
	GOOD("{\"name\":\"a\"}\r\n{\"name\":\"b\"}\r\n", "1[name=a]2[name=b]"),
	GOOD("\xef\xbb\xbf" A, "1[name=a]"),
	GOOD("  { \"name\" : \"a\" , \"url\" : \"b\" }  ", "1[name=a,url=b]"),
	GOOD("{\"url\":\"b\",\"name\":\"a\"}", "1[url=b,name=a]"),
	GOOD("{\"name\":\"a\",\"url\":null}", "1[name=a]"),
	GOOD("{\"name\":\"\"}", "1[name=]"),
	GOOD("{\"hold\":true}", "1[hold=yes]"),
	GOOD("{\"hold\":false}", "1[hold=no]"),
	GOOD("{\"connections\":4}", "1[connections=4]"),
	GOOD("{\"connections\":-0}", "1[connections=0]"),
	GOOD("{\"connections\":9223372036854775807}",
		"1[connections=9223372036854775807]"),
	GOOD("{\"folder\":[\"a\",\"b\"]}", "1[folder=a\\nb]"),
	GOOD("{\"folder\":[\"a\"]}", "1[folder=a]"),
	GOOD("{\"folder\":[]}", "1[folder=]"),
	GOOD("{\"folder\":\"a\\nb\"}", "1[folder=a\\nb]"),
	GOOD("{\"password\":\"a\\\"b\\\\c\\/d\"}", "1[password=a\"b\\c/d]"),
	GOOD("{\"password\":\"\\u00e4\"}", "1[password=\xc3\xa4]"),
	GOOD("{\"password\":\"\\ud83d\\udd11\"}",
		"1[password=\xf0\x9f\x94\x91]"),
	GOOD("{\"password\":\"p\xc3\xa4\"}", "1[password=p\xc3\xa4]"),
	GOOD("{\"password\":\"{,}\"}", "1[password={,}]"),
};

static const struct sheet_case bad[] = {
	BAD("{", "1!#1/", "does not end on its line"),
	BAD("{\"name\":\"a\"", "1!#1/", "does not end on its line"),
	BAD("{\n\"name\":\"a\"\n}\n", "1!2!3!#1/#2/#3/", "does not end"),
	BAD("{\"name\":\"a\"},\n" A, "1!2[name=a]#1/", "follows the object"),
	BAD("{\"name\":\"a\"}{}", "1!#1/", "follows the object"),
	BAD(A "[]\n", "1[name=a]2!#2/", "no JSON object"),
	BAD(A "\"a\"\n", "1[name=a]2!#2/", "JSON"),
	BAD(A "name,url\n", "1[name=a]2!#2/", "JSON"),
	BAD("{name:\"a\"}", "1!#1/", "no JSON"),
	BAD("{'name':'a'}", "1!#1/", "no JSON"),
	BAD("{\"name\":\"a\",}", "1!#1/", "no JSON"),
	BAD("{\"name\":a}", "1!#1/", "no JSON"),
	BAD("{\"name\":\"a\n\"}", "1!2!#1/#2/", ""),
	BAD("{\"name\":\"\xff\"}", "1!#1/", "UTF-8"),
	BAD("{\"name\":\"\\u0000\"}", "1!#1/", "NUL"),
	BAD("{\"na\\u0000me\":1}", "1!#1/", "NUL"),
	BAD("{\"name\":\"a\0b\"}", "1!#1/", ""),
	BAD("{\"name\":\"\\ud800\"}", "1!#1/", "no JSON"),
	BAD("{\"name\":\"a\",\"name\":\"b\"}", "1!#1/", "twice"),
	BAD("{\"colour\":1}", "1!#1/", "\"colour\""),
	BAD("{\"Name\":\"a\"}", "1!#1/", "\"Name\""),
	BAD("{\"\":\"a\"}", "1!#1/", "no name that is known"),
	BAD("{\"name\":{}}", "1!#1/name", "it takes a text"),
	BAD("{\"name\":1.5}", "1!#1/name", "it takes a text"),
	BAD("{\"name\":1e2}", "1!#1/name", "it takes a text"),
	BAD("{\"name\":[1]}", "1!#1/name", "array holds texts"),
	BAD("{\"folder\":[\"a\",[\"b\"]]}", "1!#1/folder", "array holds texts"),
	BAD("{\"name\":99999999999999999999}", "1!#1/", "too large"),
	BAD("{\"name\":{},\"url\":{},\"x\":1}", "1!#1/name#1/url#1/",
		"it takes a text"),
	BAD(A "{\"name\":[1],\"url\":\"b\"}\n" A, "1[name=a]2!3[name=a]#2/name",
		"array holds texts"),
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

static void test_nesting_and_length(void **state)
{
	struct buf b;
	struct sheet s;

	(void)state;
	buf_init(&b, 1 << 20);
	(void)buf_add_str(&b, "{\"name\":");
	for (int i = 0; i < 100000; i++)
		(void)buf_add_str(&b, "[");
	sheet_test_load(&s, b.data, b.len);
	assert_int_equal(s.fault_count, 1);
	assert_non_null(strstr(s.faults[0].text, "nested too deep"));
	sheet_clear(&s);

	buf_reset(&b);
	(void)buf_add_str(&b, "{\"password\":\"");
	for (int i = 0; i <= SHEET_FIELD_MAX; i++)
		(void)buf_add_str(&b, "x");
	(void)buf_add_str(&b, "\"}");
	sheet_test_load(&s, b.data, b.len);
	assert_int_equal(s.fault_count, 1);
	assert_string_equal(s.faults[0].column, "password");
	sheet_clear(&s);

	buf_reset(&b);
	(void)buf_add_str(&b, "{\"folder\":[\"x\"");
	for (int i = 0; i <= SHEET_FIELD_MAX / 2; i++)
		(void)buf_add_str(&b, ",\"x\"");
	(void)buf_add_str(&b, "]}");
	sheet_test_load(&s, b.data, b.len);
	assert_int_equal(s.fault_count, 1);
	sheet_clear(&s);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nesting_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
