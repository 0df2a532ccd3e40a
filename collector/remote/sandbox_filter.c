/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that are left, by libseccomp. Everything else returns EPERM: a
 * library that tries something harmless goes on without it, a server's
 * shell code gets nowhere. clone3 returns ENOSYS, since its flags lie in
 * memory where a filter cannot see them; libc then uses clone.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define CALL(name) SCMP_SYS(name)

/* Bytes on descriptors it has, memory, threads, time. */
static const int common_calls[] = {
	CALL(read),
	CALL(readv),
	CALL(pread64),
	CALL(write),
	CALL(writev),
	CALL(recvfrom),
	CALL(recvmsg),
	CALL(sendto),
	CALL(sendmsg),
	CALL(shutdown),
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(getpeername),
	CALL(getsockname),
	CALL(close),
	CALL(lseek),
	CALL(fstat),
	CALL(dup),
	CALL(pipe2),
	CALL(eventfd2),
	CALL(poll),
	CALL(ppoll),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(epoll_pwait),
	CALL(brk),
	CALL(munmap),
	CALL(mlock), /* the pages of a password */
	CALL(mremap),
	CALL(madvise),
	CALL(futex),
	CALL(set_robust_list),
	CALL(get_robust_list),
	CALL(rseq),
	CALL(gettid),
	CALL(getpid),
	CALL(sched_yield),
	CALL(sched_getaffinity),
	CALL(membarrier),
	CALL(exit),
	CALL(exit_group),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(sigaltstack),
	CALL(restart_syscall),
	CALL(clock_gettime),
	CALL(clock_getres),
	CALL(gettimeofday),
	CALL(time),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(getrandom),
	CALL(sysinfo),
	CALL(uname),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getrusage),
};

/* What getaddrinfo needs beyond that. */
static const int scout_calls[] = {
	CALL(socket),
	CALL(connect),
	CALL(bind),
	CALL(sendmmsg),
	CALL(recvmmsg),
	CALL(select),
	CALL(pselect6),
	CALL(stat),
	CALL(lstat),
	CALL(newfstatat),
	CALL(statx),
	CALL(statfs),
	CALL(fstatfs),
	CALL(access),
	CALL(faccessat),
	CALL(readlink),
	CALL(readlinkat),
	CALL(getdents64),
	CALL(epoll_create1),
	CALL(timerfd_create),
	CALL(timerfd_settime),
};

static int allow_all(scmp_filter_ctx ctx, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
		if (r < 0)
			return r;
	}
	return 0;
}

static int allow_if(scmp_filter_ctx ctx, int call, struct scmp_arg_cmp arg)
{
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &arg);
}

static int allow_equal(
	scmp_filter_ctx ctx, int call, unsigned arg, scmp_datum_t value)
{
	const struct scmp_arg_cmp cmp = {arg, SCMP_CMP_EQ, value, 0};

	return allow_if(ctx, call, cmp);
}

/* Not F_SETOWN and its kin, which send signals. */
static int allow_fcntl(scmp_filter_ctx ctx)
{
	static const int commands[] = {F_GETFL, F_SETFL, F_GETFD, F_SETFD,
		F_DUPFD, F_DUPFD_CLOEXEC, F_GET_SEALS};
	int r = 0;

	for (size_t i = 0; r == 0 && i < COUNT(commands); i++)
		r = allow_equal(ctx, CALL(fcntl), 1, (scmp_datum_t)commands[i]);
	return r;
}

/* Calls that are harmless with some arguments only. */
static int allow_narrow(scmp_filter_ctx ctx)
{
	int r = allow_if(ctx, CALL(clone),
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	if (r == 0)
		r = allow_fcntl(ctx);
	if (r == 0) /* are bytes waiting? */
		r = allow_equal(ctx, CALL(ioctl), 1, FIONREAD);
	if (r == 0) /* libc asks for its stack's size, sets nothing */
		r = allow_equal(ctx, CALL(prlimit64), 2, 0);
	if (r == 0) /* abort(3) */
		r = allow_equal(ctx, CALL(tgkill), 0, (scmp_datum_t)getpid());
	if (r == 0)
		r = allow_equal(ctx, CALL(prctl), 0, PR_SET_NAME);
	if (r == 0)
		r = seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);
	return r;
}

/* No new code in memory. */
static int allow_data_pages(scmp_filter_ctx ctx)
{
	int r = allow_if(
		ctx, CALL(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	return r < 0 ? r
		     : allow_if(ctx, CALL(mprotect),
			       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* Modules of nsswitch.conf are loaded when they are needed; files are read
 * only. */
static int allow_scout(scmp_filter_ctx ctx)
{
	const scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int r = allow_all(ctx, scout_calls, COUNT(scout_calls));

	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(mmap), 0);
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(mprotect), 0);
	if (r == 0)
		r = allow_if(ctx, CALL(openat),
			SCMP_A2(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	if (r == 0)
		r = allow_if(ctx, CALL(open),
			SCMP_A1(SCMP_CMP_MASKED_EQ, writing, O_RDONLY));
	return r;
}

static int build(scmp_filter_ctx ctx, enum sandbox_kind kind)
{
	int r = allow_all(ctx, common_calls, COUNT(common_calls));

	if (r == 0)
		r = allow_narrow(ctx);
	if (r == 0)
		r = kind == SANDBOX_SCOUT ? allow_scout(ctx)
					  : allow_data_pages(ctx);
	if (r == 0 && kind == SANDBOX_HERALD)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, CALL(accept4), 0);
	return r;
}

int sandbox_filter(enum sandbox_kind kind, bool *ret_filter, struct err *err)
{
	scmp_filter_ctx ctx;
	int r;

	*ret_filter = false;
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL)
		return 0;
	ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (ctx == NULL)
		return err_set(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, "seccomp_init failed");
	r = build(ctx, kind);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0)
		return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE,
			ERR_RETRY_CHANGE, -r,
			"cannot give up system calls (seccomp)");
	*ret_filter = true;
	return 0;
}
