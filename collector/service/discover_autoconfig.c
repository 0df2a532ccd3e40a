/* SPDX-License-Identifier: BSD-2-Clause */
/* The rung that asks the domain's web servers, over https only: their
 * certificate is what makes it the domain's own word. */
#include "dialer_held.h"
#include "discover_state.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REDIRECTS_MAX 3
#define GET_WAIT_MS (PROBE_MS + 1000)

/* For a query (RFC 3986 2.3). */
static void percent(const char *text, char *out, size_t bytes)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-._~";
	size_t n = 0;

	for (; *text != '\0' && n + 4 < bytes; text++) {
		unsigned char c = (unsigned char)*text;
		if (strchr(plain, c) != NULL) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '%';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	out[n] = '\0';
}

struct fetch {
	struct http_place at, next;
	struct offer offers[SCOUT_OFFERS_MAX];
	size_t count;
};

static int get(struct ladder *l, struct fetch *f, struct err *err)
{
	struct scout_way way = {.anchors_fd = l->anchors_fd,
		.tls13_only = strcmp(l->dialer->settings->tls_min_version,
				      "1.3") == 0};
	int r;

	if (ladder_connect(
		    l, f->at.host, f->at.port, true, &way.socket_fd, err) < 0)
		return -1;
	dialer_note_channel(l->dialer, way.socket_fd);
	r = scout_autoconfig(l->scout_fd, &way, &f->at, &l->out->address,
		GET_WAIT_MS, f->offers, &f->count, &f->next, err);
	dialer_forget_channel(l->dialer);
	(void)close(way.socket_fd);
	if (r < 0 && atomic_load(l->dialer->cancel))
		return err_set(err, ERR_CANCELLED, ERR_SCOPE_SESSION,
			ERR_RETRY_NOW, "cancelled");
	return r;
}

/* Without the address, which is in the query. */
static void describe(const struct http_place *p, char *out, size_t bytes)
{
	(void)snprintf(out, bytes, "https://%s%.*s", p->host,
		(int)strcspn(p->path, "?"), p->path);
}

static int follow(struct ladder *l, struct fetch *f, const char *what)
{
	const uint16_t https = l->ports[DISCOVER_HTTPS];
	char to[URL_HOST_MAX + HTTP_PATH_MAX];

	if (f->next.port == 0)
		f->next.port = https;
	describe(&f->next, to, sizeof to);
	if (f->next.port != https) {
		ladder_note(l, false, what,
			"leads to %s port %u: no other port than %u is "
			"followed to",
			to, f->next.port, https);
		return -1;
	}
	ladder_note(l, true, what, "leads to %s", to);
	f->at = f->next;
	return 0;
}

/* 1: f has what the place, or the one that it leads to, says. */
static int fetch(struct ladder *l, struct fetch *f, struct err *err)
{
	char what[URL_HOST_MAX + HTTP_PATH_MAX];

	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		struct err why = {0};
		int r = get(l, f, &why);
		describe(&f->at, what, sizeof what);
		if (r < 0)
			return ladder_note_err(l, what, &why, err);
		if (r == 0) {
			ladder_note(l, f->count > 0, what,
				f->count > 0 ? "servers that it names: %zu"
					     : "it names no server that can be "
					       "used (%zu)",
				f->count);
			return 1;
		}
		if (follow(l, f, what) < 0)
			return 0;
	}
	ladder_note(l, false, what, "leads on and on");
	return 0;
}

static int try_place(struct ladder *l, struct fetch *f, struct err *err)
{
	int r;

	f->at.port = l->ports[DISCOVER_HTTPS];
	r = fetch(l, f, err);
	return r > 0 ? ladder_try_all(l, f->offers, f->count, false, err) : r;
}

int discover_autoconfig(struct ladder *l, struct err *err)
{
	const struct mail_address *a = &l->out->address;
	char whole[URL_USER_MAX + URL_HOST_MAX], query[HTTP_PATH_MAX / 2];
	struct fetch f;
	int r;

	if (!l->dialer->settings->discover_autoconfig) {
		ladder_note(l, false, a->domain,
			"not asked: discover.autoconfig = no");
		return 0;
	}
	(void)snprintf(whole, sizeof whole, "%s@%s", a->local, a->domain);
	percent(whole, query, sizeof query);
	memset(&f, 0, sizeof f);
	(void)snprintf(f.at.path, sizeof f.at.path,
		"/mail/config-v1.1.xml?emailaddress=%s", query);
	(void)snprintf(
		f.at.host, sizeof f.at.host, "autoconfig.%.240s", a->domain);
	r = try_place(l, &f, err);
	if (r != 0)
		return r;
	memset(&f, 0, sizeof f);
	(void)snprintf(f.at.path, sizeof f.at.path,
		"/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=%s",
		query);
	(void)snprintf(f.at.host, sizeof f.at.host, "%s", a->domain);
	return try_place(l, &f, err);
}
