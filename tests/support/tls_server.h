/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tls_server: the TLS end of a scripted peer, with keys and certificates made
 * on the spot. The step "TLS" of a script (see script.h) is its handshake;
 * a script that begins with it is implicit TLS.
 *
 *   struct tls_server srv;
 *   tls_server_init(&srv, TLS_SERVER_VALID);       host is "mail.test"
 *   int fd = tls_server_start(&srv, &s, "TLS\nS: * OK hi\n…");
 *   … srv.ca_pem is the trust anchor, srv.fingerprint the leaf's …
 *   script_finish(&s); script_free(&s); tls_server_clear(&srv);
 */
#ifndef MAILHAUL_TESTS_TLS_SERVER_H
#define MAILHAUL_TESTS_TLS_SERVER_H

#include "script.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define TLS_SERVER_HOST "mail.test"

enum tls_server_kind {
	TLS_SERVER_VALID, /* mail.test, and by SNI only for that name */
	TLS_SERVER_EXPIRED,
	TLS_SERVER_NOT_YET,
	TLS_SERVER_SELF_SIGNED,
	TLS_SERVER_WRONG_HOST, /* other.test */
	TLS_SERVER_UNKNOWN_CA, /* ca_pem is another CA's */
	TLS_SERVER_IP,	       /* IP:127.0.0.1, IP:::1 */
	TLS_SERVER_WILDCARD,   /* *.mail.test */
	TLS_SERVER_PARTIAL,    /* im*p.mail.test: no partial wildcards */
	TLS_SERVER_CN_ONLY,    /* mail.test in the subject, SAN other.test */
};

struct tls_server {
	SSL_CTX *ctx;
	char *ca_pem;	      /* NUL-terminated */
	char fingerprint[80]; /* "SHA256:hex" of the leaf */
	char key_pin[80];     /* "spki:sha256:BASE64" of its key */
	char sni[256];	      /* the name the client asked for; "" none */
	int accepted;	      /* handshakes that came through */
};

static inline void tls_server_check(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "tls_server: %s\n", what);
	ERR_print_errors_fp(stderr);
	abort();
}

static inline void tls_server_extend(
	X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	tls_server_check(ext != NULL, value);
	tls_server_check(X509_add_ext(cert, ext, -1) == 1, value);
	X509_EXTENSION_free(ext);
}

/* issuer NULL: self-signed. san NULL: a CA. Days from now. */
static inline X509 *tls_server_certify(EVP_PKEY *key, const char *name,
	const char *san, X509 *issuer, EVP_PKEY *issuer_key, int from_days,
	int to_days)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	(void)X509_set_version(cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), from_days * 86400L);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), to_days * 86400L);
	(void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const unsigned char *)name, -1, -1, 0);
	(void)X509_set_issuer_name(
		cert, issuer != NULL ? X509_get_subject_name(issuer) : subject);
	(void)X509_set_pubkey(cert, key);
	if (issuer == NULL)
		issuer = cert;
	if (san != NULL) {
		tls_server_extend(cert, issuer, NID_subject_alt_name, san);
		tls_server_extend(
			cert, issuer, NID_basic_constraints, "CA:FALSE");
	} else {
		tls_server_extend(cert, issuer, NID_basic_constraints,
			"critical,CA:TRUE");
		tls_server_extend(
			cert, issuer, NID_key_usage, "keyCertSign,cRLSign");
	}
	tls_server_check(X509_sign(cert, issuer_key != NULL ? issuer_key : key,
				 EVP_sha256()) > 0,
		"sign");
	return cert;
}

static inline char *tls_server_pem(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *pem;
	long n;

	tls_server_check(PEM_write_bio_X509(bio, cert) == 1, "pem");
	n = BIO_get_mem_data(bio, &data);
	pem = mem_strndup(data, (size_t)n);
	(void)BIO_free(bio);
	return pem;
}

static inline void tls_server_digest(X509 *cert, char out[80])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	int at = snprintf(out, 80, "SHA256:");

	tls_server_check(
		X509_digest(cert, EVP_sha256(), md, &n) == 1, "digest");
	for (unsigned int i = 0; i < n; i++)
		at += snprintf(out + at, 80 - (size_t)at, "%02x", md[i]);
}

static inline void tls_server_key_digest(EVP_PKEY *key, char out[80])
{
	unsigned char md[EVP_MAX_MD_SIZE], *der = NULL, base64[64];
	unsigned int n = 0;
	int bytes = i2d_PUBKEY(key, &der);

	tls_server_check(bytes > 0 && EVP_Digest(der, (size_t)bytes, md, &n,
					      EVP_sha256(), NULL) == 1,
		"key digest");
	(void)EVP_EncodeBlock(base64, md, (int)n);
	(void)snprintf(out, 80, "spki:sha256:%s", (char *)base64);
	OPENSSL_free(der);
}

