/* SPDX-License-Identifier: BSD-2-Clause */
/* A child gives everything up and then tries what shell code would try. */
#include "collector/base/task.h"
#include "collector/remote/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STATUS_NOTHING 99 /* the kernel, or the build, has no sandbox */

/* In the child, where cmocka's asserts would be the parent's. */
#define REQUIRE(condition)                                              \
	do {                                                            \
		if (!(condition)) {                                     \
			(void)fprintf(stderr, "%s:%d: %s (errno %d)\n", \
				__FILE__, __LINE__, #condition, errno); \
			_exit(1);                                       \
		}                                                       \
	} while (0)

static void run_child(void (*fn)(void))
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == STATUS_NOTHING) {
		print_message("SKIPPED: no such sandbox here: this proves "
			      "nothing\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void enter(enum sandbox_kind kind)
{
	struct sandbox_report report;
	struct err err = {0};

	if (sandbox_enter(kind, &report, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		_exit(1);
	}
	if (report.sanitized || !report.filter)
		_exit(STATUS_NOTHING);
}

/* True if the call was refused, and not for a reason of its own. */
static bool refused(long r)
{
	return r == -1 && (errno == EPERM || errno == EACCES);
}

static int tcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long connect_to(int fd, uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return connect(fd, (struct sockaddr *)&in, sizeof in);
}

static void try_files_and_sockets(int fd)
{
	struct stat st;

	REQUIRE(refused(open("/etc/passwd", O_RDONLY)));
	REQUIRE(refused(openat(AT_FDCWD, "/etc/passwd", O_RDONLY)));
#ifdef SYS_open
	REQUIRE(refused(syscall(SYS_open, "/etc/passwd", O_RDONLY)));
#endif
	REQUIRE(refused(ioctl(fd, TIOCSTI, "x")));
	REQUIRE(refused(syscall(SYS_openat2, AT_FDCWD, "/etc", NULL, 0)));
	REQUIRE(refused(open("/tmp/mailhaul-x", O_WRONLY | O_CREAT, 0600)));
	REQUIRE(refused(unlink("/tmp/mailhaul-x")));
	REQUIRE(refused(mkdir("/tmp/mailhaul-x", 0700)));
	REQUIRE(refused(stat("/etc/passwd", &st)));
	REQUIRE(refused(chdir("/")));
	REQUIRE(refused(syscall(SYS_memfd_create, "x", 0)));
	REQUIRE(refused(tcp_socket()));
	REQUIRE(refused(socket(AF_UNIX, SOCK_STREAM, 0)));
	REQUIRE(refused(connect_to(fd, 1)));
	REQUIRE(refused(bind(fd, NULL, 0)));
	REQUIRE(refused(listen(fd, 1)));
	REQUIRE(refused(accept(fd, NULL, NULL)));
}

static void try_processes(void)
{
	char *const args[] = {(char[]){"true"}, NULL};
	struct rlimit limit = {1, 1};
	struct iovec iov = {&limit, sizeof limit};

	REQUIRE(refused(execve("/bin/true", args, args + 1)));
	REQUIRE(refused(syscall(
		SYS_execveat, AT_FDCWD, "/bin/true", args, args + 1, 0)));
	REQUIRE(refused(fork()));
	REQUIRE(refused(kill(getppid(), 0)));
	REQUIRE(refused(kill(getppid(), SIGTERM)));
	REQUIRE(refused(syscall(SYS_tgkill, getppid(), getppid(), 0)));
	REQUIRE(refused(fcntl(0, F_SETOWN, getppid())));
	REQUIRE(refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL)));
	REQUIRE(refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
	REQUIRE(refused(process_vm_readv(getppid(), &iov, 1, &iov, 1, 0)));
	REQUIRE(refused(setrlimit(RLIMIT_NOFILE, &limit)));
	REQUIRE(refused(setuid(0)));
	REQUIRE(mmap(NULL, 4096, PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	REQUIRE(errno == EPERM);
}

static void *touch(void *arg)
{
	char *p = malloc(100000);

	if (p != NULL)
		memset(p, 1, 100000);
	free(p);
	return arg;
}

/* What a session needs goes on. */
static void use_what_is_left(int pair[2])
{
	struct pollfd p = {.fd = pair[1], .events = POLLIN};
	const time_t now = 1;
	struct task task;
	struct rlimit limit;
	struct tm tm;
	int waiting = 0;
	char byte;

	REQUIRE(send(pair[0], "x", 1, MSG_NOSIGNAL) == 1);
	REQUIRE(poll(&p, 1, 1000) == 1);
	REQUIRE(ioctl(pair[1], FIONREAD, &waiting) == 0 && waiting == 1);
	REQUIRE(recv(pair[1], &byte, 1, 0) == 1);
	REQUIRE(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	REQUIRE(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) >= 0);
	REQUIRE(task_start(&task, touch, NULL, NULL) == 0);
	task_join(&task);
	REQUIRE(gmtime_r(&now, &tm) != NULL);
	REQUIRE(getrlimit(RLIMIT_CORE, &limit) == 0);
	REQUIRE(limit.rlim_max == 0);
	REQUIRE(getrlimit(RLIMIT_DATA, &limit) == 0);
	REQUIRE(limit.rlim_max == (rlim_t)1 << 30);
	/* Not malloc: a compiler may see that nobody uses it. */
	REQUIRE(mmap(NULL, (size_t)2 << 30, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	REQUIRE(errno == ENOMEM);
}

/* Root is given up, for good, with its groups. */
static void nobody_it_is(bool was_root)
{
	struct rlimit limit;
	gid_t groups[1];

	REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	REQUIRE(limit.rlim_max <= 8192);
	REQUIRE(refused(setresuid(0, 0, 0)) && refused(setgid(0)));
	if (!was_root)
		return;
	REQUIRE(getuid() != 0 && geteuid() != 0);
	REQUIRE(getgid() != 0 && getegid() != 0);
	REQUIRE(syscall(SYS_getgroups, 1, groups) <= 0);
}

static void envoy_child(void)
{
	bool was_root = geteuid() == 0;
	int pair[2], fd = tcp_socket();

	REQUIRE(fd >= 0);
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	sandbox_prepare(fd > pair[1] ? fd : pair[1]);
	tzset();
	enter(SANDBOX_ENVOY);
	try_files_and_sockets(fd);
	try_processes();
	nobody_it_is(was_root);
	use_what_is_left(pair);
}

static void an_envoy_is_locked_in(void **state)
{
	(void)state;
	run_child(envoy_child);
}

static void aborting_child(void)
{
	enter(SANDBOX_ENVOY);
	(void)signal(SIGABRT, SIG_DFL);
	abort();
}

/* abort(3) has to work, or a failed assertion would go on. */
static void an_envoy_can_abort(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		aborting_child();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NOTHING)
		skip();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void scout_child(void)
{
	struct addrinfo *list = NULL;
	char *const args[] = {(char[]){"true"}, NULL};
	bool was_root = geteuid() == 0;
	int fd;

	enter(SANDBOX_SCOUT);
	nobody_it_is(was_root);
	fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	REQUIRE(fd >= 0);
	REQUIRE(refused(open("/etc/hosts", O_RDWR)));
	REQUIRE(refused(open("/etc/hosts", O_WRONLY | O_TRUNC)));
	REQUIRE(refused(open("/etc/mailhaul-x", O_RDONLY | O_CREAT, 0600)));
	REQUIRE(refused(unlink("/etc/mailhaul-x")));
	REQUIRE(refused(execve("/bin/true", args, args + 1)));
	REQUIRE(refused(fork()));
	REQUIRE(refused(kill(getppid(), 0)));
	REQUIRE(refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
	REQUIRE(refused(listen(fd, 1)));
	REQUIRE(getaddrinfo("localhost", NULL, NULL, &list) == 0);
	freeaddrinfo(list);
}

static void a_scout_reads_and_resolves(void **state)
{
	(void)state;
	run_child(scout_child);
}

/* It lets in who knocks, and that is all. */
static void herald_child(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t bytes = sizeof a;
	int listener = tcp_socket(), knocking = tcp_socket(), fd;
	char byte = 0;

	REQUIRE(bind(listener, (struct sockaddr *)&a, sizeof a) == 0);
	REQUIRE(listen(listener, 1) == 0);
	REQUIRE(getsockname(listener, (struct sockaddr *)&a, &bytes) == 0);
	REQUIRE(connect(knocking, (struct sockaddr *)&a, bytes) == 0);
	enter(SANDBOX_HERALD);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	REQUIRE(fd >= 0);
	REQUIRE(send(fd, "x", 1, 0) == 1);
	REQUIRE(recv(knocking, &byte, 1, 0) == 1 && byte == 'x');
	REQUIRE(refused(socket(AF_INET, SOCK_STREAM, 0)));
	REQUIRE(refused(listen(listener, 2)));
	REQUIRE(refused(open("/etc/hosts", O_RDONLY)));
	REQUIRE(refused(fork()));
	REQUIRE(refused(kill(getppid(), 0)));
}

static void a_herald_lets_in(void **state)
{
	(void)state;
	run_child(herald_child);
}

/* Landlock alone: what it refuses without seccomp's help. */
static void landlock_child(enum sandbox_kind kind)
{
	int abi = 0, fd;

#ifdef MAILHAUL_SANITIZED
	_exit(STATUS_NOTHING);
#endif
	REQUIRE(sandbox_landlock(kind, &abi, NULL) == 0);
	if (abi == 0)
		_exit(STATUS_NOTHING);
	fd = open("/etc/hosts", O_RDONLY);
	REQUIRE((fd >= 0) == (kind == SANDBOX_SCOUT));
	REQUIRE(refused(open("/proc/self/maps", O_RDONLY)));
	REQUIRE(refused(open("/etc/hosts", O_RDWR)));
	REQUIRE(refused(mkdir("/tmp/mailhaul-x", 0700)));
	fd = tcp_socket();
	REQUIRE(fd >= 0);
	if (abi >= 4)
		REQUIRE(refused(connect_to(fd, 993)));
	if (abi >= 4 && kind != SANDBOX_SCOUT)
		REQUIRE(refused(connect_to(fd, 53)));
	else if (abi >= 4) /* DNS over TCP */
		REQUIRE(!refused(connect_to(fd, 53)));
	if (abi >= 6)
		REQUIRE(refused(kill(getppid(), 0)));
}

static void landlock_envoy_child(void)
{
	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	landlock_child(SANDBOX_ENVOY);
}

static void landlock_scout_child(void)
{
	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	landlock_child(SANDBOX_SCOUT);
}

static void landlock_herald_child(void)
{
	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	landlock_child(SANDBOX_HERALD);
}

static void landlock_alone_refuses_files(void **state)
{
	(void)state;
	run_child(landlock_herald_child);
	run_child(landlock_envoy_child);
	run_child(landlock_scout_child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_envoy_is_locked_in),
		cmocka_unit_test(an_envoy_can_abort),
		cmocka_unit_test(a_scout_reads_and_resolves),
		cmocka_unit_test(a_herald_lets_in),
		cmocka_unit_test(landlock_alone_refuses_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
