/* SPDX-License-Identifier: BSD-2-Clause */
#include "numbering.h"

#include "../collector/base/clock.h"
#include "../collector/base/mem.h"
#include "publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void folder_number(
	struct folder *folder, enum folder_numbers how, uint32_t source_next)
{
	atomic_store(&folder->numbering.how, (int)how);
	atomic_store(&folder->numbering.source_next, source_next);
}

const char *folder_numbers_lost(const struct folder *folder)
{
	return atomic_load(&folder->numbering.why);
}

void numbering_give_up(struct folder *folder, const char *why)
{
	const char *none = NULL;

	(void)atomic_compare_exchange_strong(
		&folder->numbering.why, &none, why);
}

bool numbering_wanted(const struct folder *folder)
{
	return atomic_load(&folder->numbering.how) != FOLDER_NUMBERS_NEW &&
	       folder_numbers_lost(folder) == NULL;
}

void numbering_prepare(struct numbering_turn *turn, const struct store *store,
	struct folder *folder)
{
	*turn = (struct numbering_turn){.store = store, .folder = folder};
	turn->list.fd = -1;
	/* not that of the run thread, which writes keywords */
	(void)snprintf(turn->tag, sizeof turn->tag, "%s.u",
		ledger_account(store->ledger));
	turn->config = (struct uidlist_config){.tag = turn->tag,
		.uid = store->owner.uid,
		.gid = store->owner.gid,
		.stage_fd = store->stage_fd};
}

void numbering_add(
	struct numbering_turn *turn, const struct numbering_item *item)
{
	if (turn->count == turn->cap) {
		turn->cap = turn->cap != 0 ? turn->cap * 2 : 64;
		turn->items =
			mem_grow(turn->items, turn->cap, sizeof *turn->items);
	}
	turn->items[turn->count++] = *item;
}

static bool from_source(const struct numbering_turn *turn)
{
	return atomic_load(&turn->folder->numbering.how) ==
	       FOLDER_NUMBERS_SOURCE;
}

/* ---- who else has mail there */

