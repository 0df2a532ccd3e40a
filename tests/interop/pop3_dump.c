/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pop3_dump tls|stls|plain PORT USER CA.pem < password
 * Fetches a whole maildrop on 127.0.0.1 by pop3.c and prints a line for each
 * message: number, UIDL, announced size, bytes, SHA-256; then the peak of
 * memory in KiB. For test_pop3.py.
 */
#include "collector/base/mem.h"
#include "collector/remote/pop3.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct dump {
	EVP_MD_CTX *md;
	uint64_t bytes;
	uint32_t scanned;
};

static int take_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	struct dump *d = arg;

	(void)err;
	d->bytes += n;
	return EVP_DigestUpdate(d->md, bytes, n) == 1 ? 0 : -1;
}

static int take_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct dump *d = arg;
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	(void)err;
	(void)printf("%u %s %" PRIu64 " %" PRIu64 " ", meta->uid,
		meta->has & MESSAGE_HAS_UIDL ? meta->uidl : "-",
		meta->size_bytes, d->bytes);
	(void)EVP_DigestFinal_ex(d->md, hash, &n);
	for (unsigned int i = 0; i < n; i++)
		(void)printf("%02x", hash[i]);
	(void)printf("%s\n", meta->has & MESSAGE_HAS_BODY ? "" : " no-body");
	(void)EVP_DigestInit_ex(d->md, EVP_sha256(), NULL);
	d->bytes = 0;
	return 0;
}

static int count(void *arg, const struct message_meta *meta, struct err *err)
{
	struct dump *d = arg;

	(void)meta;
	(void)err;
	d->scanned++;
	return 0;
}

static int dial(const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
		perror("connect");
		exit(1);
	}
	return fd;
}

static void configure(struct session_config *c, char **argv)
{
	char password[1024];

	c->url.protocol = PROTOCOL_POP3;
	c->url.tls = strcmp(argv[1], "tls") == 0    ? TLS_IMPLICIT
		     : strcmp(argv[1], "stls") == 0 ? TLS_STARTTLS
						    : TLS_NONE;
	(void)snprintf(c->url.user, sizeof c->url.user, "%s", argv[3]);
	(void)snprintf(c->url.host, sizeof c->url.host, "localhost");
	if (fgets(password, sizeof password, stdin) == NULL)
		exit(2);
	password[strcspn(password, "\n")] = '\0';
	secret_set(&c->secret, password, strlen(password));
	c->limits.message_bytes = (uint64_t)128 << 20;
	c->limits.pop3_line_bytes = 65536;
	c->limits.messages = 2000000;
	c->limits.idle_ms = 30000;
}

static struct tls_anchors *load_anchors(const char *path)
{
	struct tls_anchors *anchors = NULL;
	char pem[65536];
	struct err err;
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	n = fread(pem, 1, sizeof pem, f);
	(void)fclose(f);
	if (tls_anchors_new(pem, n, false, &anchors, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	return anchors;
}

static int dump_all(struct session *s, struct err *err)
{
	struct uid_range all = {1, UINT32_MAX};
	struct dump d = {.md = EVP_MD_CTX_new()};
	struct session_sink sink = {
		.body = take_body, .message = take_message, .arg = &d};
	struct mailbox_state state;
	int r;

	(void)EVP_DigestInit_ex(d.md, EVP_sha256(), NULL);
	r = s->ops->select(s, "INBOX", &state, err);
	if (r == 0)
		r = s->ops->scan(s, SESSION_SCAN_SIZE, count, &d, err);
	if (r == 0 && d.scanned != state.exists)
		r = err_set(err, ERR_PROTOCOL, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER, "%u listed, %u counted", d.scanned,
			state.exists);
	if (r == 0)
		r = s->ops->fetch(s, &all, 1, &sink, err);
	EVP_MD_CTX_free(d.md);
	return r;
}

/* Not getrusage: that begins with the peak of whoever started us. */
static void print_peak(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			(void)printf("peak %ld\n", strtol(line + 6, NULL, 10));
	if (f != NULL)
		(void)fclose(f);
}

int main(int argc, char **argv)
{
	struct transport_config tc = {.idle_ms = 30000, .hangup_fd = -1};
	struct session_config config = {0};
	struct tls_anchors *anchors;
	struct session *s = NULL;
	struct err err;
	int r;

	if (argc != 5)
		return 2;
	configure(&config, argv);
	anchors = load_anchors(argv[4]);
	r = pop3_open(
		transport_new(dial(argv[2]), &tc), &config, anchors, &s, &err);
	if (r == 0)
		r = dump_all(s, &err);
	if (r < 0)
		(void)fprintf(stderr, "%s: %s\n", err_class_name(err.class),
			err.text);
	if (s != NULL)
		s->ops->close(s);
	tls_anchors_free(&anchors);
	secret_clear(&config.secret);
	print_peak();
	return r < 0 ? 1 : 0;
}
