/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A row is sealed and opened here; which keys there are is keys.c's. Sealing
 * happens inside a write transaction, after a look at the key file: so no row
 * is ever sealed with a key that a rotation has just dropped.
 */
#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "durable.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16
#define VERSION 1
#define HEAD_BYTES (1 + KEYS_ID_BYTES + NONCE_BYTES)
#define AAD_MAX 128

static const char field_password[] = "password";

#define fail(err, ...)                                                  \
	err_set((err), ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE, \
		__VA_ARGS__)

/* Everything that must not change under a sealed row. */
static size_t make_aad(const char *uuid, const char *field,
	const unsigned char *head, char *out)
{
	int n = snprintf(out, AAD_MAX, "mailhaul|%02x|%02x%02x%02x%02x|%s|%s",
		head[0], head[1], head[2], head[3], head[4], uuid, field);

	return n > 0 && n < AAD_MAX ? (size_t)n : 0;
}

/* out: HEAD_BYTES + n + TAG_BYTES; head's version and id are filled in. */
static int seal(const struct keys *keys, const char *uuid, const char *field,
	const struct secret *plain, unsigned char *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	unsigned char *text = out + HEAD_BYTES;
	char aad[AAD_MAX];
	size_t aad_n;
	int n, ok;

	out[0] = VERSION;
	memcpy(out + 1, keys_id(keys, keys_count(keys) - 1), KEYS_ID_BYTES);
	random_bytes(out + 1 + KEYS_ID_BYTES, NONCE_BYTES);
	aad_n = make_aad(uuid, field, out, aad);
	ok = c != NULL && aad_n != 0 &&
	     EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL,
		     keys_find(keys, out + 1), out + 1 + KEYS_ID_BYTES) == 1 &&
	     EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)aad,
		     (int)aad_n) == 1 &&
	     (plain->len == 0 || EVP_EncryptUpdate(c, text, &n,
					 (const unsigned char *)plain->bytes,
					 (int)plain->len) == 1) &&
	     EVP_EncryptFinal_ex(c, text + plain->len, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES,
		     text + plain->len) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok ? 0 : -1;
}

/* out: n - HEAD_BYTES - TAG_BYTES bytes, cleansed where the tag is wrong. */
static int unseal(const unsigned char *key, const char *uuid, const char *field,
	const unsigned char *row, size_t n, unsigned char *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const unsigned char *text = row + HEAD_BYTES;
	size_t text_n = n - HEAD_BYTES - TAG_BYTES;
	unsigned char tag[TAG_BYTES];
	char aad[AAD_MAX];
	size_t aad_n = make_aad(uuid, field, row, aad);
	int got, ok;

	memcpy(tag, text + text_n, TAG_BYTES);
	ok = c != NULL && aad_n != 0 &&
	     EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key,
		     row + 1 + KEYS_ID_BYTES) == 1 &&
	     EVP_DecryptUpdate(c, NULL, &got, (const unsigned char *)aad,
		     (int)aad_n) == 1 &&
	     (text_n == 0 ||
		     EVP_DecryptUpdate(c, out, &got, text, (int)text_n) == 1) &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) ==
		     1 &&
	     EVP_DecryptFinal_ex(c, out + text_n, &got) == 1;
	EVP_CIPHER_CTX_free(c);
	if (!ok)
		OPENSSL_cleanse(out, text_n);
	return ok ? 0 : -1;
}

int secret_need_keys(struct state *state, struct err *err)
{
	bool credential;
	char *path;
	int r;

	if (state->keys != NULL)
		return 0;
	path = keys_path(state->dir, &credential);
	r = keys_load(path, &state->keys, err);
	if (r != 0 && err != NULL && err->hint[0] == '\0')
		(void)err_hint(err,
			"restore it from a backup, readable for this user; "
			"without it no password can be opened");
	free(path);
	return r;
}

/* As the key file is now. */
static int fresh_keys(struct state *state, struct err *err)
{
	bool credential;
	char *path;
	int r;

	if (state->keys == NULL)
		return secret_need_keys(state, err);
	path = keys_path(state->dir, &credential);
	r = keys_refresh(state->keys, path, err);
	free(path);
	return r;
}

static int store_row(struct state *state, const char *uuid, const char *field,
	const struct secret *plain, struct err *err)
{
	unsigned char sealed[HEAD_BYTES + SECRET_MAX + TAG_BYTES];
	struct stmt *s;

	if (plain->len > SECRET_MAX)
		return fail(err, "the password is longer than 16384 bytes");
	if (seal(state->keys, uuid, field, plain, sealed) != 0)
		return fail(err, "cannot seal the password: OpenSSL refuses");
	s = db_stmt(state->db, "secret_store");
	stmt_bind_text(s, "account_uuid", uuid);
	stmt_bind_text(s, "field", field);
	stmt_bind_blob(
		s, "sealed", sealed, HEAD_BYTES + plain->len + TAG_BYTES);
	return stmt_run(s, err);
}

int secret_store(struct state *state, const char *account_uuid,
	const struct secret *plain, struct err *err)
{
	bool own = !db_in_transaction(state->db);

	if (own && db_begin(state->db, err) != 0)
		return -1;
	if (fresh_keys(state, err) == 0 &&
		store_row(state, account_uuid, field_password, plain, err) == 0)
		return own ? db_commit(state->db, err) : 0;
	if (own)
		db_rollback(state->db);
	return -1;
}

static int fail_sealed(struct err *err, const char *why)
{
	(void)fail(err, "the stored password cannot be opened: %s", why);
	return err_hint(err,
		"restore mailhaul.key and mailhaul.db from the same backup, "
		"or store it again: `mailhaul set NAME --password-file FILE`");
}

