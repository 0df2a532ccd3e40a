/* SPDX-License-Identifier: BSD-2-Clause */
#include "watch_keeper.h"

#include "cli.h"

#include <errno.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t child;

static void hand_on(int number)
{
	int saved = errno;

	if (child > 0)
		(void)kill((pid_t)child, number);
	errno = saved;
}

/* The child has the keys' signals from the terminal itself, as we have; twice
 * is no harm. We stop once it has stopped. */
static void set_signals(void)
{
	static const int handed_on[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	const struct sigaction act = {.sa_handler = hand_on};

	for (size_t i = 0; i < sizeof handed_on / sizeof handed_on[0]; i++)
		(void)sigaction(handed_on[i], &act, NULL);
	/* whoever sets the modes from the background must not be stopped */
	(void)signal(SIGTTOU, SIG_IGN);
}

static void put_capability(const char *name)
{
	char *text = tigetstr(name);

	/* (char *)-1: no such name */
	if (text != NULL && text != (char *)-1)
		(void)putp(text);
}

/* What endwin() would have sent. */
static void restore(const struct termios *modes)
{
	int fault;

	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, modes);
	if (setupterm(NULL, STDOUT_FILENO, &fault) == OK) {
		put_capability("sgr0");
		put_capability("op");
		put_capability("rmcup");
		put_capability("rmkx");
		put_capability("cnorm");
	}
	(void)fputc('\r', stdout);
	(void)fflush(stdout);
}

static int wait_for(pid_t pid, const struct termios *modes)
{
	int status;

	for (;;) {
		if (waitpid(pid, &status, WUNTRACED) < 0) {
			if (errno == EINTR)
				continue;
			return EXIT_FAILED;
		}
		if (!WIFSTOPPED(status))
			break;
		/* It has put the terminal right, if it could. */
		(void)raise(SIGSTOP);
		(void)kill(pid, SIGCONT);
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	restore(modes);
	(void)fprintf(stderr,
		"mailhaul status: the view was ended by signal %d (%s); the "
		"daemon is not concerned\n",
		WTERMSIG(status), strsignal(WTERMSIG(status)));
	return EXIT_FAILED;
}

int watch_keeper_run(int (*fn)(void *arg), void *arg)
{
	struct termios modes;
	pid_t parent = getpid(), pid;
	sigset_t all, before;

	if (tcgetattr(STDIN_FILENO, &modes) != 0)
		return fn(arg);
	/* none is lost between the fork and the handler */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)signal(SIGTTOU, SIG_IGN);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		exit(getppid() == parent ? fn(arg) : EXIT_FAILED);
	}
	child = pid;
	if (pid > 0)
		set_signals();
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid > 0 ? wait_for(pid, &modes) : fn(arg);
}
