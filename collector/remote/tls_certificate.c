/* SPDX-License-Identifier: BSD-2-Clause */
/* What the peer's certificate says, for people: nothing is decided by it. */
#include "../model/text.h"
#include "transport_state.h"

#include <openssl/x509.h>
#include <string.h>
#include <time.h>

/* RFC 2253, "CN=imap.example.org,O=Example". */
static void name_text(const X509_NAME *name, char *out, size_t out_bytes)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char raw[2048];
	int n;

	out[0] = '\0';
	if (bio == NULL)
		return;
	if (X509_NAME_print_ex(bio, name, 0,
		    XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >=
		0) {
		n = BIO_read(bio, raw, sizeof raw - 1);
		raw[n > 0 ? n : 0] = '\0';
		text_printable(raw, out, out_bytes);
	}
	BIO_free(bio);
}

static int64_t time_s(const ASN1_TIME *when)
{
	struct tm tm = {0};

	if (when == NULL || ASN1_TIME_to_tm(when, &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm);
}

void transport_certificate(
	const struct transport *t, struct certificate *ret_certificate)
{
	struct certificate *c = ret_certificate;
	X509 *leaf = t->ssl != NULL ? SSL_get0_peer_certificate(t->ssl) : NULL;

	memset(c, 0, sizeof *c);
	if (leaf == NULL)
		return;
	name_text(X509_get_subject_name(leaf), c->subject, sizeof c->subject);
	name_text(X509_get_issuer_name(leaf), c->issuer, sizeof c->issuer);
	tls_pin_text(leaf, PIN_OF_CERTIFICATE, c->fingerprint);
	tls_pin_text(leaf, PIN_OF_KEY, c->key_pin);
	c->not_before_s = time_s(X509_get0_notBefore(leaf));
	c->not_after_s = time_s(X509_get0_notAfter(leaf));
}
