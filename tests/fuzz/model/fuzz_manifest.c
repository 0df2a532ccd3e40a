/* SPDX-License-Identifier: BSD-2-Clause */
/* A manifest of a stranger: whatever line is taken is the one that would be
 * written of what it says; whatever is not has a number and a sentence. */
#include "collector/model/manifest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void put_again(const struct manifest_reader *r, enum manifest_line kind,
	struct buf *out)
{
	switch (kind) {
	case MANIFEST_HEAD:
		manifest_put_head(out);
		break;
	case MANIFEST_ACCOUNT:
		manifest_put_account(&r->account, out);
		break;
	case MANIFEST_MESSAGE:
		manifest_put_message(&r->message, out);
		break;
	case MANIFEST_ACCOUNT_END:
		manifest_put_account_end(r->messages, out);
		break;
	case MANIFEST_END:
		manifest_put_end(r->accounts, out);
		break;
	}
}

static void check_line(const struct manifest_reader *r, enum manifest_line kind,
	const char *line, size_t len)
{
	struct buf out;

	buf_init(&out, MANIFEST_LINE_MAX * 2);
	put_again(r, kind, &out);
	require(!out.full && out.len == len + 1);
	require(memcmp(buf_str(&out), line, len) == 0);
	require(buf_str(&out)[len] == '\n');
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest_reader *r = mem_alloc(sizeof *r);
	const char *at = (const char *)data, *end = at + size;
	struct err err = {0};
	int rc = 0;

	manifest_reader_init(r);
	while (rc == 0 && at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		const char *stop = lf != NULL ? lf : end;
		enum manifest_line kind;
		rc = manifest_read(r, at, (size_t)(stop - at), &kind, &err);
		if (rc == 0)
			check_line(r, kind, at, (size_t)(stop - at));
		at = lf != NULL ? lf + 1 : end;
	}
	if (rc == 0)
		rc = manifest_read_end(r, &err);
	require(rc == 0 || (err.class == ERR_CONFIG && err.text[0] != '\0'));
	free(r);
	return 0;
}
