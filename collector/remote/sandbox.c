/* SPDX-License-Identifier: BSD-2-Clause */
#include "sandbox.h"

#include "../base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DATA_BYTES ((rlim_t)1 << 30) /* heaps and stacks; not RLIMIT_AS */
#define FILES ((rlim_t)8192)	     /* a session has three or four */
#define HERALD_DATA_BYTES ((rlim_t)64 << 20)
#define HERALD_FILES ((rlim_t)128)

/* Soft and hard, never above what the hard limit is now. */
static void lower_limit(int resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return;
	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(resource, &limit);
}

void sandbox_prepare(int control_fd)
{
	static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGTERM};

	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		(void)signal(ignored[i], SIG_IGN);
	lower_limit(RLIMIT_CORE, 0);
	(void)close_range((unsigned)control_fd + 1, ~0U, 0);
}

static const char *kind_name(enum sandbox_kind kind)
{
	switch (kind) {
	case SANDBOX_ENVOY:
		return "envoy";
	case SANDBOX_SCOUT:
		return "scout";
	case SANDBOX_HERALD:
		return "herald";
	}
	return "";
}

/* The worst of what is missing; NULL: nothing is. */
static const char *missing(
	const struct sandbox_report *r, enum log_level *ret_level)
{
	*ret_level = LOG_LEVEL_WARN;
	if (r->landlock_abi == 0 && !r->filter)
		return "landlock and seccomp: files and system calls stay "
		       "within reach";
	if (!r->filter)
		return "seccomp: system calls stay within reach";
	if (r->root)
		return "another user: it stays root, without files";
	*ret_level = LOG_LEVEL_INFO; /* seccomp covers it */
	if (r->landlock_abi == 0)
		return "landlock: files are refused by seccomp alone";
	if (r->landlock_abi < 4)
		return "landlock's network rules: seccomp alone refuses "
		       "connections";
	return NULL;
}

/* There is one scout, and an envoy for each host: it speaks for all. */
static void say(enum sandbox_kind kind, const struct sandbox_report *r)
{
	enum log_level level;
	const char *what = missing(r, &level);

	if (what == NULL || kind != SANDBOX_SCOUT)
		level = LOG_LEVEL_DEBUG;
	LOG(level, NULL, "sandbox", LOG_STR("process", kind_name(kind)),
		LOG_NUM("uid", getuid()), LOG_NUM("landlock", r->landlock_abi),
		LOG_STR("seccomp", r->filter ? "yes" : "no"),
		LOG_STR("missing", what != NULL ? what : "nothing"));
}

#ifdef MAILHAUL_SANITIZED

int sandbox_enter(enum sandbox_kind kind, struct sandbox_report *ret_report,
	struct err *err)
{
	(void)err;
	(void)say;
	memset(ret_report, 0, sizeof *ret_report);
	ret_report->sanitized = true;
	LOG(kind == SANDBOX_SCOUT ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, NULL,
		"sandbox", LOG_STR("process", kind_name(kind)),
		LOG_STR("missing", "all of it: a sanitizer is built in"));
	return 0;
}

#else

int sandbox_enter(enum sandbox_kind kind, struct sandbox_report *ret_report,
	struct err *err)
{
	struct sandbox_report report = {0};
	bool herald = kind == SANDBOX_HERALD;

	lower_limit(RLIMIT_NOFILE, herald ? HERALD_FILES : FILES);
	lower_limit(RLIMIT_DATA, herald ? HERALD_DATA_BYTES : DATA_BYTES);
	sandbox_user(&report.root);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "prctl");
	if (sandbox_landlock(kind, &report.landlock_abi, err) < 0 ||
		sandbox_filter(kind, &report.filter, err) < 0)
		return -1;
	say(kind, &report);
	*ret_report = report;
	return 0;
}

#endif
