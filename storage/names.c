/* SPDX-License-Identifier: BSD-2-Clause */
#include "names.h"

#include "../collector/base/mem.h"
#include "db.h"

#include <stdlib.h>

#define PATIENCE_MS 200

static void keep(struct names *names, const char *name)
{
	names->names = mem_grow(
		(void *)names->names, names->n + 1, sizeof *names->names);
	names->names[names->n++] = mem_strdup(name);
}

int names_read(const char *state_dir, struct names *ret, struct err *err)
{
	char *path = mem_printf("%s/mailhaul.db", state_dir);
	struct names names = {0};
	struct db *db = NULL;
	struct stmt *s;
	int r = db_open_to_look(path, DB_JOBS, &db, err);

	free(path);
	if (r != 0)
		return -1;
	db_set_patience(db, PATIENCE_MS);
	s = db_stmt(db, "account_names");
	while ((r = stmt_step(s, err)) == 1)
		keep(&names, stmt_text(s, "name"));
	db_close(&db);
	if (r == 0)
		*ret = names;
	else
		names_clear(&names);
	return r;
}

void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->names[i]);
	free((void *)names->names);
	*names = (struct names){0};
}
