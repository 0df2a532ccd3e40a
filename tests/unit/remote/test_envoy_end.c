/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An envoy that ends while the thread of its last session is still about to:
 * with ASan nothing is leaked, without it nothing is freed under anybody. The
 * thread is made slow by a destructor of its own, which runs before OpenSSL's
 * since its key is older; recv, taken over here, sets its value. The process
 * waits for it when OpenSSL has cleaned up, before LeakSanitizer looks.
 */
#include "envoy_peer.h"
#include "tls_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define SLOW_US 500000

static pthread_key_t key;
static bool is_envoy;

static void be_slow(void *value)
{
	(void)value;
	(void)usleep(SLOW_US);
}

static void be_slower(void)
{
	if (is_envoy)
		(void)usleep(3 * SLOW_US);
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	if (is_envoy)
		(void)pthread_setspecific(key, &key);
	return syscall(SYS_recvfrom, fd, buf, n, flags, NULL, NULL);
}

/* exit, not _exit: LeakSanitizer looks then. */
static void start(struct envoy_peer *e)
{
	int control[2];

	(void)fflush(NULL);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control),
		0);
	e->pid = fork();
	assert_true(e->pid >= 0);
	if (e->pid == 0) {
		is_envoy = true;
		if (dup2(control[1], ENVOY_CONTROL_FD) < 0)
			_exit(9);
		exit(envoy_main());
	}
	(void)close(control[1]);
	e->control_fd = control[0];
}

static int memfd_of(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

/* Handshakes that come through, and one that does not. */
static void end_after(enum tls_server_kind kind, const char *script_text)
{
	struct tls_server srv;
	struct envoy_peer e;
	struct script script;
	struct session *s = NULL;
	struct err err = {0};
	int anchors_fd, fd, r;

	tls_server_init(&srv, kind);
	anchors_fd = memfd_of(srv.ca_pem);
	start(&e);
	fd = tls_server_start(&srv, &script, script_text);
	r = envoy_peer_open(
		&e, fd, anchors_fd, "secret", TLS_IMPLICIT, &s, &err);
	assert_int_equal(r, kind == TLS_SERVER_VALID ? 0 : -1);
	(void)close(e.control_fd);
	if (s != NULL)
		session_close(&s);
	assert_int_equal(waitpid(e.pid, &r, 0), e.pid);
	assert_true(WIFEXITED(r));
	assert_int_equal(WEXITSTATUS(r), 0);
	assert_true(script_finish(&script));
	script_free(&script);
	(void)close(anchors_fd);
	tls_server_clear(&srv);
}

static void nothing_is_left_behind(void **state)
{
	(void)state;
	end_after(TLS_SERVER_VALID,
		"TLS\nS: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .\n"
		"C: USER u@x\nS: +OK\nC: PASS *\nS: +OK\n"
		"C: CAPA\nS: +OK\nS: UIDL\nS: .\nC: QUIT\nS: +OK\n");
	end_after(TLS_SERVER_SELF_SIGNED, "TLS\nEOF\n");
	end_after(TLS_SERVER_EXPIRED, "TLS\nEOF\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_left_behind),
	};

	if (pthread_key_create(&key, be_slow) != 0 || atexit(be_slower) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