static inline int tls_server_on_name(SSL *ssl, int *alert, void *arg)
{
	struct tls_server *srv = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	(void)snprintf(
		srv->sni, sizeof srv->sni, "%s", name != NULL ? name : "");
	return SSL_TLSEXT_ERR_OK;
}

static inline const char *tls_server_san(enum tls_server_kind kind)
{
	switch (kind) {
	case TLS_SERVER_IP:
		return "IP:127.0.0.1,IP:::1";
	case TLS_SERVER_WRONG_HOST:
	case TLS_SERVER_CN_ONLY:
		return "DNS:other.test";
	case TLS_SERVER_WILDCARD:
		return "DNS:*.mail.test";
	case TLS_SERVER_PARTIAL:
		return "DNS:im*p.mail.test";
	case TLS_SERVER_VALID:
	case TLS_SERVER_EXPIRED:
	case TLS_SERVER_NOT_YET:
	case TLS_SERVER_SELF_SIGNED:
	case TLS_SERVER_UNKNOWN_CA:
		break;
	}
	return "DNS:" TLS_SERVER_HOST;
}

static inline void tls_server_init(
	struct tls_server *srv, enum tls_server_kind kind)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca, *leaf;
	int from = kind == TLS_SERVER_NOT_YET ? 5 : -10;
	int to = kind == TLS_SERVER_EXPIRED ? -5 : 10;
	bool alone = kind == TLS_SERVER_SELF_SIGNED;

	memset(srv, 0, sizeof *srv);
	ca = tls_server_certify(ca_key, "test CA", NULL, NULL, NULL, -20, 20);
	leaf = tls_server_certify(key,
		kind == TLS_SERVER_WRONG_HOST ? "other.test" : TLS_SERVER_HOST,
		tls_server_san(kind), alone ? NULL : ca, alone ? NULL : ca_key,
		from, to);
	srv->ctx = SSL_CTX_new(TLS_server_method());
	tls_server_check(SSL_CTX_use_certificate(srv->ctx, leaf) == 1 &&
				 SSL_CTX_use_PrivateKey(srv->ctx, key) == 1,
		"context");
	(void)SSL_CTX_set_tlsext_servername_callback(
		srv->ctx, tls_server_on_name);
	(void)SSL_CTX_set_tlsext_servername_arg(srv->ctx, srv);
	tls_server_digest(leaf, srv->fingerprint);
	tls_server_key_digest(key, srv->key_pin);
	if (kind == TLS_SERVER_UNKNOWN_CA) {
		X509_free(ca);
		ca = tls_server_certify(
			key, "another CA", NULL, NULL, NULL, -20, 20);
	}
	srv->ca_pem = tls_server_pem(ca);
	X509_free(ca);
	X509_free(leaf);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
}

static inline void tls_server_clear(struct tls_server *srv)
{
	SSL_CTX_free(srv->ctx);
	free(srv->ca_pem);
	srv->ctx = NULL;
	srv->ca_pem = NULL;
}

/* ---- the script's end; the SSL hangs on the descriptor ---- */

struct tls_server_end {
	struct tls_server *srv;
	SSL *ssl;
};

static inline int tls_server_accept(struct script *s)
{
	struct tls_server_end *end = s->tls_arg;

	end->ssl = SSL_new(end->srv->ctx);
	(void)SSL_set_fd(end->ssl, s->fd);
	/* Bytes that came behind the STARTTLS line belong to the handshake. */
	if (s->in_len != 0) {
		script_fail(s, "TLS", "bytes of plain text before it");
		return -1;
	}
	if (SSL_accept(end->ssl) != 1)
		return -1;
	end->srv->accepted++;
	return 0;
}

static inline ssize_t tls_server_recv(struct script *s, void *p, size_t n)
{
	struct tls_server_end *end = s->tls_arg;

	return SSL_read(end->ssl, p, (int)n);
}

static inline ssize_t tls_server_send(struct script *s, const void *p, size_t n)
{
	struct tls_server_end *end = s->tls_arg;

	return SSL_write(end->ssl, p, (int)n);
}

static inline void tls_server_goodbye(struct script *s)
{
	struct tls_server_end *end = s->tls_arg;

	(void)SSL_shutdown(end->ssl);
}

static inline void tls_server_free(struct script *s)
{
	struct tls_server_end *end = s->tls_arg;

	SSL_free(end->ssl);
	free(end);
	s->tls_arg = NULL;
}

static inline int tls_server_start(
	struct tls_server *srv, struct script *s, const char *text)
{
	static const struct script_tls ops = {tls_server_accept,
		tls_server_recv, tls_server_send, tls_server_goodbye,
		tls_server_free};
	struct tls_server_end *end = mem_alloc(sizeof *end);

	end->srv = srv;
	return script_start_over(s, text, &ops, end);
}

#endif
