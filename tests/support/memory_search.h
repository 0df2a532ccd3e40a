/* SPDX-License-Identifier: BSD-2-Clause */
/* memory_search: bytes in the writable memory of another process. */
#ifndef MAILHAUL_TESTS_MEMORY_SEARCH_H
#define MAILHAUL_TESTS_MEMORY_SEARCH_H

#include "collector/base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* How often the needle is in a mapping of another process. */
static inline size_t memory_search_piece(
	int mem, off_t from, off_t to, const char *needle)
{
	const size_t piece = (size_t)1 << 20, n = strlen(needle);
	char *room = mem_alloc(piece + n);
	size_t found = 0;

	for (off_t at = from; at < to; at += (off_t)piece) {
		size_t left = (size_t)(to - at);
		ssize_t got = pread(mem, room,
			left < piece + n - 1 ? left : piece + n - 1, at);
		const char *p = room;
		if (got <= 0)
			continue;
		while ((p = memmem(p, (size_t)(room + got - p), needle, n)) !=
			NULL) {
			found++;
			p++;
		}
	}
	free(room);
	return found;
}

/* -1 where the memory of the envoy cannot be read: only root can. */
static inline long memory_search(pid_t pid, const char *needle)
{
	char path[64], line[512];
	long found = 0;
	FILE *maps;
	int mem;

	(void)snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (mem < 0 || maps == NULL) {
		if (mem >= 0)
			(void)close(mem);
		if (maps != NULL)
			(void)fclose(maps);
		return -1;
	}
	while (fgets(line, sizeof line, maps) != NULL) {
		char *end;
		unsigned long from = strtoul(line, &end, 16), to;
		if (*end != '-')
			continue;
		to = strtoul(end + 1, &end, 16);
		if (strncmp(end, " rw", 3) == 0)
			found += (long)memory_search_piece(
				mem, (off_t)from, (off_t)to, needle);
	}
	(void)fclose(maps);
	(void)close(mem);
	return found;
}

#endif
