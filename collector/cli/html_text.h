/* SPDX-License-Identifier: BSD-2-Clause */
/* html_text: text of strangers in HTML and SVG: control, bidi and invalid
 * bytes become '?', and nothing in it is markup. */
#ifndef MAILHAUL_CLI_HTML_TEXT_H
#define MAILHAUL_CLI_HTML_TEXT_H

#include <stdint.h>
#include <stdio.h>

/* For an element's content and for quoted attributes. */
void html_text(const char *text, FILE *out);
/* The same, cut to so many columns, with an ellipsis where it was. */
void html_text_cut(const char *text, int columns, FILE *out);
/* "1,234,567" */
void html_count(uint64_t n, FILE *out);
/* "3.4 MB" */
void html_bytes(uint64_t bytes, FILE *out);

#endif
