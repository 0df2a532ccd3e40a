/* SPDX-License-Identifier: BSD-2-Clause */
#include "see.h"

#include "../model/explain.h"

void see_note(struct see *s, enum err_class class)
{
	if (explain_class(class) == NULL || s->classes[class])
		return;
	s->classes[class] = true;
	s->count++;
}

void see_print(const struct see *s, FILE *out)
{
	if (s->count == 0)
		return;
	(void)fputc('\n', out);
	for (size_t i = 0; i <= ERR_CANCELLED; i++)
		if (s->classes[i])
			(void)fprintf(out, "see: mailhaul explain %s\n",
				err_class_name((enum err_class)i));
}
