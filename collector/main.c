/* SPDX-License-Identifier: BSD-2-Clause */
/* One program: the commands, and the kinds of process that the conductor
 * starts from it (`mailhaul envoy LEVEL FORMAT`, `mailhaul scout …`, `mailhaul
 * herald …`). */
#include "base/log.h"
#include "cli/cli.h"
#include "remote/envoy.h"
#include "remote/herald.h"
#include "remote/scout.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void setup_child_log(const char *level, const char *format)
{
	static const char *const names[] = {
		"error", "warn", "info", "debug", "wire"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(level, names[i]) == 0)
			log_setup((enum log_level)i,
				strcmp(format, "json") == 0 ? LOG_FORMAT_JSON
							    : LOG_FORMAT_TEXT,
				STDERR_FILENO);
}

/* A closed descriptor 0, 1 or 2 would be given to the next file that is
 * opened, and what is printed would end up in the database. */
static void fill_standard_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = dup(fd);
	if (fd > STDERR_FILENO)
		(void)close(fd);
}

/* Keys and passwords are in our memory: no core, and nobody of the same user
 * may attach. A sanitizer looks at its own process with ptrace. */
static void keep_memory_private(void)
{
#ifndef MAILHAUL_SANITIZED
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int main(int argc, char **argv)
{
	keep_memory_private();
	fill_standard_descriptors();
	/* What is ours is nobody else's, and never locked to ourselves. */
	(void)umask(077);
	if (argc == 4 && strcmp(argv[1], "envoy") == 0) {
		setup_child_log(argv[2], argv[3]);
		return envoy_main();
	}
	if (argc == 4 && strcmp(argv[1], "scout") == 0) {
		setup_child_log(argv[2], argv[3]);
		return scout_main();
	}
	if (argc == 4 && strcmp(argv[1], "herald") == 0) {
		setup_child_log(argv[2], argv[3]);
		return herald_main();
	}
	return cli_main(argc, argv);
}
