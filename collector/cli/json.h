/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: documents on standard output. Whatever a server, a file name or a
 * person put into a string, the document is valid: what is no UTF-8, and
 * control characters, become '?'.
 */
#ifndef MAILHAUL_CLI_JSON_H
#define MAILHAUL_CLI_JSON_H

#include <jansson.h>
#include <stdio.h>

/* NULL gives null. */
json_t *json_text(const char *s);
/* Prints the document and a newline. Takes document. */
void json_print(json_t *document, FILE *out);

#endif
