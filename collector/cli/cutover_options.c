/* SPDX-License-Identifier: BSD-2-Clause */
#include "cutover_options.h"

#include "../base/mem.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

static int refuse(
	struct err *err, const char *option, const char *value, const char *why)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"--%s %s: %s", option, value, why);
}

/* Typed as a word of a command line, again and again. */
static int apply_group(struct account *a, const char *value, struct err *err)
{
	bool good = value[0] != '-' && strlen(value) < ACCOUNT_NAME_MAX;

	for (const char *p = value; good && *p != '\0'; p++)
		good = *p > 0x20 && *p < 0x7f && *p != '"';
	if (!good)
		return refuse(err, "group", value,
			"it takes 1 to 128 printable ASCII characters without "
			"space and quote, and does not begin with -");
	free(a->group);
	a->group = mem_strdup(value);
	return 0;
}

int cutover_options_apply(
	struct account *a, const struct args *args, struct err *err)
{
	const char *group = args_value(args, "group");

	/* who says how often has more in mind than the last run */
	if (a->finish == FINISH_DONE && args_value(args, "every") != NULL)
		a->paused = false;
	if (group != NULL && apply_group(a, group, err) < 0)
		return -1;
	return 0;
}

json_t *cutover_options_json(const struct account *a)
{
	return json_pack("{s:o}", "group",
		a->group[0] != '\0' ? json_text(a->group) : json_null());
}
