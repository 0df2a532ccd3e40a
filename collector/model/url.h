/* SPDX-License-Identifier: BSD-2-Clause */
/* url: imaps://USER@HOST[:PORT][?security=none] and its kin. Pure. */
#ifndef MAILHAUL_MODEL_URL_H
#define MAILHAUL_MODEL_URL_H

#include "../base/err.h"

#include <stddef.h>
#include <stdint.h>

enum protocol { PROTOCOL_IMAP, PROTOCOL_POP3 };
enum tls_mode {
	TLS_IMPLICIT, /* imaps, pop3s */
	TLS_STARTTLS, /* imap, pop3: STARTTLS / STLS, required */
	TLS_NONE,     /* ?security=none */
};

#define URL_HOST_MAX 256
#define URL_USER_MAX 512
#define URL_TEXT_MAX 2048

struct url {
	enum protocol protocol;
	enum tls_mode tls;
	char user[URL_USER_MAX]; /* decoded: any bytes but NUL, CR, LF */
	char host[URL_HOST_MAX]; /* lower case; IPv6 without brackets */
	uint16_t port;		 /* the default filled in */
};

/*
 * Refuses with a sentence that names the fault (ERR_CONFIG): unknown scheme,
 * no user, a password in it, bad percent, port 0 or > 65535, host that is no
 * LDH name (other scripts in punycode, xn--), dotted quad in a spelling other
 * than four decimals, zone id, path, unknown query, security=none on imaps.
 */
int url_parse(const char *text, struct url *ret_url, struct err *err);
/* The canonical text, user percent-encoded, port only if not the default. */
void url_format(const struct url *url, char out[URL_TEXT_MAX]);
const char *protocol_name(enum protocol p); /* "imap", "pop3" */
uint16_t url_default_port(enum protocol p, enum tls_mode tls);

#endif
