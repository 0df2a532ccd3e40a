/* SPDX-License-Identifier: BSD-2-Clause */
/* Our own readers of a server's lines: in bounds, to an end, and every name
 * and text they give out is a C string within its size. */
#include "collector/remote/imap_command.h"
#include "collector/remote/imap_list.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void fuzz_values(const char *line, size_t n)
{
	struct imap_line l;
	char out[64];
	struct uid_range range;
	uint64_t number;

	imap_line_init(&l, line, n);
	while (imap_line_skip(&l))
		check(l.p <= l.end);
	imap_line_init(&l, line, n);
	while (imap_line_string(&l, out, sizeof out) >= 0)
		if (imap_line_at_end(&l))
			break;
	imap_line_init(&l, line, n);
	(void)imap_line_number(&l, &number);
	imap_line_init(&l, line, n);
	while (imap_line_range(&l, &range) > 0)
		check(l.p <= l.end && range.first != 0 &&
			range.first <= range.last);
	check(l.p >= line && l.p <= l.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct imap im; /* large; nothing in it outlives a call */
	struct imap_answer answer = {.status = IMAP_OK};
	struct mailbox_info info;
	struct imap_line l;
	char *line;

	if (n > 1 << 20)
		return 0;
	line = malloc(n + 1); /* so that a sanitizer sees the bounds */
	if (line == NULL)
		return 0;
	memcpy(line, data, n);
	line[n] = '\0';
	fuzz_values(line, n);
	imap_line_init(&l, line, n);
	if (imap_list_read(&l, &info) == 0)
		check(info.name[0] == '\0' ||
			strlen(info.name) < sizeof info.name);
	memset(&im, 0, sizeof im);
	imap_note_line(&im, line, n);
	imap_line_init(&l, line, n);
	imap_note_vanished(&im, l);
	check(im.mailbox.exists == 0 || im.expunged < UINT32_MAX);
	check(strlen(im.bye) < sizeof im.bye);
	check(strlen(im.info.capabilities) < sizeof im.info.capabilities);
	if (imap_read_tagged(line, n, 7, &answer)) {
		check(strlen(answer.code) < sizeof answer.code);
		check(strlen(answer.text) < sizeof answer.text);
	}
	(void)imap_tap(&im, line, n);
	free(line);
	return 0;
}
