/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trust: the anchors as one shared SSL_CTX, the name that a certificate must
 * be for, and in words what is wrong with one. No session is ever resumed:
 * what one account's connection learned is of no use to another's.
 */
#include "../base/mem.h"
#include "transport_state.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_anchors {
	SSL_CTX *ctx;
	atomic_uint refs;
};

/* Remembers the leaf, so that an error can name it: after a failed handshake
 * OpenSSL no longer has it. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
		store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct transport *t = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
	X509 *leaf = X509_STORE_CTX_get0_cert(store);

	if (t != NULL && leaf != NULL && leaf != t->leaf &&
		X509_up_ref(leaf) == 1) {
		X509_free(t->leaf);
		t->leaf = leaf;
	}
	return ok;
}

static SSL_CTX *new_ctx(bool tls13_only)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL)
		abort();
	(void)SSL_CTX_set_min_proto_version(
		ctx, tls13_only ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_security_level(ctx, 2);
	(void)SSL_CTX_set_options(
		ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	(void)SSL_CTX_set_mode(
		ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
			     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	/* An authority that somebody names is believed even if it is an
	 * intermediate one. */
	(void)X509_VERIFY_PARAM_set_flags(
		SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
	return ctx;
}

/* The certificates of a bundle; text between them, other objects, and
 * certificates that cannot be read are skipped. How many. */
static size_t add_bundle(X509_STORE *store, const char *pem, int pem_bytes)
{
	BIO *bio = BIO_new_mem_buf(pem, pem_bytes);
	size_t count = 0;

	while (bio != NULL && BIO_pending(bio) > 0) {
		X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (cert == NULL)
			continue;
		if (X509_STORE_add_cert(store, cert) == 1)
			count++;
		X509_free(cert);
	}
	(void)BIO_free(bio);
	ERR_clear_error();
	return count;
}

int tls_anchors_new(const char *pem, size_t pem_bytes, bool tls13_only,
	struct tls_anchors **ret_anchors, struct err *err)
{
	SSL_CTX *ctx = new_ctx(tls13_only);
	struct tls_anchors *a;

	if (pem == NULL) {
		(void)SSL_CTX_set_default_verify_paths(ctx);
	} else if (pem_bytes > INT32_MAX ||
		   add_bundle(SSL_CTX_get_cert_store(ctx), pem,
			   (int)pem_bytes) == 0) {
		SSL_CTX_free(ctx);
		(void)err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"no certificate among the trust anchors");
		return err_hint(err, "tls.ca_file or --ca-file must name a "
				     "file of certificates in PEM form");
	}
	a = mem_alloc(sizeof *a);
	a->ctx = ctx;
	atomic_init(&a->refs, 1);
	*ret_anchors = a;
	return 0;
}

struct tls_anchors *tls_anchors_ref(struct tls_anchors *a)
{
	(void)atomic_fetch_add(&a->refs, 1);
	return a;
}

void tls_anchors_free(struct tls_anchors **a)
{
	if (*a != NULL && atomic_fetch_sub(&(*a)->refs, 1) == 1) {
		SSL_CTX_free((*a)->ctx);
		free(*a);
	}
	*a = NULL;
}

SSL_CTX *tls_anchors_ctx(struct tls_anchors *a)
{
	return a->ctx;
}

int tls_expect_host(SSL *ssl, const char *host, struct err *err)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	unsigned char address[sizeof(struct in6_addr)];
	int ok;

	/* RFC 9525 6.3: names stand in subjectAltName, not in the subject. */
	X509_VERIFY_PARAM_set_hostflags(
		param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
			       X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (inet_pton(AF_INET, host, address) == 1)
		ok = X509_VERIFY_PARAM_set1_ip(param, address, 4);
	else if (inet_pton(AF_INET6, host, address) == 1)
		ok = X509_VERIFY_PARAM_set1_ip(param, address, 16);
	else /* RFC 6066 3: no literal addresses in SNI */
		ok = host[0] != '\0' &&
		     X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 &&
		     SSL_set_tlsext_host_name(ssl, host) == 1;
	if (ok != 1)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_ACCOUNT,
			ERR_RETRY_CHANGE,
			"%s is not a name that a certificate can be for", host);
	return 0;
}

/* ---- pins ---- */

/* RFC 7469 2.4: of the SubjectPublicKeyInfo, algorithm and all. */
static bool hash_key(X509 *cert, unsigned char *md, unsigned int *n)
{
	unsigned char *der = NULL;
	int bytes = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool ok = bytes > 0 && EVP_Digest(der, (size_t)bytes, md, n,
				       EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

void tls_pin(X509 *cert, enum pin_of of, struct pin *ret_pin)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	bool ok = of == PIN_OF_KEY
			  ? hash_key(cert, md, &n)
			  : X509_digest(cert, EVP_sha256(), md, &n) == 1;

	*ret_pin = (struct pin){.of = PIN_OF_NOTHING};
	if (!ok || n != sizeof ret_pin->hash)
		return;
	ret_pin->of = of;
	memcpy(ret_pin->hash, md, sizeof ret_pin->hash);
}

void tls_pin_text(X509 *cert, enum pin_of of, char out[PIN_TEXT_BYTES])
{
	struct pin pin;

	tls_pin(cert, of, &pin);
	pin_format(&pin, out);
}

/* ---- what is wrong ---- */

/* The first names of a certificate, for people. */
static void names_of(X509 *leaf, char *out, size_t out_bytes)
{
	GENERAL_NAMES *names =
		leaf == NULL ? NULL
			     : X509_get_ext_d2i(
				       leaf, NID_subject_alt_name, NULL, NULL);
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && i < 4; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_DNS)
			continue;
		int n = snprintf(out + used, out_bytes - used, "%s%.60s",
			used != 0 ? ", " : "",
			(const char *)ASN1_STRING_get0_data(name->d.dNSName));
		if (n < 0 || (size_t)n >= out_bytes - used)
			break;
		used += (size_t)n;
	}
	GENERAL_NAMES_free(names);
}

static int err_host(X509 *leaf, const char *host, struct err *err)
{
	char names[256];

	names_of(leaf, names, sizeof names);
	(void)err_set(err, ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the server's certificate is not for %s%s%s%s", host,
		names[0] != '\0' ? " (it is for " : "", names,
		names[0] != '\0' ? ")" : "");
	return err_hint(err, "use the name the certificate is for, if that "
			     "is the server you mean");
}

int tls_err_verify(
	long verify_result, X509 *leaf, const char *host, struct err *err)
{
	char cert[PIN_TEXT_BYTES] = "SHA256:…";
	char key[PIN_TEXT_BYTES] = "spki:sha256:…";

	if (leaf != NULL) {
		tls_pin_text(leaf, PIN_OF_CERTIFICATE, cert);
		tls_pin_text(leaf, PIN_OF_KEY, key);
	}
	switch (verify_result) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return err_host(leaf, host, err);
	default:
		break;
	}
	(void)err_set(err, ERR_TLS, ERR_SCOPE_ACCOUNT, ERR_RETRY_CHANGE,
		"the certificate of %s is not valid: %s", host,
		X509_verify_cert_error_string(verify_result));
	switch (verify_result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return err_hint(err,
			"the server's operator has to renew it (is the clock "
			"right here?); --fingerprint %s accepts it as it is",
			cert);
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return err_hint(err,
			"name its authority with --ca-file FILE, or accept "
			"this one with --fingerprint %s, or its key with %s",
			cert, key);
	default:
		return err_hint(
			err, "--fingerprint %s accepts it as it is", cert);
	}
}
