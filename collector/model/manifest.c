/* SPDX-License-Identifier: BSD-2-Clause */
#include "manifest.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "mailhaul-manifest 1"
#define FIELDS_MAX 7
#define DIGITS "0123456789"

/* ---- writing */

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '%';
}

static void put_field(const char *text, struct buf *out)
{
	(void)buf_add(out, "\t", 1);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		if (is_plain(c))
			(void)buf_add(out, text, 1);
		else
			(void)buf_printf(out, "%%%02X", c);
	}
}

void manifest_put_head(struct buf *out)
{
	(void)buf_add_str(out, HEAD "\n");
}

void manifest_put_account(const struct manifest_account *a, struct buf *out)
{
	(void)buf_add_str(out, "account");
	put_field(a->name, out);
	put_field(a->source, out);
	put_field(a->user, out);
	put_field(a->store, out);
	(void)buf_add(out, "\n", 1);
}

void manifest_put_message(const struct manifest_message *m, struct buf *out)
{
	(void)buf_add_str(out, "message\t");
	for (size_t i = 0; i < sizeof m->sha256; i++)
		(void)buf_printf(out, "%02x", m->sha256[i]);
	(void)buf_printf(out, "\t%" PRIu64, m->bytes);
	put_field(m->mailbox, out);
	put_field(m->key, out);
	put_field(m->dir, out);
	put_field(m->file, out);
	(void)buf_add(out, "\n", 1);
}

void manifest_put_account_end(uint64_t messages, struct buf *out)
{
	(void)buf_printf(out, "account-end\t%" PRIu64 "\n", messages);
}

void manifest_put_end(uint64_t accounts, struct buf *out)
{
	(void)buf_printf(out, "end\t%" PRIu64 "\n", accounts);
}

/* ---- reading */

static int fail(
	const struct manifest_reader *r, struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"line %" PRIu64 ": %s", r->line, what);
}

void manifest_reader_init(struct manifest_reader *r)
{
	memset(r, 0, sizeof *r);
	r->last = MANIFEST_END; /* which a head may follow */
}

struct field {
	const char *text;
	size_t len;
};

/* Fields of a line, its first word too; FIELDS_MAX + 1 where there are
 * more. */
static size_t split(const char *line, size_t len, struct field *fields)
{
	const char *end = line + len;
	size_t n = 0;

	for (;;) {
		const char *tab = memchr(line, '\t', (size_t)(end - line));
		const char *stop = tab != NULL ? tab : end;
		if (n == FIELDS_MAX)
			return FIELDS_MAX + 1;
		fields[n++] = (struct field){line, (size_t)(stop - line)};
		if (tab == NULL)
			return n;
		line = tab + 1;
	}
}

static bool is_word(const struct field *f, const char *word)
{
	return f->len == strlen(word) && memcmp(f->text, word, f->len) == 0;
}