int keys_open_row(const struct keys *keys, const char *uuid, const char *field,
	const unsigned char *row, size_t n, struct secret *ret_plain,
	struct err *err)
{
	unsigned char plain[SECRET_MAX];
	const unsigned char *key;

	if (n < HEAD_BYTES + TAG_BYTES || row[0] != VERSION ||
		n > HEAD_BYTES + SECRET_MAX + TAG_BYTES)
		return fail_sealed(err, "its row has been altered");
	key = keys_find(keys, row + 1);
	if (key == NULL)
		return fail_sealed(err,
			"it was sealed with a key that is not in the key file");
	if (unseal(key, uuid, field, row, n, plain) != 0)
		return fail_sealed(err, "its row has been altered");
	secret_set(ret_plain, plain, n - HEAD_BYTES - TAG_BYTES);
	OPENSSL_cleanse(plain, sizeof plain);
	return 0;
}

/* A key that is not known is a new one, where the key file has changed. */
static int open_fresh(struct state *state, const char *uuid, const char *field,
	const unsigned char *row, size_t n, struct secret *ret_plain,
	struct err *err)
{
	if (n > KEYS_ID_BYTES && keys_find(state->keys, row + 1) == NULL &&
		fresh_keys(state, err) != 0)
		return -1;
	return keys_open_row(state->keys, uuid, field, row, n, ret_plain, err);
}

int secret_load(struct state *state, const char *account_uuid,
	struct secret *ret_plain, struct err *err)
{
	struct stmt *s;
	const unsigned char *row;
	size_t n;
	int r;

	if (secret_need_keys(state, err) != 0)
		return -1;
	s = db_stmt(state->db, "secret_load");
	stmt_bind_text(s, "account_uuid", account_uuid);
	stmt_bind_text(s, "field", field_password);
	r = stmt_step(s, err);
	if (r < 0)
		return -1;
	if (r == 0) {
		(void)fail(err, "no password is stored for this account");
		return err_hint(err,
			"store it: `mailhaul set NAME --password-file FILE`");
	}
	row = stmt_blob(s, "sealed", &n);
	r = open_fresh(
		state, account_uuid, field_password, row, n, ret_plain, err);
	stmt_reset(s);
	return r;
}

int secret_remove(
	struct state *state, const char *account_uuid, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "secret_remove");

	stmt_bind_text(s, "account_uuid", account_uuid);
	stmt_bind_text(s, "field", field_password);
	return stmt_run(s, err);
}

/* 1 with a row in hand, 0 at the end, -1. */
static int next_row(struct state *state, const char *uuid, const char *field,
	struct stmt **ret_s, struct err *err)
{
	struct stmt *s = db_stmt(state->db, "secret_after");

	stmt_bind_text(s, "account_uuid", uuid);
	stmt_bind_text(s, "field", field);
	*ret_s = s;
	return stmt_step(s, err);
}

/* Seals a row with the last key. 1 done, 0 it is or cannot be opened, -1. */
static int reseal_row(struct state *state, const char *uuid, const char *field,
	const unsigned char *row, size_t n, size_t *unopened, struct err *err)
{
	const unsigned char *last =
		keys_id(state->keys, keys_count(state->keys) - 1);
	struct secret plain = {0};
	int r;

	if (n > KEYS_ID_BYTES && memcmp(row + 1, last, KEYS_ID_BYTES) == 0)
		return 0;
	if (keys_open_row(state->keys, uuid, field, row, n, &plain, NULL) !=
		0) {
		++*unopened;
		return 0;
	}
	r = store_row(state, uuid, field, &plain, err);
	secret_clear(&plain);
	return r == 0 ? 1 : -1;
}

/* Calls each row once, in the order of the primary key. */
int secret_each(
	struct state *state, secret_row_fn *fn, void *arg, struct err *err)
{
	char uuid[64] = "", field[64] = "";
	struct stmt *s;
	int r;

	while ((r = next_row(state, uuid, field, &s, err)) == 1) {
		unsigned char row[HEAD_BYTES + SECRET_MAX + TAG_BYTES] = {0};
		size_t n;
		const void *sealed = stmt_blob(s, "sealed", &n);

		/* A longer one is nobody's: it keeps its length, no more. */
		if (sealed != NULL)
			memcpy(row, sealed, n < sizeof row ? n : sizeof row);
		(void)snprintf(
			uuid, sizeof uuid, "%s", stmt_text(s, "account_uuid"));
		(void)snprintf(
			field, sizeof field, "%s", stmt_text(s, "field"));
		stmt_reset(s);
		if (fn(arg, uuid, field, row, n, err) != 0)
			return -1;
	}
	return r;
}

struct resealing {
	struct state *state;
	size_t moved, unopened;
};

static int reseal_one(void *arg, const char *uuid, const char *field,
	const unsigned char *row, size_t n, struct err *err)
{
	struct resealing *x = arg;
	int r = reseal_row(x->state, uuid, field, row, n, &x->unopened, err);

	x->moved += r == 1;
	return r < 0 ? -1 : 0;
}

int secret_reseal(struct state *state, size_t *ret_moved, size_t *ret_unopened,
	struct err *err)
{
	struct resealing x = {.state = state};

	if (fresh_keys(state, err) != 0 ||
		secret_each(state, reseal_one, &x, err) != 0)
		return -1;
	*ret_moved = x.moved;
	*ret_unopened = x.unopened;
	return 0;
}
