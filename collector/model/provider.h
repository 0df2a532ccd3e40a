/* SPDX-License-Identifier: BSD-2-Clause */
/* provider: what people have to know of the large mail services, by the name
 * of the server: for the hint that comes with an error. Pure. */
#ifndef MAILHAUL_MODEL_PROVIDER_H
#define MAILHAUL_MODEL_PROVIDER_H

/* What to do when a login is refused; NULL where nothing is known. Static. */
const char *provider_login_hint(const char *host);

#endif
