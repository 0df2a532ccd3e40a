/* SPDX-License-Identifier: BSD-2-Clause */
#include "link.h"

#include "../base/clock.h"
#include "../base/log.h"
#include "configure.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

void link_init(struct link *l, struct run *run)
{
	*l = (struct link){.run = run, .dialer = &run->dialer};
}

static void configure(const struct link *l, struct session_config *c)
{
	const struct run *run = l->run;

	configure_session(run->settings, &run->account, &run->password, c);
	if (l->url != NULL)
		c->url = *l->url;
	c->wait = l->wait;
	/* a session that was lost may have been lost by it */
	c->bulk = l->bulk && l->opened == 0;
	if (l->pipelines_lost >= LINK_PIPELINES_LOST)
		c->quirks.on |= QUIRK_NO_PIPELINING & ~c->quirks.off;
}

/* Once a session. */
static void log_quirks(const struct run *run, const struct session_info *info)
{
	char names[QUIRK_NAMES_MAX];

	quirk_names(info->quirks & ~QUIRK_ALWAYS, names);
	if (names[0] != '\0')
		LOG(LOG_LEVEL_INFO,
			(&(struct log_ctx){.run = run->job.run,
				.account = run->account.name}),
			"quirks_in_force", LOG_STR("quirks", names));
}

/* While others go on *l is theirs: nothing of it is touched. */
static int dial(struct link *l, const struct session_config *config,
	const char *ca_file, struct session **ret_session, struct err *err)
{
	const struct run_dialer *dialer = l->dialer;
	const struct session_wait *wait = l->wait;
	int rc;

	if (wait != NULL && wait->begin != NULL)
		wait->begin(wait->arg);
	rc = dialer->open(dialer->arg, config, ca_file, ret_session, err);
	if (wait != NULL && wait->begin != NULL)
		wait->end(wait->arg);
	return rc;
}

static bool has_token(const struct run *run)
{
	return run->account.token_file != NULL &&
	       run->account.token_file[0] != '\0';
}

/* The secret is the file's of this moment. */
static int open_with_token(struct link *l, struct session_config *config,
	struct session **ret_session, struct err *err)
{
	const struct run *run = l->run;
	const char *path = run->account.token_file;
	struct secret token = {0};
	struct err why = {0};
	int rc;

	l->token_mark[0] = '\0';
	if (token_read(path, &token, err) != 0)
		return -1;
	token_mark(&token, l->token_mark);
	config->secret = token;
	rc = dial(l, config, configure_ca_file(run->settings, &run->account),
		ret_session, &why);
	secret_clear(&token);
	if (why.class == ERR_AUTH)
		(void)token_refused(path, &why);
	else
		l->token_mark[0] = '\0';
	if (rc == 0)
		return 0;
	if (err != NULL)
		*err = why;
	return -1;
}

static int open_once(struct link *l, struct err *err)
{
	const struct run *run = l->run;
	struct session *session = NULL;
	struct session_config config;

	if (atomic_load(&run->cancel))
		return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "cancelled");
	configure(l, &config);
	if (config.url.tls == TLS_NONE && !run->settings->tls_allow_plain)
		return err_set(err, ERR_POLICY, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"tls.allow_plain=no forbids security=none");
	if ((has_token(run) ? open_with_token(l, &config, &session, err)
			    : dial(l, &config,
				      configure_ca_file(
					      run->settings, &run->account),
				      &session, err)) != 0)
		return -1;
	l->session = session;
	l->opened++;
	session_info(l->session, &l->info);
	log_quirks(run, &l->info);
	return 0;
}

/* Some servers hang up on whoever does not wait (Zoho). */
static bool is_pipeline_lost(const struct err *err)
{
	return err->class == ERR_NETWORK && err->in_flight > 1;
}

