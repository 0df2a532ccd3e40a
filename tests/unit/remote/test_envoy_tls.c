/* SPDX-License-Identifier: BSD-2-Clause */
/* Trust anchors on their way into an envoy, and what is left of a password
 * once it has been used. */
#include "envoy_peer.h"
#include "memory_search.h"
#include "tls_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define LOGIN                                           \
	"TLS\nS: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .\n" \
	"C: USER u@x\nS: +OK\nC: PASS *\nS: +OK\n"      \
	"C: CAPA\nS: +OK\nS: UIDL\nS: .\n"
#define IMAP_LOGIN                                    \
	"TLS\nS: * OK [CAPABILITY IMAP4rev1] hello\n" \
	"C: $T LOGIN \"u@x\" \"*\"\n"                 \
	"S: $T OK [CAPABILITY IMAP4rev1 IDLE] in\n"
#define IMAP_LOGOUT "C: $T LOGOUT*\nS: * BYE\nS: $T OK\n"
static const char canary[] = "c4nary-f5a1b7-in-the-mine";

static void write_temp(char path[64], const char *text)
{
	int fd;

	(void)snprintf(path, 64, "/tmp/mailhaul-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static void anchors_are_sealed(void **state)
{
	struct tls_server srv;
	char path[64], back[16];
	struct err err = {0};
	int fd = -1;

	(void)state;
	tls_server_init(&srv, TLS_SERVER_VALID);
	write_temp(path, srv.ca_pem);
	if (envoy_anchors_fd(path, &fd, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(pread(fd, back, sizeof back, 0), sizeof back);
	assert_memory_equal(back, srv.ca_pem, sizeof back);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), -1);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	tls_server_clear(&srv);
}

static void bad_files_are_faults_of_config(void **state)
{
	static const char *const texts[] = {"", "hello\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n"
		"-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n"
		"-----END PRIVATE KEY-----\n"};
	struct err err = {0};
	char path[64];
	int fd = -1;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		write_temp(path, texts[i]);
		assert_int_equal(envoy_anchors_fd(path, &fd, &err), -1);
		assert_int_equal(err.class, ERR_CONFIG);
		assert_non_null(strstr(err.text, path));
		assert_non_null(strstr(err.text, "no certificate"));
		assert_non_null(strstr(err.hint, "tls.ca_file"));
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(envoy_anchors_fd(path, &fd, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_non_null(strstr(err.text, "No such file"));
	assert_int_equal(envoy_anchors_fd("/etc", &fd, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(envoy_anchors_fd("/dev/zero", &fd, &err), -1);
	assert_non_null(strstr(err.text, "too large"));
	assert_int_equal(fd, -1);
}

static void the_system_has_anchors(void **state)
{
	struct err err = {0};
	int fd = -1;

	(void)state;
	if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) < 0)
		skip();
	assert_int_equal(envoy_anchors_fd("system", &fd, &err), 0);
	assert_int_equal(close(fd), 0);
}

static int memfd_of(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* One session over TLS; what opening it said. */
static int try_session(const struct envoy_peer *e, struct tls_server *srv,
	int anchors_fd, bool expect_login, struct err *err)
{
	struct session *s = NULL;
	struct script script;
	int fd = tls_server_start(srv, &script,
		expect_login ? LOGIN "C: QUIT\nS: +OK\n" : "TLS\nEOF\n");
	int r = envoy_peer_open(
		e, fd, anchors_fd, canary, TLS_IMPLICIT, &s, err);

	session_close(&s);
	assert_true(script_finish(&script));
	assert_false(script_heard(&script, canary));
	script_free(&script);
	return r;
}

static void anchors_decide(void **state)
{
	struct tls_server right, wrong;
	int right_fd, wrong_fd, empty_fd = memfd_of("");
	int bad_fd = memfd_of("-----BEGIN CERTIFICATE-----\n");
	struct envoy_peer e;
	struct err err = {0};

	(void)state;
	envoy_peer_start(&e);
	tls_server_init(&right, TLS_SERVER_VALID);
	tls_server_init(&wrong, TLS_SERVER_VALID);
	right_fd = memfd_of(right.ca_pem);
	wrong_fd = memfd_of(wrong.ca_pem);
	for (int i = 0; i < 3; i++) { /* the second time from the cache */
		if (try_session(&e, &right, right_fd, true, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(
			try_session(&e, &right, wrong_fd, false, &err), -1);
		assert_int_equal(err.class, ERR_TLS);
		if (try_session(&e, &wrong, wrong_fd, true, &err) < 0)
			fail_msg("%s", err.text);
	}
	assert_int_equal(right.accepted + wrong.accepted, 6);
	assert_int_equal(try_session(&e, &right, empty_fd, false, &err), -1);
	assert_int_equal(try_session(&e, &right, bad_fd, false, &err), -1);
	assert_int_equal(try_session(&e, &right, -1, false, &err), -1);
	assert_int_equal(err.class, ERR_CONFIG);
	assert_int_equal(envoy_peer_stop(&e), 0);
	assert_int_equal(close(right_fd), 0);
	assert_int_equal(close(wrong_fd), 0);
	assert_int_equal(close(empty_fd), 0);
	assert_int_equal(close(bad_fd), 0);
	tls_server_clear(&right);
	tls_server_clear(&wrong);
}

/* A logged-in session, looked at from outside. The host's name, which stays,
 * shows that the search can find something. */
static void search(
	struct envoy_peer *e, enum protocol protocol, const char *talk)
{
	struct session_config config;
	struct tls_server srv;
	struct script script;
	struct session *s = NULL;
	struct err err = {0};
	long passwords, hosts;
	int fd, anchors_fd;

	config = envoy_peer_config(canary, TLS_IMPLICIT);
	config.url.protocol = protocol;
	tls_server_init(&srv, TLS_SERVER_VALID);
	anchors_fd = memfd_of(srv.ca_pem);
	fd = tls_server_start(&srv, &script, talk);
	if (envoy_peer_open_as(e, fd, anchors_fd, &config, &s, &err) < 0)
		fail_msg("%s", err.text);
	passwords = memory_search(e->pid, canary);
	hosts = memory_search(e->pid, "mail.test");
	session_close(&s);
	assert_true(script_finish(&script));
	script_free(&script);
	assert_int_equal(envoy_peer_stop(e), 0);
	assert_int_equal(close(anchors_fd), 0);
	tls_server_clear(&srv);
	if (passwords < 0) {
		print_message("SKIPPED: the envoy's memory cannot be read\n");
		skip();
	}
	assert_true(hosts > 0);
	assert_int_equal(passwords, 0);
}

static void no_password_stays_in_memory(void **state)
{
	struct envoy_peer first, second;

	(void)state;
#ifdef MAILHAUL_SANITIZED
	print_message("SKIPPED: terabytes of shadow memory to search\n");
	skip();
#endif
	/* before there is a password to inherit */
	envoy_peer_start(&first);
	envoy_peer_start(&second);
	search(&first, PROTOCOL_POP3, LOGIN "C: QUIT\nS: +OK\n");
	search(&second, PROTOCOL_IMAP, IMAP_LOGIN IMAP_LOGOUT);
}

struct seen {
	uint64_t bytes;
	unsigned messages;
};

static int on_body(void *arg, const void *bytes, size_t n, struct err *err)
{
	(void)err;
	assert_int_equal(((const char *)bytes)[n - 1], 'x');
	((struct seen *)arg)->bytes += n;
	return 0;
}

static int on_message(
	void *arg, const struct message_meta *meta, struct err *err)
{
	struct seen *v = arg;

	(void)err;
	v->messages++;
	assert_int_equal(meta->uid, 6 + v->messages);
	assert_true((meta->has & MESSAGE_HAS_BODY) != 0);
	return 0;
}

/* libetpan at work behind the filter. */
static void imap_works_in_the_sandbox(void **state)
{
	struct session_config c = envoy_peer_config(canary, TLS_IMPLICIT);
	const struct uid_range range = {7, 9};
	struct seen v = {0};
	const struct session_sink sink = {
		.body = on_body, .message = on_message, .arg = &v};
	struct mailbox_state box;
	struct tls_server srv;
	struct script script;
	struct session *s = NULL;
	struct envoy_peer e;
	struct err err = {0};
	int fd, anchors_fd;

	(void)state;
	c.url.protocol = PROTOCOL_IMAP;
	envoy_peer_start(&e);
	tls_server_init(&srv, TLS_SERVER_VALID);
	anchors_fd = memfd_of(srv.ca_pem);
	fd = tls_server_start(&srv, &script,
		IMAP_LOGIN
		"C: $T EXAMINE \"INBOX\"*\nS: * 9 EXISTS\n"
		"S: * OK [UIDVALIDITY 42] x\nS: * OK [UIDNEXT 10] x\n"
		"S: $T OK [READ-ONLY] done\nC: $T UID FETCH 7:9 *\n"
		"S: * 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] {1048576}\n"
		"R: 1048576 x\nS: )\n"
		"S: * 2 FETCH (UID 8 BODY[] {3}\nS<: xxx\nS: )\n"
		"S: $T OK done\n" IMAP_LOGOUT);
	if (envoy_peer_open_as(&e, fd, anchors_fd, &c, &s, &err) < 0 ||
		session_select(s, "INBOX", &box, &err) < 0 ||
		session_fetch(s, &range, 1, &sink, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(box.uidvalidity, 42);
	assert_int_equal(v.messages, 2);
	assert_int_equal(v.bytes, 1048576 + 3);
	session_close(&s);
	if (!script_finish(&script))
		fail_msg("%s", script.why);
	script_free(&script);
	assert_int_equal(envoy_peer_stop(&e), 0);
	assert_int_equal(close(anchors_fd), 0);
	tls_server_clear(&srv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anchors_are_sealed),
		cmocka_unit_test(bad_files_are_faults_of_config),
		cmocka_unit_test(the_system_has_anchors),
		cmocka_unit_test(anchors_decide),
		cmocka_unit_test(no_password_stays_in_memory),
		cmocka_unit_test(imap_works_in_the_sandbox),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
