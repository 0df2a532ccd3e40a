/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit: the least that a collector can do, for comparison. Everything that
 * may be pipelined is, nothing is remembered, nothing is checked.
 *
 *     limit [-t] [-a CA] [-y never|folder|end] -p PORT -u USER MODE [DEST]
 *
 * imap         every message of every mailbox; into DEST where there is one
 * imap-status  what a resync of unchanged mailboxes costs with LIST-STATUS
 * pop3         every message
 * deliver      one message from stdin into the Maildir DEST, durable
 *
 * The password comes from $LIMIT_PASSWORD. 127.0.0.1 only.
 */
#include "wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sync_when sync_by_name(const char *name)
{
	if (strcmp(name, "folder") == 0)
		return SYNC_FOLDER;
	if (strcmp(name, "end") == 0)
		return SYNC_END;
	if (strcmp(name, "never") != 0)
		limit_die("-y", name);
	return SYNC_NEVER;
}

static void copy_stdin(int fd)
{
	static char buf[1 << 16];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof buf)) > 0)
		if (write(fd, buf, (size_t)n) != n)
			limit_die("deliver", "write failed");
	if (n < 0)
		limit_die("deliver", "read failed");
}

/* tmp/, fsync, rename into new/, fsync of new/: what an MDA does. */
static void deliver(const char *dest)
{
	char from[4096], to[4096], dir[4096];
	struct timespec now;
	int fd, dir_fd;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)snprintf(from, sizeof from, "%s/tmp/%ld.%ld.%d", dest,
		(long)now.tv_sec, now.tv_nsec, (int)getpid());
	(void)snprintf(to, sizeof to, "%s/new/%ld.%ld.%d", dest,
		(long)now.tv_sec, now.tv_nsec, (int)getpid());
	(void)snprintf(dir, sizeof dir, "%s/new", dest);
	fd = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || dir_fd < 0)
		limit_die("deliver", dest);
	copy_stdin(fd);
	if (fsync(fd) != 0 || close(fd) != 0 || rename(from, to) != 0 ||
		fsync(dir_fd) != 0)
		limit_die("deliver", to);
	(void)close(dir_fd);
}

static void sync_dest(const struct limit *l)
{
	int fd;

	if (l->dest == NULL || l->sync != SYNC_END)
		return;
	fd = open(l->dest, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) != 0)
		limit_die("syncfs", l->dest);
	(void)close(fd);
}

static void run_mode(struct limit *l, const char *mode)
{
	if (l->dest != NULL)
		(void)mkdir(l->dest, 0700);
	if (strcmp(mode, "imap") == 0)
		limit_imap(l);
	else if (strcmp(mode, "imap-status") == 0)
		limit_imap_status(l);
	else if (strcmp(mode, "pop3") == 0)
		limit_pop3(l);
	else
		limit_die("mode", mode);
	sync_dest(l);
	(void)printf("%lu messages, %llu bytes\n", l->messages, l->bytes);
}

int main(int argc, char **argv)
{
	struct limit l = {.password = getenv("LIMIT_PASSWORD")};
	int opt;

	while ((opt = getopt(argc, argv, "ta:y:p:u:")) != -1) {
		if (opt == 't')
			l.tls = true;
		else if (opt == 'a')
			l.ca_file = optarg;
		else if (opt == 'y')
			l.sync = sync_by_name(optarg);
		else if (opt == 'p')
			l.port = (int)strtol(optarg, NULL, 10);
		else if (opt == 'u')
			l.user = optarg;
		else
			return 64;
	}
	if (optind >= argc)
		limit_die("usage", "limit [options] MODE [DEST]");
	l.dest = argv[optind + 1];
	if (strcmp(argv[optind], "deliver") == 0 && l.dest != NULL) {
		deliver(l.dest);
		return 0;
	}
	if (l.user == NULL || l.port == 0 || l.password == NULL)
		limit_die("usage", "-p, -u and $LIMIT_PASSWORD");
	run_mode(&l, argv[optind]);
	return 0;
}
