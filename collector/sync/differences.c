/* SPDX-License-Identifier: BSD-2-Clause */
#include "differences.h"

#include "../base/mem.h"
#include "../model/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FIELD_BYTES 600

static const char *const kinds[] = {
	[DIFFERENCE_NOT_COLLECTED] = "not-collected",
	[DIFFERENCE_QUARANTINED] = "quarantined",
	[DIFFERENCE_LEFT_OUT] = "left-out",
	[DIFFERENCE_GONE_THERE] = "gone-at-source",
	[DIFFERENCE_FLAGS] = "flags",
	[DIFFERENCE_RENUMBERED] = "renumbered",
	[DIFFERENCE_NOT_LISTED] = "mailbox-not-listed",
	[DIFFERENCE_NOT_COMPARED] = "mailbox-not-compared",
	[DIFFERENCE_NOT_HERE] = "not-here",
	[DIFFERENCE_MOVED] = "moved-here",
	[DIFFERENCE_UNSURE] = "unsure",
	[DIFFERENCE_CUT] = "cut-here",
	[DIFFERENCE_UNKNOWN_HERE] = "unknown-here",
};

struct differences {
	char *path, *tmp;
	FILE *out;
	uint64_t count;
	uint64_t of_kind[sizeof kinds / sizeof kinds[0]];
	int errnum; /* the first failure */
};

int differences_open(
	const char *path, struct differences **ret_d, struct err *err)
{
	struct differences *d = mem_alloc(sizeof *d);
	int fd;

	d->path = mem_strdup(path);
	d->tmp = mem_printf("%s.new", path);
	(void)unlink(d->tmp);
	fd = open(d->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	d->out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (d->out != NULL) {
		*ret_d = d;
		return 0;
	}
	(void)err_set_file(err, errno, "cannot create %s", d->tmp);
	if (fd >= 0)
		(void)close(fd);
	free(d->path);
	free(d->tmp);
	free(d);
	return -1;
}

static void note_error(struct differences *d, int r)
{
	if (r < 0 && d->errnum == 0)
		d->errnum = errno != 0 ? errno : EIO;
}

/* No tab and no end of line is left in it. */
static void put(struct differences *d, const char *text)
{
	char line[FIELD_BYTES];

	text_printable(text != NULL ? text : "", line, sizeof line);
	note_error(d, fprintf(d->out, "\t%s", line));
}

void differences_add(struct differences *d, enum difference kind,
	const struct difference_at *at)
{
	d->count++;
	d->of_kind[kind]++;
	note_error(d, fputs(kinds[kind], d->out));
	put(d, at->mailbox);
	note_error(d, fprintf(d->out, "\t%" PRIu32, at->uid));
	put(d, at->uidl);
	put(d, at->folder);
	put(d, at->file);
	put(d, at->text);
	note_error(d, fputc('\n', d->out));
}

uint64_t differences_count(const struct differences *d)
{
	return d->count;
}

void differences_kinds(
	const struct differences *d, char out[DIFFERENCES_KINDS_BYTES])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (d->of_kind[i] != 0 && n < DIFFERENCES_KINDS_BYTES)
			n += (size_t)snprintf(out + n,
				DIFFERENCES_KINDS_BYTES - n, "%s%s %" PRIu64,
				n != 0 ? " " : "", kinds[i], d->of_kind[i]);
}

int differences_end(
	struct differences **differences, bool keep, struct err *err)
{
	struct differences *d = *differences;
	int r = 0;

	if (d == NULL)
		return 0;
	*differences = NULL;
	if (keep) {
		note_error(d, fprintf(d->out, "end\t%" PRIu64 "\n", d->count));
		note_error(d, fflush(d->out));
		note_error(d, fsync(fileno(d->out)));
	}
	note_error(d, fclose(d->out));
	if (keep && d->errnum == 0 && rename(d->tmp, d->path) != 0)
		d->errnum = errno;
	if (keep && d->errnum != 0)
		r = err_set_file(err, d->errnum, "cannot write %s", d->path);
	if (!keep || r != 0)
		(void)unlink(d->tmp);
	free(d->path);
	free(d->tmp);
	free(d);
	return r;
}
