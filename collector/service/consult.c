/* SPDX-License-Identifier: BSD-2-Clause */
#include "consult.h"

#include "../base/task.h"
#include "dialer.h"
#include "envoys.h"

#include <signal.h>
#include <uv.h>

struct consultation {
	uv_loop_t loop;
	uv_async_t ended;
	uv_signal_t interrupt, term;
	struct dialer dialer;
	struct envoys *envoys;
	atomic_bool cancel;
	struct task task;
	/* the thread's */
	const struct session_config *config;
	const char *ca_file;
	int (*talk)(void *arg, struct session *s, struct err *err);
	void *arg;
	struct err err;
	int result;
};

static void *talk_thread(void *arg)
{
	struct consultation *c = arg;
	struct session *s = NULL;

	c->result = dialer_open(&c->dialer, c->config, c->ca_file, &s, &c->err);
	if (c->result == 0) {
		c->result = c->talk(c->arg, s, &c->err);
		session_close(&s);
	}
	(void)uv_async_send(&c->ended);
	return NULL;
}

/* All handles; the loop ends when the processes have. */
static void end(struct consultation *c)
{
	uv_close((uv_handle_t *)&c->ended, NULL);
	uv_close((uv_handle_t *)&c->interrupt, NULL);
	uv_close((uv_handle_t *)&c->term, NULL);
	envoys_stop(c->envoys);
}

static void on_ended(uv_async_t *ended)
{
	struct consultation *c = ended->data;

	task_join(&c->task);
	end(c);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct consultation *c = handle->data;

	(void)number;
	atomic_store(&c->cancel, true);
	dialer_cancel(&c->dialer);
}

static void start(struct consultation *c)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)uv_async_init(&c->loop, &c->ended, on_ended);
	(void)uv_signal_init(&c->loop, &c->interrupt);
	(void)uv_signal_init(&c->loop, &c->term);
	c->ended.data = c->interrupt.data = c->term.data = c;
	(void)uv_signal_start(&c->interrupt, on_signal, SIGINT);
	(void)uv_signal_start(&c->term, on_signal, SIGTERM);
	envoys_expect(c->envoys);
	/* the thread may have ended, with a result, before this returns */
	if (task_start(&c->task, talk_thread, c, &c->err) != 0) {
		c->result = -1;
		end(c);
	}
}

int consult(const struct settings *settings,
	const struct session_config *config, const char *ca_file,
	int (*talk)(void *arg, struct session *s, struct err *err), void *arg,
	struct err *err)
{
	struct anchors *anchors = anchors_new();
	struct consultation c = {
		.config = config, .ca_file = ca_file, .talk = talk, .arg = arg};
	int r;

	atomic_init(&c.cancel, false);
	(void)uv_loop_init(&c.loop);
	c.envoys = envoys_new(&c.loop, 1);
	c.dialer.envoys = c.envoys;
	c.dialer.anchors = anchors;
	c.dialer.settings = settings;
	c.dialer.cancel = &c.cancel;
	r = dialer_init(&c.dialer, err);
	if (r == 0)
		start(&c);
	else
		envoys_stop(c.envoys);
	(void)uv_run(&c.loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&c.loop);
	dialer_clear(&c.dialer);
	envoys_free(&c.envoys);
	anchors_free(&anchors);
	if (r == 0 && c.result != 0)
		*err = c.err;
	return r == 0 ? c.result : r;
}
