/* SPDX-License-Identifier: BSD-2-Clause */
#include "tenant_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_tenants(int fd, int dir_fd)
{
	struct stat st, dir;

	if (fstat(fd, &st) != 0 || fstat(dir_fd, &dir) != 0 ||
		!S_ISREG(st.st_mode))
		return false;
	if (st.st_uid == geteuid())
		return st.st_nlink == 1 || dir.st_uid == geteuid();
	return st.st_uid == dir.st_uid;
}

int tenant_file_open(int dir_fd, const char *name, int flags)
{
	int fd = TEMP_FAILURE_RETRY(openat(
		dir_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));

	if (fd < 0) {
		if (errno == ENXIO) /* a FIFO without a reader, a socket */
			errno = EPERM;
		return -1;
	}
	if (is_tenants(fd, dir_fd))
		return fd;
	(void)close(fd);
	errno = EPERM;
	return -1;
}
