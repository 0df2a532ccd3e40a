/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The key file holds 32 random bytes a key. The last key seals, every key
 * opens what carries its id, the first one names messages for ever. No key is
 * used as it is: each purpose has its own by HKDF-SHA256 (RFC 5869).
 */
#include "secret.h"

#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define KEY_BYTES 32
#define KEYS_MAX 64
#define ID_BYTES 4
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define VERSION 1
#define HEAD_BYTES (1 + ID_BYTES + NONCE_BYTES)
#define AAD_MAX 128

static const char field_password[] = "password";

struct key {
	unsigned char id[ID_BYTES];
	unsigned char seal[KEY_BYTES];
};

struct keys {
	size_t count;
	unsigned char base_name[KEY_BYTES];
	struct key key[KEYS_MAX];
};

#define fail(err, ...)                                                  \
	err_set((err), ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE, \
		__VA_ARGS__)

int keys_create(const char *path, struct err *err)
{
	unsigned char key[KEY_BYTES];
	bool created = false;
	int r;

	random_bytes(key, sizeof key);
	r = durable_create(path, 0400, key, sizeof key, &created, err);
	OPENSSL_cleanse(key, sizeof key);
	if (r == 0 && !created)
		return fail(err, "%s exists; a key is never replaced", path);
	return r;
}

/* HKDF without salt: the input is already uniformly random. */
static int derive(const unsigned char key[KEY_BYTES], const char *purpose,
	unsigned char *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	char digest[] = "SHA256";
	char info[64];
	OSSL_PARAM params[4];
	int ok = 0;

	(void)snprintf(info, sizeof info, "mailhaul %s", purpose);
	params[0] = OSSL_PARAM_construct_utf8_string(
		OSSL_KDF_PARAM_DIGEST, digest, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_KEY, (void *)key, KEY_BYTES);
	params[2] = OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_INFO, info, strlen(info));
	params[3] = OSSL_PARAM_construct_end();
	if (ctx != NULL)
		ok = EVP_KDF_derive(ctx, out, n, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : -1;
}

static int derive_all(struct keys *keys, const unsigned char *raw)
{
	if (derive(raw, "base name", keys->base_name, sizeof keys->base_name) !=
		0)
		return -1;
	for (size_t i = 0; i < keys->count; i++) {
		const unsigned char *k = raw + i * KEY_BYTES;
		if (derive(k, "key id", keys->key[i].id, ID_BYTES) != 0 ||
			derive(k, "seal", keys->key[i].seal, KEY_BYTES) != 0)
			return -1;
	}
	return 0;
}

/* Bytes read, 0 for a file of no sensible size, -1. */
static ssize_t read_key_file(
	const char *path, unsigned char *raw, size_t max, struct err *err)
{
	struct stat st;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, errno, "cannot read the key file %s",
			path);
	if (fstat(fd, &st) == 0 && (st.st_mode & 077) != 0) {
		(void)close(fd);
		(void)fail(err, "%s can be read by other users", path);
		return err_hint(err, "chmod 0400 %s", path);
	}
	n = read(fd, raw, max);
	(void)close(fd);
	if (n <= 0 || n % KEY_BYTES != 0 || n > KEYS_MAX * KEY_BYTES) {
		(void)fail(err, "the key file %s is damaged", path);
		return err_hint(err, "restore it from a backup");
	}
	return n;
}

int keys_load(const char *path, struct keys **ret_keys, struct err *err)
{
	unsigned char raw[KEYS_MAX * KEY_BYTES + 1];
	struct keys *keys;
	ssize_t n = read_key_file(path, raw, sizeof raw, err);

	if (n < 0)
		return -1;
	keys = OPENSSL_zalloc(sizeof *keys);
	if (keys == NULL)
		abort();
	keys->count = (size_t)n / KEY_BYTES;
	if (derive_all(keys, raw) != 0) {
		keys_free(&keys);
		(void)fail(err, "cannot derive keys from %s: OpenSSL refuses",
			path);
	}
	OPENSSL_cleanse(raw, sizeof raw);
	if (keys == NULL)
		return -1;
	*ret_keys = keys;
	return 0;
}

void keys_free(struct keys **keys)
{
	if (*keys != NULL)
		OPENSSL_clear_free(*keys, sizeof **keys);
	*keys = NULL;
}

void keys_hmac(const struct keys *keys, const void *data, size_t n,
	unsigned char out[32])
{
	unsigned len = 32;

	if (HMAC(EVP_sha256(), keys->base_name, KEY_BYTES, data, n, out,
		    &len) == NULL)
		abort();
}

