/* SPDX-License-Identifier: BSD-2-Clause */
/* password: read from a file, standard input or the terminal, never from
 * argv or the environment. */
#ifndef MAILHAUL_CLI_PASSWORD_H
#define MAILHAUL_CLI_PASSWORD_H

#include "../base/err.h"
#include "../base/mem.h"

/* First line of the file, without its newline; "-" = standard input. Any
 * bytes but NUL; at most SECRET_MAX. */
int password_from_file(
	const char *path, struct secret *ret_secret, struct err *err);
/* Asks on the terminal without echo. ERR_CONFIG naming --password-file where
 * there is no terminal. */
int password_ask(
	const char *account, struct secret *ret_secret, struct err *err);

#endif
