/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_rig: an import that can be interrupted anywhere and gone on with,
 * and the check that each message is there exactly once, byte for byte.
 */
#ifndef TESTS_SUPPORT_IMPORT_RIG_H
#define TESTS_SUPPORT_IMPORT_RIG_H

#include "store_rig.h"

#include <inttypes.h>

static inline void import_text(uint32_t uid, char *out, size_t n)
{
	(void)snprintf(out, n, "Subject: m%u\r\n\r\n%0*u\r\n", uid,
		(int)(1 + uid * 37 % 900), 0u);
}

static const char *import_flags(uint32_t uid)
{
	static const char *const flags[] = {"", "\\Seen", "\\Flagged word"};

	return flags[uid % 3];
}

static inline int import_folder(struct rig *rig, const char *name,
	struct folder **ret_folder, int64_t *ret_mailbox, struct err *err)
{
	struct ledger_mailbox m;

	if (ledger_mailbox(rig->ledger, name, name, &m, err) != 0)
		return -1;
	*ret_mailbox = m.id;
	return store_folder(rig->store, m.dir, ret_folder, err);
}

/* What the ledger does not know yet; flushes in the middle. */
static inline int import_run(struct rig *rig, uint32_t count, struct err *err)
{
	char text[1200];
	uint32_t *uids;
	size_t known, k = 0;
	int64_t mailbox[2];
	struct folder *f[2];

	for (int i = 0; i < 2; i++)
		if (import_folder(rig, i == 0 ? "INBOX" : "Sub/Deep", &f[i],
			    &mailbox[i], err) != 0)
			return -1;
	for (int i = 0; i < 2; i++) {
		if (ledger_uids(rig->ledger, mailbox[i], 7, 0, &uids, &known,
			    err) != 0)
			return -1;
		k = 0;
		for (uint32_t uid = 1; uid <= count; uid++) {
			if (k < known && uids[k] == uid) {
				k++;
				continue;
			}
			import_text(uid, text, sizeof text);
			if (rig_deliver(rig, f[i], mailbox[i], uid,
				    import_flags(uid), text) != 0)
				return -1;
			if (uid == count / 2 &&
				store_flush(rig->store, err) != 0)
				return -1;
		}
		free(uids);
	}
	return store_flush(rig->store, err);
}

static inline bool import_is_as_sent(
	const struct rig_file *file, uint32_t *ret_uid)
{
	char text[1200], lf[1200];
	size_t n = 0;

	if (sscanf(file->data, "Subject: m%" SCNu32, ret_uid) != 1)
		return false;
	import_text(*ret_uid, text, sizeof text);
	for (const char *p = text; *p != '\0'; p++)
		if (*p != '\r')
			lf[n++] = *p;
	return file->bytes == n && memcmp(file->data, lf, n) == 0;
}

static inline void import_check(
	const char *root, const char *dir, uint32_t count)
{
	unsigned char seen[RIG_FILES] = {0};
	static const char *const subs[] = {"new", "cur"};
	struct rig_files *files = mem_alloc(sizeof *files);
	char sub[64];
	uint32_t uid;

	for (int i = 0; i < 2; i++) {
		(void)snprintf(sub, sizeof sub, "%s%s", dir, subs[i]);
		rig_list(root, sub, files);
		for (size_t k = 0; k < files->count; k++) {
			assert_true(import_is_as_sent(&files->file[k], &uid));
			assert_in_range(uid, 1, count);
			seen[uid]++;
			assert_int_equal(i == 0, import_flags(uid)[0] == '\0');
		}
		rig_files_clear(files);
	}
	for (uid = 1; uid <= count; uid++)
		if (seen[uid] != 1) {
			print_error("%smessage %" PRIu32 " is there %d times\n",
				dir, uid, seen[uid]);
			fail();
		}
	free(files);
}

static inline void import_start_over(struct rig *rig)
{
	char *path;
	static const char *const ends[] = {"", "-wal", "-shm"};

	rig_remove(rig->root);
	for (int i = 0; i < 3; i++) {
		path = mem_printf("%s%s", rig->ledger_path, ends[i]);
		(void)unlink(path);
		free(path);
	}
	rig->fence = 0;
}

static inline void import_end(struct rig *rig)
{
	keys_free(&rig->keys);
	rig_remove(rig->dir);
	free(rig->state);
	free(rig->root);
	free(rig->ledger_path);
}

#endif
