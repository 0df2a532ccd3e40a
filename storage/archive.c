/* SPDX-License-Identifier: BSD-2-Clause */
#include "archive.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512
#define SIZE_DIGITS 11

/* POSIX.1-2017 pax, "ustar Interchange Format". */
struct head {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char sum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char rest[12];
};
_Static_assert(sizeof(struct head) == BLOCK, "a block");

static int fail_io(struct err *err, const char *what, const char *path)
{
	int errnum = errno;

	(void)err_set_file(err, errnum, "cannot %s %s", what, path);
	err->scope = ERR_SCOPE_SERVICE;
	return -1;
}

static int fail_damaged(struct err *err, const char *path, const char *why)
{
	return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		"%s is not a backup of mailhaul, or is damaged: %s", path, why);
}

static int write_all(
	int fd, const char *path, const void *bytes, size_t n, struct err *err)
{
	const char *p = bytes;

	while (n != 0) {
		ssize_t put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return fail_io(err, "write", path);
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

/* Fewer only at the end of the file. */
static ssize_t read_some(
	int fd, const char *path, void *out, size_t n, struct err *err)
{
	char *p = out;
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, p + got, n - got);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return fail_io(err, "read", path);
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

/* The sum counts its own place as blanks. */
static unsigned sum_of(const struct head *h)
{
	const unsigned char *p = (const unsigned char *)h;
	const size_t at = offsetof(struct head, sum);
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof *h; i++)
		sum += i >= at && i < at + sizeof h->sum ? ' ' : p[i];
	return sum;
}

static void fill_head(
	struct head *h, const char *name, uint64_t bytes, int64_t mtime_s)
{
	memset(h, 0, sizeof *h);
	memcpy(h->name, name, strlen(name));
	memcpy(h->mode, "0000600", 8);
	memcpy(h->uid, "0000000", 8);
	memcpy(h->gid, "0000000", 8);
	(void)snprintf(h->size, sizeof h->size, "%011llo",
		(unsigned long long)bytes & 077777777777);
	(void)snprintf(h->mtime, sizeof h->mtime, "%011llo",
		(unsigned long long)mtime_s & 077777777777);
	h->type = '0';
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	(void)snprintf(h->sum, sizeof h->sum, "%06o", sum_of(h) & 0777777);
	h->sum[7] = ' ';
}

static int write_padding(
	int fd, const char *path, uint64_t bytes, struct err *err)
{
	static const char zeroes[BLOCK];
	size_t over = (size_t)(bytes % BLOCK);

	return over == 0 ? 0 : write_all(fd, path, zeroes, BLOCK - over, err);
}

static int copy_bytes(int fd, const char *path, uint64_t bytes, int to_fd,
	const char *to_path, struct err *err)
{
	char buffer[64 * 1024];
	uint64_t left = bytes;

	while (left != 0) {
		size_t want =
			left < sizeof buffer ? (size_t)left : sizeof buffer;
		ssize_t n = read_some(fd, path, buffer, want, err);
		if (n < 0)
			return -1;
		if ((size_t)n != want)
			return fail_damaged(err, path, "it ends too early");
		if (write_all(to_fd, to_path, buffer, want, err) != 0)
			return -1;
		left -= want;
	}
	return 0;
}

int archive_add(int fd, const char *path, const char *name, int from_fd,
	int64_t mtime_s, struct err *err)
{
	struct stat st;
	struct head h;

	if (fstat(from_fd, &st) != 0 || lseek(from_fd, 0, SEEK_SET) != 0)
		return fail_io(err, "read", name);
	if (strlen(name) >= sizeof h.name ||
		(uint64_t)st.st_size >= (uint64_t)1 << (3 * SIZE_DIGITS))
		return err_set(err, ERR_LIMIT, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "%s is too large for a backup", name);
	fill_head(&h, name, (uint64_t)st.st_size, mtime_s);
	if (write_all(fd, path, &h, sizeof h, err) != 0 ||
		copy_bytes(from_fd, name, (uint64_t)st.st_size, fd, path,
			err) != 0)
		return -1;
	return write_padding(fd, path, (uint64_t)st.st_size, err);
}

int archive_end(int fd, const char *path, struct err *err)
{
	static const char zeroes[2 * BLOCK];

	return write_all(fd, path, zeroes, sizeof zeroes, err);
}

/* Octal digits, then a blank or a zero byte. */
static bool read_octal(const char *field, size_t n, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i = 0;

	for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	if (i == 0 || (i < n && field[i] != '\0' && field[i] != ' '))
		return false;
	*ret_value = value;
	return true;
}

static bool is_zero(const struct head *h)
{
	const char *p = (const char *)h;

	for (size_t i = 0; i < sizeof *h; i++)
		if (p[i] != '\0')
			return false;
	return true;
}

int archive_next(int fd, const char *path, char name[ARCHIVE_NAME_BYTES],
	uint64_t *ret_bytes, struct err *err)
{
	struct head h;
	uint64_t sum;
	ssize_t n = read_some(fd, path, &h, sizeof h, err);

	if (n < 0)
		return -1;
	if (n != sizeof h)
		return fail_damaged(err, path, "it ends too early");
	if (is_zero(&h))
		return 0;
	if (memcmp(h.magic, "ustar", 5) != 0 ||
		!read_octal(h.sum, sizeof h.sum, &sum) || sum != sum_of(&h) ||
		!read_octal(h.size, sizeof h.size, ret_bytes))
		return fail_damaged(err, path, "no header where one has to be");
	if ((h.type != '0' && h.type != '\0') || h.prefix[0] != '\0')
		return fail_damaged(err, path, "it holds what is no file");
	memcpy(name, h.name, sizeof h.name);
	name[sizeof h.name] = '\0';
	return 1;
}

int archive_read(int fd, const char *path, uint64_t bytes, int to_fd,
	const char *to_path, struct err *err)
{
	char padding[BLOCK];
	size_t over = (size_t)(bytes % BLOCK);
	ssize_t n;

	if (copy_bytes(fd, path, bytes, to_fd, to_path, err) != 0)
		return -1;
	if (over == 0)
		return 0;
	n = read_some(fd, path, padding, BLOCK - over, err);
	if (n < 0)
		return -1;
	if ((size_t)n != BLOCK - over)
		return fail_damaged(err, path, "it ends too early");
	return 0;
}