/* Everything that must not change under a sealed row. */
static size_t make_aad(const char *uuid, const unsigned char *head, char *out)
{
	int n = snprintf(out, AAD_MAX, "mailhaul|%02x|%02x%02x%02x%02x|%s|%s",
		head[0], head[1], head[2], head[3], head[4], uuid,
		field_password);

	return n > 0 && n < AAD_MAX ? (size_t)n : 0;
}

/* out: HEAD_BYTES + n + TAG_BYTES; head's version and id are filled in. */
static int seal(const struct key *key, const char *uuid,
	const struct secret *plain, unsigned char *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	unsigned char *text = out + HEAD_BYTES;
	char aad[AAD_MAX];
	size_t aad_n;
	int n, ok;

	out[0] = VERSION;
	memcpy(out + 1, key->id, ID_BYTES);
	random_bytes(out + 1 + ID_BYTES, NONCE_BYTES);
	aad_n = make_aad(uuid, out, aad);
	ok = c != NULL && aad_n != 0 &&
	     EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key->seal,
		     out + 1 + ID_BYTES) == 1 &&
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
static int unseal(const struct key *key, const char *uuid,
	const unsigned char *row, size_t n, unsigned char *out)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	const unsigned char *text = row + HEAD_BYTES;
	size_t text_n = n - HEAD_BYTES - TAG_BYTES;
	unsigned char tag[TAG_BYTES];
	char aad[AAD_MAX];
	size_t aad_n = make_aad(uuid, row, aad);
	int got, ok;

	memcpy(tag, text + text_n, TAG_BYTES);
	ok = c != NULL && aad_n != 0 &&
	     EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key->seal,
		     row + 1 + ID_BYTES) == 1 &&
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

/* A key that was not there at the start may be there now. */
static int need_keys(struct state *state, struct err *err)
{
	char *path;
	int r;

	if (state->keys != NULL)
		return 0;
	path = mem_printf("%s/mailhaul.key", state->dir);
	r = keys_load(path, &state->keys, err);
	if (r != 0 && err != NULL && err->hint[0] == '\0')
		(void)err_hint(err,
			"restore it from a backup, readable for this user; "
			"without it no password can be opened");
	free(path);
	return r;
}

int secret_store(struct state *state, const char *account_uuid,
	const struct secret *plain, struct err *err)
{
	unsigned char sealed[HEAD_BYTES + SECRET_MAX + TAG_BYTES];
	struct stmt *s;

	if (need_keys(state, err) != 0)
		return -1;
	if (plain->len > SECRET_MAX)
		return fail(err, "the password is longer than 16384 bytes");
	if (seal(&state->keys->key[state->keys->count - 1], account_uuid, plain,
		    sealed) != 0)
		return fail(err, "cannot seal the password: OpenSSL refuses");
	s = db_stmt(state->db, "secret_store");
	stmt_bind_text(s, "account_uuid", account_uuid);
	stmt_bind_text(s, "field", field_password);
	stmt_bind_blob(
		s, "sealed", sealed, HEAD_BYTES + plain->len + TAG_BYTES);
	return stmt_run(s, err);
}

static int fail_sealed(struct err *err, const char *why)
{
	(void)fail(err, "the stored password cannot be opened: %s", why);
	return err_hint(err,
		"restore mailhaul.key and mailhaul.db from the same backup, "
		"or store it again: `mailhaul set NAME --password-file FILE`");
}

int keys_open_row(const struct keys *keys, const char *uuid,
	const unsigned char *row, size_t n, struct secret *ret_plain,
	struct err *err)
{
	unsigned char plain[SECRET_MAX];
	int r = -1;

	if (n < HEAD_BYTES + TAG_BYTES || row[0] != VERSION ||
		n > HEAD_BYTES + SECRET_MAX + TAG_BYTES)
		return fail_sealed(err, "its row has been altered");
	for (size_t i = 0; i < keys->count; i++) {
		const struct key *k = &keys->key[i];
		if (memcmp(row + 1, k->id, ID_BYTES) != 0)
			continue;
		if (unseal(k, uuid, row, n, plain) != 0)
			return fail_sealed(err, "its row has been altered");
		secret_set(ret_plain, plain, n - HEAD_BYTES - TAG_BYTES);
		OPENSSL_cleanse(plain, sizeof plain);
		r = 0;
		break;
	}
	if (r != 0)
		return fail_sealed(err,
			"it was sealed with a key that is not in the key file");
	return 0;
}

int secret_load(struct state *state, const char *account_uuid,
	struct secret *ret_plain, struct err *err)
{
	struct stmt *s;
	const unsigned char *row;
	size_t n;
	int r;

	if (need_keys(state, err) != 0)
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
	r = keys_open_row(state->keys, account_uuid, row, n, ret_plain, err);
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
