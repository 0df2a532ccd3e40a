/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The code that a server would like to run: loaded into the envoys and the
 * scout of a real mailhaul by LD_PRELOAD, it tries what they must not do, once
 * they serve: first in the main thread (recvmsg, the control socket), then in
 * a session's (recv). One line an attempt on standard error. What it aims at
 * it has learned before, from the conductor's command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char role[16], key_file[4096];
static pid_t conductor;
static int attacks; /* of which thread the next is */
static void *stack; /* an address, as good as any */

static void tell(const char *what, bool held, int errnum)
{
	char line[200];
	int n = snprintf(line, sizeof line, "attack %s %d %s %s %d\n", role,
		attacks, what, held ? "refused" : "WENT THROUGH", errnum);

	if (write(2, line, (size_t)n) < 0) {
		/* the test misses the line */
	}
}

static void attempt(const char *what, long r)
{
	int errnum = errno;

	tell(what, r == -1 && (errnum == EPERM || errnum == EACCES), errnum);
}

static void try_files(void)
{
	char path[64];

	attempt("open-shadow", open("/etc/shadow", O_RDONLY));
	attempt("open-key", open(key_file, O_RDONLY));
	attempt("truncate-key", truncate(key_file, 0));
	(void)snprintf(path, sizeof path, "/proc/%d/mem", (int)conductor);
	attempt("open-memory", open(path, O_RDONLY));
	(void)snprintf(path, sizeof path, "/proc/%d/environ", (int)conductor);
	attempt("open-environ", open(path, O_RDONLY));
	attempt("create",
		open("/tmp/mailhaul-attack", O_WRONLY | O_CREAT, 0600));
	attempt("unlink", unlink(key_file));
	attempt("mount", syscall(SYS_mount, "a", "/tmp", "tmpfs", 0, NULL));
	attempt("unshare", syscall(SYS_unshare, 0x10000000));
	attempt("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
	attempt("bpf", syscall(SYS_bpf, 0, NULL, 0));
}

static void try_processes(void)
{
	char *const args[] = {(char[]){"true"}, NULL};
	char byte;
	struct iovec here = {&byte, 1}, there = {stack, 1};

	attempt("exec", execve("/bin/true", args, args + 1));
	attempt("fork", syscall(SYS_fork));
	attempt("kill", kill(conductor, 0));
	attempt("kill-all", kill(-1, 0));
	attempt("tgkill", syscall(SYS_tgkill, conductor, conductor, 0));
	attempt("pidfd", syscall(SYS_pidfd_open, conductor, 0));
	attempt("attach", ptrace(PTRACE_ATTACH, conductor, NULL, NULL));
	attempt("seize", ptrace(PTRACE_SEIZE, conductor, NULL, NULL));
	attempt("read-memory",
		process_vm_readv(conductor, &here, 1, &there, 1, 0));
	attempt("write-memory",
		process_vm_writev(conductor, &here, 1, &there, 1, 0));
	attempt("root", setuid(0));
	attempt("limits", setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY,
							 RLIM_INFINITY}));
}

static void try_network(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons(993),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (strcmp(role, "envoy") == 0) {
		attempt("socket", fd);
		attempt("unix-socket", socket(AF_UNIX, SOCK_STREAM, 0));
		attempt("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
		fd = 3;
	}
	/* the scout's may go to name servers only; by Landlock's ABI 4 */
	attempt("connect", connect(fd, (struct sockaddr *)&in, sizeof in));
	attempt("listen", listen(fd, 1));
	attempt("accept", accept(fd, NULL, NULL));
	if (fd != 3)
		(void)close(fd);
}

static void attack(int thread)
{
	if (role[0] == '\0' || attacks != thread - 1)
		return;
	attacks = thread;
	try_files();
	try_processes();
	try_network();
	tell(getuid() != 0 ? "as-somebody" : "as-root", true, 0);
	tell("all", true, 0);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	attack(1);
	return syscall(SYS_recvmsg, fd, msg, flags);
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	attack(2);
	return syscall(SYS_recvfrom, fd, buf, n, flags, NULL, NULL);
}

/* "state.dir=…" among the conductor's arguments. */
static void find_key(void)
{
	char path[64], words[65536];
	static const char setting[] = "state.dir=";
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)conductor);
	f = fopen(path, "re");
	n = f != NULL ? fread(words, 1, sizeof words - 1, f) : 0;
	if (f != NULL)
		(void)fclose(f);
	words[n] = '\0';
	for (size_t i = 0; i < n; i += strlen(words + i) + 1)
		if (strncmp(words + i, setting, sizeof setting - 1) == 0)
			(void)snprintf(key_file, sizeof key_file,
				"%s/mailhaul.key",
				words + i + sizeof setting - 1);
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
	if (argc < 2 || (strcmp(argv[1], "envoy") != 0 &&
				strcmp(argv[1], "scout") != 0))
		return;
	conductor = getppid();
	stack = &argc;
	find_key();
	/* there is something to take */
	if (access(key_file, R_OK) != 0 || kill(conductor, 0) != 0)
		abort();
	(void)snprintf(role, sizeof role, "%s", argv[1]);
}
