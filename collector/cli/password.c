/* SPDX-License-Identifier: BSD-2-Clause */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int refuse(struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"%s", what);
}

/* One line of fd into a buffer that is cleansed. */
static int read_line(
	int fd, const char *name, struct secret *ret_secret, struct err *err)
{
	char line[SECRET_MAX + 1];
	size_t n = 0;
	ssize_t got = 0;
	int r = -1;

	while (n < sizeof line && (got = read(fd, line + n, 1)) == 1 &&
		line[n] != '\n')
		n++;
	if (got < 0)
		(void)err_set_sys(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, errno, "cannot read %s", name);
	else if (n == sizeof line)
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"%s: the first line is longer than %d bytes", name,
			SECRET_MAX);
	else if (n > 0 && line[n - 1] == '\r' && --n == 0)
		(void)refuse(err, "the password is empty");
	else if (n == 0)
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "%s: the password is empty", name);
	else if (memchr(line, '\0', n) != NULL)
		(void)refuse(err, "a password cannot hold a NUL");
	else
		r = 0;
	if (r == 0)
		secret_set(ret_secret, line, n);
	explicit_bzero(line, sizeof line);
	return r;
}

int password_from_file(
	const char *path, struct secret *ret_secret, struct err *err)
{
	int fd, r;

	if (strcmp(path, "-") == 0)
		return read_line(
			STDIN_FILENO, "standard input", ret_secret, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, errno,
			"cannot read the password file %s", path);
	r = read_line(fd, path, ret_secret, err);
	(void)close(fd);
	return r;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/* The signals arrive only while this waits for a line: one that came just
 * before the read would be noted, and the read would wait for ever. */
static void wait_for_line(int tty)
{
	struct pollfd in = {.fd = tty, .events = POLLIN};
	sigset_t blocked, before;

	(void)sigemptyset(&blocked);
	for (size_t i = 0; i < 4; i++)
		(void)sigaddset(&blocked, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &blocked, &before);
	while (!interrupted && ppoll(&in, 1, NULL, &before) < 0 &&
		errno == EINTR)
		;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Echo off, ask, echo on again, also when interrupted. */
static int ask_on(int tty, const char *account, struct secret *ret_secret,
	struct err *err)
{
	struct sigaction act = {.sa_handler = on_interrupt}, old[4];
	struct termios saved, silent;
	int r = -1;

	if (tcgetattr(tty, &saved) < 0)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, errno, "the terminal");
	silent = saved;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	interrupted = 0;
	for (size_t i = 0; i < 4; i++)
		(void)sigaction(signals[i], &act, &old[i]);
	/* First silent, then the question: who answers fast is not shown. */
	(void)tcsetattr(tty, TCSAFLUSH, &silent);
	(void)dprintf(tty, "Password for %s: ", account);
	wait_for_line(tty);
	if (!interrupted)
		r = read_line(tty, "the terminal", ret_secret, err);
	(void)tcsetattr(tty, TCSAFLUSH, &saved);
	(void)dprintf(tty, "\n");
	for (size_t i = 0; i < 4; i++)
		(void)sigaction(signals[i], &old[i], NULL);
	if (interrupted) {
		secret_clear(ret_secret);
		return err_set(err, ERR_CANCELLED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "interrupted; nothing was changed");
	}
	return r;
}

int password_ask(
	const char *account, struct secret *ret_secret, struct err *err)
{
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	int r;

	if (tty < 0) {
		(void)refuse(
			err, "there is no terminal to ask for the password on");
		return err_hint(err, "give --password-file FILE, or - for "
				     "standard input");
	}
	r = ask_on(tty, account, ret_secret, err);
	(void)close(tty);
	return r;
}
