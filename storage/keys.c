/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No key is used as it is: each purpose has its own by HKDF-SHA256 (RFC
 * 5869), and the id of a key is one of them. A ring is refreshed in place:
 * runs hold on to it, and what they use of it, the key of base names, never
 * changes.
 */
#include "keys.h"

#include "../collector/base/mem.h"
#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define KEY_FILE "mailhaul.key"

struct key {
	unsigned char id[KEYS_ID_BYTES];
	unsigned char seal[KEYS_BYTES];
};

struct keys {
	unsigned char base_name[KEYS_BYTES];
	struct stat file; /* as it was read */
	size_t count;
	struct key key[KEYS_MAX];
};

/* The bytes of a key file. */
struct raw {
	size_t n;
	struct stat file;
	unsigned char bytes[KEYS_MAX * KEYS_BYTES + 1];
};

#define fail(err, ...)                                                  \
	err_set((err), ERR_CONFIG, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE, \
		__VA_ARGS__)

char *keys_path(const char *dir, bool *ret_credential)
{
	const char *given = getenv("CREDENTIALS_DIRECTORY");
	char *path = NULL;

	if (given != NULL && given[0] == '/')
		path = mem_printf("%s/" KEY_FILE, given);
	*ret_credential = path != NULL && access(path, F_OK) == 0;
	if (*ret_credential)
		return path;
	free(path);
	return mem_printf("%s/" KEY_FILE, dir);
}

int keys_create(const char *path, struct err *err)
{
	unsigned char key[KEYS_BYTES];
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
static int derive(const unsigned char key[KEYS_BYTES], const char *purpose,
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
		OSSL_KDF_PARAM_KEY, (void *)key, KEYS_BYTES);
	params[2] = OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_INFO, info, strlen(info));
	params[3] = OSSL_PARAM_construct_end();
	if (ctx != NULL)
		ok = EVP_KDF_derive(ctx, out, n, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : -1;
}

static int derive_all(struct keys *keys, const struct raw *raw)
{
	keys->file = raw->file;
	keys->count = raw->n / KEYS_BYTES;
	if (derive(raw->bytes, "base name", keys->base_name,
		    sizeof keys->base_name) != 0)
		return -1;
	for (size_t i = 0; i < keys->count; i++) {
		const unsigned char *k = raw->bytes + i * KEYS_BYTES;
		if (derive(k, "key id", keys->key[i].id, KEYS_ID_BYTES) != 0 ||
			derive(k, "seal", keys->key[i].seal, KEYS_BYTES) != 0)
			return -1;
	}
	return 0;
}

/* systemd gives a credential to the service's user by an ACL, whose mask
 * looks like the group's bits; its directory lets nobody else in. */
static bool is_credential(const char *path)
{
	const char *given = getenv("CREDENTIALS_DIRECTORY");
	size_t n = given != NULL ? strlen(given) : 0;

	return n > 0 && strncmp(path, given, n) == 0 && path[n] == '/';
}

static int check_file(const char *path, const struct stat *st, struct err *err)
{
	mode_t others = is_credential(path) ? 07 : 077;

	if (!S_ISREG(st->st_mode)) {
		(void)fail(err, "%s is not a file", path);
		return err_hint(err, "restore it from a backup");
	}
	if (st->st_uid != 0 && st->st_uid != geteuid() && geteuid() != 0) {
		(void)fail(err, "%s belongs to uid %u, who could read it", path,
			(unsigned)st->st_uid);
		return err_hint(err, "give it to this user with chown");
	}
	if ((st->st_mode & others) != 0) {
		(void)fail(err, "%s can be read by other users", path);
		return err_hint(err, "chmod 0400 %s", path);
	}
	return 0;
}

/* Into ret_raw, which the caller cleanses. A FIFO must not hold us up. */
static int read_file(const char *path, struct raw *ret_raw, struct err *err)
{
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, errno, "cannot read the key file %s",
			path);
	if (fstat(fd, &ret_raw->file) == 0) {
		if (check_file(path, &ret_raw->file, err) != 0) {
			(void)close(fd);
			return -1;
		}
		n = read(fd, ret_raw->bytes, sizeof ret_raw->bytes);
	}
	(void)close(fd);
	if (n <= 0 || n % KEYS_BYTES != 0 || n > KEYS_MAX * KEYS_BYTES) {
		(void)fail(err, "the key file %s is damaged", path);
		return err_hint(err, "restore it from a backup");
	}
	ret_raw->n = (size_t)n;
	return 0;
}

