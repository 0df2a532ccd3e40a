/* SPDX-License-Identifier: BSD-2-Clause */
/* certificate: what a server showed for itself. Nouns only. */
#ifndef MAILHAUL_MODEL_CERTIFICATE_H
#define MAILHAUL_MODEL_CERTIFICATE_H

#include "pin.h"

#include <stdint.h>

struct certificate {
	char subject[256]; /* RFC 2253, printable; "" = there was none */
	char issuer[256];
	char fingerprint[PIN_TEXT_BYTES]; /* as pin.h writes them */
	char key_pin[PIN_TEXT_BYTES];
	int64_t not_before_s; /* 0 = not known */
	int64_t not_after_s;
};

#endif
