/* SPDX-License-Identifier: BSD-2-Clause */
#include "process.h"

#include "../base/log.h"
#include "../base/mem.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_FD 3 /* in the child */

static const char *const levels[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_WIRE] = "wire",
};

/* A thread's cache of freed memory is of little use to a session, and there
 * may be a thousand (glibc, "Memory Allocation Tunables"). */
static const char tunables[] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=0";

/* Nothing of our environment but what a test tool or the resolver needs. */
static char **child_environment(void)
{
	static const char *const keep[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS",
		"TSAN_OPTIONS", "LSAN_OPTIONS", "LD_PRELOAD", "RES_OPTIONS"};
	const size_t count = sizeof keep / sizeof keep[0];
	char **env = mem_array(count + 2, sizeof *env);
	size_t n = 0;

	env[n++] = mem_strdup(tunables);
	for (size_t i = 0; i < count; i++)
		if (getenv(keep[i]) != NULL)
			env[n++] =
				mem_printf("%s=%s", keep[i], getenv(keep[i]));
	env[n] = NULL;
	return env;
}

static void fill_stdio(uv_stdio_container_t io[4], int child_fd)
{
	memset(io, 0, 4 * sizeof io[0]);
	io[0].flags = UV_IGNORE;
	io[1].flags = UV_IGNORE;
	io[2].flags = UV_INHERIT_FD;
	io[2].data.fd = STDERR_FILENO;
	io[CONTROL_FD].flags = UV_INHERIT_FD;
	io[CONTROL_FD].data.fd = child_fd;
}

static int spawn(uv_loop_t *loop, uv_process_t *process, const char *role,
	uv_exit_cb on_process_exit, int child_fd, bool *ret_open)
{
	char self[PATH_MAX];
	size_t self_bytes = sizeof self;
	enum log_level level =
		log_level() > LOG_LEVEL_ERROR ? log_level() : LOG_LEVEL_ERROR;
	char *args[] = {mem_strdup("mailhaul"), mem_strdup(role),
		mem_strdup(levels[level]),
		mem_strdup(log_format() == LOG_FORMAT_JSON ? "json" : "text"),
		NULL};
	char **env = child_environment();
	uv_stdio_container_t io[4];
	uv_process_options_t options;
	int r = uv_exepath(self, &self_bytes);

	fill_stdio(io, child_fd);
	memset(&options, 0, sizeof options);
	options.file = self;
	options.args = args;
	options.env = env;
	options.stdio = io;
	options.stdio_count = 4;
	options.exit_cb = on_process_exit;
	*ret_open = r == 0; /* uv_spawn opens the handle even if it fails */
	if (r == 0)
		r = uv_spawn(loop, process, &options);
	for (char **v = args; *v != NULL; v++)
		free(*v);
	for (char **v = env; *v != NULL; v++)
		free(*v);
	free(env);
	return r;
}

int process_spawn(uv_loop_t *loop, uv_process_t *process, const char *role,
	uv_exit_cb on_process_exit, bool *ret_open, int *ret_control_fd,
	struct err *err)
{
	int pair[2], r;

	*ret_open = false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, errno, "cannot make a socket pair");
	r = spawn(loop, process, role, on_process_exit, pair[1], ret_open);
	(void)close(pair[1]);
	if (r != 0) {
		(void)close(pair[0]);
		return err_set(err, ERR_DISK, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, "cannot start the %s process: %s",
			role, uv_strerror(r));
	}
	*ret_control_fd = pair[0];
	return 0;
}
