/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoconfig: a domain's own word on its servers, in the format of Mozilla:
 *
 *   <clientConfig><emailProvider id="example.org">
 *     <incomingServer type="imap"><hostname/><port/><socketType/><username/>
 *       <authentication/>…</incomingServer>…
 *
 * read by expat, which loads nothing from elsewhere. A document type
 * (<!DOCTYPE, and with it every entity) is refused. Pure; any thread.
 */
#ifndef MAILHAUL_REMOTE_AUTOCONFIG_H
#define MAILHAUL_REMOTE_AUTOCONFIG_H

#include "../base/err.h"
#include "../model/offer.h"

#include <stddef.h>

#define AUTOCONFIG_BYTES_MAX ((size_t)256 * 1024)
#define AUTOCONFIG_SERVERS_MAX 8

/*
 * The servers of it that can be used, in the order of the document; those
 * without TLS too. 0, also where there is none; -1 (ERR_PROTOCOL, ERR_LIMIT):
 * it is not such a document.
 */
int autoconfig_read(const char *xml, size_t n,
	const struct mail_address *address,
	struct offer ret_offers[AUTOCONFIG_SERVERS_MAX], size_t *ret_count,
	struct err *err);

#endif
