/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logging in to a server that says anything: POP3 and IMAP by each way, whole,
 * from the greeting on; and SCRAM alone, with a server that knows our nonce.
 * Input: one byte that chooses the protocol and whether the secret is a token,
 * one for the way, then what the server says. The secret leaves once, and once
 * more where a server overlooks an initial response; no error repeats it;
 * without the password nobody proves to know it.
 */
#include "collector/base/buf.h"
#include "collector/base/log.h"
#include "collector/remote/sasl.h"
#include "collector/remote/session.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUST(x)                  \
	do {                     \
		if (!(x))        \
			abort(); \
	} while (0)
/* so long that base64 of what follows it is another one */
#define USER "cAnArY-user"
#define SECRET "cAnArY-7c1f.secret"
#define INPUT_MAX 16384 /* fits a socket's buffer, with what is said to it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct session_limits limits = {
	.message_bytes = 1 << 20,
	.line_bytes = 1 << 16,
	.nesting = 20,
	.command_bytes = 1 << 18,
	.pop3_line_bytes = 4096,
	.messages = 1000,
	.mailboxes = 100,
	.idle_ms = 1000,
};

/* ---- what has left */

static void to_base64(const char *bytes, size_t n, char *out)
{
	(void)EVP_EncodeBlock(
		(unsigned char *)out, (const unsigned char *)bytes, (int)n);
}

static size_t count(const struct buf *said, const char *word)
{
	size_t n = strlen(word), found = 0;

	for (size_t i = 0; i + n <= said->len; i++)
		found += memcmp(buf_str(said) + i, word, n) == 0;
	return found;
}

/* In the clear (PASS, LOGIN), alone (AUTH LOGIN), behind the name (PLAIN). */
static size_t count_secrets(const struct buf *said)
{
	static const char plain[] = "\0" USER "\0" SECRET;
	char alone[64], behind[128];

	to_base64(SECRET, strlen(SECRET), alone);
	to_base64(plain, sizeof plain - 1, behind);
	return count(said, SECRET) + count(said, alone) + count(said, behind);
}

static void hear_all(int fd, struct buf *said)
{
	char bytes[4096];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		MUST(buf_add(said, bytes, (size_t)n) == 0);
}

/* ---- whole sessions */

static void log_in(
	bool imap, bool token, enum auth auth, const uint8_t *server, size_t n)
{
	struct session_config config = {
		.limits = limits, .auth = auth, .token = token};
	struct session *session = NULL;
	struct err err = {0};
	struct buf said;
	int fds[2], r;

	buf_init(&said, (size_t)4 << 20);
	config.url.protocol = imap ? PROTOCOL_IMAP : PROTOCOL_POP3;
	config.url.tls = TLS_NONE;
	config.url.port = 110;
	(void)snprintf(config.url.user, sizeof config.url.user, USER);
	(void)snprintf(config.url.host, sizeof config.url.host, "mail.test");
	secret_set(&config.secret, SECRET, strlen(SECRET));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	MUST(send(fds[1], server, n, 0) == (ssize_t)n);
	MUST(shutdown(fds[1], SHUT_WR) == 0);
	r = session_open_direct(&config, fds[0], NULL, 0, -1, &session, &err);
	MUST((r == 0) == (session != NULL));
	if (session != NULL)
		session_close(&session);
	else
		MUST(err.class != ERR_NONE && err.text[0] != '\0');
	hear_all(fds[1], &said);
	MUST(count_secrets(&said) <= 2);
	MUST(strstr(err.text, SECRET) == NULL);
	MUST(close(fds[1]) == 0);
	secret_clear(&config.secret);
	buf_free(&said);
}

/* ---- SCRAM, with our nonce */

/* "n,,n=NAME,r=NONCE", in base64: the nonce, NUL-terminated. */
static void read_nonce(const char *first, char *nonce, size_t cap)
{
	unsigned char text[512] = {0};
	const char *at;

	MUST(strlen(first) < 512);
	MUST(EVP_DecodeBlock(text, (const unsigned char *)first,
		     (int)strlen(first)) > 0);
	at = strstr((const char *)text, ",r=");
	MUST(at != NULL);
	(void)snprintf(nonce, cap, "%s", at + 3);
}

/* In place of OpenSSL's, which takes as long as a server says, and that is
 * bounded by a test (test_sasl): one round, so that inputs are to be had by
 * the million. */
int PKCS5_PBKDF2_HMAC(const char *pass, int pass_n, const unsigned char *salt,
	int salt_n, int iterations, const EVP_MD *digest, int n,
	unsigned char *out)
{
	unsigned char md[EVP_MAX_MD_SIZE];

	MUST(iterations > 0 && pass_n >= 0 && n > 0 && n <= EVP_MAX_MD_SIZE);
	memset(md, iterations & 0xff, sizeof md);
	MUST(HMAC(digest, pass, pass_n, salt, (size_t)salt_n, md, NULL) !=
		NULL);
	memcpy(out, md, (size_t)n);
	return 1;
}

/* 0 with the response, or -1. */
static int answer(struct sasl *s, const char *text, char **ret_response)
{
	char *challenge = mem_alloc(2 * strlen(text) + 8);
	struct err err = {0};
	int r;

	to_base64(text, strlen(text), challenge);
	r = sasl_step(s, challenge, ret_response, &err);
	MUST(r == 0 ||
		(err.class != ERR_NONE && strstr(err.text, SECRET) == NULL));
	free(challenge);
	return r;
}

/* The server's two lines: `text`, as far as an LF and behind it. Where %R
 * stands our nonce does. */
static void scram(bool sha256, char *text)
{
	struct secret secret = {0};
	struct sasl_login who = {.user = USER,
		.auth = sha256 ? AUTH_SCRAM_SHA_256 : AUTH_SCRAM_SHA_1,
		.secret = &secret,
		.host = "mail.test",
		.port = 993};
	char *end = strchr(text, '\n'), *at, *first = NULL, *out = NULL;
	char nonce[256];
	struct sasl *s;

	if (end != NULL)
		*end = '\0';
	secret_set(&secret, SECRET, strlen(SECRET));
	s = sasl_new(&who);
	MUST(sasl_step(s, NULL, &first, NULL) == 0);
	read_nonce(first, nonce, sizeof nonce);
	at = strstr(text, "%R");
	if (at != NULL) {
		char *own;
		*at = '\0';
		own = mem_printf("%s%s%s", text, nonce, at + 2);
		if (answer(s, own, &out) == 0 && end != NULL) {
			sasl_wipe(&out);
			(void)answer(s, end + 1, &out);
		}
		free(own);
	} else {
		/* not our nonce */
		MUST(answer(s, text, &out) != 0);
	}
	MUST(sasl_check_end(s, NULL) != 0);
	sasl_wipe(&out);
	sasl_wipe(&first);
	sasl_free(&s);
	secret_clear(&secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, 2);
	if (data[0] % 3 != 2) {
		log_in(data[0] % 3 == 1, (data[0] & 0x40) != 0,
			(enum auth)(data[1] % AUTH_KINDS), data + 2, size - 2);
		return 0;
	}
	text = mem_strndup((const char *)data + 2, size - 2);
	scram((data[1] & 1) != 0, text);
	free(text);
	return 0;
}