static int hex_value(char c, bool upper)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (upper && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (!upper && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* One way only to write each text. */
static bool read_text(const struct field *f, char *out, size_t out_bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++) {
		unsigned char c = (unsigned char)f->text[i];
		if (c == '%') {
			int high, low;
			if (f->len - i < 3)
				return false;
			high = hex_value(f->text[i + 1], true);
			low = hex_value(f->text[i + 2], true);
			if (high < 0 || low < 0)
				return false;
			c = (unsigned char)(high << 4 | low);
			if (is_plain(c) || c == '\0')
				return false;
			i += 2;
		} else if (!is_plain(c)) {
			return false;
		}
		if (n + 1 >= out_bytes)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

/* Decimal, without a zero before it. */
static bool read_number(const struct field *f, uint64_t *ret)
{
	uint64_t n = 0;

	if (f->len == 0 || f->len > 19 || (f->len > 1 && f->text[0] == '0'))
		return false;
	for (size_t i = 0; i < f->len; i++) {
		if (f->text[i] < '0' || f->text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(f->text[i] - '0');
	}
	*ret = n;
	return true;
}

static bool read_sha256(const struct field *f, unsigned char out[32])
{
	if (f->len != 64)
		return false;
	for (size_t i = 0; i < 32; i++) {
		int high = hex_value(f->text[2 * i], false);
		int low = hex_value(f->text[2 * i + 1], false);
		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static int read_account(struct manifest_reader *r, const struct field *f,
	size_t n, struct err *err)
{
	struct manifest_account *a = &r->account;

	if (r->last != MANIFEST_HEAD && r->last != MANIFEST_ACCOUNT_END)
		return fail(r, err, "an account begins inside of another");
	if (n != 5 || !read_text(&f[1], a->name, sizeof a->name) ||
		!read_text(&f[2], a->source, sizeof a->source) ||
		!read_text(&f[3], a->user, sizeof a->user) ||
		!read_text(&f[4], a->store, sizeof a->store) ||
		a->name[0] == '\0' || a->user[0] == '\0')
		return fail(r, err,
			"an account has to have a name, a URL, a "
			"local user and a store");
	r->accounts++;
	r->messages = 0;
	return 0;
}

static int read_message(struct manifest_reader *r, const struct field *f,
	size_t n, struct err *err)
{
	struct manifest_message *m = &r->message;

	if (r->last != MANIFEST_ACCOUNT && r->last != MANIFEST_MESSAGE)
		return fail(r, err, "a message stands outside of an account");
	if (n != 7)
		return fail(r, err, "a message has to have six fields");
	if (!read_sha256(&f[1], m->sha256))
		return fail(r, err,
			"the SHA-256 is not of 64 hexadecimal "
			"digits");
	if (!read_number(&f[2], &m->bytes))
		return fail(r, err, "the size is no number");
	if (!read_text(&f[3], m->mailbox, sizeof m->mailbox) ||
		!read_text(&f[4], m->key, sizeof m->key) ||
		!read_text(&f[5], m->dir, sizeof m->dir) ||
		!read_text(&f[6], m->file, sizeof m->file))
		return fail(r, err,
			"a field is too long, or holds a byte "
			"that is not written so");
	if (m->file[0] == '\0' || strchr(m->file, '/') != NULL ||
		strchr(m->dir, '/') != NULL)
		return fail(r, err, "folder and file have to be names");
	if (++r->messages > MANIFEST_MESSAGES_MAX)
		return fail(r, err,
			"an account has more messages than this "
			"program can have written");
	return 0;
}

static int read_account_end(struct manifest_reader *r, const struct field *f,
	size_t n, struct err *err)
{
	uint64_t count;

	if (r->last != MANIFEST_ACCOUNT && r->last != MANIFEST_MESSAGE)
		return fail(r, err, "no account is there to end");
	if (n != 2 || !read_number(&f[1], &count))
		return fail(r, err,
			"an account ends with its number of "
			"messages");
	if (count != r->messages)
		return fail(r, err,
			"the account has more or fewer messages "
			"than it says here: lines were lost or "
			"added");
	return 0;
}

static int read_end(struct manifest_reader *r, const struct field *f, size_t n,
	struct err *err)
{
	uint64_t count;

	if (r->last != MANIFEST_HEAD && r->last != MANIFEST_ACCOUNT_END)
		return fail(r, err, "it ends inside of an account");
	if (n != 2 || !read_number(&f[1], &count) || count != r->accounts)
		return fail(r, err,
			"it has more or fewer accounts than it "
			"says here: lines were lost or added");
	return 0;
}

static int read_kind(struct manifest_reader *r, const struct field *f, size_t n,
	enum manifest_line *ret, struct err *err)
{
	if (is_word(&f[0], "message")) {
		*ret = MANIFEST_MESSAGE;
		return read_message(r, f, n, err);
	}
	if (is_word(&f[0], "account")) {
		*ret = MANIFEST_ACCOUNT;
		return read_account(r, f, n, err);
	}
	if (is_word(&f[0], "account-end")) {
		*ret = MANIFEST_ACCOUNT_END;
		return read_account_end(r, f, n, err);
	}
	if (is_word(&f[0], "end")) {
		*ret = MANIFEST_END;
		return read_end(r, f, n, err);
	}
	return fail(r, err,
		"it begins with none of message, account, "
		"account-end and end");
}

int manifest_read(struct manifest_reader *r, const char *line, size_t len,
	enum manifest_line *ret_line, struct err *err)
{
	struct field fields[FIELDS_MAX];
	enum manifest_line kind = MANIFEST_HEAD;
	size_t n;

	r->line++;
	if (len >= MANIFEST_LINE_MAX)
		return fail(r, err, "it is too long");
	if (r->line == 1) {
		fields[0] = (struct field){line, len};
		if (!is_word(&fields[0], HEAD))
			return fail(r, err,
				"this is no manifest: it has to "
				"begin with \"" HEAD "\"");
	} else if (r->last == MANIFEST_END) {
		return fail(r, err, "something follows after the end");
	} else {
		n = split(line, len, fields);
		if (read_kind(r, fields, n, &kind, err) != 0)
			return -1;
	}
	r->last = kind;
	*ret_line = kind;
	return 0;
}

int manifest_read_end(const struct manifest_reader *r, struct err *err)
{
	if (r->line != 0 && r->last == MANIFEST_END)
		return 0;
	return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"it is not whole: its last line is missing");
}
