/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pin: which certificate, or which key of one, a server must show
 * (--fingerprint). The key's stays the same when a certificate is renewed for
 * the same key (RFC 7469 2.4). Pure.
 */
#ifndef MAILHAUL_MODEL_PIN_H
#define MAILHAUL_MODEL_PIN_H

#include "../base/err.h"

#include <stdbool.h>

#define PIN_HASH_BYTES 32
#define PIN_TEXT_BYTES 72 /* "SHA256:" and 64 digits */

enum pin_of {
	PIN_OF_NOTHING,
	PIN_OF_CERTIFICATE, /* SHA-256 of its DER form */
	PIN_OF_KEY,	    /* of its SubjectPublicKeyInfo */
};

struct pin {
	enum pin_of of;
	unsigned char hash[PIN_HASH_BYTES];
};

/*
 * "SHA256:" and 64 hex digits, colons between the bytes allowed;
 * "spki:sha256:" and the same, or 44 characters of base64, RFC 7469's
 * pin-sha256. "" is PIN_OF_NOTHING. ERR_CONFIG.
 */
int pin_parse(const char *text, struct pin *ret_pin, struct err *err);
/* "SHA256:hex", "spki:sha256:BASE64" or "". */
void pin_format(const struct pin *pin, char out[PIN_TEXT_BYTES]);
bool pin_equal(const struct pin *a, const struct pin *b);

#endif