static int by_base(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* The items' base names, sorted. Caller frees. */
static const char **sorted_bases(const struct numbering_turn *turn)
{
	const char **bases = mem_array(turn->count, sizeof *bases);

	for (size_t i = 0; i < turn->count; i++)
		bases[i] = turn->items[i].base;
	qsort(bases, turn->count, sizeof *bases, by_base);
	return bases;
}

static bool holds_others(int fd, const char **bases, size_t count)
{
	int copy = TEMP_FAILURE_RETRY(
		openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	bool others = dir == NULL;
	const struct dirent *e;

	if (dir == NULL && copy >= 0)
		(void)close(copy);
	while (!others && (e = readdir(dir)) != NULL) {
		char name[256], *base = name;
		(void)snprintf(name, sizeof name, "%s", e->d_name);
		name[strcspn(name, ":")] = '\0';
		others =
			name[0] != '.' &&
			(count == 0 || bsearch(&base, bases, count,
					       sizeof *bases, by_base) == NULL);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return others;
}

bool numbering_only_ours(
	const struct numbering_turn *turn, int new_fd, int cur_fd)
{
	const char **bases = sorted_bases(turn);
	/* new/ first: a reader moves from there to cur/, never back */
	bool ours = !holds_others(new_fd, bases, turn->count) &&
		    !holds_others(cur_fd, bases, turn->count);

	free(bases);
	return ours;
}

/* ---- records that a run that died has written */

struct look {
	struct numbering_turn *turn;
	const char **bases;
	bool *found;
};

static int note_record(void *arg, const struct uidlist_record *r)
{
	const struct look *look = arg;
	const char **at = bsearch(&r->name, look->bases, look->turn->count,
		sizeof *look->bases, by_base);

	if (at != NULL)
		look->found[at - look->bases] = true;
	return 0;
}

static void find_known(struct numbering_turn *turn)
{
	struct look look = {.turn = turn, .bases = sorted_bases(turn)};

	look.found = mem_alloc(turn->count + 1);
	(void)uidlist_each(&turn->list, note_record, &look);
	for (size_t i = 0; i < turn->count; i++) {
		const char **at = bsearch(&turn->items[i].base, look.bases,
			turn->count, sizeof *look.bases, by_base);
		turn->items[i].known = look.found[at - look.bases];
	}
	free(look.found);
	free(look.bases);
}

/* ---- the rules */

uint32_t numbering_beyond(const struct numbering *n, const struct uidlist *list)
{
	uint64_t next = atomic_load(&n->source_next);

	/* moved away before, by a run that did not live to say so */
	if (next != 0 && list->next >= next + NUMBERING_GAP / 2)
		return list->next;
	if (next < list->next)
		next = list->next;
	next += NUMBERING_GAP;
	if (next > UIDLIST_UID_MAX)
		next = UIDLIST_UID_MAX;
	return next > list->next ? (uint32_t)next : list->next;
}

static uint32_t lowest_uid(const struct numbering_turn *turn)
{
	uint32_t uid = UINT32_MAX;

	for (size_t i = 0; i < turn->count; i++)
		if (!turn->items[i].known && turn->items[i].uid < uid)
			uid = turn->items[i].uid;
	return uid;
}

/* Somebody else's message has a UID that the source gives to another: the
 * rest goes where the source does not. */
static void leave_source(struct numbering_turn *turn)
{
	uint32_t next = numbering_beyond(&turn->folder->numbering, &turn->list);

	numbering_give_up(
		turn->folder, "other messages have taken UIDs of the source");
	if (next > turn->list.next)
		(void)uidlist_raise(&turn->list, next, NULL);
}

static void check_source(
	struct numbering_turn *turn, const struct publish_dirs *dirs)
{
	uint32_t first = lowest_uid(turn), ours = turn->items[0].uidvalidity;
	struct uidlist *list = &turn->list;

	if (first == UINT32_MAX)
		return;
	if (first == 0 || ours == 0) {
		numbering_give_up(turn->folder, "the source has none to keep");
	} else if (list->fd < 0 || list->head.uidvalidity != ours) {
		if (!numbering_only_ours(turn, dirs->new_fd, dirs->cur_fd))
			numbering_give_up(turn->folder,
				"the folder held other mail before");
		else if (uidlist_replace(list, ours, first, NULL) != 0)
			numbering_give_up(turn->folder,
				UIDLIST_FILE " cannot be written");
	} else if (first < list->next && !turn->recovering &&
		   list->next != turn->folder->numbering.next) {
		leave_source(turn);
	}
}

static void check_uidl(struct numbering_turn *turn)
{
	if (turn->list.fd < 0 &&
		uidlist_replace(
			&turn->list, (uint32_t)clock_wall_s(), 1, NULL) != 0)
		numbering_give_up(
			turn->folder, UIDLIST_FILE " cannot be written");
}

static void end_turn(struct numbering_turn *turn)
{
	uidlist_close(&turn->list);
	if (turn->locked)
		dotlock_drop(&turn->lock);
	turn->locked = false;
	free(turn->items);
	turn->items = NULL;
	turn->count = turn->cap = 0;
}

static void open_list(
	struct numbering_turn *turn, const struct publish_dirs *dirs)
{
	int rc = uidlist_open(&turn->list, dirs->dir_fd, &turn->config, NULL);

	if (rc < 0) {
		numbering_give_up(turn->folder,
			"the folder's " UIDLIST_FILE " cannot be read");
		return;
	}
	if (turn->recovering && rc == 1)
		find_known(turn);
	if (from_source(turn))
		check_source(turn, dirs);
	else
		check_uidl(turn);
}

int numbering_begin(struct numbering_turn *turn,
	const struct publish_dirs *dirs, int *wait_s)
{
	const struct dotlock_config config = {.file = UIDLIST_FILE,
		.tag = turn->tag,
		.uid = turn->config.uid,
		.gid = turn->config.gid,
		.stage_fd = turn->folder->store->stage_fd,
		.stale_s = DOTLOCK_STALE_S,
		.wait_s = *wait_s};
	int64_t from_ms = clock_mono_ms();

	if (turn->count == 0 || !numbering_wanted(turn->folder))
		return 0;
	turn->locked =
		dotlock_take(&turn->lock, dirs->dir_fd, &config, NULL) == 0;
	*wait_s -= (int)((clock_mono_ms() - from_ms) / 1000);
	if (*wait_s < 0)
		*wait_s = 0;
	if (!turn->locked) {
		free(turn->items);
		turn->items = NULL;
		turn->count = turn->cap = 0;
		return 1;
	}
	open_list(turn, dirs);
	if (!numbering_wanted(turn->folder))
		end_turn(turn);
	return 0;
}

/* ---- records */

static int by_uid(const void *a, const void *b)
{
	const struct uidlist_record *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

static bool is_wanted(const struct numbering_item *item)
{
	return *item->published && !item->known;
}

/* What came out of order, or twice, stays without. */
static size_t source_records(
	const struct numbering_turn *turn, struct uidlist_record *out)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < turn->count; i++) {
		const struct numbering_item *item = &turn->items[i];
		if (is_wanted(item) && item->uid >= turn->list.next &&
			item->uid <= UIDLIST_UID_MAX)
			out[n++] = (struct uidlist_record){.uid = item->uid,
				.uidl = "",
				.name = item->base};
	}
	qsort(out, n, sizeof *out, by_uid);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || out[i].uid > out[kept - 1].uid)
			out[kept++] = out[i];
	return kept;
}

/* What has none at the source is known by its hash (ledger.h). */
static const char *uidl_of(const struct numbering_item *item)
{
	bool ours = strncmp(item->uidl, "sha256:", 7) == 0 &&
		    strlen(item->uidl) == 7 + 64;

	return ours ? "" : item->uidl;
}

static size_t uidl_records(
	const struct numbering_turn *turn, struct uidlist_record *out)
{
	uint32_t next = turn->list.next;
	size_t n = 0;

	for (size_t i = 0; i < turn->count && next <= UIDLIST_UID_MAX; i++) {
		const struct numbering_item *item = &turn->items[i];
		if (is_wanted(item))
			out[n++] = (struct uidlist_record){.uid = next++,
				.uidl = uidl_of(item),
				.order = item->order,
				.name = item->base};
	}
	return n;
}

static void write_records(struct numbering_turn *turn)
{
	struct uidlist_record *records =
		mem_array(turn->count, sizeof *records);
	size_t n = from_source(turn) ? source_records(turn, records)
				     : uidl_records(turn, records);

	if (uidlist_append(&turn->list, records, n, NULL) != 0)
		numbering_give_up(
			turn->folder, UIDLIST_FILE " cannot be written");
	turn->folder->numbering.next = turn->list.next;
	free(records);
}

void numbering_end(struct numbering_turn *turn, bool fsync_each)
{
	if (turn->locked) {
		write_records(turn);
		/* UIDs, not mail: a failure costs no more than a crash */
		if (fsync_each)
			(void)uidlist_sync(&turn->list, NULL);
	}
	end_turn(turn);
}