static void note_pipeline(struct link *l, const struct err *err)
{
	if (is_pipeline_lost(err) && ++l->pipelines_lost == LINK_PIPELINES_LOST)
		LOG(LOG_LEVEL_WARN,
			(&(struct log_ctx){.run = l->run->job.run,
				.account = l->run->account.name}),
			"one_command_at_a_time",
			LOG_NUM("lost", l->pipelines_lost),
			LOG_STR("error", err->text));
}

/* A refusal with a time is POP3's LOGIN-DELAY. */
static int64_t asked_ms(const struct err *err)
{
	if (err->class == ERR_THROTTLED)
		return err->retry_after_ms;
	return err->class == ERR_REFUSED ? (int64_t)err->retry_after_s * 1000
					 : 0;
}

/* Waits as long as the server has asked for, no less; false if a run should
 * not, or is not to go on. */
static bool pause_as_asked(struct link *l, const struct err *err)
{
	int64_t ms = asked_ms(err), until_ms = clock_mono_ms() + ms, left_ms;

	if (ms == 0 || ms > LINK_PAUSE_MAX_MS || l->pauses++ >= LINK_PAUSES)
		return false;
	LOG(LOG_LEVEL_INFO,
		(&(struct log_ctx){.run = l->run->job.run,
			.account = l->run->account.name}),
		"pausing_as_asked", LOG_NUM("ms", ms));
	link_close(l);
	/* one more: the clock has cut a part of the first one off */
	while ((left_ms = until_ms + 1 - clock_mono_ms()) > 0 &&
		!atomic_load(&l->run->cancel))
		(void)poll(NULL, 0, left_ms < 50 ? (int)left_ms : 50);
	return !atomic_load(&l->run->cancel);
}

int link_open(struct link *l, struct err *err)
{
	bool first = l->opened == 0;

	while (l->session == NULL) {
		if (open_once(l, err) == 0)
			return 0;
		if (first && !is_pipeline_lost(err))
			return -1;
		if (err->class == ERR_REFUSED && pause_as_asked(l, err))
			continue;
		if (!link_survives(l, err))
			return -1;
	}
	return 0;
}

void link_close(struct link *l)
{
	struct session *session = l->session;

	l->session = NULL;
	if (session != NULL)
		session_close(&session);
}

void link_drop(struct link *l)
{
	struct session *session = l->session;

	l->session = NULL;
	if (session != NULL)
		session_abandon(&session);
}

void link_progress(struct link *l)
{
	l->network = 0;
	l->suspect = 0;
	l->pauses = 0;
}

bool link_is_suspect(const struct err *err)
{
	switch (err->class) {
	case ERR_PROTOCOL:
	case ERR_LIMIT:
	case ERR_TIMEOUT:
	case ERR_CRASH:
		return true;
	case ERR_REFUSED:
		return err->scope <= ERR_SCOPE_MAILBOX;
	case ERR_NONE:
	case ERR_AUTH:
	case ERR_THROTTLED:
	case ERR_QUOTA:
	case ERR_NETWORK:
	case ERR_TLS:
	case ERR_DISK:
	case ERR_STORE:
	case ERR_CONFIG:
	case ERR_POLICY:
	case ERR_CANCELLED:
		return false;
	}
	return false;
}

bool link_survives(struct link *l, const struct err *err)
{
	bool goes_on;

	if (atomic_load(&l->run->cancel))
		return false;
	note_pipeline(l, err);
	if (err->scope <= ERR_SCOPE_SESSION && pause_as_asked(l, err))
		return true;
	if (link_is_suspect(err)) {
		goes_on = ++l->suspect < LINK_SUSPECT_TRIES;
		if (err->scope <= ERR_SCOPE_MAILBOX)
			return goes_on;
	} else {
		goes_on = err->class == ERR_NETWORK &&
			  ++l->network < LINK_NETWORK_TRIES;
	}
	if (err->scope >= ERR_SCOPE_ACCOUNT)
		goes_on = false;
	link_close(l);
	return goes_on;
}
