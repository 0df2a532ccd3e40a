/* SPDX-License-Identifier: BSD-2-Clause */
#include "listeners.h"

#include "../base/clock.h"
#include "../base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64
#define AGAIN_US (100 * 1000)

static int new_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* A socket that nobody listens to any more, left by one that was killed. */
static void remove_stale(const struct endpoint *e, const char *path)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = new_socket(AF_UNIX);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&e->address,
		    e->address_bytes) < 0 &&
		errno == ECONNREFUSED)
		(void)unlink(path);
	(void)close(fd);
}

/* For the owner and the group of its directory, whatever the umask says. */
static int note_path(struct listener *l, const char *path)
{
	struct stat st;

	if (chmod(path, 0660) < 0 || lstat(path, &st) < 0)
		return -1;
	(void)snprintf(l->path, sizeof l->path, "%s", path);
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

/* errno where it fails; l->fd is for the caller to close. */
static int bind_to(struct listener *l, const struct endpoint *e)
{
	const struct sockaddr_un *un = (const void *)&e->address;
	struct sockaddr_storage at = {0};
	socklen_t bytes = sizeof at;
	int family = e->address.ss_family, on = 1;

	l->fd = new_socket(family);
	if (l->fd < 0)
		return -1;
	if (family == AF_UNIX)
		remove_stale(e, un->sun_path);
	else if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) <
		 0)
		return -1;
	/* [::] is not 0.0.0.0 besides: both can be named */
	if (family == AF_INET6 && setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY,
					  &on, sizeof on) < 0)
		return -1;
	if (bind(l->fd, (const struct sockaddr *)&e->address,
		    e->address_bytes) < 0 ||
		(family == AF_UNIX && note_path(l, un->sun_path) < 0) ||
		listen(l->fd, BACKLOG) < 0 ||
		getsockname(l->fd, (struct sockaddr *)&at, &bytes) < 0)
		return -1;
	endpoint_format(&at, l->at);
	return 0;
}

static void close_one(struct listener *l)
{
	struct stat st;

	if (l->path[0] != '\0' && lstat(l->path, &st) == 0 &&
		st.st_dev == l->dev && st.st_ino == l->ino)
		(void)unlink(l->path);
	if (l->fd >= 0)
		(void)close(l->fd);
	*l = (struct listener){.fd = -1};
}

static int refuse(const struct endpoint *e, int errnum, struct err *err)
{
	(void)err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		errnum, "cannot listen on %s", e->text);
	if (errnum == EADDRINUSE)
		return err_hint(err,
			"another program has that address: give another one "
			"with --listen or serve.listen");
	if (errnum == EADDRNOTAVAIL)
		return err_hint(err, "it is no address of this machine");
	if (errnum == EACCES)
		return err_hint(err,
			"choose a port from 1024 on, or a directory that this "
			"user may write to");
	return err_hint(err, "give another address with --listen or "
			     "serve.listen");
}

static int open_one(struct listener *l, const struct endpoint *e,
	int64_t patience_ms, struct err *err)
{
	int64_t until_ms = clock_mono_ms() + patience_ms;

	for (;;) {
		int errnum;

		*l = (struct listener){.fd = -1};
		memcpy(l->text, e->text, sizeof l->text);
		if (bind_to(l, e) == 0)
			break;
		errnum = errno;
		close_one(l);
		if (errnum != EADDRINUSE || clock_mono_ms() >= until_ms)
			return refuse(e, errnum, err);
		(void)usleep(AGAIN_US);
	}
	LOG(LOG_LEVEL_INFO, NULL, "listening", LOG_STR("at", l->at));
	return 0;
}

static struct listener *find(struct listeners *l, const char *text)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->all[i].text, text) == 0)
			return &l->all[i];
	return NULL;
}

int listeners_open(struct listeners *l, const char *endpoints,
	int64_t patience_ms, struct err *err)
{
	struct endpoint wanted[ENDPOINTS_MAX];
	struct listeners fresh = {.count = 0};
	size_t count;

	if (endpoints_parse(endpoints, wanted, &count) < 0)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE,
			"serve.listen: \"%.100s\" names no "
			"addresses",
			endpoints);
	for (size_t i = 0; i < count; i++) {
		struct listener *same = find(l, wanted[i].text);
		struct listener *next = &fresh.all[fresh.count];

		if (same != NULL) {
			*next = *same;
		} else if (open_one(next, &wanted[i], patience_ms, err) < 0) {
			for (size_t j = 0; j < fresh.count; j++)
				if (find(l, fresh.all[j].text) == NULL)
					close_one(&fresh.all[j]);
			return -1;
		}
		fresh.count++;
	}
	for (size_t i = 0; i < l->count; i++)
		if (find(&fresh, l->all[i].text) == NULL)
			close_one(&l->all[i]);
	*l = fresh;
	return 0;
}

void listeners_close(struct listeners *l)
{
	for (size_t i = 0; i < l->count; i++)
		close_one(&l->all[i]);
	l->count = 0;
}
