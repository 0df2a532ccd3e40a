/* SPDX-License-Identifier: BSD-2-Clause */
#include "channel.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SEND_MS 10000 /* a peer that reads control messages so slowly hangs */

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
};

static int gone(struct err *err)
{
	return err_set(err, ERR_CRASH, ERR_SCOPE_SESSION, ERR_RETRY_NOW,
		"the process at the other end has gone");
}

static int send_one(int control_fd, const struct msghdr *m, struct err *err)
{
	for (;;) {
		struct pollfd p = {.fd = control_fd, .events = POLLOUT};
		ssize_t n = sendmsg(control_fd, m, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return gone(err);
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			return err_set_sys(err, ERR_DISK, ERR_SCOPE_SESSION,
				ERR_RETRY_LATER, errno,
				"cannot pass a descriptor on");
		if (poll(&p, 1, SEND_MS) == 0)
			return err_set(err, ERR_TIMEOUT, ERR_SCOPE_SESSION,
				ERR_RETRY_LATER,
				"a process takes no descriptor");
	}
}

int channel_send_fds(int control_fd, const void *p, size_t n, const int *fds,
	size_t fd_count, struct err *err)
{
	union control control;
	struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *cmsg;

	assert(n > 0 && fd_count <= CHANNEL_FDS_MAX);
	if (fd_count > 0) {
		memset(&control, 0, sizeof control);
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
		cmsg = CMSG_FIRSTHDR(&m);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
		memcpy(CMSG_DATA(cmsg), fds, fd_count * sizeof *fds);
	}
	return send_one(control_fd, &m, err);
}

/* The descriptors of a message; those over CHANNEL_FDS_MAX the kernel has
 * dropped already. */
static size_t collect(struct msghdr *m, int *fds)
{
	size_t count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
		c = CMSG_NXTHDR(m, c)) {
		const unsigned char *at = CMSG_DATA(c);
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof *fds;
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, at + i * sizeof fd, sizeof fd);
			if (count < CHANNEL_FDS_MAX)
				fds[count++] = fd;
			else
				(void)close(fd);
		}
	}
	return count;
}

int channel_recv_fds(int control_fd, void *p, size_t p_bytes, size_t *ret_n,
	int *fds, size_t *ret_fd_count, struct err *err)
{
	union control control;
	struct iovec iov = {.iov_base = p, .iov_len = p_bytes};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};
	size_t count;
	ssize_t n;

	do
		n = recvmsg(control_fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return err_set_sys(err, ERR_DISK, ERR_SCOPE_SERVICE,
			ERR_RETRY_LATER, errno, "cannot read a control socket");
	count = collect(&m, fds);
	if ((m.msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0) {
		for (size_t i = 0; i < count; i++)
			(void)close(fds[i]);
		return err_set(err, ERR_DISK, ERR_SCOPE_SESSION,
			ERR_RETRY_LATER,
			"a control message came without all it carried");
	}
	*ret_n = (size_t)n;
	*ret_fd_count = count;
	return 1;
}
