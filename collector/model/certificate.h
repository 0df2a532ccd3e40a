/* SPDX-License-Identifier: BSD-2-Clause */
/* certificate: what a server showed for itself. Nouns only. */
#ifndef MAILHAUL_MODEL_CERTIFICATE_H
#define MAILHAUL_MODEL_CERTIFICATE_H

#include <stdint.h>

struct certificate {
	char subject[256]; /* RFC 2253, printable; "" = there was none */
	char issuer[256];
	char fingerprint[72]; /* "SHA256:" and 64 hex digits */
	int64_t not_before_s; /* 0 = not known */
	int64_t not_after_s;
};

#endif
