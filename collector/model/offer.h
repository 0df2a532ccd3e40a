/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offer: a server that somebody says an e-mail address has: a table, the DNS,
 * the domain's web server, or a guess. Pure.
 */
#ifndef MAILHAUL_MODEL_OFFER_H
#define MAILHAUL_MODEL_OFFER_H

#include "url.h"

#include <stdbool.h>
#include <stddef.h>

/* An e-mail address in its parts. */
struct mail_address {
	char local[URL_USER_MAX];
	char domain[URL_HOST_MAX]; /* lower case */
};
/*
 * LOCAL@DOMAIN, DOMAIN as a host name of two labels or more. Refuses with a
 * sentence (ERR_CONFIG). A local part in quotes is not taken: no provider
 * has such users.
 */
int mail_address_parse(
	const char *text, struct mail_address *ret_address, struct err *err);

struct offer {
	struct url url; /* complete */
	bool oauth;	/* it takes OAuth … */
	bool password;	/* … or a password; neither: nobody has said */
};

/* <0: a is to be preferred: IMAP to POP3, TLS from the start to STARTTLS,
 * either to none. 0: by the order in which they were said. */
int offer_compare(const struct offer *a, const struct offer *b);
/* Sorts so, keeping the order of equals. */
void offer_sort(struct offer *offers, size_t count);

/* host is the domain, or lies below it. */
bool offer_is_within(const char *host, const char *domain);
/* A host name as url.h takes it, with a dot in it; letters are made lower
 * case. */
bool offer_host(const char *text, char out[URL_HOST_MAX]);

/* A record of _imaps._tcp.DOMAIN … (RFC 2782). */
struct srv_record {
	uint16_t priority, weight, port;
	char target[URL_HOST_MAX]; /* "." or "": it is not offered */
};
/*
 * The order in which to try them (RFC 2782): by priority, those of the same
 * one by chance in proportion to their weights. draw: a number from 0 to max.
 */
void srv_order(struct srv_record *records, size_t count,
	uint32_t (*draw)(void *arg, uint32_t max), void *arg);

#endif
