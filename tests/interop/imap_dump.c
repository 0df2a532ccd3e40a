/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * imap_dump PORT plain|starttls|tls CA.pem USER PASSWORD
 * Logs in, lists, EXAMINEs and scans INBOX, fetches every message of it and
 * prints "UID SIZE FLAGS DATE SHA256" for each; the last line is
 * "rss KiB-before KiB-peak". For test_imap.py.
 */
#include "collector/base/buf.h"
#include "collector/remote/session.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct dump {
	EVP_MD_CTX *md;
	uint64_t bytes;
	struct uid_range *ranges;
	size_t count, room;
	unsigned mailboxes;
};

/* Peak of this program; getrusage would count whoever started it. */
static long dump_rss(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return kib;
}

static int dump_die(const char *what, const struct err *err)
{
	(void)fprintf(stderr, "%s: %s: %s\n", what, err_class_name(err->class),
		err->text);
	return 1;
}

static int dump_on_mailbox(
	void *arg, const struct mailbox_info *info, struct err *err)
{
	struct dump *l = arg;

	(void)err;
	(void)printf(
		"mailbox %s %c %x\n", info->name, info->delimiter, info->attrs);
	l->mailboxes++;
	return 0;
}

static int dump_on_scan(
	void *arg, const struct message_meta *m, struct err *err)
{
	struct dump *l = arg;

	(void)err;
	if (l->count > 0 && l->ranges[l->count - 1].last + 1 == m->uid) {
		l->ranges[l->count - 1].last = m->uid;
		return 0;
	}
	if (l->count == l->room) {
		l->room = l->room * 2 + 16;
		l->ranges = mem_grow(l->ranges, l->room, sizeof *l->ranges);
	}
	l->ranges[l->count++] = (struct uid_range){m->uid, m->uid};
	return 0;
}

static int dump_on_change(
	void *arg, const struct message_meta *m, struct err *err)
{
	unsigned *changes = arg;

	(void)err;
	*changes += (m->has & MESSAGE_HAS_MODSEQ) != 0 && m->modseq != 0;
	return 0;
}

static int dump_on_body(void *arg, const void *p, size_t n, struct err *err)
{
	struct dump *l = arg;

	(void)err;
	if (l->bytes == 0)
		(void)EVP_DigestInit_ex(l->md, EVP_sha256(), NULL);
	l->bytes += n;
	return EVP_DigestUpdate(l->md, p, n) == 1 ? 0 : -1;
}

static int dump_on_message(
	void *arg, const struct message_meta *m, struct err *err)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	struct dump *l = arg;
	unsigned int n = 0;

	(void)err;
	if (l->bytes == 0)
		(void)EVP_DigestInit_ex(l->md, EVP_sha256(), NULL);
	(void)EVP_DigestFinal_ex(l->md, md, &n);
	(void)printf("%" PRIu32 " %" PRIu64 " %s%d[%s] %" PRId64 " ", m->uid,
		l->bytes, (m->has & MESSAGE_HAS_BODY) != 0 ? "" : "NOBODY ",
		m->flags.system, m->flags.keywords, m->date_s);
	for (unsigned int i = 0; i < n; i++)
		(void)printf("%02x", md[i]);
	(void)printf("\n");
	l->bytes = 0;
	return 0;
}

static int dump_connect(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("connect");
		exit(1);
	}
	return fd;
}

static void dump_read(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rbe");
	char piece[4096];
	size_t n;

	buf_init(out, 1 << 20);
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		(void)buf_add(out, piece, n);
	(void)fclose(f);
}

static void dump_config(struct session_config *c, char **argv)
{
	memset(c, 0, sizeof *c);
	c->url.protocol = PROTOCOL_IMAP;
	c->url.tls = strcmp(argv[2], "tls") == 0     ? TLS_IMPLICIT
		     : strcmp(argv[2], "plain") == 0 ? TLS_NONE
						     : TLS_STARTTLS;
	(void)snprintf(c->url.user, sizeof c->url.user, "%s", argv[4]);
	(void)snprintf(c->url.host, sizeof c->url.host, "localhost");
	secret_set(&c->secret, argv[5], strlen(argv[5]));
	c->limits = (struct session_limits){
		.message_bytes = 128 << 20,
		.line_bytes = 1 << 20,
		.nesting = 100,
		.command_bytes = 4 << 20,
		.messages = 2000000,
		.mailboxes = 5000,
		.idle_ms = 60000,
	};
}

static int dump_run(struct session *s, struct dump *l)
{
	const struct session_sink sink = {
		.body = dump_on_body, .message = dump_on_message, .arg = l};
	struct mailbox_state state;
	struct session_info info;
	struct err err;
	unsigned changes = 0;
	long before;

	session_info(s, &info);
	(void)printf("tls %s\ncapabilities %s\nid %s\n", info.tls,
		info.capabilities, info.server_id);
	if (session_list(s, dump_on_mailbox, l, &err) < 0)
		return dump_die("list", &err);
	if (session_select(s, "INBOX", &state, &err) < 0)
		return dump_die("select", &err);
	(void)printf("exists %u modseq %" PRIu64 "\n", state.exists,
		state.highestmodseq);
	if (session_scan(s, SESSION_SCAN_FLAGS, dump_on_scan, l, &err) < 0)
		return dump_die("scan", &err);
	if (session_changes(s, state.highestmodseq - 1, dump_on_change,
		    &changes, &err) < 0)
		return dump_die("changes", &err);
	(void)printf("changes %u\n", changes);
	before = dump_rss();
	if (session_fetch(s, l->ranges, l->count, &sink, &err) < 0)
		return dump_die("fetch", &err);
	(void)printf("rss %ld %ld\n", before, dump_rss());
	return 0;
}

int main(int argc, char **argv)
{
	struct session_config config;
	struct session *s = NULL;
	struct dump l = {.md = EVP_MD_CTX_new()};
	struct err err;
	struct buf ca;
	int r;

	if (argc != 6)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	dump_config(&config, argv);
	dump_read(argv[3], &ca);
	r = session_open_direct(&config, dump_connect(atoi(argv[1])), ca.data,
		ca.len, -1, &s, &err);
	secret_clear(&config.secret);
	r = r < 0 ? dump_die("open", &err) : dump_run(s, &l);
	session_close(&s);
	EVP_MD_CTX_free(l.md);
	free(l.ranges);
	buf_free(&ca);
	return r;
}
