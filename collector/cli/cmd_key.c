/* SPDX-License-Identifier: BSD-2-Clause */
/* key: the ring of keys that seal the passwords. */
#include "../../storage/rotate.h"
#include "commands.h"
#include "json.h"
#include "table.h"

#include <stdio.h>
#include <string.h>

#define ID_TEXT (2 * KEYS_ID_BYTES + 1)

static void id_text(const struct keys *keys, size_t i, char out[ID_TEXT])
{
	const unsigned char *id = keys_id(keys, i);

	for (size_t n = 0; n < KEYS_ID_BYTES; n++)
		(void)snprintf(out + 2 * n, 3, "%02x", id[n]);
}

static json_t *key_json(const char *id, size_t sealed, bool seals, bool names)
{
	return json_pack("{s:s, s:I, s:b, s:b}", "id", id, "passwords",
		(json_int_t)sealed, "seals", seals, "names", names);
}

static void list_json(
	const struct keys *keys, const size_t *sealed, size_t other)
{
	json_t *array = json_array();

	for (size_t i = 0; i < keys_count(keys); i++) {
		char id[ID_TEXT];
		id_text(keys, i, id);
		(void)json_array_append_new(
			array, key_json(id, sealed[i],
				       i + 1 == keys_count(keys), i == 0));
	}
	json_print(json_pack("{s:o, s:I}", "keys", array, "unopened",
			   (json_int_t)other),
		stdout);
}

static void list_table(const struct keys *keys, const size_t *sealed)
{
	static const char *const heads[] = {"KEY", ">PASSWORDS", "USE"};
	struct table t;

	table_init(&t, heads, 3);
	for (size_t i = 0; i < keys_count(keys); i++) {
		bool seals = i + 1 == keys_count(keys);
		char id[ID_TEXT], count[32];
		id_text(keys, i, id);
		(void)snprintf(count, sizeof count, "%zu", sealed[i]);
		table_row(&t, (const char *const[]){id, count,
				      seals && i == 0 ? "seals, names messages"
				      : seals	      ? "seals"
				      : i == 0	      ? "names messages"
						      : "opens"});
	}
	table_print(&t, stdout);
	table_clear(&t);
}

/* Rows of no key are a person's business: exit status 1. */
static int say_unopened(size_t n)
{
	if (n == 0)
		return EXIT_DONE;
	(void)fprintf(stderr,
		"mailhaul key: %zu password%s cannot be opened with any key of "
		"the key file, and stayed as %s (restore the key file that "
		"belongs to this database, or store them again: mailhaul set "
		"NAME --password-file FILE)\n",
		n, n == 1 ? "" : "s", n == 1 ? "it was" : "they were");
	return EXIT_FAILED;
}

static int list(struct cli *cli, struct state *state)
{
	size_t sealed[KEYS_MAX], other = 0;
	struct err err = {0};

	if (rotate_count(state, sealed, &other, &err) != 0)
		return cli_fail("key", &err);
	if (cli->json)
		list_json(state->keys, sealed, other);
	else
		list_table(state->keys, sealed);
	return say_unopened(other);
}

static int rotate_now(struct cli *cli, struct state *state)
{
	struct rotation x;
	struct err err = {0};
	char id[ID_TEXT];

	if (rotate(state, &x, &err) != 0)
		return cli_fail("key rotate", &err);
	id_text(state->keys, keys_count(state->keys) - 1, id);
	if (cli->json)
		json_print(json_pack("{s:s, s:I, s:I, s:I, s:b}", "id", id,
				   "sealed", (json_int_t)x.sealed, "unopened",
				   (json_int_t)x.unopened, "dropped",
				   (json_int_t)x.dropped, "resumed", x.resumed),
			stdout);
	else
		(void)printf("%s key %s: %zu passwords sealed with it, %zu old "
			     "keys dropped. Keep a copy of the key file away "
			     "from the database's backups.\n",
			x.resumed ? "finished the rotation to" : "new", id,
			x.sealed, x.dropped);
	return say_unopened(x.unopened);
}

int cmd_key(struct cli *cli, const struct args *args)
{
	const char *verb = args->words[0];
	bool listing = strcmp(verb, "list") == 0;
	struct state *state = NULL;
	int r;

	if (!listing && strcmp(verb, "rotate") != 0)
		return cli_usage(
			"key", "there is list and rotate, no \"%s\"", verb);
	r = cli_state(cli, &state);
	if (r == 0)
		r = listing ? list(cli, state) : rotate_now(cli, state);
	state_close(&state);
	return r;
}
