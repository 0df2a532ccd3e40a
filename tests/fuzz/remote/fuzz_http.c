/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever a web server says, in pieces of the size of the first byte; and
 * where it leads then. */
#include "collector/remote/http.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	const uint8_t *bytes;
	size_t left, piece;
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

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

static void check_redirect(const char *location)
{
	const struct http_place from = {"from.test", 443, "/"};
	struct http_place to;
	struct err err;

	if (http_redirect(&from, location, &to, &err) < 0)
		return;
	require(to.path[0] == '/' && strpbrk(to.path, " \r\n\t") == NULL);
	require(to.host[0] != '\0' && strpbrk(to.host, " \r\n/:@") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source = {data + 1, size - 1, 1};
	struct lines lines = {.read = give, .arg = &source};
	struct http_answer a = {0};
	struct err err = {0};

	if (size == 0)
		return 0;
	source.piece = 1u + data[0];
	if (http_read(&lines, BODY_MAX, &a, &err) < 0) {
		require(a.body == NULL && err.text[0] != '\0');
		return 0;
	}
	require(a.status >= 200 && a.status <= 999);
	require(a.body_bytes <= BODY_MAX);
	require((a.status == 200) == (a.body != NULL));
	if (a.location[0] != '\0')
		check_redirect(a.location);
	free(a.body);
	return 0;
}
