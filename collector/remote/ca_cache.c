/* SPDX-License-Identifier: BSD-2-Clause */
#include "ca_cache.h"

#include "../base/mem.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES 4 /* the operator's file, and some accounts' own */

struct entry {
	unsigned char hash[SHA256_DIGEST_LENGTH];
	bool tls13_only;
	uint64_t used; /* when, in calls; 0 = empty */
	struct tls_anchors *anchors;
};

struct ca_cache {
	pthread_mutex_t lock; /* held while parsing: others wait and share */
	uint64_t calls;
	struct entry entries[ENTRIES];
};

struct ca_cache *ca_cache_new(void)
{
	struct ca_cache *c = mem_alloc(sizeof *c);

	(void)pthread_mutex_init(&c->lock, NULL);
	return c;
}

void ca_cache_free(struct ca_cache **c)
{
	if (*c == NULL)
		return;
	for (size_t i = 0; i < ENTRIES; i++)
		if ((*c)->entries[i].anchors != NULL)
			tls_anchors_free(&(*c)->entries[i].anchors);
	(void)pthread_mutex_destroy(&(*c)->lock);
	free(*c);
	*c = NULL;
}

/* Caller frees *ret_pem. */
static int read_pem(int fd, char **ret_pem, size_t *ret_bytes, struct err *err)
{
	size_t cap = (size_t)64 << 10, used = 0;
	char *pem = mem_array(cap, 1);

	for (;;) {
		ssize_t n = pread(fd, pem + used, cap - used, (off_t)used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || used > CA_PEM_MAX) {
			int errnum = n < 0 ? errno : EFBIG;
			free(pem);
			return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
				ERR_RETRY_CHANGE, errnum,
				"cannot read the trust anchors");
		}
		if (n == 0)
			break;
		used += (size_t)n;
		if (used == cap)
			pem = mem_grow(pem, cap *= 2, 1);
	}
	*ret_pem = pem;
	*ret_bytes = used;
	return 0;
}

/* The entry of that hash, or the one to replace. */
static struct entry *find(
	struct ca_cache *c, const unsigned char *hash, bool tls13_only)
{
	struct entry *oldest = &c->entries[0];

	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *e = &c->entries[i];
		if (e->used != 0 && e->tls13_only == tls13_only &&
			memcmp(e->hash, hash, sizeof e->hash) == 0)
			return e;
		if (e->used < oldest->used)
			oldest = e;
	}
	if (oldest->anchors != NULL)
		tls_anchors_free(&oldest->anchors);
	oldest->used = 0;
	return oldest;
}

static int get(struct ca_cache *c, const char *pem, size_t bytes,
	bool tls13_only, struct tls_anchors **ret_anchors, struct err *err)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	struct entry *e;

	if (EVP_Digest(pem, bytes, hash, NULL, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "SHA-256 is not available");
	e = find(c, hash, tls13_only);
	if (e->anchors == NULL) {
		if (tls_anchors_new(pem, bytes, tls13_only, &e->anchors, err) <
			0) {
			e->anchors = NULL;
			return -1;
		}
		memcpy(e->hash, hash, sizeof e->hash);
		e->tls13_only = tls13_only;
	}
	e->used = ++c->calls;
	*ret_anchors = tls_anchors_ref(e->anchors);
	return 0;
}

int ca_cache_get(struct ca_cache *c, int fd, bool tls13_only,
	struct tls_anchors **ret_anchors, struct err *err)
{
	char *pem = NULL;
	size_t bytes = 0;
	int r;

	if (read_pem(fd, &pem, &bytes, err) < 0)
		return -1;
	(void)pthread_mutex_lock(&c->lock);
	r = get(c, pem, bytes, tls13_only, ret_anchors, err);
	(void)pthread_mutex_unlock(&c->lock);
	free(pem);
	return r;
}
