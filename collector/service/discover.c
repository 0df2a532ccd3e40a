/* SPDX-License-Identifier: BSD-2-Clause */
#include "discover.h"

#include "../base/clock.h"
#include "../base/mem.h"
#include "consult.h"
#include "discover_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX 200
#define SILENCES_MAX 2 /* of name servers: then the rest is hopeless */
#define TEXT_BYTES 1024

const char *discover_rung_name(enum discover_rung rung)
{
	switch (rung) {
	case DISCOVER_TABLE:
		return "table";
	case DISCOVER_SRV:
		return "srv";
	case DISCOVER_AUTOCONFIG:
		return "autoconfig";
	case DISCOVER_MX:
		return "mx";
	case DISCOVER_GUESS:
		return "guess";
	}
	return "";
}

void ladder_begin(struct ladder *l, enum discover_rung rung)
{
	l->rung = rung;
	l->until_ms = clock_mono_ms() + DISCOVER_MS;
}

static void add_step(
	struct ladder *l, bool good, const char *what, const char *text)
{
	struct discovery *d = l->out;
	struct discover_step *s;

	if (d->step_count == STEPS_MAX)
		return;
	if (d->steps == NULL)
		d->steps = mem_array(STEPS_MAX, sizeof *d->steps);
	s = &d->steps[d->step_count++];
	s->rung = l->rung;
	s->good = good;
	s->what = mem_strdup(what);
	s->text = mem_strdup(text);
}

void ladder_note(
	struct ladder *l, bool good, const char *what, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	add_step(l, good, what, text);
}

/* What would have to change is worth more to a person than that a name is
 * not there. */
static bool says_more(const struct err *a, const struct err *b)
{
	if (b->class == ERR_NONE)
		return true;
	return (a->class == ERR_POLICY && b->class != ERR_POLICY) ||
	       (a->class == ERR_TLS && b->class != ERR_TLS &&
		       b->class != ERR_POLICY);
}

int ladder_note_err(struct ladder *l, const char *what, const struct err *why,
	struct err *err)
{
	if (why->class == ERR_CANCELLED || why->class == ERR_CRASH ||
		why->class == ERR_CONFIG || why->class == ERR_DISK) {
		*err = *why;
		return -1;
	}
	if (why->hint[0] != '\0' && why->class == ERR_POLICY)
		ladder_note(l, false, what, "%s (%s)", why->text, why->hint);
	else
		ladder_note(l, false, what, "%s", why->text);
	if ((why->class == ERR_POLICY || why->class == ERR_TLS) &&
		says_more(why, &l->out->why)) {
		l->out->why = *why;
		(void)err_where(&l->out->why, "%.128s", what);
	}
	return 0;
}

void ladder_count_silence(struct ladder *l, const struct err *why)
{
	if (why->class != ERR_TIMEOUT)
		return;
	l->silences++;
	l->silence = *why;
}

/* The rest of a URL: whose account. */
static void take_user(struct ladder *l, struct offer *o)
{
	const struct mail_address *a = &l->out->address;
	const struct provider *p = l->out->provider;

	if (p != NULL && p->user == PROVIDER_USER_LOCAL)
		(void)snprintf(o->url.user, sizeof o->url.user, "%s", a->local);
	else if (p != NULL || o->url.user[0] == '\0')
		(void)snprintf(o->url.user, sizeof o->url.user, "%.127s@%s",
			a->local, a->domain);
}

int ladder_take_provider(
	struct ladder *l, const char *what, const struct provider *provider)
{
	struct discovery *d = l->out;
	bool imap = provider->imap.host != NULL;
	const struct provider_server *s =
		imap ? &provider->imap : &provider->pop3;

	d->provider = provider;
	if (s->host == NULL) {
		ladder_note(l, false, what, "%s", provider->hint);
		(void)err_set(&d->why, ERR_REFUSED, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "%s", provider->hint);
		return 1;
	}
	ladder_note(l, true, what, "%s", provider->name);
	memset(&d->found, 0, sizeof d->found);
	d->found.url.protocol = imap ? PROTOCOL_IMAP : PROTOCOL_POP3;
	d->found.url.tls = s->tls;
	d->found.url.port = s->port;
	(void)snprintf(
		d->found.url.host, sizeof d->found.url.host, "%s", s->host);
	take_user(l, &d->found);
	d->is_found = true;
	d->rung = l->rung;
	return 1;
}

static int discover_table(struct ladder *l)
{
	const char *domain = l->out->address.domain;
	const struct provider *p = provider_of_domain(domain);

	if (p != NULL)
		return ladder_take_provider(l, domain, p);
	ladder_note(l, false, domain, "no provider that is known has it");
	return 0;
}

static int climb(void *arg, struct dialer *dialer, struct err *err)
{
	static int (*const rungs[])(struct ladder * l, struct err * err) = {
		[DISCOVER_SRV] = discover_srv,
		[DISCOVER_AUTOCONFIG] = discover_autoconfig,
		[DISCOVER_MX] = discover_mx,
		[DISCOVER_GUESS] = discover_guess,
	};
	struct ladder *l = arg;
	const struct settings *s = dialer->settings;
	int r = 0;

	l->dialer = dialer;
	settings_discover_ports(s, l->ports);
	if (envoys_scout(dialer->envoys, dialer->cancel, &l->scout_fd, err) < 0)
		return -1;
	r = anchors_get(dialer->anchors, s->tls_ca_file, &l->anchors_fd, err);
	for (int i = DISCOVER_SRV;
		r == 0 && i <= DISCOVER_GUESS && l->silences < SILENCES_MAX;
		i++) {
		ladder_begin(l, (enum discover_rung)i);
		r = rungs[i](l, err);
	}
	(void)close(l->scout_fd);
	return r < 0 ? -1 : 0;
}

/* The provider of what was found has a word on users and passwords, too. */
static void settle(struct ladder *l)
{
	struct discovery *d = l->out;

	if (d->is_found && d->provider == NULL) {
		d->provider = provider_of_host(d->found.url.host);
		take_user(l, &d->found);
	}
	if (d->is_found || d->why.class == ERR_REFUSED)
		return;
	if (d->why.class == ERR_NONE && l->silences >= SILENCES_MAX)
		d->why = l->silence;
	if (d->why.class == ERR_NONE)
		(void)err_set(&d->why, ERR_NETWORK, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "no mail server of %s could be found",
			d->address.domain);
	if (d->why.hint[0] == '\0')
		(void)err_hint(&d->why, "give the server's URL, such as "
					"imaps://USER@HOST");
}

int discover(const struct settings *settings,
	const struct mail_address *address, struct discovery *ret,
	struct err *err)
{
	struct ladder l = {.out = ret, .scout_fd = -1, .anchors_fd = -1};
	int r;

	memset(ret, 0, sizeof *ret);
	ret->address = *address;
	ladder_begin(&l, DISCOVER_TABLE);
	r = discover_table(&l);
	if (r == 0)
		r = consult_scout(settings, climb, &l, err);
	if (r < 0)
		return -1;
	settle(&l);
	return 0;
}

void discovery_clear(struct discovery *d)
{
	for (size_t i = 0; i < d->step_count; i++) {
		free(d->steps[i].what);
		free(d->steps[i].text);
	}
	free(d->steps);
	memset(d, 0, sizeof *d);
}