/* Pages of its own: locked where the limit allows, and in no core. */
static struct keys *keys_new(void)
{
	struct keys *keys = mmap(NULL, sizeof *keys, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (keys == MAP_FAILED)
		abort();
	(void)mlock(keys, sizeof *keys);
	(void)madvise(keys, sizeof *keys, MADV_DONTDUMP);
	return keys;
}

void keys_free(struct keys **keys)
{
	if (*keys != NULL) {
		OPENSSL_cleanse(*keys, sizeof **keys);
		(void)munmap(*keys, sizeof **keys);
	}
	*keys = NULL;
}

int keys_load(const char *path, struct keys **ret_keys, struct err *err)
{
	struct raw raw = {.n = 0};
	struct keys *keys = NULL;
	int r = read_file(path, &raw, err);

	if (r == 0) {
		keys = keys_new();
		r = derive_all(keys, &raw);
		if (r != 0)
			(void)fail(err,
				"cannot derive keys from %s: OpenSSL refuses",
				path);
	}
	OPENSSL_cleanse(&raw, sizeof raw);
	if (r != 0)
		keys_free(&keys);
	else
		*ret_keys = keys;
	return r;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int keys_refresh(struct keys *keys, const char *path, struct err *err)
{
	struct keys *fresh = NULL;
	struct stat st;
	int r = 0;

	if (lstat(path, &st) == 0 && is_same_file(&st, &keys->file))
		return 0;
	if (keys_load(path, &fresh, err) != 0)
		return -1;
	if (CRYPTO_memcmp(fresh->base_name, keys->base_name, KEYS_BYTES) != 0) {
		(void)fail(err, "the key file %s is another one now", path);
		r = err_hint(err,
			"put the one back that was there, or start the daemon "
			"anew if it has been restored");
	} else {
		keys->file = fresh->file;
		keys->count = fresh->count;
		memcpy(keys->key, fresh->key, sizeof keys->key);
	}
	keys_free(&fresh);
	return r;
}

size_t keys_count(const struct keys *keys)
{
	return keys->count;
}

const unsigned char *keys_id(const struct keys *keys, size_t i)
{
	return keys->key[i].id;
}

const unsigned char *keys_find(
	const struct keys *keys, const unsigned char id[KEYS_ID_BYTES])
{
	for (size_t i = 0; i < keys->count; i++)
		if (memcmp(keys->key[i].id, id, KEYS_ID_BYTES) == 0)
			return keys->key[i].seal;
	return NULL;
}

int keys_append(const char *path, struct err *err)
{
	struct raw raw = {.n = 0};
	int r = read_file(path, &raw, err);

	if (r == 0 && raw.n >= (size_t)KEYS_MAX * KEYS_BYTES)
		r = fail(err, "%s holds %d keys already", path, KEYS_MAX);
	if (r == 0) {
		random_bytes(raw.bytes + raw.n, KEYS_BYTES);
		r = durable_replace(path, 0400, &raw.file, raw.bytes,
			raw.n + KEYS_BYTES, err);
	}
	OPENSSL_cleanse(&raw, sizeof raw);
	return r;
}

int keys_drop(const char *path, const struct keys *keys,
	const bool wanted[KEYS_MAX], size_t *ret_dropped, struct err *err)
{
	struct raw raw = {.n = 0};
	size_t kept = 1;
	int r = read_file(path, &raw, err);

	if (r == 0 && !is_same_file(&raw.file, &keys->file))
		r = fail(err, "%s was changed by another program", path);
	for (size_t i = 1; r == 0 && i < keys->count; i++) {
		if (!wanted[i] && i + 1 < keys->count)
			continue;
		memmove(raw.bytes + kept * KEYS_BYTES,
			raw.bytes + i * KEYS_BYTES, KEYS_BYTES);
		kept++;
	}
	if (r == 0 && kept < keys->count)
		r = durable_replace(path, 0400, &raw.file, raw.bytes,
			kept * KEYS_BYTES, err);
	OPENSSL_cleanse(&raw, sizeof raw);
	if (r == 0)
		*ret_dropped = keys->count - kept;
	return r;
}

void keys_hmac(const struct keys *keys, const void *data, size_t n,
	unsigned char out[32])
{
	unsigned len = 32;

	if (HMAC(EVP_sha256(), keys->base_name, KEYS_BYTES, data, n, out,
		    &len) == NULL)
		abort();
}
