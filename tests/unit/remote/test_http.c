/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader of a web server's answer, whatever the pieces it comes in. */
#include "collector/remote/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

struct source {
	const char *bytes;
	size_t left, piece;
};

static ssize_t give(void *arg, void *buf, size_t n)
{
	struct source *s = arg;

	if (n > s->piece)
		n = s->piece;
	if (n > s->left)
		n = s->left;
	memcpy(buf, s->bytes, n);
	s->bytes += n;
	s->left -= n;
	return (ssize_t)n;
}

static int get(const char *bytes, size_t n, size_t piece,
	struct http_answer *answer, struct err *err)
{
	struct source source = {bytes, n, piece};
	struct lines lines = {.read = give, .arg = &source};

	return http_read(&lines, 100, answer, err);
}

static void answers(void **state)
{
	static const struct {
		const char *text;
		int status;
		const char *location, *body;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 200, "",
			"abc"},
		{"HTTP/1.0 200\n\nabc", 200, "", "abc"},
		{"HTTP/1.1 200 OK\r\n\r\n", 200, "", ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\n\r\n",
			200, "", "abc0123456789"},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
		 "content-length:1\r\n\r\nx",
			200, "", "x"},
		{"HTTP/1.1 301 Moved\r\nLocation: \t https://a.test/x \r\n\r\n",
			301, "https://a.test/x", NULL},
		{"HTTP/1.1 404 Not found\r\nLocation: /x\r\n\r\nbody", 404, "",
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece < 300; piece += 37) {
			struct http_answer a = {0};
			struct err err = {0};
			if (get(cases[i].text, strlen(cases[i].text), piece, &a,
				    &err) != 0)
				fail_msg("%s: %s", cases[i].text, err.text);
			assert_int_equal(a.status, cases[i].status);
			assert_string_equal(a.location, cases[i].location);
			if (cases[i].body == NULL)
				assert_null(a.body);
			else
				assert_string_equal(a.body, cases[i].body);
			free(a.body);
		}
}

static void nonsense(void **state)
{
	static const struct {
		const char *text;
		enum err_class class;
	} cases[] = {
		{"", ERR_PROTOCOL},
		{"HTTP/1.1 200 OK", ERR_PROTOCOL},
		{"HTTP/2 200 OK\r\n\r\n", ERR_PROTOCOL},
		{"HTTP/1.1 20 OK\r\n\r\n", ERR_PROTOCOL},
		{"HTTP/1.1 2000 OK\r\n\r\n", ERR_PROTOCOL},
		{"* OK IMAP\r\n", ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		 "Content-Length: 2\r\n\r\nabc",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\nabc",
			ERR_LIMIT},
		{"HTTP/1.1 200 OK\r\nContent-Length: "
		 "99999999999999999999999\r\n\r\nabc",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nabc",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabcd\r\n0\r\n\r\n",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "x\r\n",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n",
			ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "fffffffff\r\nabc\r\n",
			ERR_LIMIT},
		{"HTTP/1.1 200 OK\r\n: x\r\n\r\nabc", ERR_PROTOCOL},
		{"HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\nabc", ERR_PROTOCOL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_answer a = {0};
		struct err err = {0};
		if (get(cases[i].text, strlen(cases[i].text), 7, &a, &err) !=
				-1 ||
			err.class != cases[i].class)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_null(a.body);
	}
}

static void without_end(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n";
	static char text[200000];
	struct http_answer a = {0};
	struct err err = {0};
	size_t n = sizeof head - 1;

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, head, n);
	assert_int_equal(get(text, sizeof text, 4096, &a, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
	for (size_t i = n; i + 5 <= sizeof text; i += 5)
		memcpy(text + i, "a:b\r\n", 5);
	assert_int_equal(get(text, sizeof text, 4096, &a, &err), -1);
	assert_non_null(strstr(err.text, "too many headers"));
	memcpy(text + n, "\r\n", 2);
	assert_int_equal(get(text, sizeof text, 4096, &a, &err), -1);
	assert_int_equal(err.class, ERR_LIMIT);
	/* answers that are not the last, for ever */
	for (size_t i = 0; i + 16 <= sizeof text; i += 16)
		memcpy(text + i, "HTTP/1.1 100\r\n\r\n", 16);
	assert_int_equal(get(text, sizeof text, 4096, &a, &err), -1);
	assert_int_equal(err.class, ERR_PROTOCOL);
}

static void redirects(void **state)
{
	static const struct {
		const char *location, *host;
		unsigned port;
		const char *path;
	} good[] = {
		{"/x?y#z", "from.test", 443, "/x?y"},
		{"https://To.test", "to.test", 0, "/"},
		{"HTTPS://to.test/a/b", "to.test", 0, "/a/b"},
		{"https://to.test:8443?x", "to.test", 8443, "/?x"},
	};
	static const char *const bad[] = {"", "x", "http://to.test/",
		"//to.test/x", "ftp://to.test/", "javascript:x", "https:/x",
		"https://", "https:///x", "https://127.0.0.1/",
		"https://[::1]/", "https://localhost/", "https://u@to.test/",
		"https://to.test:0/", "https://to.test:65536/",
		"https://to.test:x/", "/a b", "/a\r\nX: y", "/\x80",
		"https://to.test\\@evil.test/"};
	const struct http_place from = {"from.test", 443, "/old"};
	struct http_place to;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(
			http_redirect(&from, good[i].location, &to, NULL), 0);
		assert_string_equal(to.host, good[i].host);
		assert_int_equal(to.port, good[i].port);
		assert_string_equal(to.path, good[i].path);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		memset(&err, 0, sizeof err);
		if (http_redirect(&from, bad[i], &to, &err) != -1 ||
			err.class != ERR_POLICY)
			fail_msg("%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(without_end),
		cmocka_unit_test(redirects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
