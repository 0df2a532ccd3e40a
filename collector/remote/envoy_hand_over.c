/* SPDX-License-Identifier: BSD-2-Clause */
/* The conductor's side: descriptors handed over, trust anchors in a memfd,
 * since an envoy can open no file. */
#include "../base/mem.h"
#include "ca_cache.h"
#include "channel.h"
#include "envoy.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char debian_bundle[] = "/etc/ssl/certs/ca-certificates.crt";

int envoy_hand_over(int control_fd, int channel_fd, int socket_fd,
	int anchors_fd, struct err *err)
{
	const int fds[] = {channel_fd, socket_fd, anchors_fd};

	return channel_send_fds(
		control_fd, "S", 1, fds, anchors_fd < 0 ? 2 : 3, err);
}

/* errnum or, where that is 0, why. */
static int bad_file(
	const char *ca_file, int errnum, const char *why, struct err *err)
{
	if (errnum != 0)
		(void)err_set_sys(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, errnum, "trust anchors %s", ca_file);
	else
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE, "trust anchors %s: %s", ca_file, why);
	return err_hint(err, "check tls.ca_file, or --ca-file of the account");
}

/* Caller frees *ret_pem. */
static int read_file(
	const char *path, char **ret_pem, size_t *ret_bytes, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t cap = (size_t)256 << 10, used = 0;
	int errnum;
	char *pem;
	ssize_t n;

	if (fd < 0)
		return bad_file(path, errno, NULL, err);
	pem = mem_array(cap, 1);
	while ((n = read(fd, pem + used, cap - used)) > 0 &&
		used <= CA_PEM_MAX) {
		used += (size_t)n;
		if (used == cap)
			pem = mem_grow(pem, cap *= 2, 1);
	}
	errnum = n < 0 ? errno : 0;
	(void)close(fd);
	if (n != 0) {
		free(pem);
		return bad_file(path, errnum, "too large", err);
	}
	*ret_pem = pem;
	*ret_bytes = used;
	return 0;
}

static bool has_certificate(const char *pem, size_t bytes)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)bytes);
	X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return x != NULL;
}

static int seal(const char *pem, size_t bytes, int *ret_fd, struct err *err)
{
	const int seals =
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd = memfd_create("trust anchors", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	while (fd >= 0 && done < bytes) {
		ssize_t n = write(fd, pem + done, bytes - done);
		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	if (fd < 0 || done < bytes || fcntl(fd, F_ADD_SEALS, seals) < 0) {
		int errnum = errno;
		if (fd >= 0)
			(void)close(fd);
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, errnum,
			"cannot keep trust anchors in memory");
	}
	*ret_fd = fd;
	return 0;
}

int envoy_anchors_fd(const char *ca_file, int *ret_fd, struct err *err)
{
	const char *path = ca_file;
	char *pem = NULL;
	size_t bytes = 0;
	int r;

	if (strcmp(ca_file, "system") == 0)
		path = access(debian_bundle, R_OK) == 0
			       ? debian_bundle
			       : X509_get_default_cert_file();
	if (read_file(path, &pem, &bytes, err) < 0)
		return -1;
	if (has_certificate(pem, bytes))
		r = seal(pem, bytes, ret_fd, err);
	else
		r = bad_file(
			path, 0, "no certificate in PEM form is in it", err);
	free(pem);
	return r;
}
