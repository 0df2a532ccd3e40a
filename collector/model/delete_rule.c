/* SPDX-License-Identifier: BSD-2-Clause */
#include "delete_rule.h"

#include "text.h"

#include <stddef.h>
#include <string.h>

bool delete_rule_parse(
	const char *text, enum delete_rule *ret_rule, int64_t *ret_after_s)
{
	*ret_after_s = 0;
	if (text == NULL || strcmp(text, "never") == 0)
		*ret_rule = DELETE_NEVER;
	else if (strcmp(text, "with-local") == 0)
		*ret_rule = DELETE_WITH_LOCAL;
	else if (strcmp(text, "after-import") == 0 ||
		 text_parse_duration(text, ret_after_s) == 0)
		*ret_rule = DELETE_AFTER;
	else
		return false;
	return true;
}

bool delete_rule_deletes(const char *text)
{
	enum delete_rule rule;
	int64_t after_s;

	return delete_rule_parse(text, &rule, &after_s) && rule != DELETE_NEVER;
}
