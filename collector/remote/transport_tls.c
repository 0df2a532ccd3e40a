/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TLS on the socket of a transport. OpenSSL reads and writes it through our
 * own BIO: its stock one writes with write(2), which would raise SIGPIPE.
 * Before the handshake nothing may wait to be read, neither in libetpan's
 * buffer, nor in the guard, nor in the kernel: a server does not speak before
 * the ClientHello, so such bytes are somebody's who wants them believed later
 * (CVE-2020-15953).
 */
#include "transport.h"

#include "transport_state.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* ---- the BIO ---- */

static int bio_result(BIO *bio, struct transport *t, ssize_t r)
{
	BIO_clear_retry_flags(bio);
	t->ssl_errno = r < 0 ? errno : 0;
	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return -1;
	if (r <= 0)
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return (int)r;
}

static int bio_read(BIO *bio, char *out, int n)
{
	struct transport *t = BIO_get_data(bio);
	int r = bio_result(bio, t, recv(t->fd, out, (size_t)n, 0));

	if (r < 0 && (t->ssl_errno == EAGAIN || t->ssl_errno == EINTR))
		BIO_set_retry_read(bio);
	return r;
}

static int bio_write(BIO *bio, const char *in, int n)
{
	struct transport *t = BIO_get_data(bio);
	int r = bio_result(bio, t, send(t->fd, in, (size_t)n, MSG_NOSIGNAL));

	if (r < 0 && (t->ssl_errno == EAGAIN || t->ssl_errno == EINTR))
		BIO_set_retry_write(bio);
	return r;
}

static long bio_ctrl(BIO *bio, int command, long num, void *ptr)
{
	(void)num;
	(void)ptr;
	switch (command) {
	case BIO_CTRL_EOF:
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	case BIO_CTRL_FLUSH:
		return 1;
	default:
		return 0;
	}
}

static pthread_once_t method_once = PTHREAD_ONCE_INIT;
static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(
		BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport");
	if (method == NULL || BIO_meth_set_read(method, bio_read) != 1 ||
		BIO_meth_set_write(method, bio_write) != 1 ||
		BIO_meth_set_ctrl(method, bio_ctrl) != 1)
		abort();
}

static SSL *new_ssl(struct transport *t, struct tls_anchors *anchors)
{
	SSL *ssl = SSL_new(tls_anchors_ctx(anchors));
	BIO *bio;

	(void)pthread_once(&method_once, make_method);
	bio = BIO_new(method);
	if (ssl == NULL || bio == NULL)
		abort();
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_connect_state(ssl);
	(void)SSL_set_app_data(ssl, t);
	return ssl;
}

/* ---- what went wrong ---- */

static int fail_lost(struct transport *t)
{
	const char *when =
		SSL_is_init_finished(t->ssl) ? "" : " during the TLS handshake";

	if (t->ssl_errno != 0)
		return transport_fail(t, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "the connection was lost%s: %s", when,
			strerror(t->ssl_errno));
	return transport_fail(t, ERR_NETWORK, ERR_SCOPE_SESSION,
		ERR_RETRY_LATER, "the server closed the connection%s", when);
}

static int fail_tls(struct transport *t)
{
	unsigned long code = ERR_peek_error();
	const char *why = ERR_reason_error_string(code);

	if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return fail_lost(t);
	if (SSL_is_init_finished(t->ssl)) /* garbage in the middle */
		return transport_fail(t, ERR_NETWORK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "the TLS connection broke: %s",
			why != NULL ? why : "unknown error");
	(void)transport_fail(t, ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the TLS handshake failed: %s",
		why != NULL ? why : "unknown error");
	if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
		(void)err_hint(&t->err, "the server does not speak TLS on this "
					"port: imap:// and pop3:// begin in "
					"plain text and then turn to TLS");
	return -1;
}

