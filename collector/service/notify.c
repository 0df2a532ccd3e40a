/* SPDX-License-Identifier: BSD-2-Clause */
#include "notify.h"

#include "../base/log.h"
#include "../base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct notify {
	int fd; /* -1: nobody is told */
	struct sockaddr_un address;
	socklen_t address_bytes;
	int64_t watchdog_ms;
	char owed[NOTIFY_BYTES]; /* a change of state that was not sent */
	char status[NOTIFY_BYTES];
};

/* "@name" is a name in the abstract namespace: it begins with a zero byte,
 * and has no zero at its end. */
static bool read_address(struct notify *n, const char *name)
{
	size_t bytes = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || bytes < 2 ||
		bytes >= sizeof n->address.sun_path)
		return false;
	n->address.sun_family = AF_UNIX;
	memcpy(n->address.sun_path, name, bytes);
	if (name[0] == '@')
		n->address.sun_path[0] = '\0';
	else
		bytes++;
	n->address_bytes =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
	return true;
}

/* The number of an environment variable that is nothing else; 0. */
static uint64_t read_number(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	unsigned long long value;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	errno = 0;
	value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' ? value : 0;
}

static int64_t read_watchdog(void)
{
	uint64_t pid = read_number("WATCHDOG_PID");
	uint64_t us = read_number("WATCHDOG_USEC");

	if ((getenv("WATCHDOG_PID") != NULL && pid != (uint64_t)getpid()) ||
		us > INT64_MAX)
		return 0;
	return (int64_t)us / 1000;
}

struct notify *notify_open(bool asked)
{
	struct notify *n = mem_alloc(sizeof *n);
	const char *name = getenv("NOTIFY_SOCKET");

	n->fd = -1;
	if (!asked || name == NULL || name[0] == '\0')
		return n;
	if (!read_address(n, name)) {
		LOG(LOG_LEVEL_WARN, NULL, "notify_socket_unusable",
			LOG_STR("NOTIFY_SOCKET", name));
		return n;
	}
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd >= 0)
		n->watchdog_ms = read_watchdog();
	return n;
}

void notify_close(struct notify **n)
{
	if (*n == NULL)
		return;
	if ((*n)->fd >= 0)
		(void)close((*n)->fd);
	free(*n);
	*n = NULL;
}

int64_t notify_watchdog_ms(const struct notify *n)
{
	return n->watchdog_ms;
}

static bool send_text(struct notify *n, const char *text)
{
	return sendto(n->fd, text, strlen(text), MSG_NOSIGNAL,
		       (const struct sockaddr *)&n->address,
		       n->address_bytes) >= 0;
}

/* What is owed goes first: a state must not overtake the one before. */
static bool settle(struct notify *n)
{
	if (n->owed[0] != '\0' && !send_text(n, n->owed))
		return false;
	n->owed[0] = '\0';
	return true;
}

static void change(struct notify *n, const char *text)
{
	if (n->fd < 0)
		return;
	(void)snprintf(n->owed, sizeof n->owed, "%s", text);
	(void)settle(n);
}

void notify_ready(struct notify *n)
{
	change(n, "READY=1");
}

/* The time tells the manager which of its own signals this answers. */
void notify_reloading(struct notify *n)
{
	char text[64];
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
		(long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	change(n, text);
}

void notify_stopping(struct notify *n)
{
	change(n, "STOPPING=1");
}

void notify_status(struct notify *n, const char *fmt, ...)
{
	char text[NOTIFY_BYTES] = "STATUS=";
	const size_t key = strlen(text);
	va_list ap;

	if (n->fd < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text + key, sizeof text - key, fmt, ap);
	va_end(ap);
	for (char *c = text + key; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' '; /* a second line would be another key */
	if (strcmp(text, n->status) == 0 || !settle(n) || !send_text(n, text))
		return;
	memcpy(n->status, text, sizeof text);
}

void notify_alive(struct notify *n)
{
	if (n->fd >= 0 && settle(n))
		(void)send_text(n, "WATCHDOG=1");
}
