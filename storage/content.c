/* SPDX-License-Identifier: BSD-2-Clause */
#include "content.h"

#include <string.h>

/* A context that has a digest begins anew without looking it up. */
static bool begin_hash(EVP_MD_CTX **sha)
{
	const EVP_MD *md;

	if (*sha == NULL)
		*sha = EVP_MD_CTX_new();
	if (*sha == NULL)
		return false;
	md = EVP_MD_CTX_get0_md(*sha) != NULL ? NULL : EVP_sha256();
	return EVP_DigestInit_ex(*sha, md, NULL) == 1;
}

int content_begin(struct content *c, struct err *err)
{
	header_begin(&c->header);
	c->judged = false;
	memset(&c->head, 0, sizeof c->head);
	if (begin_hash(&c->sha))
		return 0;
	return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"OpenSSL has no SHA-256");
}

/* The header is there: a second hash begins where flags are in it. */
static void judge(struct content *c)
{
	const struct header *h = &c->header;
	enum header_line line;
	size_t at = 0, end;

	c->judged = true;
	header_make_bare(&c->header, &c->head);
	if (!c->head.flags)
		return;
	if (!begin_hash(&c->bare)) {
		c->head.flags = false;
		return;
	}
	for (; header_next(h, at, &end, &line); at = end)
		if (line != HEADER_LINE_FLAGS)
			(void)EVP_DigestUpdate(
				c->bare, h->bytes + at, end - at);
	(void)EVP_DigestUpdate(c->bare, h->bytes + at, h->n - at);
}

void content_add(struct content *c, const char *bytes, size_t n)
{
	size_t kept = 0;

	(void)EVP_DigestUpdate(c->sha, bytes, n);
	if (!c->judged) {
		kept = header_add(&c->header, bytes, n);
		if (!header_is_whole(&c->header))
			return;
		judge(c);
	}
	if (c->head.flags)
		(void)EVP_DigestUpdate(c->bare, bytes + kept, n - kept);
}

int content_so_far(
	const struct content *c, unsigned char ret_sha256[32], struct err *err)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool done = copy != NULL && EVP_MD_CTX_copy_ex(copy, c->sha) == 1 &&
		    EVP_DigestFinal_ex(copy, ret_sha256, NULL) == 1;

	EVP_MD_CTX_free(copy);
	return done ? 0
		    : err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			      ERR_RETRY_CHANGE, "OpenSSL cannot copy a hash");
}

void content_end(struct content *c, struct content_id *ret_id)
{
	if (!c->judged)
		judge(c);
	(void)EVP_DigestFinal_ex(c->sha, ret_id->sha256, NULL);
	if (c->head.flags)
		(void)EVP_DigestFinal_ex(c->bare, ret_id->bare_sha256, NULL);
	else
		memcpy(ret_id->bare_sha256, ret_id->sha256,
			sizeof ret_id->sha256);
	memcpy(ret_id->header_hash, c->head.hash, sizeof ret_id->header_hash);
	ret_id->dropped = c->head.dropped;
}

void content_clear(struct content *c)
{
	EVP_MD_CTX_free(c->sha);
	EVP_MD_CTX_free(c->bare);
	header_clear(&c->header);
	*c = (struct content){.sha = NULL};
}
