/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quirks: which switches of model/quirk.h a server is known to need, by its
 * name and by what it says of itself. A table, no more; what each switch does
 * stands where it is done, and QUIRKS.md says who needs what and which test
 * plays it. Pure.
 */
#ifndef MAILHAUL_REMOTE_QUIRKS_H
#define MAILHAUL_REMOTE_QUIRKS_H

#include <stdint.h>

/* Texts may be "". */
struct quirks_signs {
	const char *host;
	const char *greeting;
	const char *server_id;	  /* "name Dovecot version 2.3" */
	const char *capabilities; /* separated by spaces */
};

/* The set of enum quirk. */
uint64_t quirks_recognise(const struct quirks_signs *signs);

#endif
