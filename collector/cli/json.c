/* SPDX-License-Identifier: BSD-2-Clause */
#include "json.h"

#include "../base/mem.h"
#include "../model/text.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *s)
{
	size_t bytes;
	char *text;
	json_t *string;

	if (s == NULL)
		return json_null();
	bytes = strlen(s) + 1;
	text = mem_alloc(bytes);
	text_printable(s, text, bytes);
	string = json_string(text);
	free(text);
	return string;
}

void json_print(json_t *document, FILE *out)
{
	(void)json_dumpf(document, out, JSON_INDENT(2));
	(void)fputc('\n', out);
	json_decref(document);
}
