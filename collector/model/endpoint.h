/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint: where `serve` may be asked over HTTP (serve.listen):
 * 127.0.0.1:9180, [::1]:9180, or unix:/PATH. Addresses only, no names: what
 * a name means would be somebody else's to say. Pure.
 */
#ifndef MAILHAUL_MODEL_ENDPOINT_H
#define MAILHAUL_MODEL_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ENDPOINTS_MAX 4
#define ENDPOINT_TEXT_MAX 128

struct endpoint {
	char text[ENDPOINT_TEXT_MAX]; /* as it was written */
	struct sockaddr_storage address;
	socklen_t address_bytes;
};

/* Up to ENDPOINTS_MAX of them, separated by spaces; none in "". Port 0: the
 * system picks one. -1: one will not do, there are more, or one comes twice. */
int endpoints_parse(const char *text, struct endpoint ret_all[ENDPOINTS_MAX],
	size_t *ret_count);
bool endpoints_are_good(const char *text);
/* The text of an address that a socket has; "" for one of no known kind. */
void endpoint_format(
	const struct sockaddr_storage *address, char out[ENDPOINT_TEXT_MAX]);

#endif
