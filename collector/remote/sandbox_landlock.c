/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Landlock by raw system calls: Debian 12's headers know ABI 2 only, the
 * kernel that runs may know more. Numbers are those of linux/landlock.h.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2

#define FS_EXECUTE (UINT64_C(1) << 0)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)	 /* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)	 /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_TCP (UINT64_C(1) << 0)	 /* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_SOCKET (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

#define DNS_PORT 53

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* ABI 4 */
	uint64_t scoped;	     /* ABI 6 */
};

struct path_beneath_attr {
	uint64_t allowed_access;
	int32_t parent_fd;
} __attribute__((packed));

struct net_port_attr {
	uint64_t allowed_access;
	uint64_t port;
};

static int probe(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
		CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static int create(int abi)
{
	struct ruleset_attr attr = {.handled_access_fs = FS_ABI_1};
	size_t bytes = offsetof(struct ruleset_attr, handled_access_net);

	if (abi >= 2)
		attr.handled_access_fs |= FS_REFER;
	if (abi >= 3)
		attr.handled_access_fs |= FS_TRUNCATE;
	if (abi >= 5)
		attr.handled_access_fs |= FS_IOCTL_DEV;
	if (abi >= 4) {
		attr.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
		bytes = offsetof(struct ruleset_attr, scoped);
	}
	if (abi >= 6) {
		attr.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
		bytes = sizeof attr;
	}
	return (int)syscall(SYS_landlock_create_ruleset, &attr, bytes, 0u);
}

/* Reading below path, if that exists. */
static int allow_reading(int ruleset, const char *path)
{
	struct path_beneath_attr rule = {
		.allowed_access = FS_READ_FILE | FS_READ_DIR};
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC), r;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access = FS_READ_FILE;
	rule.parent_fd = fd;
	r = (int)syscall(
		SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0u);
	(void)close(fd);
	return r;
}

/* What getaddrinfo reads: its configuration, hosts, and modules of
 * nsswitch.conf, which are shared libraries. */
static int allow_resolver(int ruleset, int abi)
{
	static const char *const paths[] = {"/etc", "/lib", "/lib64",
		"/usr/lib", "/usr/lib64", "/run/systemd/resolve",
		"/run/resolvconf", "/run/NetworkManager", "/dev/urandom"};
	const struct net_port_attr dns = {
		.allowed_access = NET_CONNECT_TCP, .port = DNS_PORT};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (allow_reading(ruleset, paths[i]) < 0)
			return -1;
	if (abi < 4)
		return 0;
	return (int)syscall(
		SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &dns, 0u);
}

int sandbox_landlock(enum sandbox_kind kind, int *ret_abi, struct err *err)
{
	int abi = probe(), ruleset, r = 0;

	*ret_abi = 0;
	if (abi == 0)
		return 0;
	ruleset = create(abi);
	if (ruleset < 0)
		goto fail;
	if (kind == SANDBOX_SCOUT)
		r = allow_resolver(ruleset, abi);
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, ruleset, 0u);
	if (r < 0)
		goto fail;
	(void)close(ruleset);
	*ret_abi = abi;
	return 0;
fail:
	r = errno;
	if (ruleset >= 0)
		(void)close(ruleset);
	return err_set_sys(err, ERR_CONFIG, ERR_SCOPE_SERVICE, ERR_RETRY_CHANGE,
		r, "cannot give up files (landlock)");
}
