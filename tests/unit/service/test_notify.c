/* SPDX-License-Identifier: BSD-2-Clause */
/* What a service manager hears, over a path and an abstract name; that
 * nothing waits for it; and when the watchdog is not fed. */
#include "collector/base/log.h"
#include "collector/service/health.h"
#include "collector/service/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct manager {
	char dir[256];
	int fd;
};

/* name NULL: a path. */
static void manager_open(struct manager *m, const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t n = sizeof a;

	(void)snprintf(m->dir, sizeof m->dir, "/tmp/mailhaul-notify.XXXXXX");
	assert_non_null(mkdtemp(m->dir));
	if (name != NULL) {
		(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", name);
		n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				strlen(name));
		a.sun_path[0] = '\0';
	} else {
		(void)snprintf(
			a.sun_path, sizeof a.sun_path, "%.90s/socket", m->dir);
		name = a.sun_path;
	}
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static void manager_close(struct manager *m)
{
	char path[300];

	(void)close(m->fd);
	(void)snprintf(path, sizeof path, "%s/socket", m->dir);
	(void)unlink(path);
	assert_int_equal(rmdir(m->dir), 0);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

/* "" = nothing was said. */
static const char *hear(const struct manager *m)
{
	static char text[1024];
	ssize_t n = recv(m->fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void talks_through(const char *name)
{
	struct manager m;
	struct notify *n;

	manager_open(&m, name);
	n = notify_open(true);
	notify_ready(n);
	assert_string_equal(hear(&m), "READY=1");
	notify_status(n, "%d runs\nREADY=0", 3);
	assert_string_equal(hear(&m), "STATUS=3 runs READY=0");
	notify_status(n, "%d runs\nREADY=0", 3); /* the same again */
	assert_string_equal(hear(&m), "");
	notify_reloading(n);
	assert_memory_equal(hear(&m), "RELOADING=1\nMONOTONIC_USEC=", 27);
	notify_alive(n);
	assert_string_equal(hear(&m), "WATCHDOG=1");
	notify_stopping(n);
	assert_string_equal(hear(&m), "STOPPING=1");
	notify_close(&n);
	assert_null(n);
	manager_close(&m);
}

static void a_path_hears(void **state)
{
	(void)state;
	talks_through(NULL);
}

static void an_abstract_name_hears(void **state)
{
	char name[64];

	(void)state;
	(void)snprintf(name, sizeof name, "@mailhaul-test/%ld", (long)getpid());
	talks_through(name);
}

static void nobody_hears(void **state)
{
	static const char *const odd[] = {"", "socket", "@", "/", "vsock:2:3"};
	char longest[300] = "/";
	struct notify *n;

	(void)state;
	memset(longest + 1, 'x', 250);
	for (size_t i = 0; i <= sizeof odd / sizeof odd[0]; i++) {
		(void)setenv("NOTIFY_SOCKET",
			i < sizeof odd / sizeof odd[0] ? odd[i] : longest, 1);
		(void)setenv("WATCHDOG_USEC", "1000000", 1);
		n = notify_open(true);
		notify_ready(n);
		notify_status(n, "x");
		notify_alive(n);
		assert_int_equal(notify_watchdog_ms(n), 0);
		notify_close(&n);
	}
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
}

static void only_who_was_asked_tells(void **state)
{
	struct manager m;
	struct notify *n;

	(void)state;
	manager_open(&m, NULL);
	n = notify_open(false);
	notify_ready(n);
	notify_alive(n);
	assert_string_equal(hear(&m), "");
	notify_close(&n);
	manager_close(&m);
}

static void the_watchdog_may_be_another_s(void **state)
{
	struct manager m;
	struct notify *n;
	char pid[32];

	(void)state;
	manager_open(&m, NULL);
	(void)setenv("WATCHDOG_USEC", "3000000", 1);
	n = notify_open(true);
	assert_int_equal(notify_watchdog_ms(n), 3000);
	notify_close(&n);
	(void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
	(void)setenv("WATCHDOG_PID", pid, 1);
	n = notify_open(true);
	assert_int_equal(notify_watchdog_ms(n), 3000);
	notify_close(&n);
	(void)setenv("WATCHDOG_PID", "1", 1);
	n = notify_open(true);
	assert_int_equal(notify_watchdog_ms(n), 0);
	notify_close(&n);
	(void)setenv("WATCHDOG_USEC", "-3", 1);
	(void)unsetenv("WATCHDOG_PID");
	n = notify_open(true);
	assert_int_equal(notify_watchdog_ms(n), 0);
	notify_close(&n);
	manager_close(&m);
}

/* A manager that does not read: nothing blocks, and the latest state is said
 * once there is room. */
static void a_full_queue_keeps_nobody_waiting(void **state)
{
	struct manager m;
	struct notify *n;

	(void)state;
	manager_open(&m, NULL);
	n = notify_open(true);
	for (int i = 0; i < 5000; i++)
		notify_status(n, "%d", i);
	notify_stopping(n);
	while (hear(&m)[0] != '\0')
		continue;
	notify_alive(n);
	assert_string_equal(hear(&m), "STOPPING=1");
	assert_string_equal(hear(&m), "WATCHDOG=1");
	notify_close(&n);
	manager_close(&m);
}

static bool is_fed(struct health *h, const struct manager *m, int64_t busy_ms,
	const char *trouble)
{
	const struct health_facts facts = {
		.runs = 1, .committer_busy_ms = busy_ms, .trouble = trouble};
	const char *said;
	bool fed = false;

	health_tick(h, &facts);
	while ((said = hear(m))[0] != '\0')
		fed = fed || strcmp(said, "WATCHDOG=1") == 0;
	return fed;
}

static void a_stuck_committer_is_not_fed(void **state)
{
	struct manager m;
	struct health *h;

	(void)state;
	manager_open(&m, NULL);
	(void)setenv("WATCHDOG_USEC", "1000", 1);
	h = health_new(true);
	assert_true(is_fed(h, &m, 0, ""));
	(void)usleep(2000);
	assert_true(is_fed(h, &m, 1, "no room on /srv"));
	(void)usleep(2000);
	assert_false(is_fed(h, &m, 2, ""));
	assert_false(is_fed(h, &m, 60000, ""));
	(void)usleep(2000);
	assert_true(is_fed(h, &m, 0, ""));
	health_free(&h);
	manager_close(&m);
}

static void it_is_not_fed_too_often(void **state)
{
	struct manager m;
	struct health *h;

	(void)state;
	manager_open(&m, NULL);
	(void)setenv("WATCHDOG_USEC", "3600000000", 1);
	h = health_new(true);
	(void)is_fed(h, &m, 0, "");
	for (int i = 0; i < 10; i++)
		assert_false(is_fed(h, &m, 0, ""));
	health_free(&h);
	manager_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_hears),
		cmocka_unit_test(an_abstract_name_hears),
		cmocka_unit_test(nobody_hears),
		cmocka_unit_test(only_who_was_asked_tells),
		cmocka_unit_test(the_watchdog_may_be_another_s),
		cmocka_unit_test(a_full_queue_keeps_nobody_waiting),
		cmocka_unit_test(a_stuck_committer_is_not_fed),
		cmocka_unit_test(it_is_not_fed_too_often),
	};

	log_setup(LOG_LEVEL_NONE, LOG_FORMAT_TEXT, STDERR_FILENO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
