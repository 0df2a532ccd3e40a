/* SPDX-License-Identifier: BSD-2-Clause */
#include "maildirsize.h"

#include "tenant_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "maildirsize"

static void append(int root_fd, const char *line)
{
	ssize_t n = (ssize_t)strlen(line);
	int fd = tenant_file_open(root_fd, FILE_NAME, O_WRONLY | O_APPEND);

	if (fd < 0)
		return;
	if (write(fd, line, (size_t)n) != n)
		maildirsize_remove(root_fd);
	(void)close(fd);
}

void maildirsize_add(int root_fd, uint64_t bytes, uint64_t count)
{
	char line[64];

	(void)snprintf(
		line, sizeof line, "%" PRIu64 " %" PRIu64 "\n", bytes, count);
	append(root_fd, line);
}

void maildirsize_take(int root_fd, uint64_t bytes, uint64_t count)
{
	char line[64];

	(void)snprintf(
		line, sizeof line, "-%" PRIu64 " -%" PRIu64 "\n", bytes, count);
	append(root_fd, line);
}

void maildirsize_remove(int root_fd)
{
	(void)unlinkat(root_fd, FILE_NAME, 0);
}
