/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each row is judged twice: for the report, beside whoever writes, and once
 * more where it is written, under the lock, since the state may have changed
 * in between. Accounts are not kept from one to the other: 50,000 of them
 * would be 100 MB, and their passwords.
 */
#include "import.h"

#include "../../storage/accounts.h"
#include "../../storage/secret.h"
#include "../model/text.h"
#include "account_options.h"
#include "import_row.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAULT_BYTES 2048

enum outcome { OUTCOME_NEW, OUTCOME_CHANGED, OUTCOME_UNCHANGED, OUTCOME_BAD };

/* ---- the file */

static char *larger(char *bytes, size_t n, size_t room)
{
	char *more = mem_alloc(room + 1);

	if (bytes != NULL) {
		memcpy(more, bytes, n);
		explicit_bzero(bytes, n);
		free(bytes);
	}
	return more;
}

static int read_all(int fd, char **ret_bytes, size_t *ret_n)
{
	char *bytes = NULL;
	size_t n = 0, room = 0;
	ssize_t got;

	do {
		if (n == room) {
			room = room != 0 ? room * 2 : 64 * 1024;
			bytes = larger(bytes, n, room);
		}
		got = read(fd, bytes + n, room - n);
		if (got > 0)
			n += (size_t)got;
	} while ((got > 0 && n <= SHEET_BYTES_MAX) ||
		 (got < 0 && errno == EINTR));
	if (got < 0) {
		int errnum = errno;
		explicit_bzero(bytes, n);
		free(bytes);
		errno = errnum;
		return -1;
	}
	*ret_bytes = bytes;
	*ret_n = n;
	return 0;
}

int import_read(
	const char *path, char **ret_bytes, size_t *ret_n, struct err *err)
{
	bool input = strcmp(path, "-") == 0;
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -1 : read_all(fd, ret_bytes, ret_n);

	if (r < 0)
		(void)err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "cannot read %s",
			input ? "standard input" : path);
	if (!input && fd >= 0)
		(void)close(fd);
	return r;
}

void import_print_faults(const struct sheet *s, const char *file)
{
	for (size_t i = 0; i < s->fault_count; i++) {
		const struct sheet_fault *f = &s->faults[i];
		char text[FAULT_BYTES];
		text_printable(f->text, text, sizeof text);
		(void)fprintf(stderr, "mailhaul: %s line %zu%s%s: %s\n", file,
			f->line, f->column != NULL ? ", column " : "",
			f->column != NULL ? f->column : "", text);
	}
}

/* ---- a row */

static bool has_password(struct state *state, const struct account *a,
	const struct secret *password)
{
	struct secret here = {0};
	bool same = secret_load(state, a->uuid, &here, NULL) == 0 &&
		    here.len == password->len &&
		    memcmp(here.bytes, password->bytes, here.len) == 0;

	secret_clear(&here);
	return same;
}

/* Of an account that is enrolled; a is what it becomes. */
static enum outcome judge_known(struct import *x, struct sheet_row *row,
	const struct account *here, struct account *a, struct secret *password)
{
	size_t faults = x->sheet->fault_count, n;
	bool same;

	if (import_row_apply(x->settings, x->sheet, row, a, password) < 0)
		return OUTCOME_BAD;
	same = password->len == 0 || has_password(x->state, a, password);
	n = import_row_differences(x->sheet, row, here, a, same);
	if (same)
		secret_clear(password);
	if (n == 0)
		return OUTCOME_UNCHANGED;
	if (!x->update)
		return OUTCOME_BAD;
	sheet_forget_faults(x->sheet, faults);
	return OUTCOME_CHANGED;
}

/* -1: the state cannot be read. ret_account and ret_password are the caller's
 * to clear in any case. */
static int judge(struct import *x, struct sheet_row *row, const char *name,
	struct account *ret_account, struct secret *ret_password,
	enum outcome *ret_outcome, struct err *err)
{
	struct account here = {0};
	int r = accounts_find(x->state, name, &here, err);

	if (r == 1)
		r = accounts_find(x->state, name, ret_account, err);
	if (r == 1) {
		*ret_outcome =
			judge_known(x, row, &here, ret_account, ret_password);
	} else if (r == 0) {
		account_defaults(ret_account, name);
		*ret_outcome = import_row_apply(x->settings, x->sheet, row,
				       ret_account, ret_password) < 0
				       ? OUTCOME_BAD
				       : OUTCOME_NEW;
	}
	account_clear(&here);
	return r < 0 ? -1 : 0;
}

/* ---- all of them */

/* The name of a row that no row before has; NULL, and a fault. */
static const char *own_name(struct import *x, struct sheet_row *row)
{
	const char *name = import_row_name(x->sheet, row);
	size_t line;

	if (name == NULL || dict_add(x->names, name, row->line))
		return name;
	(void)dict_get(x->names, name, &line);
	sheet_fault(x->sheet, row->line, "name", "%s stands in line %zu, too",
		name, line);
	return NULL;
}

static void count(struct import *x, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_NEW:
		x->enrolled++;
		break;
	case OUTCOME_CHANGED:
		x->changed++;
		break;
	case OUTCOME_UNCHANGED:
		x->unchanged++;
		break;
	case OUTCOME_BAD:
		x->bad++;
		break;
	}
}

static int check_row(struct import *x, struct sheet_row *row, struct err *err)
{
	const char *name = row->bad ? NULL : own_name(x, row);
	enum outcome outcome = OUTCOME_BAD;
	struct account a = {0};
	struct secret password = {0};
	int r = 0;

	if (name != NULL)
		r = judge(x, row, name, &a, &password, &outcome, err);
	account_clear(&a);
	secret_clear(&password);
	row->bad = outcome == OUTCOME_BAD;
	count(x, outcome);
	return r;
}

static int check_rows(void *arg, struct err *err)
{
	struct import *x = arg;

	for (size_t i = 0; i < x->sheet->row_count; i++)
		if (check_row(x, &x->sheet->rows[i], err) < 0)
			return -1;
	return 0;
}

int import_check(struct import *x, struct err *err)
{
	int r;

	x->names = dict_new();
	r = accounts_look(x->state, check_rows, x, err);
	sheet_sort_faults(x->sheet);
	return r;
}

/* The next one to be written. */
static int next_account(void *arg, struct account *ret_account,
	struct secret *ret_password, struct err *err)
{
	struct import *x = arg;

	while (x->next < x->sheet->row_count) {
		struct sheet_row *row = &x->sheet->rows[x->next++];
		enum outcome outcome = OUTCOME_BAD;
		const char *name;
		if (row->bad)
			continue;
		name = sheet_find(x->sheet, row, "name")->text;
		if (judge(x, row, name, ret_account, ret_password, &outcome,
			    err) < 0)
			return -1;
		if (outcome == OUTCOME_BAD)
			return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
				ERR_RETRY_NOW,
				"line %zu: %s was changed by somebody else "
				"meanwhile; nothing was enrolled: repeat it",
				row->line, name);
		count(x, outcome);
		if (outcome != OUTCOME_UNCHANGED)
			return 1;
		account_clear(ret_account);
		secret_clear(ret_password);
	}
	return 0;
}

int import_enrol(struct import *x, struct err *err)
{
	if (x->enrolled + x->changed == 0)
		return 0;
	x->next = 0;
	x->enrolled = x->changed = x->unchanged = 0;
	if (accounts_enrol(x->state, next_account, x, err) == 0)
		return 0;
	x->enrolled = x->changed = x->unchanged = 0;
	return -1;
}

void import_clear(struct import *x)
{
	dict_free(&x->names);
}