int transport_tls_step(struct transport *t, int r)
{
	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return transport_wait(t, POLLIN);
	case SSL_ERROR_WANT_WRITE:
		return transport_wait(t, POLLOUT);
	case SSL_ERROR_ZERO_RETURN:
		t->ssl_errno = 0;
		return fail_lost(t);
	case SSL_ERROR_SYSCALL:
		return fail_lost(t);
	default:
		return fail_tls(t);
	}
}

/* ---- the handshake ---- */

/* Bytes from before TLS that nobody has looked at, or that nobody should have
 * sent. */
static bool bytes_before_tls(const struct transport *t)
{
	int waiting = 0;

	if (t->stream != NULL && t->stream->read_buffer_len != 0)
		return true;
	if (t->guard != NULL && !guard_at_rest(t->guard))
		return true;
	return ioctl(t->fd, FIONREAD, &waiting) < 0 || waiting > 0;
}

static int fail_verify(struct transport *t, const char *host)
{
	struct err why;

	(void)tls_err_verify(
		SSL_get_verify_result(t->ssl), t->leaf, host, &why);
	(void)transport_fail(
		t, why.class, why.scope, why.retry, "%s", why.text);
	return err_hint(&t->err, "%s", why.hint);
}

static int handshake(struct transport *t, const char *host)
{
	for (;;) {
		int r;
		if (transport_check(t) < 0)
			return -1;
		ERR_clear_error();
		r = SSL_do_handshake(t->ssl);
		if (r == 1)
			return 0;
		if (SSL_get_error(t->ssl, r) == SSL_ERROR_SSL &&
			SSL_get_verify_result(t->ssl) != X509_V_OK)
			return fail_verify(t, host);
		if (transport_tls_step(t, r) < 0)
			return -1;
	}
}

static int check_pin(struct transport *t, const struct pin *wanted)
{
	struct pin seen = {.of = PIN_OF_NOTHING};
	char text[PIN_TEXT_BYTES] = "";
	X509 *leaf = SSL_get0_peer_certificate(t->ssl);

	if (leaf != NULL)
		tls_pin(leaf, wanted->of, &seen);
	if (pin_equal(&seen, wanted))
		return 0;
	pin_format(&seen, text);
	(void)transport_fail(t, ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		wanted->of == PIN_OF_KEY
			? "the server's certificate is for another key: %s"
			: "the server's certificate has another fingerprint: "
			  "%s",
		text[0] != '\0' ? text : "none");
	return err_hint(&t->err, "if the server's operator has renewed it, "
				 "set the new one with --fingerprint");
}

int transport_start_tls(struct transport *t, struct tls_anchors *anchors,
	const char *host, const char *fingerprint, struct err *err)
{
	struct pin pin = {.of = PIN_OF_NOTHING};

	if (fingerprint != NULL && pin_parse(fingerprint, &pin, err) < 0)
		goto out;
	if (transport_check(t) < 0)
		goto fail;
	if (bytes_before_tls(t)) {
		(void)transport_fail(t, ERR_TLS, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"the server sent bytes in plain text before TLS");
		(void)err_hint(&t->err, "either somebody interferes, or the "
					"port does not begin with TLS");
		goto fail;
	}
	t->ssl = new_ssl(t, anchors);
	if (tls_expect_host(t->ssl, host, err) < 0)
		goto out;
	if (pin.of != PIN_OF_NOTHING)
		SSL_set_verify(t->ssl, SSL_VERIFY_NONE, NULL);
	if (handshake(t, host) < 0 ||
		(pin.of != PIN_OF_NOTHING && check_pin(t, &pin) < 0))
		goto fail;
	X509_free(t->leaf);
	t->leaf = NULL;
	(void)snprintf(t->tls_name, sizeof t->tls_name, "%s %s",
		SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl));
	return 0;
fail:
	(void)transport_err(t, "the connection is closed", err);
out:
	/* Nothing may leave on this connection now, in the clear least of
	 * all. */
	transport_poison(t);
	return -1;
}

const char *transport_tls_name(const struct transport *t)
{
	return t->tls_name;
}
