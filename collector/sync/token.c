/* SPDX-License-Identifier: BSD-2-Clause */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTE "token_refused"

static int wait_for_file(const char *path, struct err *err)
{
	if (err == NULL)
		return -1;
	err->retry = ERR_RETRY_LATER;
	err->retry_after_s = TOKEN_LOOK_S;
	return err_hint(err,
		"put a fresh token into %s: the file is looked "
		"at every minute",
		path);
}

static int unfit(const char *path, const char *why, struct err *err)
{
	(void)err_set(err, ERR_AUTH, ERR_SCOPE_ACCOUNT, ERR_RETRY_LATER,
		"the token file %s %s", path, why);
	return wait_for_file(path, err);
}

/* As the key file: nobody else may read it. NULL: it is fit. */
static const char *judge(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "is no regular file";
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return "belongs to another user";
	if ((st->st_mode & 077) != 0)
		return "can be read by other users (chmod 0600)";
	return NULL;
}

static int read_line(
	const char *path, int fd, struct secret *ret_token, struct err *err)
{
	char line[SECRET_MAX + 1];
	size_t n = 0, len;
	ssize_t got = 0;
	int r = -1;

	while (n < sizeof line &&
		(got = read(fd, line + n, sizeof line - n)) > 0)
		n += (size_t)got;
	for (len = 0; len < n && line[len] != '\n'; len++)
		;
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	if (got < 0)
		(void)unfit(path, "cannot be read", err);
	else if (len == 0)
		(void)unfit(path, "holds no token", err);
	else if (len > SECRET_MAX || memchr(line, '\0', len) != NULL)
		(void)unfit(path, "does not begin with a token", err);
	else
		r = 0;
	if (r == 0)
		secret_set(ret_token, line, len);
	OPENSSL_cleanse(line, sizeof line);
	return r;
}

int token_read(const char *path, struct secret *ret_token, struct err *err)
{
	/* a pipe in its place would be waited for */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	const char *why = NULL;
	struct stat st;
	int r;

	if (fd < 0) {
		(void)err_set_sys(err, ERR_AUTH, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_LATER, errno, "cannot read the token file %s",
			path);
		return wait_for_file(path, err);
	}
	if (fstat(fd, &st) < 0)
		why = "cannot be looked at";
	else
		why = judge(&st);
	r = why != NULL ? unfit(path, why, err)
			: read_line(path, fd, ret_token, err);
	(void)close(fd);
	return r;
}

void token_mark(const struct secret *token, char ret_mark[TOKEN_MARK_BYTES])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];

	(void)SHA256((const unsigned char *)token->bytes, token->len, hash);
	for (size_t i = 0; i < sizeof hash; i++)
		(void)snprintf(ret_mark + 2 * i, 3, "%02x", hash[i]);
}

int token_refused(const char *path, struct err *err)
{
	return wait_for_file(path, err);
}

int token_check(const char *path, struct ledger *ledger, struct err *err)
{
	struct secret token = {0};
	char mark[TOKEN_MARK_BYTES];
	char *refused;
	int r = 0;

	if (token_read(path, &token, err) < 0)
		return -1;
	token_mark(&token, mark);
	secret_clear(&token);
	refused = ledger_note_get(ledger, NOTE, err);
	if (refused == NULL)
		return -1;
	if (strcmp(refused, mark) == 0)
		r = unfit(path, "still holds the token that was refused", err);
	free(refused);
	return r;
}

int token_note(struct ledger *ledger, const char *mark, struct err *err)
{
	return ledger_note(ledger, NOTE, mark, err);
}
