/* SPDX-License-Identifier: BSD-2-Clause */
#include "task.h"

#include <signal.h>

static int start(pthread_t *thread, bool detached, void *(*fn)(void *),
	void *arg, struct err *err)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, TASK_STACK_BYTES);
	if (detached)
		(void)pthread_attr_setdetachstate(
			&attr, PTHREAD_CREATE_DETACHED);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(thread, &attr, fn, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
	if (r == 0)
		return 0;
	(void)err_set_sys(err, ERR_DISK, ERR_SCOPE_SERVICE, ERR_RETRY_LATER, r,
		"cannot start a thread");
	return err_hint(err, "raise the limit on tasks (ulimit -u, TasksMax=) "
			     "or lower pool.sessions");
}

int task_start(
	struct task *task, void *(*fn)(void *), void *arg, struct err *err)
{
	return start(&task->thread, false, fn, arg, err);
}

int task_detach(void *(*fn)(void *), void *arg, struct err *err)
{
	pthread_t thread;

	return start(&thread, true, fn, arg, err);
}

void task_join(struct task *task)
{
	(void)pthread_join(task->thread, NULL);
}
