/* SPDX-License-Identifier: BSD-2-Clause */
#include "output.h"

#include "../../storage/durable.h"
#include "../base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int fail(struct err *err, int errnum, const char *what, const char *path)
{
	return err_set_file(err, errnum, "cannot %s %s", what, path);
}

int output_open(const char *path, struct output *ret, struct err *err)
{
	int fd, errnum;

	*ret = (struct output){.path = mem_strdup(path),
		.tmp = mem_printf("%s.new.%ld", path, (long)getpid())};
	(void)unlink(ret->tmp);
	fd = open(ret->tmp,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ret->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (ret->file != NULL)
		return 0;
	errnum = errno;
	if (fd >= 0)
		(void)close(fd);
	(void)fail(err, errnum, "create", ret->tmp);
	free(ret->path);
	free(ret->tmp);
	*ret = (struct output){.file = NULL};
	return -1;
}

int output_end(struct output *o, bool keep, struct err *err)
{
	int errnum = 0, rc = 0;
	char *dir;

	if (o->file == NULL)
		return 0;
	if (keep && (ferror(o->file) != 0 || fflush(o->file) != 0 ||
			    fsync(fileno(o->file)) != 0))
		errnum = errno != 0 ? errno : EIO;
	if (fclose(o->file) != 0 && errnum == 0)
		errnum = errno;
	if (keep && errnum == 0 && rename(o->tmp, o->path) != 0)
		errnum = errno;
	if (!keep || errnum != 0)
		(void)unlink(o->tmp);
	dir = durable_dir_of(o->path);
	if (keep && errnum != 0)
		rc = fail(err, errnum, "write", o->path);
	else if (keep)
		rc = durable_sync_dir(dir, err);
	free(dir);
	free(o->path);
	free(o->tmp);
	*o = (struct output){.file = NULL};
	return rc;
}
