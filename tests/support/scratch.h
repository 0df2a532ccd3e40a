/* SPDX-License-Identifier: BSD-2-Clause */
/* scratch: a directory for one test, gone afterwards. Header only. */
#ifndef MAILHAUL_TESTS_SCRATCH_H
#define MAILHAUL_TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_MAX 256

static inline int scratch_unlink(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void scratch_make(char out[SCRATCH_MAX])
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(out, SCRATCH_MAX, "%s/mailhaul-test-XXXXXX",
		tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(out) == NULL) {
		perror(out);
		abort();
	}
}

static inline void scratch_remove(const char *dir)
{
	(void)nftw(dir, scratch_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
