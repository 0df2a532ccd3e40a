/* SPDX-License-Identifier: BSD-2-Clause */
/* Replays a corpus directory through a fuzz target, as an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	static const size_t max = (size_t)8 << 20;
	uint8_t *data, *copy;
	size_t n;
	FILE *f = fopen(path, "rb");

	if (f == NULL) {
		perror(path);
		return -1;
	}
	data = malloc(max);
	if (data == NULL)
		abort();
	n = fread(data, 1, max, f);
	(void)fclose(f);
	copy = malloc(n != 0 ? n : 1); /* exact, so that ASan sees overruns */
	if (copy == NULL)
		abort();
	memcpy(copy, data, n);
	free(data);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent *e;
	int played = 0;
	DIR *d;

	if (argc != 2 || (d = opendir(argv[1])) == NULL) {
		perror(argc == 2 ? argv[1] : "usage: replay DIRECTORY");
		return 2;
	}
	while ((e = readdir(d)) != NULL) {
		char path[4096];
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
		if (replay(path) < 0)
			return 1;
		played++;
	}
	(void)closedir(d);
	(void)printf("%d inputs replayed\n", played);
	return played > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
